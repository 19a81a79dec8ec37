/** Which entries of a tree are wanted. The patterns have the meaning of Python's `fnmatch.fnmatchcase`. */
export interface Selection {
  /** At least one must match. Absent: everything; an empty list: nothing. */
  readonly include?: string | readonly string[];
  /** None may match. Applied after `include`. */
  readonly exclude?: string | readonly string[];
  /** Names of entries, or of folders with a trailing `/`. Patterns are understood here too, as Python's `hf` does. */
  readonly files?: readonly string[];
  /** Exactly these entries by their paths, in which nothing is a pattern. */
  readonly entries?: readonly string[];
}

type Token =
  | { readonly kind: "star" }
  | { readonly kind: "any" }
  | { readonly kind: "char"; readonly char: string }
  | { readonly kind: "class"; readonly negated: boolean; readonly ranges: readonly Range[] };

type Range = readonly [low: number, high: number];

/** A compiled selection: true for a path that is wanted. */
export function compileSelection(selection: Selection): (path: string) => boolean {
  const include = patternList(selection.include)?.map(compilePattern);
  const exclude = (patternList(selection.exclude) ?? []).map(compilePattern);
  const names = selection.files === undefined ? undefined : new Set(selection.files.map(slashed));
  const named = selection.files?.map(compilePattern);
  const exact = selection.entries === undefined ? undefined : new Set(selection.entries);
  return (path) =>
    (exact === undefined || exact.has(path)) &&
    (names === undefined || names.has(slashed(path)) || (named?.some((matches) => matches(path)) ?? false)) &&
    (include === undefined || include.some((matches) => matches(path))) &&
    !exclude.some((matches) => matches(path));
}

/** True when the text holds nothing that a pattern gives a meaning to, and names no folder: it is one entry's name. */
export function isPlainName(name: string): boolean {
  return !/[*?[]/.test(name) && !slashed(name).endsWith("/");
}

/**
 * One pattern as a test of whole paths. `*` crosses `/`, leading dots are ordinary, a backslash counts as `/` on both
 * sides, a trailing `/` means everything below that folder. The empty pattern matches nothing. Time is bounded by
 * pattern length times path length, whatever the pattern.
 */
export function compilePattern(pattern: string): (path: string) => boolean {
  const text = slashed(pattern);
  if (text === "") return () => false;
  const tokens = parse(Array.from(text.endsWith("/") ? `${text}*` : text));
  return (path) => matchTokens(tokens, Array.from(slashed(path)));
}

function patternList(patterns: string | readonly string[] | undefined): readonly string[] | undefined {
  return typeof patterns === "string" ? [patterns] : patterns;
}

function slashed(text: string): string {
  return text.replaceAll("\\", "/");
}

function parse(chars: readonly string[]): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < chars.length; at++) {
    const char = chars[at] ?? "";
    const end = char === "[" ? classEnd(chars, at + 1) : undefined;
    if (end !== undefined) {
      tokens.push(parseClass(chars.slice(at + 1, end)));
      at = end;
    } else if (char === "?") tokens.push({ kind: "any" });
    else if (char !== "*") tokens.push({ kind: "char", char });
    else if (tokens.at(-1)?.kind !== "star") tokens.push({ kind: "star" });
  }
  return tokens;
}

/** Index of the `]` that closes a class whose inside begins at `start`; undefined when the `[` is an ordinary one. */
function classEnd(chars: readonly string[], start: number): number | undefined {
  let from = chars[start] === "!" ? start + 1 : start;
  if (chars[from] === "]") from++;
  const end = chars.indexOf("]", from);
  return end < 0 ? undefined : end;
}

/**
 * The inside of `[...]`. A reversed range counts for nothing, and one that stands first leaves what follows to begin
 * the class: `[b-a!x]` is `[!x]`, as Python has it.
 */
function parseClass(inside: readonly string[]): Token {
  const negated = inside[0] === "!";
  const ranges: Range[] = [];
  for (let at = negated ? 1 : 0; at < inside.length; at++) {
    const low = codePoint(inside[at]);
    if (inside[at + 1] !== "-" || at + 2 >= inside.length) {
      ranges.push([low, low]);
      continue;
    }
    const high = codePoint(inside[at + 2]);
    at += 2;
    if (low <= high) ranges.push([low, high]);
    else if (!negated && ranges.length === 0) return parseClass(inside.slice(at + 1));
  }
  return { kind: "class", negated, ranges };
}

function codePoint(char: string | undefined): number {
  return char?.codePointAt(0) ?? -1;
}

/** Walks once, and on a mismatch lets the last `*` take one more character. */
function matchTokens(tokens: readonly Token[], chars: readonly string[]): boolean {
  let token = 0;
  let at = 0;
  let star = -1;
  let starAt = 0;
  while (at < chars.length) {
    const next = tokens[token];
    if (next?.kind === "star") {
      star = token++;
      starAt = at;
    } else if (next !== undefined && matchesOne(next, chars[at] ?? "")) {
      token++;
      at++;
    } else if (star >= 0) {
      token = star + 1;
      at = ++starAt;
    } else return false;
  }
  while (tokens[token]?.kind === "star") token++;
  return token === tokens.length;
}

function matchesOne(token: Token, char: string): boolean {
  if (token.kind === "char") return token.char === char;
  if (token.kind !== "class") return true;
  const point = codePoint(char);
  return token.negated !== token.ranges.some(([low, high]) => low <= point && point <= high);
}
