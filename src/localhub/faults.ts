import type { HubRequest, HubResponse } from "./http.ts";

/**
 * Something that goes wrong on purpose. The server asks each fault of the list in order; a fault that does not mean a
 * request leaves it alone.
 */
export type Fault = {
  /** Before the routes: may wait, or answer in their place. */
  before?(request: HubRequest): HubResponse | undefined | Promise<HubResponse | undefined>;
  /** May change the answer. A `Content-Length` header set here is sent as it stands, even when it lies. */
  after?(request: HubRequest, response: HubResponse): HubResponse | Promise<HubResponse>;
  /** May change the bytes on their way. Throwing cuts the connection. */
  body?(request: HubRequest, response: HubResponse, bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
};
