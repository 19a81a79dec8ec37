import type { Socket } from "node:net";
import type { HubRequest, HubResponse } from "./http.ts";

/**
 * Something that goes wrong on purpose. The server asks each fault of the list in order; a fault that does not mean a
 * request leaves it alone. `gone` is aborted when the client has left or the hub closes: whoever waits must listen to it.
 */
export type Fault = {
  /** What the routes get to see in place of the request. */
  request?(request: HubRequest): HubRequest;
  /** Before the routes: may wait, or answer in their place. */
  before?(request: HubRequest, gone: AbortSignal): HubResponse | undefined | Promise<HubResponse | undefined>;
  /**
   * May change the answer; what the routes did is done by now. A `Content-Length` header set here is sent as it stands,
   * even when it lies. Throwing a `Cut` ends the connection with nothing sent.
   */
  after?(request: HubRequest, response: HubResponse, gone: AbortSignal): HubResponse | Promise<HubResponse>;
  /** May write to the socket in place of the answer, and then closes it; undefined = leaves it alone. */
  wire?(request: HubRequest, response: HubResponse, socket: Socket, gone: AbortSignal): Promise<void> | undefined;
  /** May change the bytes on their way; not asked when there are none. Throwing cuts the connection. */
  body?(
    request: HubRequest,
    response: HubResponse,
    bytes: AsyncIterable<Uint8Array>,
    gone: AbortSignal,
  ): AsyncIterable<Uint8Array>;
  /** After the last byte was handed to the system. */
  done?(request: HubRequest, socket: Socket): void;
};

/** Thrown to end the connection: by closing it, or with `reset` by a TCP reset. Bytes before it are sent out first. */
export class Cut extends Error {
  readonly reset: boolean;
  constructor(reset: boolean) {
    super("cut on purpose");
    this.reset = reset;
  }
}

/** Waits; `Infinity` waits until the client leaves. Rejects when `gone` is aborted. */
export function pause(milliseconds: number, gone: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      clearTimeout(timer);
      reject(new Error("the client left"));
    };
    const timer =
      milliseconds === Infinity
        ? undefined
        : setTimeout(() => {
            gone.removeEventListener("abort", leave);
            resolve();
          }, milliseconds);
    if (gone.aborted) leave();
    else gone.addEventListener("abort", leave, { once: true });
  });
}
