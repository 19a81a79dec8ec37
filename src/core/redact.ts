import { ESC } from "./control-sequences.ts";
import { createSecretFinder, createSought } from "./find-secrets.ts";
import type { Range, Sought } from "./find-secrets.ts";
import { formsOf, SHORTEST } from "./secret-forms.ts";

const REDACTED = "[redacted]";
const MARK = Buffer.from(REDACTED);
/** What ends a colour: where a coloured secret is struck, so is the end of its colour. */
const PLAIN = Buffer.from("\u001b[0m");

/** Values that `Secret` has seen. */
const known = new Set<string>();
/** What is looked for, of all known values. Made when there is a text to redact: the shortest commands print none. */
let sought: Sought | undefined;

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
  sought = undefined;
}

function allSought(): Sought {
  if (sought === undefined) {
    const forms = [...known].map(formsOf);
    sought = createSought(
      new Set(forms.flatMap(({ exact }) => exact)),
      forms.flatMap(({ loose }) => loose),
    );
  }
  return sought;
}

/**
 * Strikes every known secret, raw and encoded, and everything of a token's shape from `text`. Call it when a text is
 * made, before any cutting. Secrets are found by comparison; a regular expression is never built from one.
 */
export function redact(text: string): string {
  if (known.size === 0) return redactShapes(text);
  const bytes = Buffer.from(text, "utf8");
  const finder = createSecretFinder(allSought());
  finder.take(bytes);
  finder.end();
  const { secrets } = finder.decided(bytes.length);
  return redactShapes(secrets.length === 0 ? text : strike(bytes, secrets, 0).toString("utf8"));
}

function redactShapes(text: string): string {
  return text
    .replace(TOKEN, REDACTED)
    .replace(JWT, `$1${REDACTED}`)
    .replace(SCHEME, `$1$2${REDACTED}`)
    .replace(USER_INFO, `://${REDACTED}@`)
    .replace(SECRET_QUERY, REDACTED);
}

/** The bytes with a mark in the place of each secret. The first byte has the offset `from`. */
function strike(bytes: Buffer, secrets: readonly Range[], from: number): Buffer {
  const parts: Buffer[] = [];
  let shown = 0;
  for (const { start, end } of secrets) {
    parts.push(bytes.subarray(shown, Math.max(start - from, shown)), MARK);
    const struck = bytes.subarray(Math.max(start - from, shown), end - from);
    if (struck.includes(ESC)) parts.push(PLAIN);
    shown = Math.max(end - from, shown);
  }
  return Buffer.concat([...parts, bytes.subarray(shown)]);
}

/** A stub by which a person recognises a token: first 3 and last 4 characters, only for 12 or more, else all stars. */
export function mask(value: string): string {
  return value.length >= 12 ? `${value.slice(0, 3)}****${value.slice(-4)}` : "*".repeat(Math.max(value.length, 4));
}

/** Strikes secrets from bytes that come in chunks, also where one is split over their borders. */
export interface Redactor {
  /** Takes the next chunk and gives what can be shown by now: all but an end that may be the start of a secret. */
  write(chunk: Buffer): Buffer;
  /** Gives the rest. */
  end(): Buffer;
}

/** An end longer than this is shown although a token may have begun in it: no token of the Hub is as long. */
const LONGEST_HELD = 16 * 1024;
/** The same for what may be a known value: a long one, encoded twice, with lines and signs in between. */
const LONGEST_ENCODED = 64 * 1024;

export function createRedactor(): Redactor {
  const values = createValueRedactor();
  const shapes = createShapeRedactor();
  return {
    write: (chunk) => shapes.write(values.write(chunk)),
    end: () => Buffer.concat([shapes.write(values.end()), shapes.end()]),
  };
}

/** Strikes the known values. */
function createValueRedactor(): Redactor {
  const finder = createSecretFinder(allSought());
  let held: Buffer = Buffer.alloc(0);
  /** The offset of the first byte that is held. */
  let from = 0;
  const show = (atLeast: number): Buffer => {
    const { upTo, secrets } = finder.decided(atLeast);
    const bytes = held.subarray(0, upTo - from);
    const shown = secrets.length === 0 ? bytes : strike(bytes, secrets, from);
    held = held.subarray(upTo - from);
    from = upTo;
    return shown;
  };
  return {
    write(chunk) {
      finder.take(chunk);
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      return show(from + held.length - LONGEST_ENCODED);
    },
    end() {
      finder.end();
      return show(from + held.length);
    },
  };
}

/** Strikes what has a token's shape. Latin-1 has a character for each byte. */
function createShapeRedactor(): Redactor {
  let held = "";
  return {
    write(chunk) {
      const text = held + chunk.toString("latin1");
      const cut = text.length - Math.min(shapeStart(text), LONGEST_HELD);
      held = text.slice(cut);
      return Buffer.from(redactShapes(text.slice(0, cut)), "latin1");
    },
    end() {
      const rest = redactShapes(held);
      held = "";
      return Buffer.from(rest, "latin1");
    },
  };
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
