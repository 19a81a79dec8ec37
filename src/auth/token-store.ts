import type { HfError } from "../core/errors.ts";
import { mask } from "../core/redact.ts";
import { Secret } from "../core/secret.ts";
import type { Keychain } from "./keychain.ts";
import type { LoginRecord } from "./login-record.ts";
import { TOKEN_KEY } from "./stored-tokens.ts";
import type { StoredSection } from "./stored-tokens.ts";

/** A saved login: a section of `stored_tokens`. */
export interface StoredToken {
  /** As saved. May hold anything a file can; make it plain before it is shown. */
  readonly name: string;
  /** Undefined for a section without a value in `hf_token`. */
  readonly token?: Secret;
  readonly refreshToken?: Secret;
  /** Undefined where the field is missing or no whole number of seconds. */
  readonly expiresAt?: Date;
  /** Set for one in the system's keychain. Its secrets are there, and not in here until they were asked for. */
  readonly keychain?: KeychainHome | undefined;
  /** All fields in the order of the file, ours and those of other tools, so that a rewrite loses none. */
  readonly fields: ReadonlyMap<string, Secret | string>;
}

export interface KeychainHome {
  /** The origins at which it was signed in with. */
  readonly origins: readonly string[];
}

/** What the token file holds. `keychain`: no such file, and a login of the keychain in its place. `refused`: there is something, and it can't be read or can't be a token. */
export type ActiveToken =
  | { readonly kind: "found"; readonly token: Secret; readonly warning?: string }
  | { readonly kind: "keychain"; readonly name: string }
  | { readonly kind: "absent" }
  | { readonly kind: "refused"; readonly error: HfError };

/** What the file of saved logins holds. */
export type SavedLogins =
  | {
      readonly kind: "ok";
      readonly logins: readonly StoredToken[];
      /** Set when Python can't read the file although we can: a change then needs the user's word. */
      readonly damage?: HfError;
    }
  | {
      readonly kind: "unreadable";
      readonly error: HfError;
      /** Logins that could still be made out, as in a file in JSON of another tool, and those of the keychain. */
      readonly readable: readonly StoredToken[];
    };

export type RecordReading =
  { readonly kind: "ok"; readonly record: LoginRecord } | { readonly kind: "unreadable"; readonly error: HfError };

/** Everything in the store at one moment. */
export interface StoreContents {
  readonly active: ActiveToken;
  readonly saved: SavedLogins;
  readonly record: RecordReading;
}

/** One write. A change is an ordered list of them: whatever the moment of a crash, what is left is sound. */
export type StoreStep =
  | { readonly do: "write-active"; readonly token: Secret }
  | { readonly do: "remove-active" }
  | { readonly do: "write-saved"; readonly logins: readonly StoredToken[] }
  | { readonly do: "remove-saved" }
  | { readonly do: "activate-keychain"; readonly name: string }
  | { readonly do: "empty-keychain" }
  | { readonly do: "write-record"; readonly record: LoginRecord };

/** A decision made of the store's contents: what to write, and what to tell. */
export interface StorePlan<Report> {
  readonly steps: readonly StoreStep[];
  readonly report: Report;
}

export type OnUnreadable = "refuse" | "keep-copy" | "import";

export interface ChangeOptions {
  /**
   * What to do before rewriting a file of saved logins that Python or nobody can read. `refuse`: nothing, with
   * `ERR_HF_STORE_UNREADABLE`. `keep-copy`: copy it beside itself, then begin a new one. `import`: the same, and take
   * over the logins that can still be made out.
   * @default "refuse"
   */
  readonly onUnreadable?: OnUnreadable | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ChangeResult<Report> {
  readonly report: Report;
  /** Path of the copy that was kept of an unreadable file, if that was asked for. */
  readonly copy?: string;
  /** Files that should be gone and are not, each with the reason. */
  readonly kept: readonly HfError[];
}

export interface PathState {
  readonly path: string;
  readonly exists: boolean;
  /** Permission bits; undefined on Windows and where there is no file. */
  readonly mode?: number;
  /** What is unsafe about it, as a predicate: "can be read by other users (mode 644)". */
  readonly unsafe?: string;
  /** The command that mends what is unsafe, where one does. */
  readonly mend?: string;
}

export interface StoreDescription {
  /** Name of the source that the active token of this store is, as `auth status` prints it. */
  readonly source: string;
  readonly tokenFile: PathState;
  readonly storedTokens: PathState;
  readonly record: PathState;
  readonly folder: PathState;
  readonly lockPath: string;
}

/** The store while its lock is held, for a decision that takes its time. */
export interface HeldStore {
  /** The contents now: tools without our lock may have changed them since the decision began. */
  reread(): Promise<StoreContents>;
  /** @throws DiskError `ERR_HF_KEYCHAIN` */
  reveal(name: string): Promise<StoredToken>;
  /**
   * Writes the saved logins as they are, so that a full disk, a locked keychain or a file that must not be rewritten is
   * known before something is given up for the change.
   * @param login the one that will be changed
   * @param record written after them @default it stays as it is
   * @throws DiskError
   */
  rehearse(login: StoredToken, record?: LoginRecord): Promise<void>;
}

/** A place where logins are kept, one of them active. */
export interface TokenStore {
  /** Name of the source that the active token of this store is: `file:/home/me/.cache/huggingface/token`. */
  readonly source: string;
  /** The system's keychain, where there is one to ask. */
  readonly keychain: Keychain | undefined;
  /**
   * A login of the keychain with its secrets.
   * @throws DiskError `ERR_HF_KEYCHAIN` locked, gone, or no keychain here
   */
  reveal(name: string): Promise<StoredToken>;
  /**
   * The contents now. Never throws for what a file holds: that is part of the answer. Takes no lock, but where a process
   * was killed in the middle of a renewal: that is finished.
   */
  read(): Promise<StoreContents>;
  /**
   * Changes the store: takes its lock, reads, lets `decide` plan, carries the plan out, releases. A decision may take
   * its time, as when the Hub has to be asked first; the lock is held for as long.
   * @throws DiskError `ERR_HF_STORE_UNREADABLE`, `ERR_HF_LOCK_TIMEOUT`, `ERR_HF_NO_SPACE`, `ERR_HF_DISK`
   * @throws what `decide` throws; then nothing was written
   */
  write<Report>(
    decide: (now: StoreContents, held: HeldStore) => StorePlan<Report> | Promise<StorePlan<Report>>,
    options?: ChangeOptions,
  ): Promise<ChangeResult<Report>>;
  /**
   * Removes the active token and every saved login. What can't be removed (a file that can't be read, a keychain that is
   * locked) is kept and named, and keeps nothing else here.
   */
  clear(options?: ChangeOptions): Promise<ClearReport>;
  describe(): Promise<StoreDescription>;
}

export interface ClearReport {
  /** False when there was nothing to remove. */
  readonly removed: boolean;
  /** Names of the logins that are gone. */
  readonly names: readonly string[];
  /** Names of those that are still there. */
  readonly left: readonly string[];
  /** Files that may hold tokens and are still there, each with the reason. */
  readonly kept: readonly HfError[];
}

/** A section of the file as a login. */
export function toStoredToken({ name, fields }: StoredSection): StoredToken {
  const wrapped = new Map<string, Secret | string>();
  for (const [key, value] of fields) {
    wrapped.set(key, value !== "" && (key === TOKEN_KEY || key === "refresh_token") ? Secret.of(value) : value);
  }
  const token = wrapped.get(TOKEN_KEY);
  const refreshToken = wrapped.get("refresh_token");
  const expiresAt = readExpiry(fields.get("expires_at"));
  return {
    name,
    fields: wrapped,
    ...(token instanceof Secret ? { token } : {}),
    ...(refreshToken instanceof Secret ? { refreshToken } : {}),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

/** A login as a section of the file. */
export function toSection({ name, fields }: StoredToken): StoredSection {
  return {
    name,
    fields: new Map([...fields].map(([key, value]) => [key, value instanceof Secret ? value.expose() : value])),
  };
}

/** The saved logins, as far as they can be read. */
export function readableLogins(contents: StoreContents): readonly StoredToken[] {
  return contents.saved.kind === "ok" ? contents.saved.logins : contents.saved.readable;
}

/** A stub by which a person recognises a token, or undefined for a login without one. */
export function maskToken(token: Secret | undefined): string | undefined {
  return token === undefined ? undefined : mask(token.expose());
}

/** Seconds since the epoch, in any form that Python's `int()` takes. */
function readExpiry(text: string | undefined): Date | undefined {
  if (text === undefined || !/^\s*[+-]?\d+(?:_\d+)*\s*$/.test(text)) return undefined;
  const date = new Date(Number(text.replaceAll("_", "")) * 1000);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
