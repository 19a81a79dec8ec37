import { isIP, connect as connectTcp, type OnReadOpts, type Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { badAnswer, connectionError, cutError, timeoutError } from "./transfer-error.ts";
import { findHeadEnd, HEAD_LIMIT, parseHead, type ResponseHead } from "./transfer-head.ts";
import type { Slots } from "./transfer-slots.ts";
import { BodyStream } from "./transfer-stream.ts";
import type { OnBytes } from "./transfer-types.ts";

/** A request as it goes on the wire, and how long its steps may take. */
export interface WireRequest {
  readonly method: "GET" | "HEAD";
  /** Request line and headers, blank line included. */
  readonly text: string;
  readonly headTimeoutMs: number;
  readonly idleTimeoutMs: number;
}

/** What a connection needs from its pool. */
export interface ConnectionPorts {
  readonly slots: Slots;
  /** The connection has nothing to do: it may be used again, or is closed. Called once after each request. */
  onFree(connection: Connection): void;
  /** Makes the TLS layer; absent for plain http. */
  readonly secure?: (options: ConnectionOptions & { readonly onread: OnReadOpts }) => Socket;
}

/** Bodies up to this size are read whole into the head's buffer and leave the connection at once. */
const BUFFER_BYTES = 2 * HEAD_LIMIT;
/** Servers close idle connections after 5 s (Node) to 75 s (nginx); a request on a dying one must be sent twice. */
const IDLE_MS = 4_000;

type Phase = "idle" | "head" | "small" | "stream" | "closed";

/**
 * One HTTP/1.1 connection that reads bodies of a known length straight from the socket into buffers it owns. No byte
 * of a body passes through a JavaScript stream: `onread` gives the bytes of the kernel without an allocation.
 */
export class Connection {
  readonly #url: URL;
  readonly #ports: ConnectionPorts;
  readonly #socket: Socket;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  #target: Uint8Array;
  #phase: Phase = "idle";
  #filled = 0;
  #searched = 0;
  #request: WireRequest | undefined;
  #head: { resolve(body: WireBody): void; reject(error: unknown): void } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #body: WireBody | undefined;
  #stream: BodyStream | undefined;
  #reusable = true;
  #dropped = false;

  constructor(url: URL, ports: ConnectionPorts) {
    this.#url = url;
    this.#ports = ports;
    this.#target = this.#buffer;
    const onread: OnReadOpts = {
      buffer: () => this.#target,
      callback: (count) => this.#onRead(count),
    };
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
    const where = { host, port, onread };
    this.#socket = ports.secure?.({ ...where, servername: isIP(host) === 0 ? host : "" }) ?? connectTcp(where);
    this.#socket.setNoDelay(true);
    this.#socket.on("error", (error) => this.#onError(error));
    this.#socket.on("end", () => this.#onEnd());
    this.#socket.on("close", () => this.#onEnd());
    this.#socket.on("timeout", () => this.#onTimeout());
    this.#socket.resume();
  }

  get open(): boolean {
    return this.#phase === "idle" && this.#reusable;
  }

  /** True when the peer closed the connection before the first byte of an answer: the request may be sent again. */
  get stale(): boolean {
    return this.#dropped && this.#filled === 0;
  }

  /** Sends a request and waits for the head of its answer. The connection must be {@link open}. */
  send(request: WireRequest): Promise<WireBody> {
    this.#phase = "head";
    this.#filled = 0;
    this.#searched = 0;
    this.#request = request;
    this.#body = undefined;
    this.#stream = undefined;
    this.#socket.ref();
    this.#socket.setTimeout(0);
    this.#timer = setTimeout(
      () => this.#fail(timeoutError(this.#url, request.headTimeoutMs, request.method)),
      request.headTimeoutMs,
    );
    this.#socket.write(request.text, "latin1");
    return new Promise((resolve, reject) => {
      this.#head = { resolve, reject };
    });
  }

  /** Ends the connection; what waits for it rejects with `error`. */
  destroy(error: unknown): void {
    this.#fail(error);
  }

  /** Returns whether the socket may go on reading into `#target`. */
  #onRead(count: number): boolean {
    if (this.#phase === "stream") return this.#stream?.accept(count) ?? false;
    if (this.#phase === "head" || this.#phase === "small") {
      this.#filled += count;
      if (this.#phase === "head") this.#readHead();
      else this.#finishSmall();
      return this.#stream === undefined;
    }
    // Bytes that nobody asked for: what follows on this connection could be taken for an answer.
    this.#fail(badAnswer(this.#url, "bytes came without a request"));
    return false;
  }

  #readHead(): void {
    for (;;) {
      const end = findHeadEnd(this.#buffer, this.#searched, this.#filled);
      if (end === "more") {
        this.#searched = this.#filled;
        this.#target = this.#buffer.subarray(this.#filled);
        return;
      }
      if (typeof end !== "number") return this.#fail(badAnswer(this.#url, end.wrong));
      const head = parseHead(this.#buffer.subarray(0, end), this.#request?.method ?? "GET");
      if ("wrong" in head) return this.#fail(badAnswer(this.#url, head.wrong));
      if (head.status >= 200) return this.#begin(head, end);
      if (head.status === 101) return this.#fail(badAnswer(this.#url, "it changed the protocol"));
      // An informational answer (RFC 9110 section 15.2) is skipped; the time for the head goes on running.
      this.#buffer.copyWithin(0, end, this.#filled);
      this.#filled -= end;
      this.#searched = 0;
    }
  }

  #begin(head: ResponseHead, end: number): void {
    clearTimeout(this.#timer);
    if (!head.keepAlive) this.#reusable = false;
    const length = head.framing.kind === "length" ? head.framing.length : 0;
    const resolve = this.#head?.resolve;
    this.#head = undefined;
    const body = new WireBody(head, isNarrow(head), this);
    this.#body = body;
    if (!body.narrow) {
      this.#reusable = false;
      this.#close();
    } else if (length <= BUFFER_BYTES - end) {
      this.#phase = "small";
      body.start = end;
      body.length = length;
      if (this.#request !== undefined) this.#socket.setTimeout(this.#request.idleTimeoutMs);
      this.#finishSmall();
    } else {
      this.#phase = "stream";
      body.length = length;
      const early = this.#buffer.subarray(end, this.#filled);
      this.#stream = new BodyStream(length, early, this.#ports.slots, {
        retarget: (target) => {
          this.#target = target;
        },
        resume: () => {
          this.#socket.setTimeout(this.#request?.idleTimeoutMs ?? 0);
          this.#socket.resume();
        },
        onComplete: (excess) => {
          if (excess) this.#reusable = false;
          this.#release();
        },
        onFail: (error) => this.#fail(error),
      });
      body.stream = this.#stream;
    }
    resolve?.(body);
  }

  #finishSmall(): void {
    const body = this.#body;
    if (body === undefined) return;
    const end = body.start + body.length;
    this.#target = this.#buffer.subarray(this.#filled);
    if (this.#filled < end) return;
    // Bytes behind the body's end belong to no request.
    if (this.#filled > end) this.#reusable = false;
    body.settle(this.#buffer.slice(body.start, end), undefined);
    this.#release();
  }

  /** The answer was read to its end. */
  #release(): void {
    this.#request = undefined;
    this.#target = this.#buffer;
    if (!this.#reusable) return this.#close();
    this.#phase = "idle";
    this.#filled = 0;
    this.#socket.setTimeout(IDLE_MS);
    this.#socket.unref();
    this.#ports.onFree(this);
  }

  #onTimeout(): void {
    if (this.#phase === "idle") return this.#close();
    // While the consumer is the slow one, the peer has no chance to send.
    if (this.#phase === "stream" && this.#stream?.waits === true) return;
    const ms = this.#request?.idleTimeoutMs ?? 0;
    this.#fail(timeoutError(this.#url, ms, this.#request?.method ?? "GET", this.#received()));
  }

  #onError(error: Error): void {
    if (this.#phase === "head") this.#dropped = true;
    this.#fail(connectionError(this.#url, error, this.#received()));
  }

  #onEnd(): void {
    if (this.#phase === "closed") return;
    if (this.#phase === "head") this.#dropped = true;
    if (this.#phase === "idle") return this.#close();
    const received = this.#received();
    if (received === undefined) this.#fail(connectionError(this.#url, new Error("it was closed without an answer")));
    else this.#fail(cutError(this.#url, received, this.#body?.length));
  }

  #received(): number | undefined {
    if (this.#phase === "stream") return this.#stream?.came;
    if (this.#phase === "small") return this.#filled - (this.#body?.start ?? 0);
    return undefined;
  }

  #fail(error: unknown): void {
    if (this.#phase === "closed") return;
    const phase = this.#phase;
    const stream = this.#stream;
    const body = this.#body;
    const partial = phase === "small" && body !== undefined ? this.#buffer.slice(body.start, this.#filled) : undefined;
    this.#close();
    this.#head?.reject(error);
    if (partial !== undefined) body?.settle(partial, error);
    if (phase === "stream") stream?.fail(error);
  }

  #close(): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    clearTimeout(this.#timer);
    this.#socket.destroy();
    this.#ports.onFree(this);
  }
}

/** Told by a length and not encoded. A body of no bytes has no encoding. */
function isNarrow({ framing, encoding }: ResponseHead): boolean {
  return framing.kind === "none" || (framing.kind === "length" && (encoding === undefined || framing.length === 0));
}

/** The body behind a head, with the two ways in which it is read. */
export class WireBody {
  readonly head: ResponseHead;
  /** False when the end of the body is not told by a length: the connection is closed already. */
  readonly narrow: boolean;
  readonly #connection: Connection;
  start = 0;
  length = 0;
  stream: BodyStream | undefined;
  #whole: { readonly bytes: Uint8Array; readonly error: unknown } | undefined;
  #waiting: (() => void) | undefined;
  #taken = false;

  constructor(head: ResponseHead, narrow: boolean, connection: Connection) {
    this.head = head;
    this.narrow = narrow;
    this.#connection = connection;
  }

  settle(bytes: Uint8Array, error: unknown): void {
    this.#whole = { bytes, error };
    this.#waiting?.();
  }

  async receive(onBytes: OnBytes): Promise<number> {
    if (this.#taken) throw new TypeError("a body can be received once");
    this.#taken = true;
    if (this.stream !== undefined) return this.stream.receive(onBytes);
    if (this.#whole === undefined) await new Promise<void>((resolve) => (this.#waiting = resolve));
    const whole = this.#whole;
    if (whole === undefined) return 0;
    if (whole.bytes.length > 0) await onBytes(whole.bytes);
    if (whole.error !== undefined) throw whole.error;
    return whole.bytes.length;
  }

  /** Breaks the body off: a `receive` under way rejects with `error`. */
  abort(error: unknown): void {
    if (this.#whole === undefined && this.stream?.complete !== true) this.#connection.destroy(error);
  }

  /** Gives the body up. A short one that nobody waits for is let in, so that the connection can be kept. */
  cancel(): void {
    if (this.stream !== undefined || this.#taken) this.abort(new Error("the body was cancelled"));
    this.#taken = true;
  }
}
