import { realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { DiskError, diskError, systemCode } from "../core/errors.ts";
import type { HfError } from "../core/errors.ts";
import { readRegularFileSync } from "../core/read-file.ts";
import { formatFolderRules, nearestRule, parseFolderRules } from "./folder-rules.ts";
import type { FolderRule, FolderRules } from "./folder-rules.ts";

/** Bytes of the rules for thousands of folders. */
const LARGEST = 1024 * 1024;

export interface FolderLoginsOptions {
  /** The file of saved logins: the rules lie beside it and share its lock. */
  readonly storedTokensPath: string;
  readonly platform: NodeJS.Platform;
  /** Milliseconds to wait for the lock. @default 30_000 */
  readonly lockTimeoutMs?: number | undefined;
}

export type FolderRulesReading =
  { readonly kind: "ok"; readonly rules: FolderRules } | { readonly kind: "unreadable"; readonly error: HfError };

export interface FolderChange {
  /** The folder that was meant, without links. */
  readonly folder: string;
  /** Name of the login that this very folder had before. */
  readonly before: string | undefined;
  readonly changed: boolean;
}

/**
 * Which login a folder uses, kept in the user's own files and never in the project: a repository that is cloned can't
 * choose whose token its commands get.
 */
export interface FolderLogins {
  readonly path: string;
  /** Every rule. No file is the same as no rule. Never throws for what the file holds. */
  read(): FolderRulesReading;
  /**
   * The rule for a folder: its own or that of the nearest folder above, compared without links.
   * @throws DiskError when the rules can't be read: then nobody can say which login is meant
   */
  find(folder: string): FolderRule | undefined;
  /**
   * Sets the login of a folder; undefined takes its rule away.
   * @throws DiskError
   */
  set(folder: string, tokenName: string | undefined, signal?: AbortSignal): Promise<FolderChange>;
}

export function createFolderLogins(options: FolderLoginsOptions): FolderLogins {
  const { storedTokensPath, platform } = options;
  const home = dirname(storedTokensPath);
  const path = join(home, "latchkey-folders.json");

  const read = (): FolderRulesReading => {
    try {
      const rules = parseFolderRules(
        new TextDecoder().decode(readRegularFileSync(path, LARGEST, { doing: "read the logins of folders" })),
      );
      if (rules !== undefined) return { kind: "ok", rules };
      return {
        kind: "unreadable",
        error: new DiskError("ERR_HF_STORE_UNREADABLE", `The logins of folders can't be read: ${path}`, {
          hint: "Mend or delete that file; 'hf auth use NAME' in a folder begins a new one.",
        }),
      };
    } catch (error) {
      // ENOTDIR: a part of the path is a file, so there is nothing there either.
      if (["ENOENT", "ENOTDIR"].includes(systemCode(error) ?? "")) return { kind: "ok", rules: new Map() };
      return { kind: "unreadable", error: diskError(error, "read the logins of folders", path) };
    }
  };
  const readOrThrow = (): FolderRules => {
    const reading = read();
    if (reading.kind === "unreadable") throw reading.error;
    return reading.rules;
  };

  return {
    path,
    read,
    find(folder) {
      const rules = readOrThrow();
      return rules.size === 0 ? undefined : nearestRule(rules, realPath(folder), platform);
    },
    async set(folder, tokenName, signal) {
      const real = realPath(folder);
      const before = readOrThrow().get(real);
      if (before === tokenName) return { folder: real, before, changed: false };
      // Loaded when it is needed: commands that only read a token start without it.
      const [{ ensureFolder, writeFileAtomic }, { acquireFileLock }] = await Promise.all([
        import("../core/atomic-write.ts"),
        import("../core/file-lock.ts"),
      ]);
      await ensureFolder(home, { mode: 0o700 });
      const timeoutMs = options.lockTimeoutMs ?? 30_000;
      const lock = await acquireFileLock(`${storedTokensPath}.lock`, { timeoutMs, signal });
      try {
        const rules = new Map(readOrThrow());
        const last = rules.get(real);
        if (tokenName === undefined) rules.delete(real);
        else rules.set(real, tokenName);
        await writeFileAtomic(path, formatFolderRules(rules), { mode: 0o600, doing: "write the logins of folders" });
        return { folder: real, before: last, changed: last !== tokenName };
      } finally {
        lock.release();
      }
    },
  };
}

function realPath(folder: string): string {
  try {
    return realpathSync.native(folder);
  } catch {
    // A folder that is gone while somebody stands in it has no links left to follow.
    return folder;
  }
}
