import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { env } from "node:process";
import { searchPath } from "./search-path.ts";

/**
 * What became of one descriptor: locked, held by another, or a refusal of the program or of the file system.
 */
export type LockAnswer = "held" | "contended" | "failed";

/** A program that can call flock(2) on descriptors it inherits. Node's core has no such call. */
export interface LockHelper {
  readonly name: string;
  /**
   * Tries every descriptor once. The lock belongs to the open file description, so it stays with this process when
   * the helper exits.
   * @returns one answer a descriptor, or undefined when the program can't be started here
   */
  tryAll(fds: readonly number[]): Promise<readonly LockAnswer[] | undefined>;
  /** Waits for one descriptor until it is locked or the signal stops the wait. An aborted wait answers `contended`. */
  wait(fd: number, signal: AbortSignal): Promise<LockAnswer | undefined>;
}

// Letters on stdout, one a descriptor: h held, c contended, f failed. Both programs get: count, and 1 to wait.
const PERL = `use Config;my($n,$w)=@ARGV;exit 9 if ($Config{d_flock}||"") ne "define";for my $fd (3..2+$n){my $r="f";
if(open(my $h,"<&=",$fd)){while(1){if(flock($h,$w?2:6)){$r="h";last}next if $!{EINTR};$r="c" if $!{EWOULDBLOCK}||$!{EACCES};last}}print $r}`;

const PYTHON = `import fcntl,sys
n,w=int(sys.argv[1]),sys.argv[2]=="1"
for fd in range(3,3+n):
  try:
    fcntl.flock(fd,fcntl.LOCK_EX|(0 if w else fcntl.LOCK_NB)); r="h"
  except (BlockingIOError,PermissionError): r="c"
  except OSError: r="f"
  sys.stdout.write(r)
`;

// flock exits with 1 when the lock is held elsewhere; util-linux and busybox both say a real failure on stderr.
const SHELL = `n=3;while [ "$n" -lt "$1" ];do e=$(flock -x -n "$n" 2>&1);case "$?$e" in 0*) printf h;; 1) printf c;; *) printf f;; esac;n=$((n+1));done`;

const LETTERS: Readonly<Record<string, LockAnswer>> = { h: "held", c: "contended", f: "failed" };

/** util-linux or busybox `flock`: the quickest for one file, one process a file for many. */
export const FLOCK: LockHelper = {
  name: "flock",
  async tryAll(fds) {
    if (fds.length > 1) {
      // The shell starts whether or not flock is there, so flock alone is asked first.
      const first = await FLOCK.tryAll(fds.slice(0, 1));
      if (first === undefined) return undefined;
      const rest = fds.slice(1);
      return [...first, ...letters(await run("sh", ["-c", SHELL, "sh", String(3 + rest.length)], rest), rest.length)];
    }
    const answer = flockAnswer(await run("flock", ["-x", "-n", "3"], fds));
    return answer === undefined ? undefined : [answer];
  },
  wait: async (fd, signal) => flockAnswer(await run("flock", ["-x", "3"], [fd], signal)),
};

export const PERL_HELPER = interpreter("perl", ["-e", PERL, "--"]);
export const PYTHON_HELPER = interpreter("python3", ["-I", "-S", "-c", PYTHON]);

function interpreter(program: string, script: readonly string[]): LockHelper {
  return {
    name: program,
    async tryAll(fds) {
      const ended = await run(program, [...script, String(fds.length), "0"], fds);
      if (ended?.stopped === true) return fds.map(() => "contended");
      return unusable(ended) ? undefined : letters(ended, fds.length);
    },
    async wait(fd, signal) {
      const ended = await run(program, [...script, "1", "1"], [fd], signal);
      if (ended?.stopped === true) return "contended";
      return unusable(ended) ? undefined : letters(ended, 1)[0];
    },
  };
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Ended by a signal that asks programs to end: ours, or Ctrl-C, which reaches the whole process group. */
  readonly stopped: boolean;
}

const STOPPING = new Set<NodeJS.Signals | null>(["SIGKILL", "SIGINT", "SIGTERM", "SIGHUP"]);

function flockAnswer(ended: Ended | undefined): LockAnswer | undefined {
  if (ended === undefined) return undefined;
  if (ended.stopped) return "contended";
  if (ended.code === 0) return "held";
  return ended.code === 1 && ended.stderr === "" ? "contended" : "failed";
}

/** An interpreter that is missing, crashed before it printed anything, or has no flock of its own. */
function unusable(ended: Ended | undefined): boolean {
  return ended === undefined || (ended.code !== 0 && ended.stdout === "");
}

function letters(ended: Ended | undefined, count: number): LockAnswer[] {
  const text = ended?.stdout ?? "";
  return Array.from({ length: count }, (_, at) => LETTERS[text[at] ?? ""] ?? "failed");
}

/** Runs a program with `fds` as its descriptors 3, 4, …; undefined when it can't be started. */
function run(
  program: string,
  args: readonly string[],
  fds: readonly number[],
  signal?: AbortSignal,
): Promise<Ended | undefined> {
  return new Promise((resolve) => {
    const child = start(program, args, fds);
    if (child === undefined) return resolve(undefined);
    let stdout = "";
    let stderr = "";
    const stop = (): void => {
      child.kill("SIGKILL");
    };
    child.on("error", () => {
      signal?.removeEventListener("abort", stop);
      resolve(undefined);
    });
    child.on("close", (code, by) => {
      signal?.removeEventListener("abort", stop);
      resolve({ code, stdout, stderr, stopped: STOPPING.has(by) });
    });
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    if (signal?.aborted === true) stop();
    signal?.addEventListener("abort", stop, { once: true });
  });
}

function start(program: string, args: readonly string[], fds: readonly number[]): ChildProcess | undefined {
  try {
    return spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe", ...fds],
      cwd: "/",
      env: { PATH: searchPath(env) },
    });
  } catch {
    // Some refusals of the system (no memory, not permitted) are thrown, the others come as an event.
    return undefined;
  }
}
