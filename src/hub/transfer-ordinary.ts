import { request as requestHttp, type IncomingMessage } from "node:http";
import type { RequestOptions } from "node:https";
import type { Readable } from "node:stream";
import { systemCode } from "../core/errors.ts";
import { badAnswer, connectionError, timeoutError, TransferError } from "./transfer-error.ts";
import type { OpenedBody, TransferOptions } from "./transfer-types.ts";

interface Times {
  readonly headTimeoutMs: number;
  readonly idleTimeoutMs: number;
}

/**
 * The same contract over Node's own HTTP client, for what the narrow path does not speak: chunked and encoded bodies,
 * bodies that end with the connection. Costs about twice the time and memory.
 */
export async function openOrdinary(
  url: URL,
  headers: Record<string, string>,
  options: TransferOptions & Times,
): Promise<OpenedBody> {
  options.signal?.throwIfAborted();
  const answer = await sendRequest(url, headers, options);
  const decoded = await decode(url, answer, options.method ?? "GET");
  const length = ownLength(answer, options.method ?? "GET", decoded !== answer);
  let taken = false;
  return {
    status: answer.statusCode ?? 0,
    headers: { get: (name) => headerOf(answer, name) },
    length,
    async receive(onBytes) {
      if (taken) throw new TypeError("a body can be received once");
      taken = true;
      let received = 0;
      const { signal, idleTimeoutMs } = options;
      const stop = (): void => void answer.destroy(new Error("aborted"));
      const still = (): void =>
        void answer.destroy(timeoutError(url, idleTimeoutMs, options.method ?? "GET", received));
      signal?.addEventListener("abort", stop, { once: true });
      // The answer loses sight of its socket at the end; the socket may live on in the agent.
      const { socket } = answer;
      socket.setTimeout(idleTimeoutMs, still);
      try {
        for await (const bytes of faultsNamed(url, decoded, signal, () => received)) {
          received += bytes.length;
          await onBytes(bytes);
        }
      } finally {
        signal?.removeEventListener("abort", stop);
        socket.off("timeout", still);
      }
      return received;
    },
    cancel: () => void answer.destroy(),
  };
}

async function sendRequest(
  url: URL,
  headers: Record<string, string>,
  { method = "GET", headTimeoutMs, ...rest }: TransferOptions & Times,
): Promise<IncomingMessage> {
  const { signal, ca, fresh } = rest;
  const init: RequestOptions = { method, headers, ...(fresh === true ? { agent: false } : {}) };
  if (ca !== undefined && ca.length > 0) init.ca = [...ca];
  const request = url.protocol === "https:" ? (await import("node:https")).request : requestHttp;
  return new Promise((resolve, reject) => {
    const sent = request(url, init, resolve);
    const again = (): Promise<IncomingMessage> => sendRequest(url, headers, { method, headTimeoutMs, ...rest });
    const timer = setTimeout(() => sent.destroy(timeoutError(url, headTimeoutMs, method)), headTimeoutMs);
    const stop = (): void => void sent.destroy(new Error("aborted"));
    signal?.addEventListener("abort", stop, { once: true });
    const settled = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
    };
    sent.once("response", settled);
    sent.on("error", (error) => {
      settled();
      // As on the narrow path: a kept connection that was closed before an answer says nothing about the peer.
      if (sent.reusedSocket && systemCode(error) === "ECONNRESET" && signal?.aborted !== true) return resolve(again());
      reject(signal?.aborted === true ? signal.reason : namedFault(url, error, undefined));
    });
    sent.end();
  });
}

async function decode(url: URL, answer: IncomingMessage, method: string): Promise<Readable> {
  const encoding = answer.headers["content-encoding"]?.toLowerCase() ?? "identity";
  if (encoding === "identity" || encoding === "" || method === "HEAD") return answer;
  // A range of an encoded body can't be decoded alone, and its offsets are not those of the file.
  const zlib = answer.statusCode === 206 ? undefined : await import("node:zlib");
  const make = { gzip: zlib?.createGunzip, deflate: zlib?.createInflate, br: zlib?.createBrotliDecompress }[encoding];
  if (make === undefined) {
    answer.destroy();
    throw badAnswer(url, `content-encoding ${encoding} was not asked for`);
  }
  const decoder = make();
  answer.on("error", (error) => decoder.destroy(error));
  return answer.pipe(decoder);
}

async function* faultsNamed(
  url: URL,
  source: Readable,
  signal: AbortSignal | undefined,
  received: () => number,
): AsyncGenerator<Uint8Array> {
  try {
    signal?.throwIfAborted();
    for await (const chunk of source) {
      if (chunk instanceof Uint8Array) yield chunk;
    }
  } catch (error) {
    throw signal?.aborted === true ? signal.reason : namedFault(url, error, received());
  }
}

function namedFault(url: URL, error: unknown, received: number | undefined): TransferError {
  if (error instanceof TransferError) return error;
  const code = systemCode(error) ?? "";
  if (code.startsWith("HPE_") || code.startsWith("Z_")) return badAnswer(url, code);
  return connectionError(url, error, received);
}

/** Bytes the body will have after decoding, where that is known. */
function ownLength(answer: IncomingMessage, method: string, decoded: boolean): number | undefined {
  const status = answer.statusCode ?? 0;
  if (method === "HEAD" || status === 204 || status === 304) return 0;
  const length = answer.headers["content-length"];
  return decoded || length === undefined ? undefined : Number(length);
}

function headerOf(answer: IncomingMessage, name: string): string | null {
  const value = answer.headers[name.toLowerCase()];
  return Array.isArray(value) ? value.join(", ") : (value ?? null);
}
