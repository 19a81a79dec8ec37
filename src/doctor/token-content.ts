import { cleanToken } from "../auth/index.ts";

/** What a place that should hold a token holds. Never the value itself. */
export interface TokenContent {
  readonly kind: "token" | "padded" | "empty" | "wrong";
  /** A predicate: "had quotes around it, which were removed", "holds JSON". Empty for a plain token. */
  readonly words: string;
}

/** What another file looks like. Each begins at the start, so that no text is slow to search. */
const WRONG: readonly (readonly [RegExp, string])[] = [
  [/^\s*[{[]\s*"/, "holds JSON, which another tool has written"],
  [/^\s*\[[^\]\n]{1,200}\]\s*\n/, "holds the list of saved logins (the file stored_tokens), not one token"],
  [/^\s*-----BEGIN /, "holds a key or a certificate"],
  [/^\s*<(?:!doctype|html|\?xml)/i, "holds a web page"],
  [/^\s*(?:export\s+|set\s+)?[A-Z][A-Z0-9_]{2,60}\s*=/, "holds a line that sets a variable, not the token alone"],
  [/^\s*hf\s+auth\s/, "holds a command"],
];

/** What stands in a template where the token is to be written. */
const BLANKS: readonly RegExp[] = [
  /^["'\s]*(?:\$\{\{|\$\{?[A-Za-z_]|%[A-Za-z_]+%|<[A-Za-z])/,
  /^["'\s]*(?:hf_)?(?:x{3,}|\*{3,}|\.{3,})["'\s]*$/i,
  /^["'\s]*(?:hf_)?(?:your|my|the|insert|paste|change|replace)[-_ ]?\w{0,20}[-_ ]?(?:token|key|me|here|this|it)?["'\s]*$/i,
];

/** True for a blank of a template that nobody filled in. */
export function isBlank(text: string): boolean {
  return BLANKS.some((pattern) => pattern.test(text));
}

/** Says what a text that should be a token is, without a character of it. */
export function describeToken(text: string): TokenContent {
  const wrong = WRONG.find(([pattern]) => pattern.test(text.replace(/^\ufeff/, "")));
  if (wrong !== undefined) return { kind: "wrong", words: wrong[1] };
  if (isBlank(text)) return { kind: "wrong", words: "holds a blank that nobody filled in" };
  const cleaned = cleanToken(text);
  if (cleaned.kind === "empty") return { kind: "empty", words: "is empty" };
  if (cleaned.kind === "refused") return { kind: "wrong", words: cleaned.reason };
  return cleaned.warning === undefined ? { kind: "token", words: "" } : { kind: "padded", words: cleaned.warning };
}
