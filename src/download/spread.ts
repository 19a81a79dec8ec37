import { setMaxListeners } from "node:events";
import type { ByteRange } from "../cache/index.ts";
import { DiskError, IntegrityError, isHfError } from "../core/errors.ts";
import type { OpenedFile } from "../hub/index.ts";
import type { Connections } from "./connections.ts";
import { pour } from "./pour.ts";
import type { Piece, PourOptions, Sink, Source } from "./pour.ts";
import type { Throughput } from "./throughput.ts";

/** As {@link Source}, for one of several connections. */
export interface SpreadSource extends Omit<Source, "open"> {
  open(
    from: number,
    etag: string | undefined,
    end: number,
    how: {
      /** False: another connection is there to do the work, so a refusal is not waited out. */
      readonly patient: boolean;
      readonly signal: AbortSignal;
    },
  ): Promise<OpenedFile>;
}

export interface SpreadSink extends Sink {
  /** From now on bytes come ahead of gaps: told before the first of them. */
  onSpread(): void;
}

export interface SpreadOptions extends Pick<
  PourOptions,
  "clock" | "random" | "signal" | "pace" | "onBytes" | "onRetry"
> {
  /** What is to come, in order. */
  readonly holes: readonly ByteRange[];
  /** The strong etag under which the rest came, when an earlier download left it. */
  readonly validator: string | undefined;
  /** Told the strong etag of the content, where the storage gives one. */
  readonly onValidator: (validator: string | undefined) => void;
  readonly connections: Connections;
  readonly throughput: Throughput;
  /** Bytes of a piece at least, but for the last one. @default 4 MiB */
  readonly smallest?: number;
}

const SMALLEST = 4 * 1024 * 1024;
const LARGEST = 512 * 1024 * 1024;
/** While nothing was measured yet. */
const UNMEASURED = 16 * 1024 * 1024;
/** Tries for a piece that another connection may bring as well. */
const FEW_TRIES = 10;
/** Milliseconds that a connection should be busy with a piece: beside them the asking for it is nothing. */
const PIECE_MS = 5_000;

interface Worker {
  piece: Piece | undefined;
  delivering: boolean;
}

/**
 * Receives a content over as many connections as it is worth. It begins on one, without a range; the first range is
 * asked for beside it, and only when that one proves to be of the same content is the work divided. A connection that is
 * refused, or of no use, gives its work back to the others; the last one has the whole patience that a single one has.
 * @returns `"whole"`, or `"misfit"`: what came since the work was divided is not of one content. A single connection is
 *   to begin it anew then
 * @throws as `pour`
 */
export async function spread(
  source: SpreadSource,
  sink: SpreadSink,
  options: SpreadOptions,
): Promise<"whole" | "misfit"> {
  const { connections, throughput, holes, smallest = SMALLEST } = options;
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  setMaxListeners(0, signal);
  const queue = holes.map(([start, end]) => ({ start, end }));
  const workers = new Set<Worker>();
  const tasks = new Set<Promise<void>>();
  let validator = options.validator;
  let divided = holes.length !== 1 || holes[0]?.[1] !== source.size;
  /** Asks for the first range, which nobody knows yet whether it will come. */
  let scout: Worker | undefined;
  /** Times that the single connection had to begin anew. */
  let restarts = 0;
  let outcome: "whole" | "misfit" | undefined;
  let failure: { readonly error: unknown } | undefined;
  if (divided) sink.onSpread();

  const delivering = (): number => [...workers].filter((worker) => worker.delivering).length;
  const left = (): number =>
    [...workers].reduce(
      (sum, { piece }) => sum + (piece === undefined || piece === scout?.piece ? 0 : piece.end - piece.at),
      queue.reduce((sum, { start, end }) => sum + end - start, 0),
    );
  /** So that all end at about the same time, pieces become smaller towards the end. */
  const pieceBytes = (): number => {
    const each = throughput.rate / Math.max(1, delivering());
    const timely = throughput.rate === 0 ? UNMEASURED : (each * PIECE_MS) / 1000;
    const share = left() / (2 * Math.max(throughput.wanted, workers.size));
    return Math.round(Math.max(smallest, Math.min(timely, share, LARGEST)));
  };
  const next = (): Piece | undefined => {
    const [hole] = queue;
    if (hole === undefined) return undefined;
    const most = divided ? pieceBytes() : Infinity;
    // No crumb is left behind.
    const end = hole.end - hole.start - most < smallest ? hole.end : hole.start + most;
    const piece = { at: hole.start, end };
    if (end === hole.end) queue.shift();
    else hole.start = end;
    return piece;
  };
  const giveBack = ({ at, end }: Piece): void => {
    if (at >= end) return;
    const behind = queue.findIndex(({ start }) => start > at);
    queue.splice(behind === -1 ? queue.length : behind, 0, { start: at, end });
  };

  /** @param onFit see {@link PourOptions}: given, it must be of the content that the others bring */
  const bring = async (worker: Worker, piece: Piece, patient: boolean, onFit?: () => void): Promise<void> => {
    worker.piece = piece;
    const open = (from: number, etag: string | undefined, end: number): Promise<OpenedFile> =>
      source.open(from, etag, end, { patient, signal });
    const restart = (): void | Promise<void> => {
      restarts++;
      return sink.restart();
    };
    await pour(
      { ...source, open },
      { ...sink, restart },
      {
        ...options,
        signal,
        piece,
        begun: validator === undefined ? undefined : { bytes: piece.at, validator },
        fixed: () => (divided || onFit !== undefined ? validator : undefined),
        ...(onFit === undefined ? {} : { onFit }),
        ...(patient ? {} : { tries: FEW_TRIES }),
        onValidator(its) {
          if (divided) return;
          validator = its;
          options.onValidator(its);
        },
        onBytes(count) {
          worker.delivering = true;
          options.onBytes(count);
          if (count > 0) steer(count);
        },
      },
    );
    worker.piece = undefined;
  };

  /** What this one did not bring others do, if there are others. @returns whether it goes on */
  const afterFailure = (worker: Worker, error: unknown, patient: boolean): boolean => {
    const { piece } = worker;
    signal.throwIfAborted();
    if (piece === undefined || !divided || !isHfError(error) || error instanceof DiskError) throw error;
    worker.piece = undefined;
    worker.delivering = false;
    giveBack(piece);
    if (workers.size > 1) {
      workers.delete(worker);
      throughput.refused(workers.size);
      options.onRetry({ attempt: 1, waitMs: 0, reason: error.message, from: piece.at });
      return false;
    }
    if (!patient) return true;
    if (!(error instanceof IntegrityError)) throw error;
    outcome = "misfit";
    return false;
  };

  /** Piece after piece, until there is none left, or there are more connections than are of use. */
  const work = async (worker: Worker): Promise<void> => {
    for (;;) {
      const spare = workers.size > 1 && workers.size > throughput.wanted;
      const piece = spare ? undefined : next();
      if (piece === undefined) break;
      const patient = !divided || workers.size === 1;
      try {
        await bring(worker, piece, patient);
      } catch (error) {
        if (!afterFailure(worker, error, patient)) return;
      }
    }
    workers.delete(worker);
    if (divided) return;
    // The only one has brought all of it, and whoever looks for more looks for nothing.
    outcome = "whole";
    stop.abort(new Error("it is there"));
  };

  const begin = (worker: Worker, doing: Promise<void>): void => {
    const task = doing
      .catch((error: unknown) => {
        if (outcome !== undefined) return;
        // The first failure is the one to tell; the others are its echo.
        failure ??= { error };
        stop.abort(error);
      })
      .finally(() => {
        workers.delete(worker);
        tasks.delete(task);
      });
    tasks.add(task);
  };
  const join = (worker: Worker, doing: () => Promise<void>): void => {
    workers.add(worker);
    begin(worker, doing().finally(connections.give));
  };

  /** Asks for a range further on, while the first connection goes on as if nothing had happened. */
  const sendScout = (first: Worker): boolean => {
    const { piece } = first;
    if (piece === undefined || !first.delivering || scout !== undefined || validator === undefined) return false;
    const lead = pieceBytes();
    const [start, end] = [piece.at + lead, piece.end];
    if (end - start < smallest || !connections.take()) return false;
    const asked: Piece = { at: start, end: end - start - lead < smallest ? end : start + lead };
    const known = { restarts, validator };
    const worker: Worker = { piece: asked, delivering: false };
    scout = worker;
    const divide = (): void => {
      if (divided) return;
      const same = restarts === known.restarts && validator === known.validator && first.piece === piece;
      if (!same || piece.at >= start) throw new Error("the first connection was faster");
      sink.onSpread();
      divided = true;
      scout = undefined;
      piece.end = start;
      giveBack({ at: asked.end, end });
    };
    join(worker, async () => {
      try {
        await bring(worker, asked, false, divide);
      } catch (error) {
        if (divided) {
          if (!afterFailure(worker, error, false)) return;
        } else {
          signal.throwIfAborted();
          scout = undefined;
          workers.delete(worker);
          if (error instanceof IntegrityError) throughput.never();
          else throughput.refused(1);
          return;
        }
      }
      await work(worker);
    });
    return true;
  };
  const grow = (): boolean => {
    const [first] = workers;
    if (!divided) return first !== undefined && sendScout(first);
    if (queue.length === 0 || !connections.take()) return false;
    const worker: Worker = { piece: undefined, delivering: false };
    join(worker, () => work(worker));
    return true;
  };
  const steer = (count: number): void => {
    throughput.received(count, () => ({ delivering: delivering(), left: left() }));
    while (workers.size < throughput.wanted && grow());
  };

  const first: Worker = { piece: undefined, delivering: false };
  workers.add(first);
  begin(first, work(first));
  while (tasks.size > 0) await Promise.all(tasks);
  if (failure !== undefined) throw failure.error;
  return outcome ?? "whole";
}
