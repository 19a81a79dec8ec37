import { VERSION } from "../core/version.ts";
import type { ProcessPort } from "./process-port.ts";

/**
 * Runs one command line and answers its exit code; never exits, never throws. What people and shells call most often
 * is answered before the command tree is loaded: it must cost no more than Node's own start.
 * @param argv the words after the program's name
 */
export async function main(argv: readonly string[], process: ProcessPort): Promise<number> {
  const words = argv.join(" ");
  if (words === "version" || words === "--version" || words === "-v") {
    const { writeAtOnce } = await import("./write-at-once.ts");
    try {
      writeAtOnce(`${VERSION}\n`);
      return 0;
    } catch {
      // The whole program meets the same fault again, and explains it.
    }
  }
  if (words === "auth token") {
    const { tokenAtOnce } = await import("./token-at-once.ts");
    const exit = await tokenAtOnce(process);
    if (exit !== undefined) return exit;
  }
  if (argv[0] === "auth" && argv[1] === "git-credential") {
    const { gitHelper } = await import("./git-helper.ts");
    const exit = await gitHelper(argv.slice(2), process);
    if (exit !== undefined) return exit;
  }
  if (argv[0] === "auth" && argv[1] === "status") {
    const { statusAtOnce } = await import("./status-at-once.ts");
    const exit = await statusAtOnce(argv.slice(2), process);
    if (exit !== undefined) return exit;
  }
  if (argv[0] === "cache" && argv[1] === "ready") {
    const { readyAtOnce } = await import("./ready-at-once.ts");
    const exit = readyAtOnce(argv.slice(2), process);
    if (exit !== undefined) return exit;
  }
  if (argv[0] === "run") {
    const { runAtOnce } = await import("./run-at-once.ts");
    const exit = await runAtOnce(argv.slice(1), process);
    if (exit !== undefined) return exit;
  }
  const { runApp } = await import("./app.ts");
  return runApp(argv, process);
}
