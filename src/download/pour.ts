import type { HfError } from "../core/errors.ts";
import { IntegrityError, isHfError } from "../core/errors.ts";
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
  /** Asks for the bytes from `from` on. `etag` is the strong one of the earlier answer, where it had one. */
  open(from: number, etag: string | undefined): Promise<OpenedFile>;
}

export interface PourOptions {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** Bytes that the sink has already, and the strong etag under which they came: only the rest is asked for. */
  readonly begun?: { readonly bytes: number; readonly validator: string } | undefined;
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

/**
 * Receives one content whole into `sink`. A connection that breaks goes on from the last byte that came.
 * @throws IntegrityError `ERR_HF_INTEGRITY` the answer has another length, another range or another commit than asked for
 * @throws NetworkError after 5 tries in a row without a byte
 * @throws what `source.open` throws when trying again is of no use; the signal's reason when aborted
 */
export async function pour(source: Source, sink: Sink, options: PourOptions): Promise<void> {
  const begun = options.begun?.bytes ?? 0;
  let at = begun;
  let etag = options.begun?.validator;
  let barren = 0;
  for (let attempt = 1; ; attempt++) {
    const before = at;
    let file: OpenedFile | undefined;
    try {
      file = await source.open(at, etag);
      const start = startOf(file, source, at);
      if (start !== at) {
        options.onBytes(start - at);
        await sink.restart();
        at = start;
      }
      etag = strong(file.headers.get("etag"));
      options.onValidator?.(etag);
      await file.receive((bytes) => {
        const offset = at;
        at += bytes.length;
        if (at > source.size) throw wrongLength(source, `more than ${source.size}`);
        options.onBytes(bytes.length);
        return inPace(sink.write(bytes, offset), options.pace?.(bytes.length));
      });
      if (at !== source.size) throw wrongLength(source, String(at));
      return;
    } catch (error) {
      file?.cancel();
      options.signal.throwIfAborted();
      const outOfRange = at > 0 && isHfError(error) && error.status === 416;
      if (!mayGoOn(error) && !outOfRange) throw error;
      if (at === source.size) return;
      barren = at > before ? 0 : barren + 1;
      // The opening has its own retries; a peer that never sent a byte is not worth another round of them.
      if (at === begun && file === undefined && !outOfRange) throw error;
      if (barren >= MAX_BARREN || attempt >= MAX_TRIES) throw error;
      if (outOfRange) {
        options.onBytes(-at);
        await sink.restart();
        at = 0;
      }
      const waitMs = Math.round(options.random() * Math.min(250 * 2 ** barren, 8000));
      options.onRetry({ attempt, waitMs, reason: (error as HfError).message, from: at });
      await options.clock.sleep(waitMs, options.signal);
    }
  }
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
 * Where the bytes of an answer begin: `asked`, or 0 when the peer does not do ranges.
 * @throws IntegrityError the answer is not of the content that was asked for
 */
function startOf(file: OpenedFile, source: Source, asked: number): number {
  if (file.commit !== undefined && file.commit !== source.commit) {
    throw wrong(source, `came from commit ${file.commit} instead of ${source.commit}`);
  }
  const start = file.status === 206 ? rangeStart(file, source, asked) : 0;
  const length = source.size - start;
  if (file.length !== undefined && file.length !== length) throw wrongLength(source, String(start + file.length));
  return start;
}

function rangeStart(file: OpenedFile, source: Source, asked: number): number {
  const text = file.headers.get("content-range") ?? "";
  const range = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16}|\*)$/.exec(text);
  const [start, end, total] = [Number(range?.[1]), Number(range?.[2]), range?.[3]];
  if (start !== asked || end !== source.size - 1 || (total !== "*" && Number(total) !== source.size)) {
    throw wrong(source, `came as range '${text}' where bytes ${asked} to ${source.size - 1} were asked for`);
  }
  return start;
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

function wrongLength(source: Source, got: string): IntegrityError {
  return wrong(source, `has ${got} bytes where ${source.size} were announced`);
}

function wrong(source: Source, what: string): IntegrityError {
  return new IntegrityError("ERR_HF_INTEGRITY", `'${source.path}' ${what}.`, {
    hint: "Nothing of it was kept. Try again; if it stays, check the proxy and HF_ENDPOINT.",
  });
}
