import { Secret } from "../core/secret.ts";
import { trimBoth, trimEnd } from "../core/trim.ts";

/** What is left of a value that should be a token. `reason` and `warning` are predicates: "holds a blank inside". */
export type CleanedToken =
  | {
      readonly kind: "clean";
      readonly token: Secret;
      /** What was taken away, as in "had quotes around it, which were removed"; undefined when nothing worth a word was. */
      readonly warning?: string;
    }
  | { readonly kind: "empty" }
  | { readonly kind: "refused"; readonly reason: string };

/** White space as Python's `str.strip` knows it, and the invisible characters that travel along when a page is copied. */
const BLANK = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200d\\u2028\\u2029\\u202f\\u205f\\u2060\\u3000\\ufeff]";
const OUTER = new RegExp(BLANK);
const SCHEME = new RegExp(`^(?:authorization${BLANK}*:${BLANK}*)?bearer(?:${BLANK}+|$)`, "i");
const QUOTES: readonly (readonly [string, string])[] = [
  ['"', '"'],
  ["'", "'"],
  ["`", "`"],
  ["\u201c", "\u201d"],
  ["\u2018", "\u2019"],
];

/** Beginnings by which other services' keys are known; they are pasted into the wrong place, and must not travel. */
const FOREIGN: readonly (readonly [RegExp, string])[] = [
  [/^sk-ant-/, "Anthropic"],
  [/^sk-/, "OpenAI"],
  [/^(?:gh[pousr]_|github_pat_)/, "GitHub"],
  [/^glpat-/, "GitLab"],
  [/^npm_/, "npm"],
  [/^pypi-/, "PyPI"],
  [/^AKIA[0-9A-Z]{12}/, "AWS"],
  [/^AIza/, "Google"],
  [/^xox[abp]-/, "Slack"],
];

/** A whole token of a user. Others (`hf_oauth_`, `hf_jwt_`) have no fixed length. */
const WHOLE = /^hf_[A-Za-z0-9]{34}$/;
const OTHER_KIND = /^hf_[a-z]+_[\w.-]{20,}$/;

/** A token is one line of a header: longer than this is a whole file by mistake. */
const LONGEST = 8192;

/**
 * Takes away what people paste along with a token: line breaks anywhere, blanks (no-break space and byte order mark
 * among them), `Bearer `, quotes around it. Nothing left is `empty`. What could not stand in a header as it is (a
 * blank, a control or non-ASCII character inside), a key of another service, JSON, and several lines that are not one
 * token are `refused` rather than sent or guessed at.
 *
 * Python takes every line break away, and so joins two tokens to one that is none; here only a token that was broken
 * over lines is joined.
 */
export function cleanToken(raw: string): CleanedToken {
  if (raw.length > LONGEST) return { kind: "refused", reason: `is longer than ${LONGEST} characters` };
  const removed = new Set<string>();
  let text = trimEnd(raw, /[\r\n]/);
  for (let before = ""; before !== text;) {
    before = text;
    text = trimBoth(text, OUTER);
    if (text !== before) removed.add("blanks around it");
    text = text.replace(SCHEME, () => (removed.add("the word Bearer"), ""));
    for (const [open, close] of QUOTES) {
      if (text.length < 2 || !text.startsWith(open) || !text.endsWith(close)) continue;
      removed.add("quotes around it");
      text = text.slice(open.length, -close.length);
    }
  }
  if (text === "") return { kind: "empty" };
  if (/[\r\n]/.test(text)) {
    const joined = joinLines(text);
    if (joined === undefined)
      return { kind: "refused", reason: "holds more than one line, and they are not one token" };
    removed.add("line breaks");
    text = joined;
  }
  const reason = unsendable(text);
  if (reason !== undefined) return { kind: "refused", reason };
  const token = Secret.of(text);
  return removed.size === 0 ? { kind: "clean", token } : { kind: "clean", token, warning: warningOf([...removed]) };
}

/** A token that a terminal or a mail program has broken over lines, in one piece; undefined for anything else. */
function joinLines(text: string): string | undefined {
  const [first = "", ...more] = text.split(/[\r\n]+/);
  const isAnother = (part: string): boolean =>
    part.startsWith("hf_") || FOREIGN.some(([pattern]) => pattern.test(part));
  if (WHOLE.test(first) || more.some(isAnother)) return undefined;
  const joined = [first, ...more].join("");
  return WHOLE.test(joined) || OTHER_KIND.test(joined) ? joined : undefined;
}

function unsendable(text: string): string | undefined {
  if (/[\u0000-\u001f\u007f-\u009f]/.test(text)) return "holds a control character";
  if (/\s/.test(text)) return "holds a blank in the middle";
  if (/[^\x21-\x7e]/.test(text)) return "holds a character that is not ASCII";
  if (/^[{[]/.test(text)) return "holds JSON, which another tool has written";
  const service = FOREIGN.find(([pattern]) => pattern.test(text))?.[1];
  return service === undefined ? undefined : `begins like a key of ${service}, not of the Hub`;
}

function warningOf(removed: readonly string[]): string {
  const last = removed.at(-1) ?? "";
  const list = removed.length === 1 ? last : `${removed.slice(0, -1).join(", ")} and ${last}`;
  return `had ${list}, which ${removed.length === 1 && last.startsWith("the word") ? "was" : "were"} removed`;
}
