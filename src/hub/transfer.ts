import type { WireBody } from "./transfer-connection.ts";
import { TransferError } from "./transfer-error.ts";
import { openOrdinary } from "./transfer-ordinary.ts";
import { createPool, type Pool } from "./transfer-pool.ts";
import type { OpenBody, OpenedBody, TransferOptions } from "./transfer-types.ts";

export interface Transfer {
  /**
   * Bodies of a known length come straight from the socket; everything else (chunked, encoded, HTTP/1.0)
   * goes through Node's own client, with the same contract. Promises that `receive`'s callee returns may be
   * outstanding at the same time: only when the buffers are all in use does the connection wait.
   *
   * A long body occupies its connection until it is received or cancelled.
   */
  readonly openBody: OpenBody;
  /** Closes the connections, also those in use. */
  close(): void;
}

export interface TransferSetup {
  /** Connections to one origin at a time. @default 8 */
  readonly connections?: number;
}

const TIMEOUT_MS = 10_000;

export function createTransfer(setup: TransferSetup = {}): Transfer {
  const pool = createPool(setup.connections ?? 8);
  /** Origins whose last body was not for the narrow path: asking them twice for every file would be rude. */
  const odd = new Set<string>();
  return {
    async openBody(url, headers, options = {}) {
      if (url.protocol !== "http:" && url.protocol !== "https:")
        throw new TypeError(`not an http address: ${url.protocol}`);
      // Node's client would make credentials of it, and who may set those is decided elsewhere.
      if (url.username !== "" || url.password !== "") {
        throw new TransferError("ERR_HF_REDIRECT", `The address on ${url.host} holds a user name`);
      }
      const asked = { "accept-encoding": "identity", ...lowerCased(headers) };
      const times = {
        headTimeoutMs: options.headTimeoutMs ?? TIMEOUT_MS,
        idleTimeoutMs: options.idleTimeoutMs ?? TIMEOUT_MS,
      };
      if (!odd.has(url.origin)) {
        const body = await openNarrow(pool, url, asked, { ...options, ...times });
        if (body !== undefined) return body;
        odd.add(url.origin);
      }
      const body = await openOrdinary(url, asked, { ...options, ...times });
      if (body.length !== undefined) odd.delete(url.origin);
      return body;
    },
    close: () => pool.close(),
  };
}

async function openNarrow(
  pool: Pool,
  url: URL,
  headers: Record<string, string>,
  options: TransferOptions & { readonly headTimeoutMs: number; readonly idleTimeoutMs: number },
): Promise<OpenedBody | undefined> {
  const { method = "GET", signal, ca, fresh, headTimeoutMs, idleTimeoutMs } = options;
  const text = requestText(url, method, headers);
  const body = await pool.request(url, { method, text, headTimeoutMs, idleTimeoutMs }, { ca, signal, fresh });
  return body.narrow ? opened(body, signal) : undefined;
}

function opened(body: WireBody, signal: AbortSignal | undefined): OpenedBody {
  return {
    status: body.head.status,
    headers: { get: (name) => body.head.headers.get(name.toLowerCase()) ?? null },
    length: body.length,
    async receive(onBytes) {
      const stop = (): void => body.abort(signal?.reason);
      signal?.throwIfAborted();
      signal?.addEventListener("abort", stop, { once: true });
      try {
        return await body.receive(onBytes);
      } finally {
        signal?.removeEventListener("abort", stop);
      }
    },
    cancel: () => body.cancel(),
  };
}

/** Headers that decide where a request ends belong to this module alone. */
const OURS = new Set([
  "host",
  "connection",
  "content-length",
  "transfer-encoding",
  "upgrade",
  "te",
  "trailer",
  "expect",
]);

/** @throws TypeError for a name or value that would break the line it stands on */
function requestText(url: URL, method: string, headers: Record<string, string>): string {
  let text = `${method} ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\n`;
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name) || OURS.has(name)) throw new TypeError(`can't send a header ${name}`);
    if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) throw new TypeError(`can't send the value of the header ${name}`);
    text += `${name}: ${value}\r\n`;
  }
  return `${text}\r\n`;
}

function lowerCased(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
