import { IntegrityError } from "../../core/errors.ts";
import { MOST_CONTENT, MOST_PAYLOAD } from "./kernel.ts";
import type { Kernel } from "./kernel.ts";

export interface ChunkRange {
  /** Number of the first chunk in its xorb. */
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

export interface DecoderPorts {
  readonly kernel: Kernel;
  /** Which chunks come. */
  readonly chunks: ChunkRange;
  /** Numbers of chunks before which what was gathered is handed out. */
  readonly breaks: ReadonlySet<number>;
  /** Takes content in order, that of chunks from number `first` on. The bytes are valid until it returns. */
  readonly onContent: (bytes: Uint8Array, first: number) => void;
}

/** Serialized chunks, in whatever pieces they come, to their content. */
export interface ChunkDecoder {
  /** @throws IntegrityError `ERR_HF_INTEGRITY` the bytes are no chunks, or too many */
  feed(bytes: Uint8Array): void;
  /** Hands out the rest. @throws IntegrityError when not all chunks have come */
  finish(): void;
}

const HEADER = 8;
const NONE = 0;
const LZ4 = 1;
const GROUPED_LZ4 = 2;

/**
 * Decodes chunks as they are in a xorb: 8 bytes of header (version 0; length; scheme; length of the content), then the
 * payload. Everything is checked against limits before memory is touched; that the content is the right one, only the
 * hash of the whole file can tell.
 */
export function createChunkDecoder({ kernel, chunks, breaks, onContent }: DecoderPorts): ChunkDecoder {
  const { payload, slab, slabLength } = kernel;
  const header = new Uint8Array(HEADER);
  let headerFilled = 0;
  let scheme = NONE;
  let length = 0;
  let size = 0;
  let filled = 0;
  let index = chunks.start;
  /** Content in the slab, and the chunk it begins with. */
  let gathered = 0;
  let gatheredFrom = index;

  const flush = (): void => {
    if (gathered > 0) onContent(slab.subarray(0, gathered), gatheredFrom);
    gathered = 0;
    gatheredFrom = index;
  };
  const readHeader = (): void => {
    const [version, a = 0, b = 0, c = 0, kind = 0xff, x = 0, y = 0, z = 0] = header;
    length = a | (b << 8) | (c << 16);
    size = x | (y << 8) | (z << 16);
    scheme = kind;
    if (version !== 0 || kind > GROUPED_LZ4 || length === 0 || size === 0) throw broken("a header of no known kind");
    if (length > MOST_PAYLOAD || size > MOST_CONTENT) throw broken("larger than any chunk may be");
    if (kind === NONE && length !== size) throw broken("two lengths");
    if (index >= chunks.end) throw broken("more chunks than were asked for");
    if (breaks.has(index) || gathered >= slabLength) flush();
    filled = 0;
  };
  const finishChunk = (): void => {
    if (scheme !== NONE && !kernel.decode(length, gathered, size, scheme === GROUPED_LZ4)) {
      throw broken(scheme === LZ4 ? "no valid LZ4" : "no valid LZ4 by bytes");
    }
    gathered += size;
    index++;
    headerFilled = 0;
  };
  return {
    feed(bytes) {
      for (let at = 0; at < bytes.length;) {
        if (headerFilled < HEADER) {
          const take = Math.min(HEADER - headerFilled, bytes.length - at);
          header.set(bytes.subarray(at, at + take), headerFilled);
          headerFilled += take;
          at += take;
          if (headerFilled === HEADER) readHeader();
          continue;
        }
        const take = Math.min(length - filled, bytes.length - at);
        const piece = bytes.subarray(at, at + take);
        // What is stored as it is needs no stop on the way.
        if (scheme === NONE) slab.set(piece, gathered + filled);
        else payload.set(piece, filled);
        filled += take;
        at += take;
        if (filled === length) finishChunk();
      }
    },
    finish() {
      if (headerFilled > 0 || index !== chunks.end) throw broken("an end before the last chunk");
      flush();
    },
  };
}

export function broken(what: string): IntegrityError {
  return new IntegrityError("ERR_HF_INTEGRITY", `The Xet storage sent what is not the file: ${what}.`, {
    hint: "Nothing of it was kept. Try again, or take the other way: --transport http.",
  });
}
