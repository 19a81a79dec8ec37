import type nodeCrypto from "node:crypto";
import process from "node:process";
import { DiskError } from "../core/errors.ts";
import { Secret } from "../core/secret.ts";
import { plainText } from "../core/terminal-text.ts";
import type { Keychain } from "./keychain.ts";
import { formatKeychainIndex, readKeychainIndex } from "./keychain-index.ts";
import type { KeychainIndex, KeychainPlace } from "./keychain-index.ts";
import { TOKEN_KEY } from "./stored-tokens.ts";
import { toSection, toStoredToken } from "./token-store.ts";
import type { StoreContents, StoredToken, StoreStep } from "./token-store.ts";

export interface KeychainLoginsOptions {
  /** `latchkey-keychain.json` beside the saved logins. */
  readonly indexPath: string;
  /** The file of saved logins: two of them may have logins of the same name. */
  readonly storedTokensPath: string;
  /** Undefined: none can be asked here. */
  readonly keychain: Keychain | undefined;
  readonly writeFile: (path: string, text: string) => Promise<void>;
  readonly removeFile: (path: string) => void;
}

/** The part of a token store that is in the system's keychain. The caller holds the lock of the store for changes. */
export interface KeychainLogins {
  /** The logins of files, and those of the keychain by their names: no secret is asked for. */
  merge(files: StoreContents): StoreContents;
  /** The keychain's part of a step. For saved logins it is done in two halves, with the file between them. */
  carryOut(step: StoreStep): Promise<void>;
  /** Takes away what is no more among the saved logins. */
  forgetOthers(logins: readonly StoredToken[]): Promise<void>;
  /**
   * A login with its secrets.
   * @throws DiskError `ERR_HF_KEYCHAIN` locked, gone, or no keychain here
   */
  reveal(name: string): Promise<StoredToken>;
}

export function createKeychainLogins(options: KeychainLoginsOptions): KeychainLogins {
  const { indexPath, keychain } = options;
  const accountOf = (name: string): string => {
    const digest = crypto().createHash("sha256").update(options.storedTokensPath).digest("hex");
    return `${name} (${digest.slice(0, 12)})`;
  };
  /** By name, for the stamp that it was read with: each question costs a process. */
  const revealed = new Map<string, { readonly stamp: string; readonly login: StoredToken }>();

  const readOrThrow = (): KeychainIndex => {
    const reading = readKeychainIndex(indexPath);
    if (reading.kind === "unreadable") throw reading.error;
    return reading.index;
  };
  const store = async (index: KeychainIndex): Promise<void> => {
    if (index.logins.size === 0) return options.removeFile(indexPath);
    return options.writeFile(indexPath, formatKeychainIndex(index));
  };
  const asked = (): Keychain => {
    if (keychain !== undefined) return keychain;
    throw new DiskError("ERR_HF_KEYCHAIN", "The login is in the keychain, which can't be asked from here.", {
      hint: "Use the program hf, or sign in with 'hf auth login --store file'.",
    });
  };
  const activate = async (name: string | undefined): Promise<void> => {
    const index = readOrThrow();
    if (index.active !== name) await store({ ...index, active: name });
  };

  return {
    merge(files) {
      const reading = readKeychainIndex(indexPath);
      if (reading.kind === "unreadable") {
        // Nobody can say whose turn it would be.
        const { error } = reading;
        return files.active.kind === "absent" ? { ...files, active: { kind: "refused", error } } : files;
      }
      const { active, logins } = reading.index;
      if (logins.size === 0) return files;
      const isOurs = files.active.kind === "absent" && active !== undefined;
      const merged: StoreContents = isOurs ? { ...files, active: { kind: "keychain", name: active } } : files;
      const { saved } = files;
      // A file of that name was written later, or by Python.
      const inFiles = new Set((saved.kind === "ok" ? saved.logins : saved.readable).map(({ name }) => name));
      const others = [...logins]
        .filter(([name]) => !inFiles.has(name))
        .map(([name, place]) => placeholder(name, place));
      return {
        ...merged,
        saved:
          saved.kind === "ok"
            ? { ...saved, logins: [...saved.logins, ...others] }
            : { ...saved, readable: [...saved.readable, ...others] },
      };
    },

    async carryOut(step) {
      switch (step.do) {
        case "write-saved": {
          const fresh = step.logins.filter((login) => login.keychain !== undefined && login.token !== undefined);
          if (fresh.length === 0) return;
          const index = readOrThrow();
          const logins = new Map(index.logins);
          for (const login of fresh) {
            await asked().write(accountOf(login.name), JSON.stringify(Object.fromEntries(toSection(login).fields)));
            logins.set(login.name, placeOf(login));
          }
          return store({ ...index, logins });
        }
        case "activate-keychain":
          return activate(step.name);
        case "write-active":
        case "remove-active":
          return activate(undefined);
        case "empty-keychain": {
          const left = new Map(readOrThrow().logins);
          try {
            for (const name of left.keys()) {
              await asked().remove(accountOf(name));
              left.delete(name);
            }
          } finally {
            // Nobody's turn; those that are left can be taken away another time.
            await store({ active: undefined, logins: left });
          }
          return;
        }
        case "remove-saved":
        case "write-record":
          return;
      }
    },

    async forgetOthers(logins) {
      const index = readOrThrow();
      const kept = new Set(logins.filter((login) => login.keychain !== undefined).map(({ name }) => name));
      const gone = [...index.logins.keys()].filter((name) => !kept.has(name));
      if (gone.length === 0) return;
      for (const name of gone) await asked().remove(accountOf(name));
      const left = new Map([...index.logins].filter(([name]) => kept.has(name)));
      const active = index.active !== undefined && left.has(index.active) ? index.active : undefined;
      await store({ active, logins: left });
    },

    async reveal(name) {
      const place = readOrThrow().logins.get(name);
      if (place === undefined) throw missing(name);
      const known = revealed.get(name);
      if (known?.stamp === place.stamp) return known.login;
      const text = await asked().read(accountOf(name));
      const fields = text === undefined ? undefined : readFields(text);
      if (fields === undefined) throw missing(name);
      const login: StoredToken = { ...toStoredToken({ name, fields }), keychain: { origins: place.origins } };
      revealed.set(name, { stamp: place.stamp, login });
      return login;
    },
  };
}

/**
 * The same contents, with the secrets of one login in them when it is in the keychain.
 * @throws DiskError `ERR_HF_KEYCHAIN`
 */
export async function withRevealed(
  now: StoreContents,
  name: string | undefined,
  reveal: (name: string) => Promise<StoredToken>,
): Promise<StoreContents> {
  if (now.saved.kind !== "ok") return now;
  const login = now.saved.logins.find((one) => one.name === name);
  if (login?.keychain === undefined || login.token !== undefined) return now;
  const shown = await reveal(login.name);
  return { ...now, saved: { ...now.saved, logins: now.saved.logins.map((one) => (one === login ? shown : one)) } };
}

/** Loaded when it is needed: most users have no login here, and each command pays for what its start loads. */
function crypto(): typeof nodeCrypto {
  return process.getBuiltinModule("node:crypto");
}

function placeholder(name: string, { origins, expiresAt }: KeychainPlace): StoredToken {
  const end = expiresAt === undefined ? {} : { expiresAt: new Date(expiresAt * 1000) };
  return { name, fields: new Map(), keychain: { origins }, ...end };
}

function placeOf({ keychain, fields }: StoredToken): KeychainPlace {
  const seconds = Number(fields.get("expires_at") ?? Number.NaN);
  return {
    origins: keychain?.origins ?? [],
    ...(Number.isSafeInteger(seconds) ? { expiresAt: seconds } : {}),
    stamp: crypto().randomBytes(8).toString("hex"),
  };
}

function readFields(text: string): ReadonlyMap<string, string> | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof parsed !== "object" || parsed === null) return undefined;
  const fields = new Map<string, string>();
  for (const [key, value] of Object.entries(parsed)) if (typeof value === "string") fields.set(key, value);
  // What came out of the keychain is a secret, whatever it is called.
  const token = fields.get(TOKEN_KEY);
  if (token === undefined || token === "") return undefined;
  Secret.of(token);
  return fields;
}

function missing(name: string): DiskError {
  const shown = plainText(name, 60);
  return new DiskError("ERR_HF_KEYCHAIN", `The login '${shown}' is not in the keychain any more.`, {
    hint: `Sign in again with 'hf auth login --name ${shown}', or forget it with 'hf auth logout --name ${shown}'.`,
  });
}
