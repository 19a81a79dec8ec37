import type { HubRequest } from "./http.ts";

/** `Link` to the same address with other query values; absolute, for clients do not complete it. */
export function nextLink(request: HubRequest, changes: Record<string, string>): { Link: string } {
  const query = new URLSearchParams(request.query);
  for (const [name, value] of Object.entries(changes)) query.set(name, value);
  const path = request.target.split("?", 1)[0] ?? "/";
  return { Link: `<${request.base}${path}?${query}>; rel="next"` };
}

/** A query number between bounds, or the default when it is absent or no number. */
export function queryNumber(
  request: HubRequest,
  name: string,
  bounds: { min: number; max: number; default: number },
): number {
  const raw = request.query.get(name);
  if (raw === null || !/^\d+$/.test(raw)) return bounds.default;
  return Math.min(Math.max(Number(raw), bounds.min), bounds.max);
}

/** One page of a list cut by an opaque cursor, with the `Link` header to the next one when there is more. */
export function pageOf<Item>(
  request: HubRequest,
  items: readonly Item[],
  limit: number,
): { page: Item[]; headers: Record<string, string> } {
  const start = readCursor(request.query.get("cursor") ?? request.query.get("after"));
  const page = items.slice(start, start + limit);
  const more = start + limit < items.length;
  const name = request.query.has("after") ? "after" : "cursor";
  return { page, headers: more ? nextLink(request, { [name]: writeCursor(start + limit) }) : {} };
}

function writeCursor(offset: number): string {
  return Buffer.from(JSON.stringify({ offset })).toString("base64");
}

function readCursor(cursor: string | null): number {
  if (cursor === null) return 0;
  const match = /^\{"offset":(\d+)\}$/.exec(Buffer.from(cursor, "base64").toString("utf8"));
  return Number(match?.[1] ?? 0);
}
