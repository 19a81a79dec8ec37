import type { PathState } from "../auth/index.ts";

/** A word for a POSIX shell, quoted only where it must be, so that common lines stay easy to read. */
export function shellWord(word: string): string {
  return /^[\w.,:/@%+=~-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

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
