import { Readable } from "node:stream";
import { createGzip, gzipSync } from "node:zlib";
import type { FaultRule } from "./fault-rule.ts";
import type { HubRequest, HubResponse } from "./http.ts";
import { isRecord, text } from "./http.ts";
import { bytesOf, lengthOf } from "./socket.ts";

/** What a redirect keeps nothing of. */
const BODY_HEADERS = [
  "content-length",
  "content-type",
  "content-range",
  "content-encoding",
  "content-disposition",
  "accept-ranges",
  "cache-control",
  "etag",
];

/** The answer with all that the rule changes in its head, and in the body as a whole. */
export function changeAnswer(rule: FaultRule, request: HubRequest, original: HubResponse): HubResponse {
  let response = rule.redirect === undefined ? original : redirectAway(rule.redirect, request, original);
  if (rule.treePath) response = renameEntries(rule.treePath, response);
  if (rule.gzip) response = compress(response);
  let headers = response.headers;
  const set = (name: string, value: string | undefined): void => {
    if (value !== undefined) headers = withHeader(headers, name, value);
  };
  set("ETag", rule.etag);
  set("X-Repo-Commit", rule.commit);
  set("X-Linked-ETag", rule.linkedEtag);
  set("X-Linked-Size", rule.linkedSize === undefined ? undefined : String(rule.linkedSize));
  set("Link", rule.link === undefined ? undefined : fill(rule.link, request));
  if (response.status === 206) set("Content-Range", shiftedRange(rule.wrongContentRange, headers));
  for (const [name, value] of Object.entries(rule.setHeader ?? {})) set(name, value);
  for (const name of rule.dropHeader ?? []) headers = withoutHeader(headers, name);
  response = { ...response, headers };
  if (rule.chunked) response = { ...unsized(response), framing: "chunked" };
  if (rule.dropHeader?.some((name) => name.toLowerCase() === "content-length")) {
    response = { ...response, framing: "close" };
  }
  return rule.wrongLength === undefined ? response : lieAboutLength(rule.wrongLength, response);
}

export function withHeader(headers: Record<string, string>, name: string, value: string): Record<string, string> {
  return { ...withoutHeader(headers, name), [name]: value };
}

function withoutHeader(headers: Record<string, string>, name: string): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([one]) => one.toLowerCase() !== name.toLowerCase()));
}

function unsized(response: HubResponse): HubResponse {
  return { ...response, headers: withoutHeader(response.headers, "Content-Length") };
}

function fill(value: string, request: HubRequest): string {
  return value.replaceAll("{base}", () => request.base).replaceAll("{target}", () => request.target);
}

function redirectAway(
  rule: NonNullable<FaultRule["redirect"]>,
  request: HubRequest,
  response: HubResponse,
): HubResponse {
  const { to, status = 302 } = typeof rule === "string" ? { to: rule } : rule;
  const location = fill(to, request);
  // A refusal says nothing that belongs to a redirect.
  let kept = response.status < 400 ? response.headers : {};
  for (const name of BODY_HEADERS) kept = withoutHeader(kept, name);
  const sent = text(`Redirecting to ${location}`, status);
  return { ...sent, headers: withHeader({ ...kept, ...sent.headers }, "Location", location) };
}

/** Trees and path lists name entries `path`, infos `rfilename`. */
function renameEntries(names: { from: string; to: string }, response: HubResponse): HubResponse {
  if (!Buffer.isBuffer(response.body)) return response;
  let value: unknown;
  try {
    value = JSON.parse(response.body.toString("utf8"));
  } catch {
    return response;
  }
  const list = Array.isArray(value)
    ? value
    : isRecord(value) && Array.isArray(value["siblings"])
      ? value["siblings"]
      : [];
  for (const entry of list) {
    if (!isRecord(entry)) continue;
    for (const key of ["path", "rfilename"]) if (entry[key] === names.from) entry[key] = names.to;
  }
  return { ...response, body: Buffer.from(JSON.stringify(value)) };
}

function compress(response: HubResponse): HubResponse {
  const { body } = response;
  if (body === undefined || response.status === 304) return response;
  const headers = withHeader(withoutHeader(response.headers, "Content-Length"), "Content-Encoding", "gzip");
  if (Buffer.isBuffer(body)) return { ...response, headers, body: gzipSync(body) };
  return { ...response, headers, body: gzipped(bytesOf(body)) };
}

async function* gzipped(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const source = Readable.from(bytes, { objectMode: false });
  const zip = createGzip();
  source.on("error", (error) => zip.destroy(error));
  try {
    yield* source.pipe(zip);
  } finally {
    // Whoever stops reading early must not leave a file open.
    source.destroy();
  }
}

function shiftedRange(change: FaultRule["wrongContentRange"], headers: Record<string, string>): string | undefined {
  if (typeof change !== "number") return change;
  const parts = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers["Content-Range"] ?? "");
  if (!parts) return undefined;
  return `bytes ${Number(parts[1]) + change}-${Number(parts[2]) + change}/${parts[3]}`;
}

function lieAboutLength(by: number, response: HubResponse): HubResponse {
  const length = lengthOf(response.body);
  if (length === undefined || isStatusWithoutBody(response.status)) return response;
  const headers = withHeader(response.headers, "Content-Length", String(Math.max(0, length + by)));
  // With too small a length the bytes too many stand where the next answer should begin: the connection stays, for a
  // client must survive just that.
  return { ...response, headers: by > 0 ? withHeader(headers, "Connection", "close") : headers };
}

function isStatusWithoutBody(status: number): boolean {
  return status === 204 || status === 304;
}

/** Where in the file the body begins. */
export function bodyStart(response: HubResponse): number {
  if (response.status !== 206) return 0;
  const range = /^bytes (\d+)-/.exec(response.headers["Content-Range"] ?? "");
  return Number(range?.[1] ?? 0);
}
