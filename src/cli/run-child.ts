import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync } from "node:fs";
import { constants } from "node:os";
import type { Readable, Writable } from "node:stream";
import { HfError, systemCode, UsageError } from "../core/errors.ts";
import { createRedactor } from "../core/redact.ts";
import { plainText } from "../core/terminal-text.ts";
import type { ProcessPort } from "./process-port.ts";
import { passSignals } from "./pass-signals.ts";

export interface ChildRun {
  /** The program and its arguments. No shell reads them. */
  readonly words: readonly string[];
  readonly env: Record<string, string>;
  /** Strike every token that this process knows from what the command prints. Its output is then a pipe. */
  readonly mask: boolean;
}

/**
 * Runs a command in our place: our streams, our terminal, its exit code. Signals sent to us reach it; when a signal
 * ends it, the same one ends us.
 * @throws UsageError without a command
 * @throws HfError `ERR_HF_COMMAND_NOT_FOUND`, `ERR_HF_COMMAND_NOT_RUN`; nothing was started then
 */
export async function runChild({ words, env, mask }: ChildRun, process: ProcessPort): Promise<number> {
  const [program, ...args] = words;
  if (program === undefined || program === "") {
    throw new UsageError("ERR_HF_USAGE", "Say which command to run.", { hint: "hf run -- CMD [ARGUMENTS]" });
  }
  const pipes = mask
    ? await (await import("./real-pipe.ts")).makeRealPipes(2, process.env, process.platform)
    : undefined;
  let child: ChildProcess | undefined;
  // Before the start: a signal that comes in between must not end us alone.
  const stopPassing = passSignals(process, () => child);
  let ending: Ending;
  try {
    const started = start(program, args, env, mask ? (pipes?.map(({ writeEnd }) => writeEnd) ?? ["pipe", "pipe"]) : []);
    child = started;
    const ended = new Promise<Ending>((resolve, reject) => {
      started.once("error", (error) => reject(notStarted(error, program)));
      started.once("exit", (code, signal) => resolve({ code, signal }));
    });
    [ending] = await Promise.all([
      ended,
      pour(pipes?.[0]?.from ?? started.stdout, () => process.stdout),
      pour(pipes?.[1]?.from ?? started.stderr, () => process.stderr),
    ]);
  } finally {
    stopPassing();
  }
  return ending.signal === null ? (ending.code ?? 1) : dieBy(ending.signal, process);
}

interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** @param outputs stdout and stderr of the command, if they are not ours. Descriptors among them are closed here. */
function start(
  program: string,
  args: readonly string[],
  env: Record<string, string>,
  outputs: readonly (number | "pipe")[],
): ChildProcess {
  const [stdout = "inherit", stderr = "inherit"] = outputs;
  try {
    // In our own process group and session: a command that lost its terminal could not ask on it, or be stopped by it.
    return spawn(program, args, { env, stdio: ["inherit", stdout, stderr], shell: false });
  } catch (error) {
    throw notStarted(error, program);
  } finally {
    for (const output of outputs) if (typeof output === "number") closeSync(output);
  }
}

/** Passes output on with the tokens struck, byte for byte otherwise. */
async function pour(from: Readable | null, stream: () => Writable): Promise<void> {
  if (from === null) return;
  const to = stream();
  const redactor = createRedactor();
  // Nobody reads us any more: let the command notice it as it would without us.
  to.on("error", () => from.destroy());
  const write = async (bytes: Buffer): Promise<void> => {
    if (bytes.length > 0 && !to.write(bytes) && !to.destroyed) await once(to, "drain");
  };
  try {
    for await (const chunk of from as AsyncIterable<Buffer>) await write(redactor.write(chunk));
    await write(redactor.end());
  } catch (error) {
    if (!["EPIPE", "ERR_STREAM_PREMATURE_CLOSE"].includes(systemCode(error) ?? "")) throw error;
  }
}

/** Ends this process by the signal, so that its caller sees what it would see of the command itself. */
function dieBy(signal: NodeJS.Signals, process: ProcessPort): number {
  // Node ignores some signals (SIGPIPE); a listener that comes and goes leaves the system's own answer.
  const nothing = (): void => undefined;
  try {
    process.on(signal, nothing);
    process.off(signal, nothing);
  } catch {
    // SIGKILL and SIGSTOP take no listener.
  }
  process.kill(process.pid, signal);
  // Still here: the first process of a container is not ended by its own signals. The shells' way to say it, then.
  return 128 + (constants.signals[signal] ?? 0);
}

function notStarted(error: unknown, program: string): HfError {
  const shown = plainText(program, 200);
  const code = systemCode(error);
  if (code === "ENOENT") {
    return new HfError("ERR_HF_COMMAND_NOT_FOUND", `There is no command '${shown}'.`, {
      hint: "Check its spelling and the PATH. No shell reads it: for pipes and builtins, run sh -c '…'.",
    });
  }
  return new HfError("ERR_HF_COMMAND_NOT_RUN", `The command '${shown}' could not be started (${code ?? "unknown"}).`, {
    cause: error,
    hint: "Check that the file is a program and may be executed.",
  });
}
