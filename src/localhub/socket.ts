import type { IncomingMessage, ServerResponse } from "node:http";
import type { HubRequest, HubResponse } from "./http.ts";
import { isContent } from "./http.ts";
import { Refusal } from "./refusals.ts";

const DEFAULT_BODY_LIMIT = 64 * 1024 * 1024;
const MOST_DRAINED = 1024 * 1024;

export function toHubRequest(incoming: IncomingMessage, origin: "hub" | "cdn"): HubRequest {
  const target = incoming.url ?? "/";
  const question = target.indexOf("?");
  const path = question < 0 ? target : target.slice(0, question);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  const address = incoming.socket.localAddress ?? "127.0.0.1";
  return {
    method: incoming.method ?? "GET",
    origin,
    base: `http://${headers["host"] ?? `${address}:${incoming.socket.localPort}`}`,
    target,
    // A trailing slash means the same place; the root has no segments.
    segments: path.replace(/^\//, "").replace(/\/$/, "").split("/"),
    query: new URLSearchParams(question < 0 ? "" : target.slice(question + 1)),
    headers,
    body: {
      // A reader that stops early must not take the connection with it: the refusal still has to go out.
      stream: () => incoming.iterator({ destroyOnReturn: false }),
      async bytes(limit = DEFAULT_BODY_LIMIT) {
        const refusal = new Refusal(413, "Payload Too Large");
        if (Number(headers["content-length"] ?? 0) > limit) throw refusal;
        const parts: Buffer[] = [];
        let length = 0;
        // Leaving the loop early must not end the connection: the refusal goes through it.
        for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
          const part = Buffer.from(chunk as Uint8Array);
          length += part.length;
          if (length > limit) throw refusal;
          parts.push(part);
        }
        return Buffer.concat(parts);
      },
    },
  };
}

/**
 * Writes the answer, never faster than the client reads. Rejects when the body source fails or the client goes away.
 * `wrap` may change the bytes on their way; the head goes out before it is asked for the first.
 */
export async function sendResponse(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  response: HubResponse,
  wrap: ((bytes: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>) | undefined,
  onSent: (count: number) => void,
): Promise<void> {
  const headers: Record<string, string> = { ...response.headers };
  const length = lengthOf(response.body);
  if (response.framing === "close") {
    outgoing.removeHeader("Content-Length");
    outgoing.removeHeader("Transfer-Encoding");
  } else if (response.framing === undefined && length !== undefined && response.status !== 304) {
    if (!hasHeader(headers, "content-length")) headers["Content-Length"] = String(length);
  }
  if (!incoming.complete) {
    // An upload nobody read: small ones are drained so that the connection lives on, large ones end it.
    if (Number(incoming.headers["content-length"] ?? 0) > MOST_DRAINED) headers["Connection"] = "close";
    else drain(incoming);
  }
  outgoing.writeHead(response.status, headers);
  if (incoming.method === "HEAD" || response.status === 304 || response.body === undefined) {
    outgoing.end();
    return;
  }
  const bytes = bytesOf(response.body);
  if (wrap) outgoing.flushHeaders();
  for await (const chunk of wrap ? wrap(bytes) : bytes) {
    if (outgoing.destroyed) return;
    onSent(chunk.length);
    if (!outgoing.write(chunk)) await drained(outgoing);
  }
  outgoing.end();
}

export function lengthOf(body: HubResponse["body"]): number | undefined {
  if (body === undefined) return 0;
  if (Buffer.isBuffer(body)) return body.length;
  return isContent(body) ? body.size : undefined;
}

/** Chunked uploads tell their end only when it comes; some never do. */
function drain(incoming: IncomingMessage): void {
  let length = 0;
  incoming.on("data", (chunk: Uint8Array) => {
    length += chunk.length;
    if (length > MOST_DRAINED) incoming.destroy();
  });
  incoming.resume();
}

function hasHeader(headers: Record<string, string>, name: string): boolean {
  return Object.keys(headers).some((one) => one.toLowerCase() === name);
}

export async function* bytesOf(body: NonNullable<HubResponse["body"]>): AsyncGenerator<Uint8Array> {
  if (Buffer.isBuffer(body)) yield body;
  else if (isContent(body)) yield* body.read(0, body.size);
  else yield* body;
}

function drained(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      outgoing.off("drain", done);
      outgoing.off("close", done);
      resolve();
    };
    outgoing.on("drain", done);
    outgoing.on("close", done);
  });
}
