const REDACTED = "[redacted]";

/** Values that `Secret` has seen, each with the encodings in which it may turn up in text. */
const known = new Map<string, readonly string[]>();

/** Shorter values would strike ordinary words out of every message. */
const SHORTEST = 6;

/** Token shapes of the Hub, for values that never were a `Secret`: in a server's message, in a file that is quoted. */
const SHAPES = [
  /\b(?:hf_oauth_|hf_jwt_|hf_|api_org_|api_)[A-Za-z0-9_.~+/=-]{16,}/g,
  /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/g,
  /(?<=\b(?:bearer|basic)\s+)[A-Za-z0-9_.~+/=-]{8,}/gi,
  /(?<=:\/\/)[^\s/@:]*:[^\s/@]*(?=@)/g,
];

/** Query values that are a credential themselves: signed addresses, OAuth codes. */
const SECRET_QUERY =
  /(?<=[?&](?:X-Amz-Signature|X-Amz-Credential|X-Amz-Security-Token|Signature|Policy|sig|signature|token|access_token|refresh_token|code|X-Xet-Signed-Range)=)[^&\s"'<>]+/gi;

/** Makes {@link redact} strike `value`, raw and encoded, for the rest of the process. */
export function remember(value: string): void {
  if (value.length < SHORTEST || known.has(value)) return;
  known.set(value, encodings(value));
}

/**
 * Strikes every known secret and everything of a token's shape from `text`. Call it when a text is made, before any
 * cutting. Secrets are found by plain comparison; a regular expression is never built from one.
 */
export function redact(text: string): string {
  let result = text;
  for (const forms of known.values()) {
    for (const form of forms) if (result.includes(form)) result = result.replaceAll(form, REDACTED);
  }
  for (const shape of SHAPES) result = result.replace(shape, REDACTED);
  return result.replace(SECRET_QUERY, REDACTED);
}

/** A stub by which a person recognises a token: first 3 and last 4 characters, only for 12 or more, else all stars. */
export function mask(value: string): string {
  return value.length >= 12 ? `${value.slice(0, 3)}****${value.slice(-4)}` : "*".repeat(Math.max(value.length, 4));
}

/** Length of the longest known form, so that a reader of chunks knows how much to hold back. */
export function longestSecret(): number {
  let longest = 0;
  for (const forms of known.values()) for (const form of forms) longest = Math.max(longest, form.length);
  return longest;
}

function encodings(value: string): string[] {
  const forms = new Set([value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)]);
  forms.add([...Buffer.from(value, "utf8")].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join(""));
  for (const shift of [0, 1, 2]) {
    const core = base64Core(value, shift);
    forms.add(core);
    forms.add(core.replaceAll("+", "-").replaceAll("/", "_"));
  }
  return [...forms].filter((form) => form.length >= SHORTEST).toSorted((a, b) => b.length - a.length);
}

/** The part of a base64 text that `value` alone decides when `shift` unknown bytes (as in `user:token`) stand before it. */
function base64Core(value: string, shift: number): string {
  const bytes = Buffer.concat([Buffer.alloc(shift), Buffer.from(value, "utf8")]);
  const text = bytes.toString("base64").replaceAll("=", "");
  const start = shift === 0 ? 0 : shift + 1;
  const end = Math.floor((bytes.length * 8) / 6);
  return text.slice(start, end);
}
