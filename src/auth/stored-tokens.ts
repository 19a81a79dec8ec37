/** One login of the `stored_tokens` file: its name and its fields, keys in lower case, in the order of the file. */
export interface StoredSection {
  readonly name: string;
  readonly fields: ReadonlyMap<string, string>;
}

/** What the text of a `stored_tokens` file says. */
export type ParsedStore =
  | {
      readonly kind: "ok";
      readonly sections: readonly StoredSection[];
      /** Python can't read the file as it is, although we can; rewriting it would lose what made it so. */
      readonly damage?: "byte-order-mark" | "not-utf8";
    }
  | {
      readonly kind: "unparsable";
      /** A clause without a token in it: "the section [work] is there twice". */
      readonly reason: string;
      /** Counted from 1. */
      readonly line?: number;
      /** `json`: another tool keeps its logins there. `ini`: a slip in an otherwise sound file. */
      readonly looksLike: "json" | "ini" | "other";
      /** The logins that could still be made out, by name only of use when somebody asks for them. */
      readonly readable: readonly StoredSection[];
    };

/** The key of the token itself in a section. */
export const TOKEN_KEY = "hf_token";

const COMMENT = /^[#;]/;
const HEADER = /^\[(.+)\]/s;
const OPTION = /^(.*?)[=:](.*)$/s;
/** What Python's `str.strip` and `\s` take for white space. JavaScript counts the byte order mark, but not U+0085. */
const SPACE = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

/**
 * Reads the bytes of a `stored_tokens` file as Python's `configparser` (strict, without interpolation) does: what it
 * takes we take with the same result, what it rejects is `unparsable`. Two deviations, both marked as `damage`: a byte
 * order mark is passed over, and bytes that are not UTF-8 become U+FFFD, where Python gives up.
 */
export function parseStoredTokens(bytes: Uint8Array): ParsedStore {
  const { text, damage } = decode(bytes);
  const json = readJsonStore(text);
  if (json !== undefined) return json;
  const parsed = readIni(text);
  return parsed.kind === "ok" && damage !== undefined ? { ...parsed, damage } : parsed;
}

/**
 * The text of a `stored_tokens` file, byte for byte as Python writes it: sections in the order of code points, a blank
 * line after each.
 * @param platform `win32` ends lines with CR LF, as Python does there
 * @throws TypeError for a name or value that Python could not read back
 */
export function formatStoredTokens(sections: readonly StoredSection[], platform: NodeJS.Platform): string {
  let text = "";
  for (const { name, fields } of sections.toSorted((a, b) => compareCodePoints(a.name, b.name))) {
    if (name === "" || name === "DEFAULT" || /[\r\n]/.test(name)) throw new TypeError("not a name for a section");
    text += `[${name}]\n`;
    for (const [key, value] of fields) {
      if (/[\r]/.test(value) || key === "" || /[\r\n=:]/.test(key)) throw new TypeError("not a field for a section");
      text += `${key} = ${value.replaceAll("\n", "\n\t")}\n`;
    }
    text += "\n";
  }
  return platform === "win32" ? text.replaceAll("\n", "\r\n") : text;
}

/** Python's order of strings. JavaScript compares UTF-16 units, which puts U+1F600 before U+E000. */
export function compareCodePoints(a: string, b: string): number {
  const left = Array.from(a, (char) => char.codePointAt(0) ?? 0);
  const right = Array.from(b, (char) => char.codePointAt(0) ?? 0);
  for (let at = 0; at < left.length && at < right.length; at++) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

type Damage = "byte-order-mark" | "not-utf8";

function decode(bytes: Uint8Array): { text: string; damage: Damage | undefined } {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  const sound = Buffer.from(text, "utf8").equals(bytes);
  if (text.startsWith("\ufeff")) return { text: text.slice(1), damage: "byte-order-mark" };
  return { text, damage: sound ? undefined : "not-utf8" };
}

/** Length of the white space that `text` begins with; the whole length when there is nothing else. */
function leadingSpace(text: string): number {
  let at = 0;
  while (at < text.length && SPACE.test(text.charAt(at))) at++;
  return at;
}

function stripEnd(text: string): string {
  let end = text.length;
  while (end > 0 && SPACE.test(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

function strip(text: string): string {
  return stripEnd(text.slice(leadingSpace(text)));
}

/** The state of Python's reader between two lines. Values are kept as lists of lines until the end. */
function readIni(text: string): ParsedStore {
  const sections = new Map<string, Map<string, string[]>>();
  const defaults = new Map<string, string[]>();
  let current: { readonly name: string; readonly fields: Map<string, string[]> } | undefined;
  let value: string[] | undefined;
  let indent = 0;
  let slip: { reason: string; line: number } | undefined;
  const fail = (reason: string, line: number): ParsedStore => ({
    kind: "unparsable",
    reason,
    line,
    looksLike: sections.size > 0 ? "ini" : "other",
    readable: finish(sections, defaults),
  });

  for (const [index, raw] of text.split(/\r\n|\r|\n/).entries()) {
    const line = index + 1;
    const content = strip(raw);
    if (COMMENT.test(content)) continue;
    if (content === "") {
      // Kept inside a value when more of it follows; what stays at the end is cut off in finish().
      value?.push("");
      continue;
    }
    const depth = leadingSpace(raw);
    if (value !== undefined && depth > indent) {
      value.push(content);
      continue;
    }
    indent = depth;
    const header = HEADER.exec(content)?.[1];
    if (header !== undefined) {
      if (sections.has(header)) return fail(`the section [${header}] is there twice`, line);
      const fields = header === "DEFAULT" ? defaults : new Map<string, string[]>();
      if (header !== "DEFAULT") sections.set(header, fields);
      current = { name: header, fields };
      value = undefined;
      continue;
    }
    if (current === undefined) return fail("there is text before the first [section]", line);
    const option = OPTION.exec(content);
    const key = strip(option?.[1] ?? "").toLowerCase();
    if (option === null || key === "") {
      slip ??= { reason: `a line of the section [${current.name}] is no "key = value"`, line };
      value = undefined;
      continue;
    }
    if (current.fields.has(key)) return fail(`the section [${current.name}] has '${key}' twice`, line);
    value = [strip(option[2] ?? "")];
    current.fields.set(key, value);
  }
  return slip === undefined ? { kind: "ok", sections: finish(sections, defaults) } : fail(slip.reason, slip.line);
}

/** Joins the lines of each value, and lets every section inherit what `[DEFAULT]` holds, as Python's `items()` does. */
function finish(sections: Map<string, Map<string, string[]>>, defaults: Map<string, string[]>): StoredSection[] {
  return [...sections].map(([name, own]) => {
    const fields = new Map<string, string>();
    for (const [key, lines] of [...defaults, ...own]) fields.set(key, stripEnd(lines.join("\n")));
    return { name, fields };
  });
}

/**
 * A store in JSON, as the Rust tool `hfrs` writes it: `{ "tokens": { name: { "token": value } }, "active": name }`.
 * Undefined when the text is no JSON object.
 */
function readJsonStore(text: string): ParsedStore | undefined {
  const trimmed = text.trim();
  if (!trimmed.startsWith("{") && !trimmed.startsWith('"')) return undefined;
  const parsed = tryJson(trimmed);
  if (parsed === undefined) return undefined;
  const readable: StoredSection[] = [];
  const tokens = isObject(parsed) && isObject(parsed["tokens"]) ? parsed["tokens"] : isObject(parsed) ? parsed : {};
  for (const [name, entry] of Object.entries(tokens)) {
    const token =
      typeof entry === "string" ? entry : isObject(entry) ? (entry["token"] ?? entry[TOKEN_KEY]) : undefined;
    if (typeof token === "string" && token !== "") readable.push({ name, fields: new Map([[TOKEN_KEY, token]]) });
  }
  return { kind: "unparsable", reason: "it is JSON, which another tool has written", looksLike: "json", readable };
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
