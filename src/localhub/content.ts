import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

/** Bytes of known size that can be read from any offset without holding them all. */
export interface Content {
  readonly size: number;
  /** Yields bytes `start` (inclusive) to `end` (exclusive). */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
}

const SLICE = 256 * 1024;
const BLOCK = 1024 * 1024;
const STAMP = 16;

export function bufferContent(bytes: Uint8Array): Content {
  return {
    size: bytes.length,
    async *read(start, end) {
      if (end > start) yield bytes.subarray(start, end);
    },
  };
}

export function fileContent(path: string, size: number): Content {
  return {
    size,
    async *read(start, end) {
      if (end <= start) return;
      yield* createReadStream(path, { start, end: end - 1, highWaterMark: SLICE });
    },
  };
}

/**
 * `size` bytes that depend only on `seed`. Each 1 MiB block is the same noise with its own number stamped on the front,
 * so blocks differ (a client that swaps or repeats a block is found out), yet the noise is made once and never copied.
 */
export function generatedContent(size: number, seed: number): Content {
  let noise: Buffer | undefined;
  return {
    size,
    async *read(start, end) {
      noise ??= makeNoise(Math.min(BLOCK, Math.max(size, STAMP)), seed);
      let at = start;
      while (at < end) {
        const block = Math.floor(at / BLOCK);
        const offset = at % BLOCK;
        if (offset < STAMP) {
          const stamp = makeStamp(noise, block);
          const stop = Math.min(STAMP, offset + (end - at));
          yield stamp.subarray(offset, stop);
          at += stop - offset;
        } else {
          const stop = Math.min(BLOCK, offset + SLICE, offset + (end - at));
          yield noise.subarray(offset, stop);
          at += stop - offset;
        }
      }
    },
  };
}

function makeStamp(noise: Buffer, block: number): Buffer {
  const stamp = Buffer.from(noise.subarray(0, STAMP));
  stamp.writeUInt32LE((stamp.readUInt32LE(0) ^ block) >>> 0, 0);
  return stamp;
}

function makeNoise(length: number, seed: number): Buffer {
  const words = new Uint32Array(Math.ceil(length / 4));
  // xorshift32 never leaves zero, so the start must not be zero.
  let x = (Math.imul(seed, 0x9e3779b1) ^ 0x6c617463) >>> 0 || 1;
  for (let i = 0; i < words.length; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    words[i] = x >>> 0;
  }
  return Buffer.from(words.buffer, 0, length);
}

export async function sha256Of(content: Content): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of content.read(0, content.size)) hash.update(chunk);
  return hash.digest("hex");
}

export async function bytesOf(content: Content): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of content.read(0, content.size)) parts.push(chunk);
  return Buffer.concat(parts);
}
