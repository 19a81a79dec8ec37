import type { FaultRule } from "./fault-rule.ts";
import { Cut, pause } from "./faults.ts";

type Bytes = AsyncIterable<Uint8Array>;

export function hasBodyFault(rule: FaultRule): boolean {
  return (
    rule.corrupt !== undefined ||
    rule.slowBody !== undefined ||
    rule.stall?.afterBytes !== undefined ||
    rule.cut?.afterBytes !== undefined
  );
}

/** `start`: offset in the file of the first byte. A stall comes before a cut at the same place. */
export function changeBody(rule: FaultRule, bytes: Bytes, start: number, gone: AbortSignal): Bytes {
  let body = bytes;
  if (rule.corrupt) body = corrupt(body, rule.corrupt.at - start, rule.corrupt.bytes ?? 1);
  if (rule.slowBody !== undefined) body = slow(body, rule.slowBody, gone);
  if (rule.stall?.afterBytes !== undefined) {
    const { afterBytes, ms = Infinity } = rule.stall;
    body = interrupt(body, afterBytes, () => pause(ms, gone));
  }
  if (rule.cut?.afterBytes !== undefined) {
    const { afterBytes, reset = false } = rule.cut;
    body = interrupt(body, afterBytes, () => Promise.reject(new Cut(reset)));
  }
  return body;
}

/** Turns over every bit of the bytes from `first` on; on a copy, for the bytes may be the stored ones. */
async function* corrupt(bytes: Bytes, first: number, count: number): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const chunk of bytes) {
    const from = Math.max(first - at, 0);
    const to = Math.min(first + count - at, chunk.length);
    if (from < to) {
      const copy = Uint8Array.from(chunk);
      for (let index = from; index < to; index++) copy[index] = (chunk[index] ?? 0) ^ 0xff;
      yield copy;
    } else {
      yield chunk;
    }
    at += chunk.length;
  }
}

const TICK = 50;

async function* slow(bytes: Bytes, perSecond: number, gone: AbortSignal): AsyncGenerator<Uint8Array> {
  const piece = Math.max(1, Math.floor((perSecond * TICK) / 1000));
  for await (const chunk of bytes) {
    for (let at = 0; at < chunk.length; at += piece) {
      const part = chunk.subarray(at, at + piece);
      yield part;
      await pause((part.length * 1000) / perSecond, gone);
    }
  }
}

/** Does something once exactly `count` bytes have gone by; never when there are fewer. */
async function* interrupt(bytes: Bytes, count: number, act: () => Promise<void>): AsyncGenerator<Uint8Array> {
  let left = count;
  let done = false;
  if (left === 0) {
    done = true;
    await act();
  }
  for await (const chunk of bytes) {
    if (done || chunk.length < left) {
      left -= chunk.length;
      yield chunk;
      continue;
    }
    if (left > 0) yield chunk.subarray(0, left);
    done = true;
    await act();
    if (left < chunk.length) yield chunk.subarray(left);
  }
}
