import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/** A step did not go as the guide says. The message is for the person who runs the demo. */
export class DemoFailure extends Error {}

export function check(right: boolean, what: string): asserts right {
  if (!right) throw new DemoFailure(what);
}

export type Ran = { stdout: string; stderr: string; exit: number; seconds: number };

export type Command = {
  /** As a person would type it. */
  shown: string;
  program: string;
  args: readonly string[];
  input?: string;
  /** Exit code that is right. */
  exit?: number;
};

/** A throw-away home, what is printed, and the children that run in it. */
export type Stage = {
  readonly folder: string;
  readonly home: string;
  /** From now on this text may be nowhere: not in what children print, not in what we print. */
  guard(secret: string): void;
  heading(text: string): void;
  say(text: string): void;
  run(command: Command): Promise<Ran>;
  /** Files below the home that hold the text. */
  filesWith(text: string): string[];
  /** Ends the children that still run. */
  close(): Promise<void>;
};

const LONGEST_MS = 60_000;

export function createStage(endpoint: () => string): Stage {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), "latchkey-demo-"));
  const home = join(folder, "home");
  const temp = join(folder, "tmp");
  mkdirSync(home);
  mkdirSync(temp);
  const secrets: string[] = [];
  const running = new Set<{ end: () => void; ended: Promise<void> }>();
  let closed = false;
  const bold = process.stdout.isTTY && process.env["NO_COLOR"] === undefined;

  const print = (line: string): void => {
    check(!closed, "stopped");
    // Looked at before it is printed: a demo that shows a token and then complains has shown it.
    if (secrets.some((secret) => line.includes(secret)))
      throw new DemoFailure("a line with the token was about to be printed");
    process.stdout.write(`${line}\n`);
  };

  /** Nothing is inherited but what a program needs to start: no token, no switch, no home of the person who runs this. */
  const environment = (): NodeJS.ProcessEnv => {
    const kept = ["PATH", "SystemRoot", "LANG", "LC_ALL", "TERM"].flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    });
    return {
      ...Object.fromEntries(kept),
      HOME: home,
      USERPROFILE: home,
      TMPDIR: temp,
      TEMP: temp,
      TMP: temp,
      HF_HOME: join(home, "huggingface"),
      HF_ENDPOINT: endpoint(),
      NO_COLOR: "1",
    };
  };

  return {
    folder,
    home,
    guard: (secret) => void secrets.push(secret),
    heading: (text) => print(bold ? `\n\u001b[1m${text}\u001b[0m` : `\n${text}`),
    say: print,
    async run({ shown, program, args, input = "", exit = 0 }) {
      print(bold ? `\u001b[36m$ ${shown}\u001b[0m` : `$ ${shown}`);
      const startedAt = performance.now();
      const child = spawn(program, [...args], { cwd: home, env: environment(), stdio: "pipe", timeout: LONGEST_MS });
      let failure: unknown;
      const output = { stdout: "", stderr: "" };
      for (const name of ["stdout", "stderr"] as const) {
        let line = "";
        child[name].setEncoding("utf8").on("data", (text: string) => {
          output[name] += text;
          const lines = (line + text).split("\n");
          line = lines.pop() ?? "";
          show(lines);
        });
        child[name].on("end", () => show(line === "" ? [] : [line]));
      }
      const show = (lines: readonly string[]): void => {
        try {
          if (failure === undefined) lines.forEach((one) => print(`  ${one}`));
        } catch (error) {
          failure = error;
          child.kill();
        }
      };
      child.stdin.on("error", () => undefined);
      child.stdin.end(input);
      const ended = new Promise<number>((resolve, reject) => {
        child.once("error", reject);
        child.once("close", (code) => resolve(code ?? -1));
      });
      const mark = {
        end: () => void child.kill(),
        ended: ended.then(
          () => undefined,
          () => undefined,
        ),
      };
      running.add(mark);
      const code = await ended.finally(() => running.delete(mark));
      if (failure !== undefined) throw failure;
      check(!closed, "stopped");
      const seconds = (performance.now() - startedAt) / 1000;
      // Also over the borders of lines.
      const whole = `${output.stdout}${output.stderr}`.replace(/\s/g, "");
      check(!secrets.some((secret) => whole.includes(secret)), `the token is in the output of: ${shown}`);
      check(code === exit, `\`${shown}\` ended with exit code ${code}; ${exit} is right`);
      return { ...output, exit: code, seconds };
    },
    filesWith: (text) =>
      filesBelow(home).filter((file) => statSync(file).size < 1e6 && readFileSync(file).includes(text)),
    async close() {
      closed = true;
      const all = [...running];
      for (const { end } of all) end();
      await Promise.all(all.map(({ ended }) => ended));
    },
  };
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
