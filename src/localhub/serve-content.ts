import type { Content } from "./content.ts";
import type { HubRequest, HubResponse } from "./http.ts";
import { encodePath } from "./http.ts";

/**
 * Content with conditions and ranges: 304 for a known `If-None-Match`, 206 for one range, 416 beyond the end. Several
 * ranges at once, and forms that make no sense, get the whole, as RFC 9110 allows.
 */
export function serveContent(
  request: HubRequest,
  content: Content,
  etag: string,
  headers: Record<string, string>,
): HubResponse {
  const common = { ETag: etag, "Accept-Ranges": "bytes", ...headers };
  if (matchesEtag(request.headers["if-none-match"], etag)) return { status: 304, headers: common };
  const ifRange = request.headers["if-range"];
  const range =
    ifRange === undefined || ifRange === etag ? parseRange(request.headers["range"], content.size) : "whole";
  if (range === "whole") return { status: 200, headers: common, body: content };
  if (range === "beyond") {
    return { status: 416, headers: { ...common, "Content-Range": `bytes */${content.size}` }, body: Buffer.alloc(0) };
  }
  return {
    status: 206,
    headers: { ...common, "Content-Range": `bytes ${range.start}-${range.end - 1}/${content.size}` },
    body: slice(content, range.start, range.end),
  };
}

export function matchesEtag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(",").some((one) => one.trim() === "*" || one.trim().replace(/^W\//, "") === etag);
}

type Range = { start: number; /** Exclusive. */ end: number };

export function parseRange(header: string | undefined, size: number): Range | "whole" | "beyond" {
  const match = /^bytes=(\d*)-(\d*)$/.exec((header ?? "").trim());
  const [, first = "", last = ""] = match ?? [];
  if (!match || (first === "" && last === "")) return "whole";
  if (first === "") {
    const count = Number(last);
    return count === 0 || size === 0 ? "beyond" : { start: Math.max(size - count, 0), end: size };
  }
  const start = Number(first);
  const end = last === "" ? size : Math.min(Number(last) + 1, size);
  if (last !== "" && Number(last) < start) return "whole";
  return start >= size ? "beyond" : { start, end };
}

function slice(content: Content, start: number, end: number): Content {
  return { size: end - start, read: (from, to) => content.read(start + from, start + to) };
}

/** `Content-Disposition` with the plain name for old clients and the exact one encoded. */
export function disposition(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const ascii = name.replace(/[^\x20-\x7e]|["\\]/g, "_");
  return `inline; filename*=UTF-8''${encodePath(name)}; filename="${ascii}";`;
}
