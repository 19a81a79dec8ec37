import { cleanToken } from "./clean.ts";
import type { Environment } from "../core/ports.ts";
import { closeNames } from "./token-name.ts";

/** Names that look like ours and are read by some other tool, or by none. Never read; `auth status` reports them. */
const LOOK_ALIKES: readonly string[] = [
  "HF_ACCESS_TOKEN",
  "HF_API_KEY",
  "HF_API_TOKEN",
  "HF_AUTH_TOKEN",
  "HF_HUB_TOKEN",
  "HUGGINGFACEHUB_API_TOKEN",
  "HUGGINGFACE_ACCESS_TOKEN",
  "HUGGINGFACE_API_KEY",
  "HUGGINGFACE_API_TOKEN",
  "HUGGINGFACE_HUB_TOKEN",
  "HUGGING_FACE_API_KEY",
  "HUGGING_FACE_TOKEN",
];

/** Names that are read, the likeliest to be meant first. */
const READ: readonly string[] = ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HUGGINGFACE_TOKEN"];

/** The look-alike variables that are set, and those with a token whose name is a misspelt one: `HF_TOKENN`, `hf_token`. */
export function lookAlikes(env: Environment): readonly string[] {
  const known = LOOK_ALIKES.filter((name) => Object.hasOwn(env, name));
  const misspelt = Object.keys(env).filter((name) => !known.includes(name) && isMisspelt(name, env));
  return [...known, ...misspelt];
}

function isMisspelt(name: string, env: Environment): boolean {
  const upper = name.toUpperCase();
  const value = env[name] ?? "";
  // Where names have no case, as on Windows, the other spelling has the same value, and is read.
  const isRead = name === upper ? isTokenVariable(name) : env[upper] === value;
  // It becomes a part of a command line that a person is told to type.
  return !isRead && /^\w{1,40}$/.test(name) && isMeantAsToken(name, value);
}

/** True for a token of the Hub in a variable whose name is nearly one that is read. */
function isMeantAsToken(name: string, value: string): boolean {
  // A name of any length is compared with ours letter by letter, and none that is much longer is near.
  if (name.length > 64 || !/^["'\s]*(?:hf_|api_org_)[A-Za-z0-9]{20,}/.test(value)) return false;
  return closeNames(name.toUpperCase(), READ).length > 0;
}

/** The variables of a token that are set and hold nothing: an empty secret of a job, which nobody meant. */
export function emptyTokenVariables(env: Environment): readonly string[] {
  return READ.filter((name) => Object.hasOwn(env, name) && cleanToken(env[name] ?? "").kind === "empty");
}

/** The variables that decide which token a tool of the Hub uses, ours or another. */
const TOKEN_VARIABLES: readonly string[] = [
  "HF_TOKEN",
  "HUGGING_FACE_HUB_TOKEN",
  "HUGGINGFACE_TOKEN",
  // An exchange comes before HF_TOKEN, in ours and in Python's library.
  "HF_OIDC_RESOURCE",
  "HF_OIDC_ID_TOKEN",
  "HF_OIDC_ID_TOKEN_FILE",
  "HF_ID_TOKEN",
  ...LOOK_ALIKES,
];

/**
 * True for every variable that holds a token of the Hub, or makes a tool find one before `HF_TOKEN`. `HF_TOKEN_PATH` is
 * none: it says where logins are kept. In any case of letters, since Windows knows none.
 */
export function isTokenVariable(name: string): boolean {
  return TOKEN_VARIABLES.includes(name.toUpperCase());
}

/**
 * The environment without them, and without tokens in misspelt ones (`HF_TOKENN`): for a program that has no business with
 * a token of the Hub, or only with one that it is given then.
 */
export function withoutTokens(env: Environment): Record<string, string> {
  const left: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && !isTokenVariable(name) && !isMeantAsToken(name, value)) left[name] = value;
  }
  return left;
}
