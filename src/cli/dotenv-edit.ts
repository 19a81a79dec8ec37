import { UsageError } from "../core/errors.ts";

export interface DotenvEdit {
  readonly text: string;
  /** True when the variable had been there. */
  readonly replaced: boolean;
}

const ASSIGNMENT = /^(\ufeff|\u00ef\u00bb\u00bf)?(\s*(?:export\s+)?)([\w.-]+)(\s*=[ \t]*)(.*)$/s;

/**
 * The text of a file of variables with one of them set. All else stays as it was: other lines and their order,
 * comments, blank lines, line ends, a word `export` in front. Where the variable is there twice, both are set: an old
 * token must not stay behind, and readers differ in which one they take.
 * @throws UsageError when the value can't be written so that every reader takes it the same way
 */
export function setInDotenv(text: string, name: string, value: string): DotenvEdit {
  const written = dotenvValue(value);
  const lines = text.split("\n");
  const out: string[] = [];
  let replaced = false;
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    const last = lastLineOf(lines, at);
    const [, mark = "", before = "", key, equals = "="] = ASSIGNMENT.exec(line) ?? [];
    if (key === name) {
      const end = (lines[last] ?? "").endsWith("\r") ? "\r" : "";
      out.push(`${mark}${before}${key}${equals}${written}${commentOf(lines.slice(at, last + 1).join("\n"))}${end}`);
      replaced = true;
    } else out.push(...lines.slice(at, last + 1));
    at = last;
  }
  if (replaced) return { text: out.join("\n"), replaced };
  const end = /\r\n/.test(text) ? "\r\n" : "\n";
  const gap = text === "" || text.endsWith("\n") ? "" : end;
  return { text: `${text}${gap}${name}=${written}${end}`, replaced };
}

/** Last line of the assignment that begins at `at`: a quoted value may go on over line ends. */
function lastLineOf(lines: readonly string[], at: number): number {
  const value = ASSIGNMENT.exec(lines[at] ?? "")?.[5] ?? "";
  const quote = /^["'`]/.exec(value)?.[0];
  if (quote === undefined || value.includes(quote, 1)) return at;
  for (let next = at + 1; next < lines.length; next++) if ((lines[next] ?? "").includes(quote)) return next;
  // A quote that is never closed is a part of the value.
  return at;
}

/** The comment behind an assignment, with the blanks before it. */
function commentOf(assignment: string): string {
  const value = (ASSIGNMENT.exec(assignment)?.[5] ?? "").replace(/\r$/, "");
  const quote = /^["'`]/.exec(value)?.[0];
  const close = quote === undefined ? -1 : value.indexOf(quote, 1);
  return /(?<!\s)\s+#.*$/s.exec(close < 0 ? value : value.slice(close + 1))?.[0] ?? "";
}

/** As it is where every reader takes it so; else in single quotes, inside which nothing is special. */
function dotenvValue(value: string): string {
  if (/^[\w.~+/=:@,-]+$/.test(value)) return value;
  if (!/['\r\n]/.test(value)) return `'${value}'`;
  throw new UsageError("ERR_HF_USAGE", "This token holds a character that can't be written into such a file.", {
    hint: "Use 'hf auth env' for your shell, or a saved login.",
  });
}
