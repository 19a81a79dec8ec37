import { LFS_ABOVE } from "./gitattributes.ts";
import { matchesPattern } from "./path-patterns.ts";

type Rule = { pattern: string; yes: boolean };
/** Says of a path whether the rules mean it. */
export type PathTest = (path: string) => boolean;

/** Which paths a `.gitattributes` sends to LFS. The last line that speaks of the path counts. */
export function lfsPaths(attributes: string): PathTest {
  const rules = linesOf(attributes).flatMap((line): Rule[] => {
    const [pattern, rest] = splitPattern(line);
    const filter = rest
      .split(/\s+/)
      .filter((one) => /^[-!]?filter(?:=|$)/.test(one))
      .at(-1);
    return filter === undefined || pattern.startsWith("[attr]") ? [] : [{ pattern, yes: filter === "filter=lfs" }];
  });
  return (path) => rules.findLast((rule) => matchesPattern(rule.pattern, path))?.yes ?? false;
}

/** Which paths a `.gitignore` leaves out; what lies in a folder that is left out is left out too. */
export function ignoredPaths(ignore: string): PathTest {
  const rules = linesOf(ignore).map((line) => {
    const yes = !line.startsWith("!");
    const pattern = (yes ? line : line.slice(1)).trimEnd();
    return { pattern, yes, foldersOnly: pattern.endsWith("/") };
  });
  return (path) => {
    const names = path.split("/");
    return names.some((_, index) => {
      const part = names.slice(0, index + 1).join("/");
      const isFolder = index < names.length - 1;
      return rules.findLast((rule) => (isFolder || !rule.foldersOnly) && matchesPattern(rule.pattern, part))?.yes;
    });
  };
}

/** The attributes with a line for each path that must be in LFS and is not yet, as `git lfs track` writes it. */
export function withLfsPaths(attributes: string, paths: readonly string[]): string {
  const known = lfsPaths(attributes);
  const missing = paths.filter((path) => !known(path));
  if (missing.length === 0) return attributes;
  const start = attributes === "" || attributes.endsWith("\n") ? attributes : `${attributes}\n`;
  return start + missing.map((path) => `${escapePattern(path)} filter=lfs diff=lfs merge=lfs -text\n`).join("");
}

function escapePattern(path: string): string {
  const escaped = path.replace(/[\\*?[\]]/g, "\\$&").replace(/^[#!"]/, "\\$&");
  // A file at the root must not mean all of its name below, and a blank would end the pattern.
  return (path.includes("/") ? escaped : `/${escaped}`).replaceAll(" ", "[[:space:]]");
}

/** How a file should be sent. Empty files are regular whatever their name: there is nothing to store. */
export function uploadMode(isLfs: PathTest, path: string, size: number, sample: Buffer): "lfs" | "regular" {
  if (size === 0) return "regular";
  return isLfs(path) || size > LFS_ABOVE || isBinary(sample) ? "lfs" : "regular";
}

/** The first bytes of a file: text is UTF-8 without NUL, cut anywhere. */
export function isBinary(sample: Buffer): boolean {
  if (sample.includes(0)) return true;
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(sample, { stream: true });
    return false;
  } catch {
    return true;
  }
}

function linesOf(text: string): string[] {
  return text.split(/\r?\n/).filter((line) => line.trim() !== "" && !line.startsWith("#"));
}

function splitPattern(line: string): [pattern: string, rest: string] {
  const quoted = /^\s*"((?:[^"\\]|\\.)*)"\s*(.*)$/.exec(line);
  if (quoted) return [(quoted[1] ?? "").replace(/\\(["\\])/g, "$1"), quoted[2] ?? ""];
  const plain = /^\s*(\S+)\s*(.*)$/.exec(line);
  return [plain?.[1] ?? "", plain?.[2] ?? ""];
}
