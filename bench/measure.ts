import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

/** One program to run, as a row of a table. */
export interface Contender {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Fewer rounds than the question's, and none before the first, where a single run takes long. */
  readonly rounds?: number;
  /** Standard input. Default: none. */
  readonly input?: string;
  /** Brings the disk to where each run must begin; not timed. */
  readonly prepare?: () => void;
  /** The exit code of a run that did its work. @default 0 */
  readonly exit?: number;
  /** @throws when the run did not do its work; a fast failure must not win */
  readonly check?: (stdout: string) => void;
}

/** What a question answers with: medians of whole processes. */
export interface Row {
  readonly name: string;
  readonly wallMs: number;
  /** Wall time against the first row. */
  readonly ratio: number;
  /** User and system seconds of the process; a tick of 10 ms is the clock, so it is the mean of all runs. */
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
  readonly runs: readonly number[];
}

export interface Answer {
  readonly question: string;
  readonly rows: readonly Row[];
  /** Rows that are missing, and why. */
  readonly absent: readonly string[];
}

interface Run {
  readonly wallMs: number;
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
}

/**
 * Runs every contender once per round, in turn, so that what the machine does at the time falls on all of them.
 * One round before the first is not counted: it fills the page cache.
 */
export async function compare(
  question: string,
  contenders: readonly Contender[],
  rounds: number,
  absent: readonly string[] = [],
): Promise<Answer> {
  const runs = new Map<string, Run[]>(contenders.map(({ name }) => [name, []]));
  for (let round = -1; round < rounds; round++) {
    for (const contender of contenders) {
      if (contender.rounds !== undefined && (round < 0 || round >= contender.rounds)) continue;
      contender.prepare?.();
      const run = await runOnce(contender);
      if (round >= 0) runs.get(contender.name)?.push(run);
    }
  }
  for (const contender of contenders) contender.prepare?.();
  const base = median((runs.get(contenders[0]?.name ?? "") ?? []).map(({ wallMs }) => wallMs));
  const rows = [...runs].map(([name, all]): Row => {
    const wallMs = median(all.map((run) => run.wallMs));
    return {
      name,
      wallMs: round(wallMs, 1),
      ratio: round(wallMs / base, 2),
      cpuSeconds: round(all.reduce((sum, run) => sum + run.cpuSeconds, 0) / all.length, 3),
      peakRssMb: round(median(all.map((run) => run.peakRssMb)), 0),
      runs: all.map((run) => round(run.wallMs, 1)),
    };
  });
  return { question, rows, absent };
}

async function runOnce({ name, program, args, env, input, exit: wanted = 0, check }: Contender): Promise<Run> {
  const before = childSeconds();
  const start = performance.now();
  const child = spawn(program, [...args], { env, stdio: "pipe" });
  child.stdin.end(input ?? "");
  let peakRssMb = 0;
  const poll = setInterval(() => (peakRssMb = Math.max(peakRssMb, peakRss(child.pid))), 5);
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  let wallMs = 0;
  child.once("exit", () => (wallMs = performance.now() - start));
  const exit = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  }).finally(() => clearInterval(poll));
  if (exit !== wanted) throw new Error(`${name} ended with ${exit}: ${stderr.slice(-500)}`);
  check?.(stdout);
  return { wallMs, cpuSeconds: childSeconds() - before, peakRssMb };
}

/** CPU seconds of the children that have ended, as Linux counts them for this process. */
function childSeconds(): number {
  const fields = readFileSync("/proc/self/stat", "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

/** The highest resident size so far, in MB; 0 once the process is gone. */
function peakRss(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
