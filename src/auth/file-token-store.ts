import { dirname, join } from "node:path";
import { isHfError } from "../core/errors.ts";
import type { HfError } from "../core/errors.ts";
import type { Clock, Warn } from "../core/ports.ts";
import type { Keychain } from "./keychain.ts";
import { createKeychainLogins } from "./keychain-logins.ts";
import { formatLoginRecord } from "./login-record.ts";
import { describePath, readActive, readRecord, readSaved, readBytes, settled } from "./store-files.ts";
import { remains, removeSecret, writeSecret } from "./secret-files.ts";
import { planClear } from "./store-plans.ts";
import { formatStoredTokens } from "./stored-tokens.ts";
import { readableLogins, toSection } from "./token-store.ts";
import { unfinishedRenewal } from "./unfinished-renewal.ts";
import type {
  ChangeOptions,
  ChangeResult,
  ClearReport,
  OnUnreadable,
  StoreContents,
  StoredToken,
  StorePlan,
  StoreStep,
  TokenStore,
} from "./token-store.ts";

export interface FileStoreOptions {
  /** The active token: one line without a line break. */
  readonly tokenPath: string;
  /** All saved logins. Its lock is the same path with `.lock`. */
  readonly storedTokensPath: string;
  readonly platform: NodeJS.Platform;
  readonly clock: Clock;
  /** The system's keychain, for logins that were saved there. Undefined: none can be asked. */
  readonly keychain?: Keychain | undefined;
  /** The user of this process; without it no owner is judged. */
  readonly uid?: number | undefined;
  /** Milliseconds to wait for the lock. @default 30_000, as Python */
  readonly lockTimeoutMs?: number | undefined;
  /** Called once when another process holds the lock. */
  readonly onWait?: ((path: string) => void) | undefined;
  readonly warn?: Warn | undefined;
}

const SECRET_FOLDER = 0o700;
/** Milliseconds to wait for the lock where a read finds a renewal to finish. */
const FINISH_MS = 1000;

/**
 * The logins in the files that Python's huggingface_hub uses, with what it lacks: a lock around every change, a temp
 * and a rename for every write, and no rewriting of what can't be read. A folder is made private when it is made here,
 * and left as it is otherwise.
 */
export function createFileTokenStore(options: FileStoreOptions): TokenStore {
  const { tokenPath, storedTokensPath, platform, clock, uid } = options;
  const folder = dirname(storedTokensPath);
  const recordPath = join(folder, "latchkey.json");
  const lockPath = `${storedTokensPath}.lock`;
  const source = `file:${tokenPath}`;
  const logins = createKeychainLogins({
    indexPath: join(folder, "latchkey-keychain.json"),
    storedTokensPath,
    keychain: options.keychain,
    writeFile: (path, text) => writeSecret(path, text, "write the list of logins in the keychain", uid),
    removeFile: (path) => void removeSecret(path, "remove the list of logins in the keychain", uid),
  });

  const readAll = async (beforeChange: boolean): Promise<StoreContents> => {
    const [active, saved, record] = await Promise.all([
      readActive(tokenPath, clock),
      readSaved(storedTokensPath, clock, beforeChange),
      readRecord(recordPath),
    ]);
    return logins.merge({ active, saved, record });
  };

  const write: TokenStore["write"] = (decide, change) => changeAll(decide, change, carryOut);

  /** @param does carries one step out, and tells what should have gone and was kept */
  const changeAll = async <Report>(
    decide: Parameters<typeof store.write<Report>>[0],
    change: ChangeOptions = {},
    does: typeof carryOut,
    lockTimeoutMs = options.lockTimeoutMs ?? 30_000,
  ): Promise<ChangeResult<Report>> => {
    // Loaded when it is needed: commands that only read a token start without it.
    const [{ ensureFolder }, { acquireFileLock }] = await Promise.all([
      import("../core/atomic-write.ts"),
      import("../core/file-lock.ts"),
    ]);
    await ensureFolder(folder, { mode: SECRET_FOLDER });
    await ensureFolder(dirname(tokenPath), { mode: SECRET_FOLDER });
    const lock = await acquireFileLock(lockPath, {
      timeoutMs: lockTimeoutMs,
      signal: change.signal,
      onWait: options.onWait,
      warn: options.warn,
    });
    try {
      let now = await readAll(true);
      const unfinished = unfinishedRenewal(now);
      if (unfinished !== undefined) {
        for (const step of unfinished.steps) await does(step);
        now = await readAll(true);
      }
      const { steps, report } = await decide(now, {
        reread: () => readAll(true),
        reveal: logins.reveal,
        rehearse: async (login, record) => {
          const { saved } = await readAll(true);
          if (saved.kind === "unreadable" || saved.damage !== undefined)
            throw saved.kind === "ok" ? saved.damage : saved.error;
          const same = saved.logins.map((one) => (one.name === login.name && one.keychain !== undefined ? login : one));
          await carryOut({ do: "write-saved", logins: same });
          if (record !== undefined) await carryOut({ do: "write-record", record });
        },
      });
      const copy = await keepCopy(now, steps, change.onUnreadable ?? "refuse");
      const kept: HfError[] = [];
      for (const step of steps) kept.push(...((await does(step)) ?? []));
      return { report, ...(copy === undefined ? {} : { copy }), kept };
    } finally {
      lock.release();
    }
  };

  /** @returns what should have gone and was kept */
  const carryOut = async (step: StoreStep): Promise<readonly HfError[] | void> => {
    switch (step.do) {
      case "write-active":
        await writeSecret(tokenPath, step.token.expose(), "write the token file", uid);
        return logins.carryOut(step);
      case "write-saved": {
        await logins.carryOut(step);
        await writeSavedFile(step.logins.filter((login) => login.keychain === undefined));
        return logins.forgetOthers(step.logins);
      }
      case "activate-keychain":
        await logins.carryOut(step);
        return removeActiveFile();
      case "empty-keychain":
        return logins.carryOut(step);
      case "write-record": {
        const { logins, trusted, renewing } = step.record;
        if (logins.size === 0 && trusted.length === 0 && renewing.size === 0)
          return removeSecret(recordPath, "remove the record of the logins", uid);
        return writeSecret(recordPath, formatLoginRecord(step.record), "write the record of the logins", uid);
      }
      case "remove-active":
        await logins.carryOut(step);
        return removeActiveFile();
      case "remove-saved":
        return removeSecret(storedTokensPath, "remove the saved logins", uid);
    }
  };

  /** A step of a full sign-out: what can't be taken away is told, and keeps nothing else here. */
  const carryOutAnyway: typeof carryOut = async (step) => {
    const parts =
      step.do === "remove-active" ? [() => logins.carryOut(step), removeActiveFile] : [() => carryOut(step)];
    const kept: HfError[] = [];
    for (const part of parts) {
      try {
        kept.push(...((await part()) ?? []));
      } catch (error) {
        if (!isHfError(error)) throw error;
        kept.push(error);
      }
    }
    return kept;
  };
  const removeActiveFile = () => removeSecret(tokenPath, "remove the token file", uid);

  const writeSavedFile = async (saved: readonly StoredToken[]): Promise<void> => {
    // A login in the keychain makes no file of its own.
    if (saved.length === 0 && !(await describePath(storedTokensPath, options)).exists) return;
    const text = formatStoredTokens(saved.map(toSection), platform);
    await writeSecret(storedTokensPath, text, "write the saved logins", uid);
  };

  /** Asked before the first step: what can't be read is not rewritten, unless the user said so and a copy is there. */
  const keepCopy = async (
    { saved }: StoreContents,
    steps: readonly StoreStep[],
    onUnreadable: OnUnreadable,
  ): Promise<string | undefined> => {
    if (!steps.some((step) => step.do === "write-saved")) return undefined;
    const error = saved.kind === "unreadable" ? saved.error : saved.damage;
    if (error === undefined) return undefined;
    if (onUnreadable === "refuse" || error.code !== "ERR_HF_STORE_UNREADABLE") throw error;
    const bytes = readBytes(storedTokensPath);
    const stamp = new Date(clock.now()).toISOString().slice(0, 19).replaceAll(":", "-");
    for (let count = 0; ; count++) {
      const path = `${storedTokensPath}.unreadable-${stamp}${count === 0 ? "" : `-${count}`}`;
      if ((await describePath(path, options)).exists) continue;
      await writeSecret(path, bytes, "keep a copy of the saved logins", uid);
      return path;
    }
  };

  const store: TokenStore = {
    source,
    keychain: options.keychain,
    reveal: logins.reveal,
    read: async () => {
      const now = await settled(() => readAll(false), storedTokensPath, clock);
      const unfinished = unfinishedRenewal(now);
      if (unfinished === undefined) return now;
      try {
        // For the other tools. Where nothing can be written, or somebody is about to, it is right here all the same.
        await changeAll(() => ({ steps: [], report: undefined }), {}, carryOut, FINISH_MS);
      } catch (error) {
        if (!isHfError(error)) throw error;
      }
      const after = await readAll(false);
      return unfinishedRenewal(after)?.done ?? after;
    },
    write,
    async clear(change) {
      // Nothing there: no folder and no lock file are made for a sign-out.
      if (!(await describePath(folder, options)).exists) return planClear(await readAll(false)).report;
      let before: StoreContents | undefined;
      const plan = (now: StoreContents): StorePlan<ClearReport> => planClear((before = now));
      const { report, kept } = await changeAll(plan, change, carryOutAnyway);
      // What is said to be gone was looked for.
      const after = await readAll(false);
      const left = readableLogins(after).map(({ name }) => name);
      const names = (before === undefined ? [] : readableLogins(before))
        .map(({ name }) => name)
        .filter((name) => !left.includes(name));
      const removed = names.length > 0 || (before?.active.kind !== "absent" && after.active.kind === "absent");
      const rest = remains([tokenPath, storedTokensPath, recordPath]);
      return { removed, names, left, kept: [...report.kept, ...kept, ...rest] };
    },
    async describe() {
      const [tokenFile, storedTokens, record, folderState] = await Promise.all(
        [tokenPath, storedTokensPath, recordPath, folder].map((path) => describePath(path, options)),
      );
      const missing = (path: string) => ({ path, exists: false });
      return {
        source,
        tokenFile: tokenFile ?? missing(tokenPath),
        storedTokens: storedTokens ?? missing(storedTokensPath),
        record: record ?? missing(recordPath),
        folder: folderState ?? missing(folder),
        lockPath,
      };
    },
  };
  return store;
}
