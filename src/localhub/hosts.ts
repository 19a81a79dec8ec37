import type { HubRequest } from "./http.ts";

/**
 * Whether a request was addressed to this machine. A web page whose own name was made to point here (rebinding of DNS)
 * is of the same origin as the hub in its browser's eyes, and could read and write all that needs no token; its name in
 * the Host header tells it apart. HTTP/1.0 without the header is no browser.
 */
export function isForThisMachine(request: HubRequest): boolean {
  const host = request.headers["host"];
  if (host === undefined) return true;
  const name = host.replace(/:\d{1,5}$/, "").toLowerCase();
  return name === "localhost" || name.endsWith(".localhost") || name === "[::1]" || /^127(\.\d{1,3}){3}$/.test(name);
}
