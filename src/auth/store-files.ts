import { statSync } from "node:fs";
import { DiskError, diskError, HfError, systemCode, TokenError } from "../core/errors.ts";
import type { Clock } from "../core/ports.ts";
import { followOwnLinks } from "../core/own-links.ts";
import { readRegularFileSync } from "../core/read-file.ts";
import { shellWord } from "../core/shell-word.ts";
import { plainText } from "../core/terminal-text.ts";
import { cleanToken } from "./clean.ts";
import { EMPTY_RECORD, parseLoginRecord } from "./login-record.ts";
import { parseStoredTokens } from "./stored-tokens.ts";
import type { ParsedStore } from "./stored-tokens.ts";
import { toStoredToken } from "./token-store.ts";
import type { ActiveToken, PathState, RecordReading, SavedLogins, StoreContents } from "./token-store.ts";

/** Other tools empty a file before they fill it; for that moment it says nothing. */
const REREAD_MS = 50;
/** A renewal writes the saved logins and then the token file. The second is expected for as long after the first. */
const RENEWAL_MS = 2000;

/** More than a thousand logins. */
const LARGEST = 1024 * 1024;

/** The bytes of one of the store's files. @throws DiskError, or the system's error, as {@link readRegularFileSync} */
export function readBytes(path: string, doing = "read the saved logins"): Uint8Array {
  return readRegularFileSync(path, LARGEST, { doing });
}

function readTokenText(path: string): string {
  return decode(readRegularFileSync(path, LARGEST, { doing: "read the token file", code: "ERR_HF_TOKEN_FILE" }));
}

/** What the token file holds. One that has just been emptied is read again: another tool is writing it. */
export async function readActive(path: string, clock: Clock): Promise<ActiveToken> {
  try {
    let text = readTokenText(path);
    for (let waited = 0; text === "" && (waited === 0 || isBeingWritten(path, clock, waited)); waited += REREAD_MS) {
      await clock.sleep(REREAD_MS);
      text = readTokenText(path);
    }
    const cleaned = cleanToken(text);
    if (cleaned.kind === "empty") return { kind: "absent" };
    if (cleaned.kind === "refused") return { kind: "refused", error: badTokenFile(path, cleaned.reason) };
    const { token, warning } = cleaned;
    return { kind: "found", token, ...(warning === undefined ? {} : { warning }) };
  } catch (error) {
    if (systemCode(error) === "ENOENT") return { kind: "absent" };
    return { kind: "refused", error: unreadableTokenFile(error, path) };
  }
}

/**
 * What the file of saved logins holds. No file is the same as no login. A half one is read once more, since another
 * tool may be writing it.
 * @param beforeChange reads an empty one once more too: a change made of what it seemed to hold would lose every login
 */
export async function readSaved(path: string, clock: Clock, beforeChange: boolean): Promise<SavedLogins> {
  let parsed: ParsedStore;
  try {
    parsed = parseStoredTokens(readBytes(path));
    const half = parsed.kind === "unparsable" ? parsed.looksLike !== "json" : parsed.sections.length === 0;
    if (half && (beforeChange || parsed.kind === "unparsable")) {
      await clock.sleep(REREAD_MS);
      parsed = parseStoredTokens(readBytes(path));
    }
  } catch (error) {
    if (systemCode(error) === "ENOENT") return { kind: "ok", logins: [] };
    return { kind: "unreadable", error: diskError(error, "read the saved logins", path), readable: [] };
  }
  if (parsed.kind === "ok") {
    const logins = parsed.sections.map(toStoredToken);
    return parsed.damage === undefined
      ? { kind: "ok", logins }
      : { kind: "ok", logins, damage: damagedStore(path, parsed.damage) };
  }
  return { kind: "unreadable", error: unreadableStore(path, parsed), readable: parsed.readable.map(toStoredToken) };
}

/**
 * Reads again while the store looks as in the middle of a renewal, ours or Python's: the token file holds what no saved
 * login holds, and the saved logins were written a moment ago. Either one among them can be renewed, and the token file
 * comes next; or there is none at all, since Python empties the file before it fills it.
 */
export async function settled(
  read: () => Promise<StoreContents>,
  savedPath: string,
  clock: Clock,
): Promise<StoreContents> {
  let contents = await read();
  for (let waited = 0; isHalfRenewed(contents, savedPath, clock, waited); waited += REREAD_MS) {
    await clock.sleep(REREAD_MS);
    contents = await read();
  }
  return contents;
}

function isHalfRenewed({ active, saved }: StoreContents, path: string, clock: Clock, waited: number): boolean {
  if (active.kind !== "found" || saved.kind !== "ok") return false;
  const { logins } = saved;
  if (logins.length > 0 && !logins.some(({ refreshToken }) => refreshToken !== undefined)) return false;
  if (logins.some(({ token }) => token?.equals(active.token) === true)) return false;
  return isBeingWritten(path, clock, waited);
}

/** True where the file's last change is so fresh that what belongs to it may be yet to come. */
function isBeingWritten(path: string, clock: Clock, waited: number): boolean {
  if (waited >= RENEWAL_MS) return false;
  const writtenAt = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  return writtenAt !== undefined && Math.abs(clock.now() - writtenAt) < RENEWAL_MS;
}

/** Where the saved logins belong. No file is the same as no entry. */
export async function readRecord(path: string): Promise<RecordReading> {
  try {
    const record = parseLoginRecord(decode(readBytes(path, "read the record of the logins")));
    if (record !== undefined) return { kind: "ok", record };
    return {
      kind: "unreadable",
      error: new DiskError(
        "ERR_HF_STORE_UNREADABLE",
        `The record of where saved logins belong can't be read: ${path}`,
        {
          hint: "Delete that file; every saved login then counts as one of huggingface.co. Or sign in again after it.",
        },
      ),
    };
  } catch (error) {
    if (systemCode(error) === "ENOENT") return { kind: "ok", record: EMPTY_RECORD };
    return { kind: "unreadable", error: diskError(error, "read the record of the logins", path) };
  }
}

/** Facts of a path for `auth status`: its mode and what is unsafe about it. Never throws. */
export async function describePath(
  path: string,
  { platform, uid }: { readonly platform: NodeJS.Platform; readonly uid?: number | undefined },
): Promise<PathState> {
  let stats;
  try {
    stats = statSync(path);
  } catch {
    return { path, exists: false };
  }
  if (platform === "win32") return { path, exists: true };
  if (isForeignLink(path, uid)) return { path, exists: true, unsafe: "is a link that another user has made" };
  const mode = stats.mode & 0o7777;
  const unsafe = unsafety(mode, stats.isDirectory(), uid === undefined || stats.uid === uid || stats.uid === 0);
  if (unsafe === undefined) return { path, exists: true, mode };
  const mend = stats.isDirectory() ? `chmod go-w ${shellWord(path)}` : `chmod 600 ${shellWord(path)}`;
  return { path, exists: true, mode, unsafe, ...(unsafe === FOREIGN ? {} : { mend }) };
}

const FOREIGN = "belongs to another user";
function isForeignLink(path: string, uid: number | undefined): boolean {
  try {
    followOwnLinks(path, uid);
    return false;
  } catch {
    return true;
  }
}

function unsafety(mode: number, folder: boolean, ownerIsFine: boolean): string | undefined {
  if (!ownerIsFine) return FOREIGN;
  const octal = (mode & 0o777).toString(8);
  // In a sticky folder others may add files, but not replace ours.
  if (folder)
    return (mode & 0o022) !== 0 && (mode & 0o1000) === 0 ? `can be written by other users (mode ${octal})` : undefined;
  if ((mode & 0o022) !== 0) return `can be written by other users (mode ${octal})`;
  return (mode & 0o044) !== 0 ? `can be read by other users (mode ${octal})` : undefined;
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder("utf-8").decode(bytes);
}

function badTokenFile(path: string, reason: string): TokenError {
  return new TokenError("ERR_HF_TOKEN_REFUSED", `The token in ${path} ${reason}.`, {
    hint: "Sign in again with 'hf auth login --force'.",
  });
}

function unreadableTokenFile(error: unknown, path: string): HfError {
  if (error instanceof HfError) return error;
  const code = systemCode(error);
  const isFolder = code === "EISDIR";
  const why = isFolder ? "it is a folder" : (code ?? (error instanceof Error ? error.message : String(error)));
  return new DiskError("ERR_HF_TOKEN_FILE", `The token file can't be read: ${path} (${why})`, {
    cause: error,
    hint: isFolder
      ? "Move that folder away, or set HF_TOKEN_PATH to a file."
      : "Check its owner and mode and the folders above it, or set HF_TOKEN_PATH to another file.",
  });
}

function damagedStore(path: string, damage: "byte-order-mark" | "not-utf8"): DiskError {
  const reason = damage === "not-utf8" ? "it is not UTF-8 text" : "it begins with a byte order mark";
  return new DiskError("ERR_HF_STORE_UNREADABLE", `Python can't read the saved logins in ${path}: ${reason}.`, {
    hint: `Save it as UTF-8 without a byte order mark. Or sign in with 'hf auth login --force': it keeps a copy first.`,
  });
}

function unreadableStore(path: string, parsed: Extract<ParsedStore, { kind: "unparsable" }>): DiskError {
  const at = parsed.line === undefined ? "" : ` (line ${parsed.line})`;
  const names = parsed.readable.slice(0, 10).map(({ name }) => `'${plainText(name, 60)}'`);
  const logins = names.length === 0 ? "" : ` It holds ${names.join(", ")}.`;
  const mend = parsed.looksLike === "json" ? "Move it away" : "Mend that line or move the file away";
  return new DiskError(
    "ERR_HF_STORE_UNREADABLE",
    `The saved logins in ${path} can't be read: ${parsed.reason}${at}. The file is left as it is.`,
    { hint: `${mend}, or sign in with 'hf auth login --force', which keeps a copy and begins a new one.${logins}` },
  );
}
