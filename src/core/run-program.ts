import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { platform } from "node:os";
import { resolve as resolvePath } from "node:path";
import process from "node:process";

export interface ProgramRun {
  /** The program and its arguments. No shell reads them. */
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** @default the root of the file system: never a folder that holds somebody else's files by chance */
  readonly cwd?: string | undefined;
  /** Written to its standard input, which is closed then. @default nothing */
  readonly input?: string | undefined;
  readonly timeoutMs: number;
  /** Bytes that stdout and stderr may have together. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
}

/** How a program failed to give an answer. `cause` is the system's error of one that was not started. */
export class ProgramFault extends Error {
  readonly kind: "not-started" | "too-slow" | "too-much";

  constructor(kind: ProgramFault["kind"], cause?: unknown) {
    super(`the program was ${kind}`, cause === undefined ? undefined : { cause });
    this.kind = kind;
  }
}

export interface ProgramResult {
  /** -1 when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  /** As it was written; redact it before anybody sees it. */
  readonly stderr: string;
}

/**
 * Runs a program for its answer: without a shell, without a terminal to ask on, within limits of time and size. When
 * one is reached, the program and all that it started are ended.
 * @throws ProgramFault
 * @throws the signal's reason when aborted
 */
export function runProgram(run: ProgramRun): Promise<ProgramResult> {
  const { words, env, cwd = resolvePath("/"), input = "", timeoutMs, maxBytes, signal } = run;
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    // A session of its own: no terminal for a helper to ask on, and a group that can be ended whole.
    const detached = platform() !== "win32";
    const [program = "", ...args] = words;
    let child: ChildProcessWithoutNullStreams;
    try {
      child = spawn(program, args, { cwd, env, detached, stdio: "pipe", windowsHide: true });
    } catch (error) {
      throw new ProgramFault("not-started", error);
    }
    const chunks: { readonly from: "stdout" | "stderr"; readonly bytes: Buffer }[] = [];
    let size = 0;
    let failure: unknown;
    const stop = (reason: unknown): void => {
      failure ??= reason;
      kill(child, detached);
      // A helper that has left the group may hold the pipes open for as long as it likes.
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const onAbort = (): void => stop(signal?.reason);
    const timer = setTimeout(() => stop(new ProgramFault("too-slow")), timeoutMs);
    signal?.addEventListener("abort", onAbort, { once: true });
    const collect = (from: "stdout" | "stderr") => (bytes: Buffer) => {
      size += bytes.length;
      if (size > maxBytes) stop(new ProgramFault("too-much"));
      else chunks.push({ from, bytes });
    };
    const textOf = (from: string): string =>
      Buffer.concat(chunks.filter((chunk) => chunk.from === from).map(({ bytes }) => bytes)).toString("utf8");
    child.stdout.on("data", collect("stdout"));
    child.stderr.on("data", collect("stderr"));
    // It may end without reading its input; what it answers tells more than the broken pipe.
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
    child.on("error", (error) => {
      failure ??= new ProgramFault("not-started", error);
    });
    child.on("close", (code) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      if (failure !== undefined) reject(failure);
      else resolve({ code: code ?? -1, stdout: textOf("stdout"), stderr: textOf("stderr") });
    });
  });
}

/** Ends the program and what it started. */
function kill(child: ChildProcessWithoutNullStreams, group: boolean): void {
  try {
    if (group && child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  } catch {
    // They are gone already.
  }
  child.kill("SIGKILL");
}
