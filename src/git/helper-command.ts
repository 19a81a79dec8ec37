import { DEFAULT_ENDPOINT } from "../core/settings.ts";

export interface HelperProgram {
  /** Absolute path of Node. */
  readonly node: string;
  /** Absolute path of our program, as it was started: a link in a `bin` folder stays when the package is updated. */
  readonly program: string;
  readonly platform: NodeJS.Platform;
}

/**
 * The value of git's `credential.<endpoint>.helper`. A `!` makes git hand the line to a POSIX shell (on Windows its
 * own) with the operation as last word. Paths are quoted whole; no PATH decides which program gets to see requests.
 */
export function helperCommand({ node, program, platform }: HelperProgram, endpoint: string): string {
  const words = [node, program].map((path) => quote(platform === "win32" ? path.replaceAll("\\", "/") : path));
  const where = endpoint === DEFAULT_ENDPOINT ? [] : ["--endpoint", quote(endpoint)];
  return `!${[...words, "auth", "git-credential", ...where].join(" ")}`;
}

/** True for a value that {@link helperCommand} has made, of this or another installation. */
export function isOurHelper(value: string): boolean {
  return /^!'.*[/\\](?:hf|hf\.cjs|huggingface-cli|latchkey)' auth git-credential(?: --endpoint '.*')?$/s.test(value);
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** What one of our helpers would start, or undefined for a helper of another program. */
export function readHelperCommand(value: string): { readonly node: string; readonly program: string } | undefined {
  if (!isOurHelper(value)) return undefined;
  const quoted = String.raw`'((?:[^']|'\\'')*)'`;
  const [, node, program] = new RegExp(`^!${quoted} ${quoted} auth git-credential`).exec(value) ?? [];
  if (node === undefined || program === undefined) return undefined;
  return { node: node.replaceAll("'\\''", "'"), program: program.replaceAll("'\\''", "'") };
}
