import { setMaxListeners } from "node:events";
import { writeSync } from "node:fs";
import { createByteRanges, holesIn } from "../../cache/index.ts";
import type { ByteRange, ByteRanges, FileHash, Hashers } from "../../cache/index.ts";
import { diskError, isHfError } from "../../core/errors.ts";
import type { HfError } from "../../core/errors.ts";
import type { Clock } from "../../core/ports.ts";
import type { Cas } from "./cas.ts";
import { broken, createChunkDecoder } from "./chunk-decoder.ts";
import type { Kernel } from "./kernel.ts";
import type { KernelPool } from "./kernel-pool.ts";
import type { FileRange, XorbRange } from "./reconstruction.ts";

export interface XetContent {
  /** The file's name in the storage: 64 hex digits. */
  readonly hash: string;
  /** Bytes of the whole file. */
  readonly size: number;
}

export interface XetTarget {
  /** A private file, open for writing and reading. */
  readonly fd: number;
  /** What is there: it is hashed, not fetched. @default nothing */
  readonly there?: readonly ByteRange[];
  /** For messages. */
  readonly path: string;
}

export interface XetPorts {
  readonly cas: Cas;
  readonly hashers: Pick<Hashers, "follow">;
  readonly kernels: KernelPool;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** Ranges under way at the same time. @default 4 */
  readonly connections?: number;
  /** Books bytes that came over the network; while its promise is pending no more are read. */
  readonly pace?: ((count: number, signal: AbortSignal) => Promise<void> | undefined) | undefined;
  /** Told about every byte of the file that was written. */
  readonly onBytes: (count: number) => void;
  /** Told what of the file is there, each time there is more. */
  readonly onReached?: (there: Pick<ByteRanges, "bytes" | "list">) => void;
  readonly onRetry: (retry: { attempt: number; waitMs: number; reason: string; from: number }) => void;
}

/** The part of a file that is asked about at once: it bounds the answer, and the age of the addresses in it. */
const WINDOW = 256 * 1024 * 1024;
const CONNECTIONS = 4;
/** Tries in a row that bring nothing new, and tries in all. */
const TRIES = 3;
const MOST_TRIES = 20;

/**
 * Puts a file together from Xet storage, into place as its parts come, in whatever order. No byte of the file is
 * written twice, so that what was hashed is what is there.
 * @returns the sha256 of what is in the file, lower-case hex: comparing it is the caller's
 * @throws NetworkError, IntegrityError the storage does not give the file; DiskError; the signal's reason
 */
export async function fetchXet(content: XetContent, target: XetTarget, ports: XetPorts): Promise<string> {
  const { size } = content;
  const stop = new AbortController();
  const signal = AbortSignal.any([ports.signal, stop.signal]);
  // As many as there are ranges under way; Node would warn the person of more than ten.
  setMaxListeners(0, signal);
  const hash = ports.hashers.follow(target.fd, "sha256", size);
  const there = createByteRanges(target.there);
  const next = createQueue(content, windowsOf(holesIn(there.list, size)), { ...ports, signal });
  hash.reached(there.at);
  const written = (start: number, end: number): void => {
    const before = there.at;
    there.add(start, end);
    ports.onBytes(end - start);
    if (there.at !== before) hash.reached(there.at);
    ports.onReached?.(there);
  };
  let failure: { readonly error: unknown } | undefined;
  const work = async (): Promise<void> => {
    try {
      for (let range = await next(); range !== undefined; range = await next()) {
        const kernel = await ports.kernels.take(signal);
        try {
          await fetchRange(content, range, { ...ports, signal }, kernel, (bytes, at) => {
            writeAll(target, bytes, at);
            written(at, at + bytes.length);
          });
        } finally {
          ports.kernels.give(kernel);
        }
      }
    } catch (error) {
      // The first failure is the one to tell; the others are its echo.
      failure ??= { error };
      stop.abort(error);
    }
  };
  try {
    await Promise.all(Array.from({ length: ports.connections ?? CONNECTIONS }, work));
    if (failure !== undefined) throw failure.error;
    return await digestOf(hash, target);
  } finally {
    hash.abandon();
  }
}

async function digestOf(hash: FileHash, { path }: XetTarget): Promise<string> {
  try {
    return await hash.digest();
  } catch (error) {
    throw diskError(error, "read the download", path);
  }
}

/** The parts of a file to ask about, one after the other. */
function windowsOf(holes: readonly ByteRange[]): FileRange[] {
  const windows: FileRange[] = [];
  for (const [start, end] of holes) {
    for (let at = start; at < end; at += WINDOW) windows.push({ start: at, end: Math.min(at + WINDOW, end) });
  }
  return windows;
}

/** Ranges in order of the file, one caller after the other. The next part is asked about while this one is fetched. */
function createQueue(content: XetContent, windows: FileRange[], ports: XetPorts): () => Promise<XorbRange | undefined> {
  let upcoming: Promise<XorbRange[]> | undefined;
  let ranges: XorbRange[] = [];
  let turn: Promise<unknown> = Promise.resolve();
  const ask = (): Promise<XorbRange[]> | undefined => {
    const window = windows.shift();
    if (window === undefined) return undefined;
    const answer = trying(
      () => ports.cas.reconstruct(content.hash, window, ports.signal),
      () => false,
      window.start,
      ports,
    );
    answer.catch(() => undefined);
    return answer;
  };
  const take = async (): Promise<XorbRange | undefined> => {
    while (ranges.length === 0) {
      const answer = upcoming ?? ask();
      if (answer === undefined) return undefined;
      upcoming = undefined;
      ranges = await answer;
      upcoming = ask();
    }
    ports.signal.throwIfAborted();
    return ranges.shift();
  };
  return () => {
    const mine = turn.then(take);
    turn = mine.catch(() => undefined);
    return mine;
  };
}

/**
 * Does it again after a failure that another try may mend, a few times.
 * @param advanced whether the last try brought something all the same: then it does not count
 * @param from first byte that is asked for again, for the event
 */
async function trying<T>(
  action: (last: HfError | undefined) => Promise<T>,
  advanced: () => boolean,
  from: number,
  { clock, random, signal, onRetry }: Pick<XetPorts, "clock" | "random" | "signal" | "onRetry">,
): Promise<T> {
  let barren = 0;
  let last: HfError | undefined;
  for (let attempt = 1; ; attempt++) {
    try {
      return await action(last);
    } catch (error) {
      signal.throwIfAborted();
      if (!mayTryAgain(error)) throw error;
      barren = advanced() ? 0 : barren + 1;
      if (barren >= TRIES || attempt >= MOST_TRIES) throw error;
      const waitMs = Math.round(random() * Math.min(250 * 2 ** barren, 4000));
      onRetry({ attempt, waitMs, reason: error.message, from });
      await clock.sleep(waitMs, signal);
      last = error;
    }
  }
}

type Write = (bytes: Uint8Array, at: number) => void;

/** One range to its end. After a failure it is asked for anew; what was decoded before is decoded again, not written. */
async function fetchRange(
  content: XetContent,
  asked: XorbRange,
  ports: XetPorts,
  kernel: Kernel,
  write: Write,
): Promise<void> {
  const { cas, signal } = ports;
  const output = createOutput(asked, write);
  const breaks = new Set(asked.uses.flatMap(({ start, end }) => [start, end]));
  let range = asked;
  let before = 0;
  const once = async (last: HfError | undefined): Promise<void> => {
    // Addresses are signed for a while only.
    if (last?.status === 401 || last?.status === 403) range = await renewed(content, asked, cas, signal);
    before = output.done;
    const body = await cas.open(range, signal);
    try {
      output.begin();
      const decoder = createChunkDecoder({ kernel, chunks: range.chunks, breaks, onContent: output.take });
      await body.receive((bytes) => {
        decoder.feed(bytes);
        return ports.pace?.(bytes.length, signal);
      });
      decoder.finish();
      output.end();
    } finally {
      body.cancel();
    }
  };
  await trying(once, () => output.done > before, asked.uses[0]?.at ?? 0, ports);
}

async function renewed(content: XetContent, range: XorbRange, cas: Cas, signal: AbortSignal): Promise<XorbRange> {
  const { xorb, chunks } = range;
  const ranges = await cas.reconstruct(content.hash, range.window, signal);
  const same = ranges.find(
    (one) => one.xorb === xorb && one.chunks.start === chunks.start && one.chunks.end === chunks.end,
  );
  // Put together in another way by now: the old address will say that it is over.
  return same === undefined ? range : { ...range, url: same.url, first: same.first, last: same.last };
}

/** Sends decoded content to the places in the file that it is for, every byte once. */
function createOutput({ uses, window }: XorbRange, write: Write) {
  /** Bytes of each use that were decoded, in this try and at most. */
  const now = uses.map(() => 0);
  const most = uses.map(() => 0);
  return {
    /** Bytes that were decoded at most: more of them after a try means that it brought something. */
    get done(): number {
      return most.reduce((sum, bytes) => sum + bytes, 0);
    },
    begin: (): void => void now.fill(0),
    take(bytes: Uint8Array, first: number): void {
      for (const [index, { start, end, at, size }] of uses.entries()) {
        if (first < start || first >= end) continue;
        const from = now[index] ?? 0;
        const to = from + bytes.length;
        if (to > size) throw broken("more content than was said");
        now[index] = to;
        // Not what an earlier try has written, nor what lies outside of the part that was asked for.
        const begin = Math.max(from, most[index] ?? 0, window.start - at);
        const stop = Math.min(to, window.end - at);
        most[index] = Math.max(to, most[index] ?? 0);
        if (begin < stop) write(bytes.subarray(begin - from, stop - from), at + begin);
      }
    },
    /** @throws IntegrityError when a part of the content has not come */
    end(): void {
      if (uses.some(({ size }, index) => now[index] !== size)) throw broken("less content than was said");
    },
  };
}

/** The network, a storage that is busy, an address that is over, damaged bytes: another try may bring the right ones. */
function mayTryAgain(error: unknown): error is HfError {
  if (!isHfError(error)) return false;
  if (error.code === "ERR_HF_HTTP") {
    const status = error.status ?? 0;
    return status === 401 || status === 403 || status === 429 || status >= 500;
  }
  return ["ERR_HF_NETWORK", "ERR_HF_TIMEOUT", "ERR_HF_INTEGRITY"].includes(error.code);
}

function writeAll({ fd, path }: XetTarget, bytes: Uint8Array, position: number): void {
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, bytes.length - at, position + at);
  } catch (error) {
    throw diskError(error, "write the download", path);
  }
}
