/** What the caller decides about one hop of a file transfer. */
export interface TransferOptions {
  /** @default "GET" */
  readonly method?: "GET" | "HEAD";
  readonly signal?: AbortSignal;
  /** Milliseconds from the start until the head of the answer is there. @default 10_000 */
  readonly headTimeoutMs?: number;
  /** Milliseconds the body may stand still. @default 10_000 */
  readonly idleTimeoutMs?: number;
  /** On a connection that brought nothing before: what an earlier one brought was wrong. @default false */
  readonly fresh?: boolean;
  /** PEM certificates to trust instead of the list that Node brings. */
  readonly ca?: readonly string[];
}

/** Takes bytes of a body in order. They are valid until the callee returns, or until its promise settles. */
export type OnBytes = (bytes: Uint8Array) => void | Promise<void>;

/** An answer whose head was read and whose body still waits on the connection. */
export interface OpenedBody {
  readonly status: number;
  /** Header values by name in any case; null where there is none. */
  readonly headers: { get(name: string): string | null };
  /** Bytes the body will have, where the head said so. 0 for an answer without a body. */
  readonly length: number | undefined;
  /**
   * Delivers the body once, to its end, and gives the number of bytes.
   * @throws NetworkError when the connection ends before `length`, stands still or breaks: what came before has been
   *   delivered, and may be continued with a range
   */
  receive(onBytes: OnBytes): Promise<number>;
  /** Gives the body up. Safe at any time, also twice; a `receive` under way rejects. */
  cancel(): void;
}

/**
 * One request and the head of its answer, on one hop: redirects and refusals are given back as they came. Headers are
 * sent as handed in. Rejects with the signal's reason when aborted.
 * @throws NetworkError the connection failed, or the answer's head was not HTTP
 */
export type OpenBody = (url: URL, headers: Record<string, string>, options?: TransferOptions) => Promise<OpenedBody>;
