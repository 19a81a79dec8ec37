const REDACTED = "[redacted]";

/** Values that `Secret` has seen. */
const known = new Set<string>();

/** Every encoding in which a known value may turn up in text, longest first, so that no part of one is left over. */
let encoded: readonly string[] = [];
/** Known values that were not encoded yet. That waits for a text to redact: the shortest commands print none. */
let fresh: string[] = [];

/** Shorter values would strike ordinary words out of every message. */
const SHORTEST = 6;

/**
 * Token shapes of the Hub, for values that never were a `Secret`: in a server's message, in a file that is quoted. As
 * with all patterns here, a hostile text can't make the search quadratic: what could begin many times in one run of
 * characters begins only where the run does.
 */
const TOKEN = /\b(?:hf_oauth_|hf_jwt_|hf_|api_org_|api_)[A-Za-z0-9_.~+/=-]{16,}/g;

/**
 * Three parts of base64url, the first of which begins with a brace: a JWT. A search begins only where a word begins, and
 * goes on only where two more parts follow that word: `eyJ` after `eyJ` in one long word is looked at once.
 */
const JWT = /(?<![\w-])(?=[\w-]{11,}\.[\w-]{8,}\.)((?:\w*-)*?)eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g;

/** What follows a scheme of the credential header: long, or with a digit (words such as "authentication" have none). */
const SCHEME =
  /\b(bearer|basic)(\s{1,8})(?:[A-Za-z0-9_.~+/=-]{16,}|(?=[A-Za-z_.~+/-]{0,16}[0-9=])[A-Za-z0-9_.~+/=-]{8,})/gi;

/** User and password in an address. */
const USER_INFO = /:\/\/[^\s/@:]{0,1000}:[^\s/@]{0,1000}@/g;

/** Query values that are a credential themselves: signed addresses, OAuth codes. */
const SECRET_QUERY =
  /(?<=[?&](?:X-Amz-Signature|X-Amz-Credential|X-Amz-Security-Token|Signature|Policy|sig|signature|token|access_token|refresh_token|code|X-Xet-Signed-Range)=)[^&\s"'<>]+/gi;

/** Makes {@link redact} strike `value`, raw and encoded, for the rest of the process. */
export function remember(value: string): void {
  if (value.length < SHORTEST || known.has(value)) return;
  known.add(value);
  fresh.push(value);
}

function forms(): readonly string[] {
  if (fresh.length > 0) {
    encoded = [...new Set([...encoded, ...fresh.flatMap(encodings)])].toSorted((a, b) => b.length - a.length);
    fresh = [];
  }
  return encoded;
}

/**
 * Strikes every known secret and everything of a token's shape from `text`. Call it when a text is made, before any
 * cutting. Secrets are found by plain comparison; a regular expression is never built from one.
 */
export function redact(text: string): string {
  let result = text;
  for (const form of forms()) if (result.includes(form)) result = result.replaceAll(form, REDACTED);
  return result
    .replace(TOKEN, REDACTED)
    .replace(JWT, `$1${REDACTED}`)
    .replace(SCHEME, `$1$2${REDACTED}`)
    .replace(USER_INFO, `://${REDACTED}@`)
    .replace(SECRET_QUERY, REDACTED);
}

/** A stub by which a person recognises a token: first 3 and last 4 characters, only for 12 or more, else all stars. */
export function mask(value: string): string {
  return value.length >= 12 ? `${value.slice(0, 3)}****${value.slice(-4)}` : "*".repeat(Math.max(value.length, 4));
}

/** Strikes secrets from a text that comes in chunks, also where one is split over their borders. */
export interface Redactor {
  /** Takes the next chunk and gives what can be shown by now: all but an end that may be the start of a secret. */
  write(chunk: string): string;
  /** Gives the rest. */
  end(): string;
}

/** An end longer than this is shown although a token may have begun in it: no token of the Hub is as long. */
const LONGEST_HELD = 16 * 1024;

export function createRedactor(): Redactor {
  let held = "";
  return {
    write(chunk) {
      const text = held + chunk;
      const cut = text.length - Math.min(Math.max(knownStart(text), shapeStart(text)), LONGEST_HELD);
      held = text.slice(cut);
      return redact(text.slice(0, cut));
    },
    end() {
      const rest = redact(held);
      held = "";
      return rest;
    },
  };
}

/** Length of the longest end of `text` with which a known form begins. */
function knownStart(text: string): number {
  let longest = 0;
  for (const form of forms()) {
    for (let length = Math.min(form.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(form.slice(0, length))) longest = length;
    }
  }
  return longest;
}

const STARTERS = ["hf_", "api_", "eyJ", "bearer", "basic"];
/** The last run of a token's characters, if the text ends in one; and how a token begins in it. */
const LAST_RUN = /(?<![A-Za-z0-9_.~+/=-])[A-Za-z0-9_.~+/=-]+$/;
const TOKEN_START = /\b(?:hf_|api_|eyJ)/;
/** Other ends of a text in which a token's shape may have begun. */
const OPEN_ENDS = [
  /\b(?:bearer|basic)\s{1,8}[A-Za-z0-9_.~+/=-]*$/i,
  /:(?:\/|\/\/[^\s/@]*)?$/,
  /[?&][A-Za-z_-]*(?:=[^?&\s"'<>]*)?$/,
];

function shapeStart(text: string): number {
  const tail = text.slice(-LONGEST_HELD);
  const word = /\w*$/.exec(tail.slice(-8))?.[0] ?? "";
  let longest =
    word !== "" && STARTERS.some((starter) => starter.toLowerCase().startsWith(word.toLowerCase())) ? word.length : 0;
  const run = LAST_RUN.exec(tail)?.[0] ?? "";
  const start = run.search(TOKEN_START);
  if (start >= 0) longest = Math.max(longest, run.length - start);
  for (const end of OPEN_ENDS) longest = Math.max(longest, end.exec(tail)?.[0].length ?? 0);
  return longest;
}

function encodings(value: string): string[] {
  const bytes = [...Buffer.from(value, "utf8")].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
  const percent = encodeURIComponent(value);
  const json = JSON.stringify(value).slice(1, -1);
  const found = new Set([value, percent, percent.replace(/%../g, (hex) => hex.toLowerCase())]);
  found.add(percent.replaceAll("%20", "+")).add(bytes).add(bytes.toUpperCase());
  found
    .add(json)
    .add(json.replaceAll("/", "\\/"))
    .add(json.replace(/[\u0080-\uffff]/g, escapeUnit));
  for (const shift of [0, 1, 2]) {
    const core = base64Core(value, shift);
    found.add(core);
    found.add(core.replaceAll("+", "-").replaceAll("/", "_"));
  }
  return [...found].filter((form) => form.length >= SHORTEST);
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** The part of a base64 text that `value` alone decides when `shift` unknown bytes (as in `user:token`) stand before it. */
function base64Core(value: string, shift: number): string {
  const bytes = Buffer.concat([Buffer.alloc(shift), Buffer.from(value, "utf8")]);
  const text = bytes.toString("base64").replaceAll("=", "");
  const start = shift === 0 ? 0 : shift + 1;
  const end = Math.floor((bytes.length * 8) / 6);
  return text.slice(start, end);
}
