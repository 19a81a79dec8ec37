import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { HF, startWorld } from "./support/world.ts";
import type { World } from "./support/world.ts";

const posix = process.platform === "win32" ? "signals of POSIX" : false;
const terminal =
  process.platform !== "linux"
    ? "needs /proc"
    : spawnSync("script", ["--version"]).status === 0 && spawnSync("bash", ["-c", "exit 0"]).status === 0
      ? false
      : "script or bash is not installed";

const fifo =
  process.platform !== "linux" && process.platform !== "darwin"
    ? "pipes of POSIX"
    : spawnSync("mkfifo", [], { encoding: "utf8" }).error === undefined
      ? false
      : "mkfifo is not installed";

/** Writes until that fails, and says how. */
const TELLS_ERROR = `
  process.stdout.on("error", (error) => { console.error(error.code); process.exit(7); });
  const more = (error) => error || process.stdout.write("y\\n".repeat(1000), more);
  more();`;

let world: World;
let env: NodeJS.ProcessEnv;
before(async () => {
  world = await startWorld();
  env = { ...world.env, HF_TOKEN: world.token("alice-read") };
});
after(() => world.close());

/** A child that says which signals it gets, and ends a while after the first, so that a second one would be seen too. */
const LISTENER = `
  const got = [];
  for (const name of ["SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"]) {
    process.on(name, () => {
      got.push(name);
      if (got.length === 1) setTimeout(() => { console.log("got " + got.join()); process.exit(42); }, 400);
    });
  }
  process.on("SIGCONT", () => console.log("again"));
  setInterval(() => {}, 1000);
  console.log("up " + process.pid);`;

interface Watched {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  /** Waits until the output matches, and answers the match. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
  output(): string;
}

function watch(program: string, args: readonly string[]): Watched {
  const child = spawn(program, [...args], { env, cwd: world.folder, timeout: 60_000, killSignal: "SIGKILL" });
  let text = "";
  const waiting = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (more: string) => {
      text += more;
      for (const look of waiting) look();
    });
  }
  const ended: Watched["ended"] = new Promise((resolve) =>
    child.once("close", (code, signal) => resolve({ code, signal })),
  );
  const until = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = pattern.exec(text);
        if (found === null) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
      void ended.then(() => reject(new Error(`ended without ${String(pattern)}: ${text}`)));
    });
  return { child, ended, until, output: () => text };
}

const run = (...words: string[]): Watched => watch(process.execPath, [HF, "run", ...words]);
const listen = (...flags: string[]): Watched => run(...flags, "--", process.execPath, "-e", LISTENER);

describe("hf run and signals", { skip: posix }, () => {
  for (const flags of [[], ["--mask"]]) {
    it(`passes each signal on, once ${flags.join("")}`, async () => {
      for (const signal of ["SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"] as const) {
        const watched = listen(...flags);
        await watched.until(/up \d+\n/);
        watched.child.kill(signal);
        assert.deepEqual(await watched.ended, { code: 42, signal: null });
        assert.match(watched.output(), new RegExp(`got ${signal}\n`));
      }
    });

    it(`dies by what the child died by ${flags.join("")}`, async () => {
      for (const signal of ["SIGTERM", "SIGINT", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGUSR1"] as const) {
        const watched = run(...flags, "--", "sh", "-c", `kill -${signal.slice(3)} $$`);
        assert.deepEqual(await watched.ended, { code: null, signal }, signal);
      }
    });
  }

  it("gives the child a pipe: it ends without a word when nobody reads it any more", { skip: fifo }, async () => {
    const line = (words: string): string => `'${process.execPath}' '${HF}' run --mask -- ${words}`;
    for (const [words, seen] of [
      ["yes", "y\nexit 141\n"],
      // Only who writes is ended, not who has started it; and the other stream stays open.
      [`sh -c 'yes; echo "its own $?" >&2'`, "y\nits own 141\nexit 0\n"],
      // A program that asks for it gets the error of a pipe, not of a connection.
      [`'${process.execPath}' -e '${TELLS_ERROR}'`, "y\nEPIPE\nexit 7\n"],
    ] as const) {
      const watched = watch("sh", ["-c", `{ { ${line(words)}; echo "exit $?" >&2; } | head -n 1; } 2>&1`]);
      assert.equal((await watched.ended).code, 0);
      assert.equal(watched.output(), seen);
    }
  });

  it("gives the child a stdout that it can open by its name", { skip: fifo }, async () => {
    const watched = run("--mask", "--", "sh", "-c", "echo one; echo two > /dev/stdout; echo three > /dev/stderr");
    assert.equal((await watched.ended).code, 0);
    assert.equal(watched.output().replace("three\n", ""), "one\ntwo\n");
  });

  it("does without pipes where none can be made", async () => {
    env = { ...env, TMPDIR: join(world.folder, "nowhere") };
    const watched = run("--mask", "--", "sh", "-c", "echo $HF_TOKEN; exit 3");
    assert.equal((await watched.ended).code, 3);
    assert.equal(watched.output(), "[redacted]\n");
    const { TMPDIR: _, ...rest } = env;
    env = rest;
  });

  it("passes bytes that are no text through the mask", async () => {
    const script = "process.stdout.write(Buffer.from(Array.from({ length: 256 }, (_, at) => at)))";
    const done = spawnSync(process.execPath, [HF, "run", "--mask", "--", process.execPath, "-e", script], { env });
    assert.deepEqual(
      [...done.stdout],
      Array.from({ length: 256 }, (_, at) => at),
    );
  });
});

/** Runs a line in an interactive bash on a terminal of its own; what is written to stdin is typed there. */
const onTerminal = (): Watched => watch("script", ["-qec", "bash --noprofile --norc -i", "/dev/null"]);
const stateOf = (pid: string): string => /^State:\s*(\w)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "";
const parentOf = (pid: string): string =>
  /^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "";

async function eventually(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe("hf run on a terminal", { skip: terminal }, () => {
  const command = (): string => `'${process.execPath}' '${HF}' run -- '${process.execPath}' -e "$LISTENER"`;
  before(() => {
    env = { ...env, LISTENER, PS1: "$ ", TERM: "dumb" };
  });

  it("leaves Ctrl-C to the terminal, which has told the child already", async () => {
    const watched = onTerminal();
    watched.child.stdin?.write(`${command()}; echo "exit $?"\n`);
    await watched.until(/up \d+/);
    watched.child.stdin?.write("\u0003");
    await watched.until(/got SIGINT\r?\n/);
    await watched.until(/exit 42/);
    watched.child.stdin?.end("exit\n");
    await watched.ended;
  });

  it("stops with the child at Ctrl-Z, and goes on with it", async () => {
    const watched = onTerminal();
    watched.child.stdin?.write(`${command()}\n`);
    const [, child = ""] = await watched.until(/up (\d+)/);
    const ours = parentOf(child);
    watched.child.stdin?.write("\u001a");
    await watched.until(/Stopped/);
    await eventually(() => stateOf(child) === "T" && stateOf(ours) === "T");
    watched.child.stdin?.write("fg\n");
    await watched.until(/again/);
    await eventually(() => stateOf(ours) !== "T");
    watched.child.stdin?.write("\u0003");
    await watched.until(/got SIGINT\r?\n/);
    watched.child.stdin?.end("exit\n");
    await watched.ended;
  });

  it("passes a stop on that was meant for it alone, and the word to go on", async () => {
    const watched = onTerminal();
    // In the background the terminal's keys do not reach it.
    watched.child.stdin?.write(`${command()} &\n`);
    const [, child = ""] = await watched.until(/up (\d+)/);
    const ours = parentOf(child);
    process.kill(Number(ours), "SIGTSTP");
    await eventually(() => stateOf(child) === "T" && stateOf(ours) === "T");
    process.kill(Number(ours), "SIGCONT");
    await watched.until(/again/);
    process.kill(Number(ours), "SIGINT");
    await watched.until(/got SIGINT\r?\n/);
    watched.child.stdin?.end("exit\n");
    await watched.ended;
  });

  it("lets the child ask on the terminal", async () => {
    const watched = onTerminal();
    const ask = `'${process.execPath}' '${HF}' run -- sh -c 'test -t 0 && read -r line < /dev/tty && echo "said $line"'`;
    watched.child.stdin?.write(`${ask}\nhello\n`);
    await watched.until(/said hello/);
    watched.child.stdin?.end("exit\n");
    await watched.ended;
  });
});
