import type { PathState } from "../auth/index.ts";
import { shellWord } from "../core/shell-word.ts";
import type { StaleLock } from "./evidence.ts";
import type { Finding } from "./finding.ts";

/** The line that takes a variable away in the usual shell of a platform. */
export function unsetLine(name: string, platform: NodeJS.Platform): string {
  return platform === "win32" ? `Remove-Item Env:${name}` : `unset ${name}`;
}

/** The line that sets a variable in the usual shell of a platform. */
export function setLine(name: string, value: string, platform: NodeJS.Platform): string {
  return platform === "win32"
    ? `$Env:${name} = '${value.replaceAll("'", "''")}'`
    : `export ${name}=${shellWord(value)}`;
}

export function octal(mode: number): string {
  return (mode & 0o777).toString(8).padStart(3, "0");
}

export function list(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1) ?? ""}`;
}

export type UnsafeState = PathState & { readonly unsafe: string };

export function isUnsafe(state: PathState): state is UnsafeState {
  return state.unsafe !== undefined;
}

/** Why no file can be made in a folder, as the rest of a sentence, from the system's code of the refusal. */
export function refusalWords(refusal: string): string {
  switch (refusal) {
    case "EROFS":
      return "the disk is read-only";
    case "ENOTDIR":
      return "a part of it is no folder";
    case "ENOSPC":
    case "EDQUOT":
      return "there is no space left";
    default:
      return `this user may not write there (${refusal})`;
  }
}

/** A mark that keeps everybody out, where locks are such marks. */
export function staleLock({ path, pid }: StaleLock): Finding {
  return {
    code: "stale-lock",
    severity: "warning",
    message: `A lock was left behind by process ${pid}, which is gone: Python's tools wait for it for ever.`,
    evidence: [path],
    fix: {
      text: "Delete the file.",
      command: `rm ${shellWord(path)}`,
      action: { do: "remove-stale-lock", path, pid },
    },
  };
}
