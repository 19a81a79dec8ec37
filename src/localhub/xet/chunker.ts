import type { Content } from "../content.ts";
import { GEAR_HIGH, GEAR_LOW } from "./gear-table.ts";

export const SMALLEST_CHUNK = 8192;
export const LARGEST_CHUNK = 131_072;
/** The gear hash looks back this far: what lies before need not be hashed. */
const WINDOW = 64;

type Gear = { high: number; low: number };

/**
 * Content in chunks whose ends the content itself decides: the same bytes give the same chunks wherever they stand. A
 * chunk is valid until the next one is asked for.
 */
export async function* chunksOf(content: Content): AsyncGenerator<Buffer> {
  const chunk = Buffer.alloc(LARGEST_CHUNK);
  const gear: Gear = { high: 0, low: 0 };
  let length = 0;
  for await (const bytes of content.read(0, content.size)) {
    let at = 0;
    while (at < bytes.length) {
      // Too early to end: taken without a look.
      const skip = Math.min(Math.max(SMALLEST_CHUNK - WINDOW - 1 - length, 0), bytes.length - at);
      const most = Math.min(bytes.length, at + LARGEST_CHUNK - length);
      // Hashed already, but an end would come too early.
      const tooEarly = Math.min(most, Math.max(at + skip, at + SMALLEST_CHUNK - 1 - length));
      hash(gear, bytes, at + skip, tooEarly);
      const found = findEnd(gear, bytes, tooEarly, most);
      const end = found ?? most;
      chunk.set(bytes.subarray(at, end), length);
      length += end - at;
      at = end;
      if (found === undefined && length < LARGEST_CHUNK) continue;
      yield chunk.subarray(0, length);
      length = gear.high = gear.low = 0;
    }
  }
  if (length > 0) yield chunk.subarray(0, length);
}

function hash(gear: Gear, bytes: Uint8Array, from: number, to: number): void {
  for (let at = from; at < to; at++) findEnd(gear, bytes, at, at + 1);
}

/** Hashes on until the upper 16 of 64 bits are zero: the place after that byte. */
function findEnd(gear: Gear, bytes: Uint8Array, from: number, to: number): number | undefined {
  let { high, low } = gear;
  let at = from;
  let found = false;
  while (at < to && !found) {
    const byte = bytes[at++] as number;
    const before = low;
    low = ((low << 1) + (GEAR_LOW[byte] as number)) | 0;
    // A carry shows in a sum that is smaller than what was added.
    const carry = low >>> 0 < (before << 1) >>> 0 ? 1 : 0;
    high = ((high << 1) + (before >>> 31) + (GEAR_HIGH[byte] as number) + carry) | 0;
    found = high >>> 16 === 0;
  }
  gear.high = high;
  gear.low = low;
  return found ? at : undefined;
}
