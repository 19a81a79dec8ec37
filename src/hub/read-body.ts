import { NetworkError } from "../core/errors.ts";
import { SlowAnswerError } from "./network-errors.ts";
import type { OpenedBody } from "./transfer-types.ts";

export interface ReadLimits {
  readonly maxBytes: number;
  /** Milliseconds for the whole body: a peer that sends a byte now and then must end too. */
  readonly totalMs: number;
  /** Fewer bytes in as many milliseconds, and the body is given up before its whole time is over. @default no such limit */
  readonly slowest?: { readonly bytes: number; readonly inMs: number };
  /** What to do with a body that is longer: refuse it, or take its beginning. */
  readonly longer: "refuse" | "cut";
}

/**
 * Reads a body into memory.
 * @throws NetworkError `ERR_HF_BAD_ANSWER` longer than `maxBytes`; `ERR_HF_TIMEOUT` too slow, which is final; what `receive` throws
 */
export async function readBody(answer: OpenedBody, url: URL, limits: ReadLimits): Promise<Uint8Array> {
  const { maxBytes, totalMs, longer } = limits;
  const chunks: Uint8Array[] = [];
  let size = 0;
  let stopped: unknown;
  const stop = (reason: unknown): void => {
    stopped = reason;
    answer.cancel();
  };
  const total = setTimeout(
    () => stop(new SlowAnswerError(url.host, `it was not whole after ${totalMs / 1000} s`)),
    totalMs,
  );
  const pace = limits.slowest === undefined ? undefined : watchPace(limits.slowest, url.host, () => size, stop);
  try {
    await answer.receive((bytes) => {
      if (stopped !== undefined) return;
      const room = bytes.subarray(0, maxBytes - size);
      // The bytes are the transport's own again after this call.
      chunks.push(Uint8Array.from(room));
      size += room.length;
      if (room.length < bytes.length) stop(CUT);
    });
  } catch (error) {
    if (stopped === undefined) throw error;
  } finally {
    clearTimeout(total);
    clearInterval(pace);
  }
  if (stopped === CUT && longer === "refuse") {
    throw new NetworkError("ERR_HF_BAD_ANSWER", `${url.host} sent more than ${maxBytes} bytes for ${url.pathname}.`, {
      hint: "Something else than a Hub may answer there. Check HF_ENDPOINT and proxies on the way.",
    });
  }
  if (stopped !== undefined && stopped !== CUT) throw stopped;
  return Buffer.concat(chunks, size);
}

const CUT = Symbol("cut");

function watchPace(
  { bytes, inMs }: { readonly bytes: number; readonly inMs: number },
  host: string,
  size: () => number,
  stop: (reason: unknown) => void,
): NodeJS.Timeout {
  let before = 0;
  return setInterval(() => {
    const came = size() - before;
    if (came < bytes) stop(new SlowAnswerError(host, `${came} bytes in ${inMs / 1000} s`));
    before += came;
  }, inMs);
}
