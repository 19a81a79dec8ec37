import { NetworkError, type HfErrorCode, type HfErrorOptions } from "../core/errors.ts";
import { networkError } from "./network-errors.ts";

/** A transfer that ended early. What came before has been delivered, so that a range can continue from there. */
export class TransferError extends NetworkError {
  /** Bytes of this body that were delivered. */
  readonly received: number;

  constructor(
    code: HfErrorCode,
    message: string,
    options: HfErrorOptions & { readonly received?: number | undefined } = {},
  ) {
    super(code, message, options);
    this.received = options.received ?? 0;
  }
}

/** The connection did not come to be, or broke. */
export function connectionError(url: URL, cause: unknown, received?: number): TransferError {
  const { code, message, hint } = networkError(cause, url);
  return new TransferError(code, message, { cause, received, ...(hint === undefined ? {} : { hint }) });
}

/** @param method of the request: a HEAD has less time than a GET, by a variable of its own */
export function timeoutError(url: URL, ms: number, method: string, received?: number): TransferError {
  const what = received === undefined ? "No answer from" : "No byte from";
  const variable = method === "HEAD" ? "HF_HUB_ETAG_TIMEOUT" : "HF_HUB_DOWNLOAD_TIMEOUT";
  return new TransferError("ERR_HF_TIMEOUT", `${what} ${url.host} for ${ms / 1000} s.`, {
    received,
    hint: `Check the network, then try again. ${variable} gives it more seconds.`,
  });
}

export function cutError(url: URL, received: number, length: number | undefined): TransferError {
  const of = length === undefined ? "" : ` of ${length}`;
  return new TransferError("ERR_HF_NETWORK", `${url.host} ended the body after ${received}${of} bytes`, { received });
}

export function badAnswer(url: URL, wrong: string): TransferError {
  return new TransferError("ERR_HF_BAD_ANSWER", `${url.host} did not answer in proper HTTP: ${wrong}`, {
    hint: "Check that HF_ENDPOINT names a Hub, and that no proxy changes its answers.",
  });
}
