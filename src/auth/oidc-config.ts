import { statSync } from "node:fs";
import { posix, win32 } from "node:path";
import { DiskError, diskError, systemCode, TokenError } from "../core/errors.ts";
import { followOwnLinks } from "../core/own-links.ts";
import { readRegularFileSync } from "../core/read-file.ts";

export interface OidcConfigOptions {
  /** `latchkey-oidc.json` beside the saved logins: the user's own, never a project's. */
  readonly path: string;
  readonly platform: NodeJS.Platform;
  /** The user of this process; without it no owner is judged. */
  readonly uid?: number | undefined;
}

const LARGEST = 64 * 1024;

/**
 * The command that prints an ID token, as the user's own configuration names it: `{"version":1,"exec":["/program",…]}`.
 * Undefined where there is no such file.
 * @throws TokenError `ERR_HF_OIDC` somebody else could have written it, or it names no program by its whole path
 * @throws DiskError it can't be read
 */
export function readOidcExec(options: OidcConfigOptions): readonly string[] | undefined {
  const { path, platform, uid } = options;
  let text: string;
  try {
    // A link that another user has made could lead to a file of this user's that holds another's words: a clone.
    followOwnLinks(path, uid);
    const stats = statSync(path);
    // It names a program to run: whoever can write it runs programs as this user.
    if (platform !== "win32" && (stats.mode & 0o022) !== 0) throw unsafe(path, "can be written by other users");
    if (platform !== "win32" && uid !== undefined && stats.uid !== uid && stats.uid !== 0)
      throw unsafe(path, "belongs to another user");
    if (!stats.isFile()) throw new DiskError("ERR_HF_DISK", `It is no file: ${path}`, { hint: "Move it away." });
    text = new TextDecoder().decode(readRegularFileSync(path, LARGEST));
  } catch (error) {
    // ENOTDIR: a part of the path is a file, so there is nothing there either.
    if (["ENOENT", "ENOTDIR"].includes(systemCode(error) ?? "")) return undefined;
    throw diskError(error, "read the command for ID tokens", path);
  }
  const words = parse(text);
  const { isAbsolute } = platform === "win32" ? win32 : posix;
  if (words === undefined || !isAbsolute(words[0] ?? "")) {
    throw new TokenError("ERR_HF_OIDC", `The command for ID tokens can't be read: ${path}`, {
      hint: 'It holds {"version":1,"exec":["/whole/path/of/a/program","argument"]}. {audience} stands for the Hub\'s address.',
    });
  }
  return words;
}

function unsafe(path: string, what: string): TokenError {
  return new TokenError("ERR_HF_OIDC", `${path} ${what}, so its command is not run.`, {
    hint: `Check what it says, then: chown it to yourself and chmod 600 ${path}`,
  });
}

function parse(text: string): readonly string[] | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof parsed !== "object" || parsed === null) return undefined;
  const { version, exec } = parsed as Record<string, unknown>;
  const fits = (word: unknown): word is string => typeof word === "string" && !word.includes("\0");
  return version === 1 && Array.isArray(exec) && exec.length > 0 && exec.every(fits) ? exec : undefined;
}
