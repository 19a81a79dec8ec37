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
 * What `git credential reject` reads on its stdin. With a token, newer versions of git remove the entry only if it
 * still holds that one; without, whatever is there for the Hub's user.
 */
export function rejectText(endpoint: string, token?: Secret): string {
  return format([
    ["url", endpoint],
    ["username", GIT_USER],
    ...(token === undefined ? [] : [["password", token.expose()] as const]),
  ]);
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
