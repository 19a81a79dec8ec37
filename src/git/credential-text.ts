import { HfError } from "../core/errors.ts";
import type { Secret } from "../core/secret.ts";

/** User name under which the Hub's tokens are kept; the Hub looks at the password alone. The one that Python uses. */
export const GIT_USER = "hf_user";

/** One `key=value` of git's credential protocol. */
type Attribute = readonly [key: "url" | "username" | "password", value: string];

/** What `git credential approve` reads on its stdin. This file is the only place where a token meets git. */
export function approveText(endpoint: string, token: Secret): string {
  return format([
    ["url", endpoint],
    ["username", GIT_USER],
    ["password", token.expose()],
  ]);
}

/**
 * What `git credential reject` reads on its stdin. Newer versions of git remove the entry only if it still holds that
 * token.
 * @param username the one that it is kept under
 */
export function rejectText(endpoint: string, token: Secret, username: string = GIT_USER): string {
  return format([
    ["url", endpoint],
    ["username", username],
    ["password", token.expose()],
  ]);
}

/**
 * What `git credential fill` reads on its stdin.
 * @param username undefined: whichever a helper has
 */
export function fillText(endpoint: string, username: string | undefined): string {
  return format([["url", endpoint], ...(username === undefined ? [] : [["username", username] as const])]);
}

/** The answer of `git credential fill`, or undefined where it holds no password. */
export function readFilled(text: string): { readonly username: string; readonly password: string } | undefined {
  const lines = text.split("\n").map((line) => /^([^=]+)=(.*)$/.exec(line));
  const [username, password] = ["username", "password"].map((key) => lines.find((line) => line?.[1] === key)?.[2]);
  return username === undefined || password === undefined || password === "" ? undefined : { username, password };
}

/**
 * What a credential helper writes to answer `get`.
 * @param username the one that git named, which it gets back; undefined: the Hub's
 */
export function answerText(token: Secret, username: string = GIT_USER): string {
  return format([
    ["username", username === "" ? GIT_USER : username],
    ["password", token.expose()],
  ]);
}

/** A line break or NUL in a value would start an attribute of its own: another host for this password. */
function format(attributes: readonly Attribute[]): string {
  for (const [key, value] of attributes) {
    if (!/[\r\n\0]/.test(value)) continue;
    throw new HfError("ERR_HF_GIT", `The ${key} for git holds a line break or a NUL.`, {
      hint: "Nothing was handed to git. Check the token and HF_ENDPOINT.",
    });
  }
  return `${attributes.map(([key, value]) => `${key}=${value}`).join("\n")}\n\n`;
}
