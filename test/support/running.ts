import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { HF } from "./world.ts";
import type { Outcome, World } from "./world.ts";

/** A program that is under way. */
export interface Running {
  readonly child: ChildProcess;
  /** Waits until the output of either stream matches. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
  readonly ended: Promise<Outcome>;
}

/** Starts our program, or the one whose words are given, and lets the test talk with it. */
export function start(
  world: World,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  program: readonly string[] = [process.execPath, HF],
): Running {
  const [command = "", ...words] = [...program, ...args];
  const child = spawn(command, words, {
    cwd: world.folder,
    env: { ...world.env, ...env },
    timeout: 60_000,
    killSignal: "SIGKILL",
  });
  let stdout = "";
  let stderr = "";
  const looks = new Set<() => void>();
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    for (const look of looks) look();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    for (const look of looks) look();
  });
  const ended = new Promise<Outcome>((resolve) =>
    child.once("close", (code) => resolve({ exit: code ?? -1, stdout, stderr })),
  );
  const until: Running["until"] = (pattern) =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = pattern.exec(stderr) ?? pattern.exec(stdout);
        if (found === null) return;
        looks.delete(look);
        resolve(found);
      };
      looks.add(look);
      look();
      void ended.then(() => reject(new Error(`it ended without ${String(pattern)}:\n${stdout}${stderr}`)));
    });
  return { child, until, ended };
}
