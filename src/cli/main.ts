import { VERSION } from "../core/version.ts";
import type { ProcessPort } from "./process-port.ts";
import { writeAtOnce } from "./write-at-once.ts";

/** The commands of `auth` that can be answered without the whole program. */
const AT_ONCE = new Set(["token", "git-credential", "status"]);

/**
 * Runs one command line and answers its exit code; never exits, never throws. What people and shells call most often
 * is answered before the command tree is loaded: it must cost no more than Node's own start.
 * @param argv the words after the program's name
 */
export async function main(argv: readonly string[], process: ProcessPort): Promise<number> {
  const [first, second] = argv;
  if (argv.length === 1 && (first === "version" || first === "--version" || first === "-v")) {
    try {
      writeAtOnce(`${VERSION}\n`);
      return 0;
    } catch {
      // The whole program meets the same fault again, and explains it.
    }
  }
  if (first === "run" || (first === "auth" && AT_ONCE.has(second ?? ""))) {
    const { authAtOnce } = await import("./auth-at-once.ts");
    const exit = await authAtOnce(argv, process);
    if (exit !== undefined) return exit;
  }
  if (first === "cache" && second === "ready") {
    const { readyAtOnce } = await import("./ready-at-once.ts");
    const exit = readyAtOnce(argv.slice(2), process);
    if (exit !== undefined) return exit;
  }
  const { runApp } = await import("./app.ts");
  return runApp(argv, process);
}
