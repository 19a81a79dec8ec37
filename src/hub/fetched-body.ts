import type { Fetch, RequestBody } from "../core/ports.ts";
import { networkError, timeoutError } from "./network-errors.ts";
import type { OpenBody, OpenedBody } from "./transfer-types.ts";

/** One hop, as a transport is asked for it. */
export interface HopRequest {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: RequestBody | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the head of the answer must be there. */
  readonly headTimeoutMs: number;
  /** Milliseconds the body may stand still. */
  readonly idleTimeoutMs: number;
  /** On a new connection, where the transport can choose; a `fetch` chooses its connections itself. */
  readonly fresh?: boolean | undefined;
}

/** Sends one hop and gives the head of its answer, whatever its status. */
export type Transport<A extends OpenedBody> = (url: URL, request: HopRequest) => Promise<A>;

/** An opened body that can also be read at the reader's pace. */
export interface FetchedBody extends OpenedBody {
  /** The body, once, instead of `receive`; the connection is given up when the reader stops early. */
  chunks(): AsyncGenerator<Uint8Array>;
}

/** Time limits and coded errors around a `fetch`. Every failure is an HfError, or the signal's reason. */
export function transportOver(fetch: Fetch): Transport<FetchedBody> {
  return async (url, { method, headers, body, signal, headTimeoutMs, idleTimeoutMs }) => {
    signal?.throwIfAborted();
    const stop = new AbortController();
    const follow = (): void => stop.abort(signal?.reason);
    signal?.addEventListener("abort", follow, { once: true });
    const release = (): void => signal?.removeEventListener("abort", follow);
    const limit = (ms: number): NodeJS.Timeout =>
      setTimeout(() => stop.abort(timeoutError(url.host, undefined, ms)), ms);
    const explain = (error: unknown): unknown => {
      if (signal?.aborted === true) return signal.reason;
      return networkError(stop.signal.aborted ? stop.signal.reason : error, url);
    };

    const head = limit(headTimeoutMs);
    const init = { method, headers, redirect: "manual", signal: stop.signal } as const;
    const response = await fetch(url.href, body === undefined ? init : { ...init, body })
      .catch((error: unknown) => {
        release();
        throw explain(error);
      })
      .finally(() => clearTimeout(head));
    if (response.body === null) release();
    const bare = response.body === null || method === "HEAD";
    const length = bare ? 0 : bodyLength(response.headers);
    let taken = false;

    async function* chunks(): AsyncGenerator<Uint8Array> {
      if (taken) throw new TypeError("a body can be received once");
      taken = true;
      let idle = limit(idleTimeoutMs);
      let received = 0;
      let finished = false;
      try {
        for await (const chunk of response.body ?? []) {
          clearTimeout(idle);
          received += chunk.length;
          yield chunk;
          idle = limit(idleTimeoutMs);
        }
        if (length !== undefined && received !== length) throw new Error(`${received} of ${length} bytes came`);
        finished = true;
      } catch (error) {
        throw explain(error);
      } finally {
        clearTimeout(idle);
        release();
        if (!finished) stop.abort(new Error("the body was given up"));
      }
    }

    return {
      status: response.status,
      headers: response.headers,
      length,
      chunks,
      async receive(onBytes) {
        let received = 0;
        for await (const chunk of chunks()) {
          received += chunk.length;
          await onBytes(chunk);
        }
        return received;
      },
      cancel() {
        release();
        stop.abort(new Error("the body was given up"));
      },
    };
  };
}

/** File bodies through a `fetch`: the way when one was injected, or a proxy stands between. */
export function openBodyOver(fetch: Fetch): OpenBody {
  const transport = transportOver(fetch);
  return (url, headers, options = {}) =>
    transport(url, {
      method: options.method ?? "GET",
      headers: { "accept-encoding": "identity", ...headers },
      signal: options.signal,
      headTimeoutMs: options.headTimeoutMs ?? 10_000,
      idleTimeoutMs: options.idleTimeoutMs ?? 10_000,
    });
}

/** What the head says of the body's length; a `fetch` may have decoded the body and left the old length standing. */
function bodyLength(headers: { get(name: string): string | null }): number | undefined {
  const text = headers.get("content-length");
  const encoded = (headers.get("content-encoding") ?? "identity") !== "identity";
  return text !== null && !encoded && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
