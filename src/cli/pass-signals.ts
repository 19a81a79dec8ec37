import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { isatty } from "node:tty";
import type { ProcessPort } from "./process-port.ts";

/** What a terminal sends to every process of the job in front of it, and so to the command without our help. */
const OF_TERMINAL: readonly NodeJS.Signals[] = ["SIGINT", "SIGQUIT", "SIGTSTP"];
const PASSED: readonly NodeJS.Signals[] = [...OF_TERMINAL, "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGCONT"];
/** On Windows the console itself tells every program in it. */
const WINDOWS: readonly NodeJS.Signals[] = ["SIGINT", "SIGBREAK", "SIGHUP"];

/**
 * From now on signals end the command, not us: what is sent to us is sent on, once. Ctrl-C and Ctrl-Z are not, because
 * the terminal has sent them to the command too; sent twice, a command would take the second for impatience.
 * @returns ends it
 */
export function passSignals(process: ProcessPort, child: () => ChildProcess | undefined): () => void {
  const onSignal = (signal: NodeJS.Signals): void => {
    if (process.platform === "win32") return;
    if (!(OF_TERMINAL.includes(signal) && isInFront(process))) send(process, child(), signal);
    if (signal !== "SIGTSTP") return;
    // Stop as well, in the system's way, so that the shell sees a stopped job. We come back here when it goes on.
    process.off("SIGTSTP", onSignal);
    process.kill(process.pid, "SIGTSTP");
    process.on("SIGTSTP", onSignal);
  };
  const signals = process.platform === "win32" ? WINDOWS : PASSED;
  for (const signal of signals) process.on(signal, onSignal);
  return () => {
    for (const signal of signals) process.off(signal, onSignal);
  };
}

function send(process: ProcessPort, child: ChildProcess | undefined, signal: NodeJS.Signals): void {
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(child.pid, signal);
  } catch {
    // It is gone, or has become another user's: a sudo is not ours to end.
  }
}

/**
 * True when this process belongs to the job in front of its terminal. Linux tells; elsewhere, a terminal on one of our
 * streams is taken for a yes.
 */
function isInFront({ platform }: ProcessPort): boolean {
  if (![0, 1, 2].some((fd) => isatty(fd))) return false;
  if (platform !== "linux") return true;
  try {
    const stat = readFileSync("/proc/self/stat", "latin1");
    // After the name in brackets, which may hold anything: state, parent, group, session, terminal, group in front.
    const [, , group, , , inFront] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return group === inFront;
  } catch {
    return true;
  }
}
