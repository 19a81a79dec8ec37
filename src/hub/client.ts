import { systemClock } from "../core/clock.ts";
import type { Credential } from "../core/credential.ts";
import { NetworkError } from "../core/errors.ts";
import type { Clock, Fetch, Warn } from "../core/ports.ts";
import type { WaitBoard } from "../core/wait-board.ts";
import { encodeValues, hubAddress } from "./address.ts";
import type { Values } from "./address.ts";
import { webPageError } from "./errors.ts";
import { isWebPage } from "./refusal.ts";
import type { Subject } from "./refusal.ts";
import { createExchange } from "./exchange.ts";
import type { Call, Reached } from "./exchange.ts";
import { openBodyOver, transportOver } from "./fetched-body.ts";
import type { Transport } from "./fetched-body.ts";
import { nextPage } from "./links.ts";
import { SlowAnswerError } from "./network-errors.ts";
import { createNodeFetch } from "./node-fetch.ts";
import { proxyFor } from "./proxy.ts";
import type { ProxySettings } from "./proxy.ts";
import { readBody } from "./read-body.ts";
import type { RedirectPolicy } from "./redirects.ts";
import { RETRIED } from "./retry.ts";
import type { ShowWait } from "./retry.ts";
import type { OpenBody, OpenedBody } from "./transfer-types.ts";
import { userAgent } from "./user-agent.ts";

export interface HubClientOptions {
  /** Base address of the Hub, as `parseEndpoint` gives it; may hold a path. */
  readonly endpoint: string;
  /** Sent to its own origin only. @default none: anonymous */
  readonly credential?: Credential;
  /**
   * Gives the credential anew, for work that outlasts it: asked before a call in its last five minutes and after its
   * end. What it throws then, the call throws. @default it is used as it is
   */
  readonly renewCredential?: (() => Promise<Credential>) | undefined;
  /** @default one over `node:http` and `node:https` */
  readonly fetch?: Fetch;
  /** Transfers one file body on one hop. @default straight from the socket; over `fetch` when that is given */
  readonly openBody?: OpenBody;
  /** PEM certificates to trust instead of Node's own list. Not for an injected `fetch`. */
  readonly ca?: readonly string[];
  /** Proxies on the way. Not for an injected `fetch`. @default none */
  readonly proxy?: ProxySettings;
  /** @default the real clock */
  readonly clock?: Clock;
  /** In [0, 1). @default Math.random */
  readonly random?: () => number;
  /** @default userAgent() */
  readonly userAgent?: string;
  /** Milliseconds until the head of an answer must be there, and that a body may stand still. @default 10_000 */
  readonly requestTimeoutMs?: number;
  /** The same for a GET of a file's bytes. @default 30_000 */
  readonly transferTimeoutMs?: number;
  /** Tries after the first, for calls that may be repeated. @default 5 */
  readonly retries?: number;
  /** Milliseconds that a wait may have; where the Hub asks for more, the call fails with the time in it. @default 60_000 */
  readonly maxWaitMs?: number;
  /** Refuse every call before a socket is opened. @default false */
  readonly offline?: boolean;
  /** Takes what the person should know while a call works: waits, and the Hub's own warnings. */
  readonly warn?: Warn;
  /** Shows a wait of a second or more, in place of a warning; what it answers is called at the wait's end. */
  readonly showWait?: ShowWait;
  /** Where calls of several processes learn of a limit that one of them met. @default none */
  readonly board?: WaitBoard;
  /** Takes one redacted line for each request that was sent. */
  readonly onExchange?: (line: string) => void;
}

export interface CallOptions {
  /** @default "GET", with a body "POST" */
  readonly method?: string;
  readonly query?: Values;
  /** Body, one of three: a value sent as JSON, */
  readonly json?: unknown;
  /** a form, */
  readonly form?: Values;
  /** or lines of JSON. */
  readonly ndjson?: string;
  /** For every hop of the chain, so never a secret. */
  readonly headers?: Readonly<Record<string, string>>;
  /** `"refuse"` for calls with a secret in the body. @default "follow" */
  readonly redirect?: RedirectPolicy;
  /** The call may be sent again after a failure. @default true for GET and HEAD */
  readonly repeatable?: boolean;
  /** @default the client's */
  readonly retries?: number;
  /** Milliseconds that one wait may have, as for the client; of this call alone. @default the client's */
  readonly maxWaitMs?: number;
  /** @default the client's `requestTimeoutMs` */
  readonly timeoutMs?: number;
  /** For file bodies: on connections that served no call before. @default false */
  readonly fresh?: boolean;
  /** Leave the credential out. @default false */
  readonly anonymous?: boolean;
  /** What the call is about, for the words of its refusal. @default read from the address */
  readonly subject?: Subject;
  /**
   * `"return"`: every status is an answer, for callers that read refusals themselves. `"final"`: every one is that another
   * try would not change; of the others the last is thrown. @default "throw"
   */
  readonly refusals?: "throw" | "return" | "final";
  /** Bytes of body that are taken into memory. @default 67_108_864 */
  readonly maxBytes?: number;
  /** Milliseconds for such a body, once its head is there. @default 60_000; a page of a list has 300_000 */
  readonly totalMs?: number;
  readonly signal?: AbortSignal;
}

/** An answer that was read whole. */
export interface HubAnswer {
  readonly status: number;
  /** Where it came from, after redirects. */
  readonly url: URL;
  readonly headers: { get(name: string): string | null };
  readonly text: string;
  /** @throws NetworkError `ERR_HF_BAD_ANSWER` it is a web page, or no JSON */
  json(): unknown;
}

/** An answer whose body is read by the caller, or given up. */
export interface HubResponse extends Omit<HubAnswer, "text" | "json"> {
  /** Can be read once; time limits hold while it is. */
  readonly body: AsyncIterable<Uint8Array>;
  cancel(): void;
}

/**
 * The Hub over HTTP, for one credential. Paths are below the endpoint and percent-encoded; an address may be given as a
 * `URL` too. All calls throw: HfError subclasses for refusals, OfflineError, the signal's reason when aborted.
 */
export interface HubClient {
  readonly endpoint: string;
  readonly credential: Credential | undefined;
  /** Sends, follows, retries, and reads the answer whole. */
  request(target: string | URL, options?: CallOptions): Promise<HubAnswer>;
  /** The body of an answer as JSON: of no known shape until the caller has narrowed it. */
  json(target: string | URL, options?: CallOptions): Promise<unknown>;
  /** The pages of a list, fetched as they are asked for. Never from another origin than the endpoint's. */
  pages(path: string, options?: CallOptions): AsyncIterable<unknown[]>;
  /** As `request`, with the body left on the connection: read it or cancel it. */
  open(target: string | URL, options?: CallOptions): Promise<HubResponse>;
  /** As `open`, over the transfer path for file bodies; GET and HEAD. See `openFile`. */
  openBody(target: string | URL, options?: CallOptions): Promise<Reached<OpenedBody>>;
  /**
   * A client of another service, with this one's certificates, proxies and patience, and that service's own credential
   * or none. Closed with this one.
   */
  at(endpoint: string, credential: Credential | undefined): HubClient;
  /** Closes the connections that it keeps. They do not keep a process alive; a server's `close()` waits for them. */
  close(): void;
}

const MAX_MEMORY_BODY = 64 * 1024 * 1024;
/** Objects, lists and their members in one answer: a listing of a million files has fewer. */
const MAX_VALUES = 5_000_000;
const MAX_PAGES = 100_000;
/** Pages with nothing on them. A list may end in one; a peer that never ends may send nothing else. */
const MAX_EMPTY_PAGES = 100;
/** Milliseconds of waiting for pages, over all: a thousand of them, for a million files, take less. */
const MAX_PAGES_MS = 1_800_000;
const TOTAL_MS = 60_000;
const PAGE_TOTAL_MS = 300_000;
/** About 4,000 bits a second: slower than any line, and than any Hub that means to be understood. */
const SLOWEST = { bytes: 16 * 1024, inMs: 30_000 };

export function createHubClient(options: HubClientOptions): HubClient {
  const { endpoint, credential, clock = systemClock, transferTimeoutMs = 30_000 } = options;
  const others: HubClient[] = [];
  const own = options.fetch === undefined ? createNodeFetch({ ca: options.ca, proxy: options.proxy }) : undefined;
  const fetch = options.fetch ?? own;
  if (fetch === undefined) throw new TypeError("no fetch");
  const transport = transportOver(fetch);
  const exchange = createExchange({
    endpoint,
    credential,
    renewCredential: options.renewCredential,
    clock,
    random: options.random ?? Math.random,
    userAgent: options.userAgent ?? userAgent(),
    requestTimeoutMs: options.requestTimeoutMs ?? 10_000,
    retries: options.retries ?? 5,
    maxWaitMs: options.maxWaitMs ?? 60_000,
    offline: options.offline ?? false,
    warn: options.warn,
    showWait: options.showWait,
    board: options.board,
    onExchange: options.onExchange,
  });
  const straight = createStraightBodies(options.ca);
  const overFetch = openBodyOver(fetch);
  const bodies: Transport<OpenedBody> = async (url, request) => {
    const isProxied = options.proxy !== undefined && proxyFor(url, options.proxy) !== undefined;
    const open = options.openBody ?? (options.fetch !== undefined || isProxied ? overFetch : await straight.get());
    const { method, headers, signal, headTimeoutMs, idleTimeoutMs, fresh } = request;
    if (method !== "GET" && method !== "HEAD") throw new TypeError(`file bodies are not asked for with ${method}`);
    return open(url, headers, {
      method,
      headTimeoutMs,
      idleTimeoutMs,
      ...(fresh === undefined ? {} : { fresh }),
      ...(signal === undefined ? {} : { signal }),
      ...(options.ca === undefined ? {} : { ca: options.ca }),
    });
  };

  const client: HubClient = {
    endpoint,
    credential,
    request: (target, options = {}) =>
      exchange(callOf(endpoint, target, options, "gzip"), transport, async ({ answer, url }) => {
        const { maxBytes = MAX_MEMORY_BODY, totalMs = TOTAL_MS } = options;
        const limits = { maxBytes, totalMs, slowest: SLOWEST, longer: "refuse" } as const;
        const text = new TextDecoder().decode(await readBody(answer, url, limits));
        const { status, headers } = answer;
        return { status, url, headers, text, json: () => readJson(text, url, status, headers) };
      }),
    async json(target, options = {}) {
      return (await client.request(target, options)).json();
    },
    async *pages(path, options = {}) {
      const seen = new Set<string>();
      const { query, ...rest } = { totalMs: PAGE_TOTAL_MS, ...options };
      let empty = 0;
      let waitedMs = 0;
      let url: URL | undefined = hubAddress(endpoint, path, query);
      while (url !== undefined) {
        if (seen.has(url.href) || seen.size >= MAX_PAGES) throw badAnswer(url, "a list whose pages have no end");
        seen.add(url.href);
        const began = clock.now();
        const answer: HubAnswer = await client.request(url, rest);
        waitedMs += clock.now() - began;
        const page = answer.json();
        if (!Array.isArray(page)) throw badAnswer(url, "something else than a list");
        if (page.length === 0) empty++;
        if (empty > MAX_EMPTY_PAGES) throw badAnswer(url, "a list of empty pages");
        if (waitedMs > MAX_PAGES_MS) throw new SlowAnswerError(url.host, "the list had no end after half an hour");
        yield page;
        url = nextPage(answer.headers.get("link"), answer.url, endpoint);
      }
    },
    open: (target, options = {}) =>
      exchange(callOf(endpoint, target, options, "gzip"), transport, async ({ answer, url }) => {
        const { status, headers } = answer;
        return { status, url, headers, body: { [Symbol.asyncIterator]: () => answer.chunks() }, cancel: answer.cancel };
      }),
    openBody: (target, options = {}) => {
      const call = callOf(endpoint, target, options, "identity");
      const timeoutMs = call.timeoutMs ?? (call.method === "GET" ? transferTimeoutMs : undefined);
      return exchange({ ...call, timeoutMs }, bodies, async (reached) => reached);
    },
    at(endpoint, credential) {
      // Nor what would renew it, nor what is known of this service's limits.
      const { credential: _own, renewCredential: _renew, board: _board, ...settings } = options;
      const other = createHubClient({ ...settings, endpoint, ...(credential === undefined ? {} : { credential }) });
      others.push(other);
      return other;
    },
    close() {
      for (const other of others) other.close();
      own?.close();
      straight.close();
    },
  };
  return client;
}

/** The transfer path for file bodies, loaded and made when the first one is asked for. */
function createStraightBodies(ca: readonly string[] | undefined): { get(): Promise<OpenBody>; close(): void } {
  let made: Promise<{ openBody: OpenBody; close(): void }> | undefined;
  return {
    async get() {
      made ??= import("./transfer.ts").then(({ createTransfer }) => createTransfer());
      const { openBody } = await made;
      return (url, headers, options = {}) => openBody(url, headers, ca === undefined ? options : { ...options, ca });
    },
    close: () => void made?.then((transfer) => transfer.close()),
  };
}

function callOf(endpoint: string, target: string | URL, options: CallOptions, encoding: string): Call {
  const body = bodyOf(options);
  const method = (options.method ?? (body === undefined ? "GET" : "POST")).toUpperCase();
  return {
    url: typeof target === "string" ? hubAddress(endpoint, target, options.query) : withQuery(target, options.query),
    method,
    headers: { accept: "application/json, */*", "accept-encoding": encoding, ...options.headers },
    body,
    redirect: options.redirect ?? "follow",
    repeatable: options.repeatable ?? (method === "GET" || method === "HEAD"),
    retries: options.retries,
    maxWaitMs: options.maxWaitMs,
    timeoutMs: options.timeoutMs,
    fresh: options.fresh,
    anonymous: options.anonymous ?? false,
    subject: options.subject,
    signal: options.signal,
    accepts: ACCEPTED[options.refusals ?? "throw"],
  };
}

const ACCEPTED: Readonly<Record<NonNullable<CallOptions["refusals"]>, Call["accepts"]>> = {
  throw: (status) => status >= 200 && status < 300,
  return: () => true,
  final: (status) => !RETRIED.has(status),
};

function bodyOf({ json, form, ndjson }: CallOptions): Call["body"] {
  if (json !== undefined) return { content: JSON.stringify(json), type: "application/json" };
  if (form !== undefined) return { content: encodeValues(form), type: "application/x-www-form-urlencoded" };
  return ndjson === undefined ? undefined : { content: ndjson, type: "application/x-ndjson" };
}

function withQuery(url: URL, query: Values | undefined): URL {
  const copy = new URL(url);
  copy.hash = "";
  if (query !== undefined) copy.search = [copy.search.slice(1), encodeValues(query)].filter(Boolean).join("&");
  return copy;
}

function readJson(text: string, url: URL, status: number, headers: HubAnswer["headers"]): unknown {
  if (holdsTooMuch(text)) throw badAnswer(url, `more than ${MAX_VALUES} values`);
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch (cause) {
    if (isWebPage(headers)) throw webPageError(url, status);
    // Not the parser's own message: it quotes the text.
    throw badAnswer(url, cause instanceof SyntaxError ? "something that is no JSON" : "something unreadable");
  }
}

/** Two bytes of JSON can become sixty in memory, and minutes of work for its collector. */
function holdsTooMuch(text: string): boolean {
  let values = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    // , [ {
    if (unit === 44 || unit === 91 || unit === 123) values++;
  }
  return values > MAX_VALUES;
}

function badAnswer(url: URL, what: string): NetworkError {
  return new NetworkError("ERR_HF_BAD_ANSWER", `${url.host} answered to ${url.pathname} with ${what}.`, {
    hint: "Check that HF_ENDPOINT names a Hub, and that no proxy changes its answers.",
  });
}
