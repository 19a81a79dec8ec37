import { posix, win32 } from "node:path";

/** Which saved login a folder, and all below it, is to use. Names a login by name only; the token is the store's. */
export interface FolderRule {
  /** Absolute path without links. */
  readonly folder: string;
  readonly tokenName: string;
}

/** Folder to name of a saved login. */
export type FolderRules = ReadonlyMap<string, string>;

const VERSION = 1;

/** The rules in a file's text, or undefined when it is not one of ours: then nobody can say which login is meant. */
export function parseFolderRules(text: string): FolderRules | undefined {
  const parsed = tryJson(text);
  if (!isObject(parsed) || parsed["version"] !== VERSION || !isObject(parsed["folders"])) return undefined;
  const rules = new Map<string, string>();
  for (const [folder, name] of Object.entries(parsed["folders"])) {
    if (typeof name !== "string" || name === "" || !(posix.isAbsolute(folder) || win32.isAbsolute(folder)))
      return undefined;
    rules.set(folder, name);
  }
  return rules;
}

export function formatFolderRules(rules: FolderRules): string {
  const folders = Object.fromEntries([...rules].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return `${JSON.stringify({ version: VERSION, folders }, null, 2)}\n`;
}

/** The rule of the folder itself, else of the nearest one above it. `folder` is absolute and without links. */
export function nearestRule(rules: FolderRules, folder: string, platform: NodeJS.Platform): FolderRule | undefined {
  const { dirname } = platform === "win32" ? win32 : posix;
  for (let at = folder, above = ""; at !== above; above = at, at = dirname(at)) {
    const tokenName = rules.get(at);
    if (tokenName !== undefined) return { folder: at, tokenName };
  }
  return undefined;
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
