import { dirname, join } from "node:path";
import { activeLogin, overridingSource, readableLogins, surveySources } from "../auth/index.ts";
import type { FolderLogins, PathState, StoreContents, TokenSource, TokenStore } from "../auth/index.ts";
import type { HfError } from "../core/errors.ts";
import type { Environment } from "../core/ports.ts";
import type { Settings } from "../core/settings.ts";
import type { LockEvidence, LoginsEvidence } from "./evidence.ts";
import { findHolders, isLocked, readFlocks, readMarker } from "./lock-holder.ts";
import { lookAt, readStart, realPath } from "./look.ts";
import type { PathLook } from "./look.ts";
import { describeToken } from "./token-content.ts";

export interface LoginsOptions {
  readonly settings: Pick<Settings, "tokenPath" | "storedTokensPath">;
  readonly env: Environment;
  readonly store: Pick<TokenStore, "read" | "describe">;
  readonly folders: Pick<FolderLogins, "read" | "path">;
  readonly sources: readonly TokenSource[];
  readonly now: number;
  /** The home folder as the system gives it. */
  readonly userHome: string;
}

/** A token is one short line; more of the file would tell nothing more. */
const MOST_READ = 16 * 1024;

export async function collectLogins(options: LoginsOptions): Promise<Omit<LoginsEvidence, "home">> {
  const { settings, store, folders, sources, now } = options;
  const { tokenPath, storedTokensPath } = settings;
  const tokenFile = lookAt(tokenPath);
  const storedTokens = lookAt(storedTokensPath);
  const { tokenFile: first, storedTokens: second, record, folder, lockPath } = await store.describe();
  const text = readStart(tokenPath, MOST_READ, { followLinks: true })?.toString("utf8");
  // A pipe or a device in the place of any of them would be waited for.
  const others = [record.path, folders.path, ...listsBeside(storedTokensPath), lockPath].map(lookAt);
  const readable = [tokenFile, storedTokens, ...others].every(isOpenable);
  const contents = readable ? await store.read() : undefined;
  const rules = readable ? folders.read() : undefined;
  const faults = contents === undefined ? [] : faultsOf(contents);
  if (rules?.kind === "unreadable") faults.push(rules.error);
  const active = contents === undefined ? undefined : activeLogin(contents);
  const token = contents?.active.kind === "found" ? contents.active.token : undefined;
  return {
    tokenFile,
    storedTokens,
    others,
    content: text === undefined ? undefined : describeToken(text),
    states: [first, second, record, folder] satisfies readonly PathState[],
    faults,
    survey: readable ? await surveySources(sources, now) : undefined,
    renewed: active?.refreshToken !== undefined,
    savedLogins: contents === undefined ? 0 : readableLogins(contents).length,
    elsewhere: loginElsewhere(tokenPath, options.userHome, text),
    hiddenBy: token === undefined ? undefined : overridingSource(options.env, token),
    lock: lookAtLock(lockPath),
  };
}

/** The token file of the usual place, where it is another than the one in use and holds another token. */
function loginElsewhere(tokenPath: string, userHome: string, text: string | undefined): string | undefined {
  const usual = join(userHome, ".cache", "huggingface", "token");
  if (realPath(usual) === realPath(tokenPath)) return undefined;
  const found = readStart(usual, MOST_READ, { followLinks: true })?.toString("utf8");
  if (found === undefined || found.trim() === text?.trim()) return undefined;
  return ["token", "padded"].includes(describeToken(found).kind) ? usual : undefined;
}

/** The files that the store keeps beside the saved logins, other than those that it describes. */
export function listsBeside(storedTokensPath: string): readonly string[] {
  return ["latchkey-keychain.json", "latchkey-oidc.json"].map((name) => join(dirname(storedTokensPath), name));
}

/** False for a pipe or a device, which would be waited for. */
export function isOpenable({ kind }: PathLook): boolean {
  return kind !== "other";
}

function faultsOf({ saved, record }: StoreContents): HfError[] {
  const faults: HfError[] = [];
  if (saved.kind === "unreadable") faults.push(saved.error);
  else if (saved.damage !== undefined) faults.push(saved.damage);
  if (record.kind === "unreadable") faults.push(record.error);
  return faults;
}

/** Who has a lock now. Looked up and not tried: a try would be in the way of those who want it. */
export function lookAtLock(path: string): LockEvidence {
  const { kind } = lookAt(path);
  const nobody = { path, holder: undefined, stale: undefined };
  if (kind !== "file") return { ...nobody, state: kind === "absent" ? "free" : "unknown" };
  const stale = readMarker(path);
  const locked = readFlocks();
  if (locked === undefined) return { ...nobody, state: "unknown", stale };
  if (!isLocked(path, locked)) return { ...nobody, state: "free", stale };
  return { ...nobody, state: "held", holder: findHolders().get(realPath(path)) };
}
