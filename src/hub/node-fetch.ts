import { Agent, request as httpRequest } from "node:http";
import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import { NetworkError } from "../core/errors.ts";
import type { Fetch, FetchInit, FetchResponse } from "../core/ports.ts";
import { openTunnel, proxyFor, proxyHeaders } from "./proxy.ts";
import type { ProxySettings } from "./proxy.ts";
import type { GiveUp, TlsOptions } from "./tls-agent.ts";

export interface NodeFetchOptions {
  /** PEM certificates to trust instead of Node's own list (to which `NODE_EXTRA_CA_CERTS` adds), for `SSL_CERT_FILE`. */
  readonly ca?: readonly string[] | undefined;
  readonly proxy?: ProxySettings | undefined;
  /** Bytes that the head of an answer may have. @default 65_536 */
  readonly maxHeaderBytes?: number | undefined;
}

export type NodeFetch = Fetch & {
  /** Closes the kept connections. */
  close(): void;
};

type Send = (url: URL, options: RequestOptions & GiveUp, answered: (answer: IncomingMessage) => void) => ClientRequest;

/**
 * A {@link Fetch} over `node:http` and `node:https`, with kept connections: the global one costs about 80 ms at its
 * first use. Follows no redirects, sets no headers but `host` and `content-length`, decodes what it is sent encoded.
 * Rejects with the system's error, or with the signal's reason.
 */
export function createNodeFetch(options: NodeFetchOptions = {}): NodeFetch {
  const agents = new Map<string, Agent>();
  const plain = createPlainSend(agents);
  let secure: Promise<(proxy: URL | undefined) => Send> | undefined;
  const maxHeaderSize = options.maxHeaderBytes ?? 64 * 1024;

  const nodeFetch: Fetch = async (address, init) => {
    const url = new URL(address);
    const proxy = options.proxy === undefined ? undefined : proxyFor(url, options.proxy);
    const send =
      url.protocol === "http:" ? plain(proxy) : (await (secure ??= createSecureSend(options, agents)))(proxy);
    const once = (): Promise<IncomingMessage> => exchange(send, url, init, maxHeaderSize);
    const answer = await once().catch((error: unknown) => {
      // The peer closed a kept connection just as it was used again. Nobody has seen the request.
      if (isStale(error) && (init.method === "GET" || init.method === "HEAD")) return once();
      throw error;
    });
    return readable(answer, init);
  };
  return Object.assign(nodeFetch, {
    close: () => {
      for (const agent of agents.values()) agent.destroy();
    },
  });
}

const stale = new WeakSet<object>();

function isStale(error: unknown): boolean {
  return typeof error === "object" && error !== null && stale.has(error);
}

function createPlainSend(agents: Map<string, Agent>): (proxy: URL | undefined) => Send {
  const agent = new Agent({ keepAlive: true });
  agents.set("plain", agent);
  return (proxy) => (url, options, answered) => {
    if (proxy === undefined) return httpRequest({ ...options, ...whereTo(url), agent }, answered);
    const headers = { host: url.host, ...(options.headers as Record<string, string>), ...proxyHeaders(proxy) };
    return httpRequest(
      { ...options, ...whereTo(proxy), path: url.origin + url.pathname + url.search, headers, agent },
      answered,
    );
  };
}

async function createSecureSend(
  options: NodeFetchOptions,
  agents: Map<string, Agent>,
): Promise<(proxy: URL | undefined) => Send> {
  const { request } = await import("node:https");
  const { createTlsAgent } = await import("./tls-agent.ts");
  return (proxy) => {
    const key = `secure ${proxy?.href ?? ""}`;
    const tunnel: TlsOptions["tunnel"] =
      proxy === undefined ? undefined : (host, port, giveUp) => openTunnel(proxy, host, port, giveUp);
    const agent = agents.get(key) ?? createTlsAgent({ ca: options.ca, tunnel });
    agents.set(key, agent);
    return (url, options, answered) => request({ ...options, ...whereTo(url), agent }, answered);
  };
}

/** Never the URL itself: Node would make a credential of the user and password in it. */
function whereTo(url: URL): { host: string; port: string; path: string } {
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return { host: url.hostname.replace(/^\[|\]$/g, ""), port, path: url.pathname + url.search };
}

function exchange(send: Send, url: URL, init: FetchInit, maxHeaderSize: number): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const signal = init.signal;
    signal?.throwIfAborted();
    const headers: Record<string, string | number> = { ...init.headers };
    const body = typeof init.body === "string" ? Buffer.from(init.body) : init.body;
    if (body !== undefined) headers["content-length"] = body.length;
    else if (init.method !== "GET" && init.method !== "HEAD") headers["content-length"] = 0;
    let answer: IncomingMessage | undefined;
    const request = send(url, { method: init.method, headers, maxHeaderSize, giveUp: signal }, (message) => {
      answer = message;
      // After the head the body's reader gets the errors; without a reader nobody needs them.
      message.on("error", () => {});
      message.once("close", () => signal?.removeEventListener("abort", abort));
      resolve(message);
    });
    const abort = (): void => {
      const reason: Error = signal?.reason instanceof Error ? signal.reason : new Error("aborted");
      reject(signal?.reason);
      request.on("error", () => {});
      answer?.destroy(reason);
      request.destroy(reason);
    };
    signal?.addEventListener("abort", abort, { once: true });
    request.on("error", (error: NodeJS.ErrnoException) => {
      signal?.removeEventListener("abort", abort);
      if (request.reusedSocket && error.code === "ECONNRESET") stale.add(error);
      reject(error);
    });
    // A peer can't change the protocol of a connection, nor take it over.
    request.on("upgrade", (_message, socket) => {
      socket.on("error", () => {});
      socket.destroy();
      signal?.removeEventListener("abort", abort);
      reject(
        new NetworkError("ERR_HF_BAD_ANSWER", `${url.host} asked for another protocol instead of answering.`, {
          hint: "Check HF_ENDPOINT, and proxies on the way.",
        }),
      );
    });
    request.end(body);
  });
}

async function readable(answer: IncomingMessage, init: FetchInit): Promise<FetchResponse> {
  const encoding = answer.headers["content-encoding"]?.toLowerCase().trim() ?? "identity";
  const bare = init.method === "HEAD" || answer.statusCode === 204 || answer.statusCode === 304;
  if (bare) answer.resume();
  const decoded = bare || encoding === "identity" || encoding === "" ? undefined : await decoder(encoding);
  const gone = decoded === undefined ? [] : ["content-encoding", "content-length"];
  return {
    status: answer.statusCode ?? 0,
    headers: { get: (name) => (gone.includes(name.toLowerCase()) ? null : headerOf(answer, name)) },
    body: bare ? null : decoded === undefined ? answer : decodedBody(answer, decoded),
  };
}

/** Repeated headers come joined, as the Fetch standard has it. */
function headerOf(answer: IncomingMessage, name: string): string | null {
  const value = answer.headersDistinct[name.toLowerCase()];
  return value === undefined ? null : value.join(", ");
}

async function decoder(encoding: string): Promise<NodeJS.ReadWriteStream | undefined> {
  const zlib = await import("node:zlib");
  if (encoding === "gzip" || encoding === "x-gzip") return zlib.createGunzip();
  if (encoding === "deflate") return zlib.createInflate();
  if (encoding === "br") return zlib.createBrotliDecompress();
  return undefined;
}

async function* decodedBody(answer: IncomingMessage, decoded: NodeJS.ReadWriteStream): AsyncGenerator<Uint8Array> {
  const { pipeline } = await import("node:stream/promises");
  const piped = pipeline(answer, decoded);
  piped.catch(() => {});
  try {
    for await (const chunk of decoded) if (chunk instanceof Uint8Array) yield chunk;
    await piped;
  } finally {
    answer.destroy();
  }
}
