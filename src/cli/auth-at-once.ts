import type { ProcessPort } from "./process-port.ts";

/**
 * Answers `auth token`, `auth git-credential`, `auth status` and `run` in their ordinary cases. Each is loaded only when
 * it is asked for: `run` needs parts of Node that take longer to load than the others take to answer.
 * @returns undefined where the whole program has to answer
 */
export async function authAtOnce(argv: readonly string[], process: ProcessPort): Promise<number | undefined> {
  if (argv[0] === "run") {
    const { runAtOnce } = await import("./run-at-once.ts");
    return runAtOnce(argv.slice(1), process);
  }
  const words = argv.slice(2);
  if (argv[1] === "git-credential") {
    const { gitHelper } = await import("./git-helper.ts");
    return gitHelper(words, process);
  }
  if (argv[1] === "status") {
    const { statusAtOnce } = await import("./status-at-once.ts");
    return statusAtOnce(words, process);
  }
  if (argv[1] !== "token" || words.length > 0) return undefined;
  const { tokenAtOnce } = await import("./token-at-once.ts");
  return tokenAtOnce(process);
}
