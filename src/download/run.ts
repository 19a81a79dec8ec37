import { setMaxListeners } from "node:events";
import { realPathOfPrefix, repoPaths, writeRef } from "../cache/index.ts";
import type { RepoPaths } from "../cache/index.ts";
import { systemClock } from "../core/clock.ts";
import { isHfError, UsageError } from "../core/errors.ts";
import type { Clock, Warn } from "../core/ports.ts";
import { createProcessLife } from "../core/process-life.ts";
import type { ProcessLife } from "../core/process-life.ts";
import type { Repo } from "../core/repo.ts";
import type { HubClient } from "../hub/index.ts";
import { createRateLimit } from "./rate-limit.ts";
import type { RateLimit } from "./rate-limit.ts";
import { createConnections } from "./connections.ts";
import type { Connections } from "./connections.ts";
import type { DownloadEvent, FetchOptions, Transport } from "./types.ts";

/** What every step of one download needs; the options with their defaults filled in. */
export interface Run {
  readonly hub: HubClient;
  readonly repo: Repo;
  readonly paths: RepoPaths;
  readonly force: boolean;
  readonly offline: boolean;
  /** What is not known to be whole is no answer. */
  readonly wholeOnly: boolean;
  readonly workers: number;
  /** What the workers leave of the connections. */
  readonly connections: Connections;
  readonly copies: boolean;
  readonly allowLowSpace: boolean;
  /** Go on with what an earlier download left, and leave what is worth it. */
  readonly resume: boolean;
  readonly life: () => ProcessLife;
  readonly transport: Transport;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly rate: RateLimit | undefined;
  readonly warn: Warn;
  readonly onEvent: ((event: DownloadEvent) => void) | undefined;
}

const DEFAULT_WORKERS = 8;

/** @throws UsageError `ERR_HF_USAGE` for a number of workers below 1, or a rate that is none */
export function openRun(hub: HubClient, repo: Repo, options: FetchOptions): Run {
  const workers = options.maxWorkers ?? DEFAULT_WORKERS;
  if (!Number.isSafeInteger(workers) || workers < 1) {
    throw new UsageError("ERR_HF_USAGE", `The number of workers can't be ${workers}.`, {
      hint: "Give a whole number of 1 or more.",
    });
  }
  let life: ProcessLife | undefined;
  const { limitRate, clock = systemClock } = options;
  if (limitRate !== undefined && !(limitRate > 0 && limitRate < Infinity)) {
    throw new UsageError("ERR_HF_USAGE", `The rate can't be limited to ${limitRate} bytes a second.`, {
      hint: "Give a number above 0, or leave the limit out.",
    });
  }
  return {
    hub,
    repo,
    paths: repoPaths(realPathOfPrefix(options.cacheDir), repo),
    force: options.forceDownload ?? false,
    offline: options.offline === true || options.offline === "whole",
    wholeOnly: options.offline === "whole",
    workers,
    connections: createConnections(workers),
    copies: options.disableSymlinks ?? false,
    allowLowSpace: options.allowLowSpace ?? false,
    resume: options.resume ?? true,
    life: () => (life ??= createProcessLife()),
    transport: options.transport ?? "auto",
    signal: signalOf(options.signal, workers),
    clock,
    rate: limitRate === undefined ? undefined : createRateLimit(limitRate, clock),
    random: Math.random,
    warn: options.warn ?? (() => undefined),
    onEvent: options.onEvent,
  };
}

/**
 * Remembers what a revision means, for content that was there already: a cache that can't be written to, as a shared
 * one, still gives what it has.
 */
export function noteRef(run: Pick<Run, "paths" | "warn">, revision: string, commit: string): void {
  try {
    writeRef(run.paths, revision, commit);
  } catch (error) {
    if (!isHfError(error)) throw error;
    run.warn(`The cache could not be brought up to date: ${error.message}`);
  }
}

/** A signal for all workers to listen to: more of them than Node takes for ordinary. */
function signalOf(signal: AbortSignal | undefined, workers: number): AbortSignal {
  return heardByAll(signal === undefined ? new AbortController().signal : AbortSignal.any([signal]), workers);
}

/** Node warns the person of more listeners than ten, for it can't know that they are workers, their reads and waits. */
export function heardByAll(signal: AbortSignal, workers: number): AbortSignal {
  setMaxListeners(workers * 4 + 10, signal);
  return signal;
}
