import type { HfError } from "../core/errors.ts";
import { DiskError, IntegrityError, isHfError } from "../core/errors.ts";
import type { Clock } from "../core/ports.ts";
import type { OpenedFile } from "../hub/index.ts";

/** Takes the bytes of one content. Bytes may come again from an earlier offset. */
export interface Sink {
  /** The bytes are valid until the promise settles, or until the callee returns. */
  write(bytes: Uint8Array, offset: number): void | Promise<void>;
  /** Forgets everything that was written. */
  restart(): void | Promise<void>;
}

export interface Source {
  /** Path in the repo, for messages. */
  readonly path: string;
  /** Bytes that the whole content has. */
  readonly size: number;
  /** Full commit that the answer must name, where it names one. */
  readonly commit: string;
  /**
   * Asks for the bytes from `from` up to `end` (exclusive). `etag` is the strong one of the earlier answer, where it had
   * one.
   */
  open(from: number, etag: string | undefined, end: number): Promise<OpenedFile>;
}

/** The part of a content that one connection after the other brings. */
export interface Piece {
  /** The next byte to come. */
  at: number;
  /** Exclusive. May become less on the way: what comes behind it is let go. */
  end: number;
}

export interface PourOptions {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** What is to come. @default all of it, or all after what was begun */
  readonly piece?: Piece;
  /** Bytes that the sink has already, and the strong etag under which they came: only the rest is asked for. */
  readonly begun?: { readonly bytes: number; readonly validator: string } | undefined;
  /**
   * Others bring other pieces of the same content: where the peer gives anything but this piece, of this strong etag,
   * that ends in a {@link MisfitError} instead of a new beginning. Asked at each answer. @default never
   */
  readonly fixed?: () => string | undefined;
  /** Told about each answer that fits, before its bytes; what it throws ends the work. */
  readonly onFit?: () => void;
  /** Tries in all. @default 100 */
  readonly tries?: number;
  /** Told before the bytes of each answer: its strong etag, where it has one. */
  readonly onValidator?: (validator: string | undefined) => void;
  /** Told about every byte that came (negative: that must come again). */
  readonly onBytes: (count: number) => void;
  /** Says when more bytes may be taken; undefined, or nothing: at once. */
  readonly pace?: ((count: number) => Promise<void> | undefined) | undefined;
  readonly onRetry: (retry: { attempt: number; waitMs: number; reason: string; from: number }) => void;
}

/** Tries in a row that brought nothing, and tries in all: a peer that sends one byte a time must end too. */
const MAX_BARREN = 5;
const MAX_TRIES = 100;

/** What came is no piece of the content that the other pieces are of. */
export class MisfitError extends IntegrityError {}

/**
 * Receives a content, or one piece of it, into `sink`. A connection that breaks goes on from the last byte that came.
 * @throws IntegrityError `ERR_HF_INTEGRITY` the answer has another length, another range or another commit than asked for
 * @throws MisfitError see {@link PourOptions.fixed}
 * @throws NetworkError after 5 tries in a row without a byte
 * @throws what `source.open` throws when trying again is of no use; the signal's reason when aborted
 */
export async function pour(source: Source, sink: Sink, options: PourOptions): Promise<void> {
  const piece = options.piece ?? { at: options.begun?.bytes ?? 0, end: source.size };
  const begun = piece.at;
  let etag = options.begun?.validator;
  let barren = 0;
  for (let attempt = 1; ; attempt++) {
    const before = piece.at;
    let file: OpenedFile | undefined;
    try {
      const asked = { start: piece.at, end: piece.end };
      file = await source.open(asked.start, options.fixed?.() ?? etag, asked.end);
      const start = startOf(file, source, asked);
      const fixed = options.fixed?.();
      etag = strong(file.headers.get("etag"));
      if (fixed !== undefined && (start !== asked.start || etag !== fixed)) throw misfit(source);
      if (start !== piece.at) {
        options.onBytes(start - piece.at);
        await sink.restart();
        piece.at = start;
        piece.end = source.size;
      }
      options.onFit?.();
      options.onValidator?.(etag);
      const last = file.status === 206 ? asked.end : source.size;
      await receiveInto(file, source, sink, { piece, last }, options);
      if (piece.at !== piece.end) throw wrongLength(source, String(piece.at));
      return;
    } catch (error) {
      file?.cancel();
      options.signal.throwIfAborted();
      const outOfRange = piece.at > 0 && isHfError(error) && error.status === 416;
      if (outOfRange && options.fixed?.() !== undefined) throw misfit(source);
      if (!mayGoOn(error) && !outOfRange) throw error;
      if (piece.at === piece.end) return;
      barren = piece.at > before ? 0 : barren + 1;
      // The opening has its own retries; a peer that never sent a byte is not worth another round of them.
      if (piece.at === begun && file === undefined && !outOfRange) throw error;
      if (barren >= MAX_BARREN || attempt >= (options.tries ?? MAX_TRIES)) throw error;
      if (outOfRange) {
        options.onBytes(-piece.at);
        await sink.restart();
        piece.at = 0;
      }
      const waitMs = Math.round(options.random() * Math.min(250 * 2 ** barren, 8000));
      options.onRetry({ attempt, waitMs, reason: (error as HfError).message, from: piece.at });
      await options.clock.sleep(waitMs, options.signal);
    }
  }
}

/**
 * Until the piece is there, or the answer is at its end. An answer that has more to say than that is broken off.
 * @param last where the answer ends, exclusive
 */
async function receiveInto(
  file: OpenedFile,
  source: Source,
  sink: Sink,
  { piece, last }: { readonly piece: Piece; readonly last: number },
  { onBytes, pace }: PourOptions,
): Promise<void> {
  let broken = false;
  await file
    .receive((bytes) => {
      if (broken) return undefined;
      const offset = piece.at;
      const count = last > piece.end ? Math.min(bytes.length, piece.end - offset) : bytes.length;
      piece.at += count;
      if (piece.at > piece.end) throw wrongLength(source, `more than ${piece.end}`);
      onBytes(count);
      const written = inPace(sink.write(bytes.subarray(0, count), offset), pace?.(count));
      if (piece.at < piece.end || piece.end === last) return written;
      broken = true;
      // Not before the bytes are written: their memory is used again after that.
      return Promise.resolve(written).then(() => file.cancel());
    })
    .catch((error: unknown) => {
      if (!broken || error instanceof DiskError) throw error;
    });
}

/** The memory of the bytes is used again after this, so the writing has to be over, also when the pause is broken off. */
async function bothOf(written: void | Promise<void>, pause: Promise<void>): Promise<void> {
  try {
    await pause;
  } finally {
    await written;
  }
}

function inPace(written: void | Promise<void>, pause: Promise<void> | undefined): void | Promise<void> {
  return pause === undefined ? written : bothOf(written, pause);
}

/**
 * Where the bytes of an answer begin: where it was asked to, or 0 when the peer does not do ranges.
 * @throws IntegrityError the answer is not of the content that was asked for
 */
function startOf(file: OpenedFile, source: Source, asked: AskedRange): number {
  if (file.commit !== undefined && file.commit !== source.commit) {
    throw wrong(source, `came from commit ${file.commit} instead of ${source.commit}`);
  }
  const isPart = file.status === 206;
  if (isPart) checkRange(file, source, asked);
  const [start, end] = isPart ? [asked.start, asked.end] : [0, source.size];
  if (file.length !== undefined && file.length !== end - start) throw wrongLength(source, String(start + file.length));
  return start;
}

interface AskedRange {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

function checkRange(file: OpenedFile, source: Source, asked: AskedRange): void {
  const text = file.headers.get("content-range") ?? "";
  const range = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16}|\*)$/.exec(text);
  const [start, last, total] = [Number(range?.[1]), Number(range?.[2]), range?.[3]];
  if (start !== asked.start || last !== asked.end - 1 || (total !== "*" && Number(total) !== source.size)) {
    throw wrong(source, `came as range '${text}' where bytes ${asked.start} to ${asked.end - 1} were asked for`);
  }
}

/** A weak etag promises nothing about bytes. */
function strong(etag: string | null): string | undefined {
  return etag !== null && /^"[^"]+"$/.test(etag) ? etag : undefined;
}

/** Failures of the connection, not of the content and not of the permission. */
function mayGoOn(error: unknown): boolean {
  return isHfError(error) && GOES_ON.has(error.code);
}

const GOES_ON: ReadonlySet<string> = new Set(["ERR_HF_NETWORK", "ERR_HF_TIMEOUT"]);

function misfit(source: Source): MisfitError {
  return new MisfitError("ERR_HF_INTEGRITY", `'${source.path}' came in pieces that are not of one content.`, {
    hint: "Nothing of it was kept. Try again; if it stays, check the proxy and HF_ENDPOINT.",
  });
}

function wrongLength(source: Source, got: string): IntegrityError {
  return wrong(source, `has ${got} bytes where ${source.size} were announced`);
}

function wrong(source: Source, what: string): IntegrityError {
  return new IntegrityError("ERR_HF_INTEGRITY", `'${source.path}' ${what}.`, {
    hint: "Nothing of it was kept. Try again; if it stays, check the proxy and HF_ENDPOINT.",
  });
}
