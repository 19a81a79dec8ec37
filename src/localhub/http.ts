import type { Content } from "./content.ts";

/** One request, free of sockets. */
export type HubRequest = {
  readonly method: string;
  /** Which of the two servers it came to. */
  readonly origin: "hub" | "cdn";
  /** Origin as the client addressed it, for absolute links back: `http://localhost:1234`. */
  readonly base: string;
  /** Path and query exactly as sent. */
  readonly target: string;
  /** Path segments, still percent-encoded. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
  /** Names in lower case; repeated headers joined by `, `. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: RequestBody;
};

export type RequestBody = {
  stream(): AsyncIterable<Uint8Array>;
  /** The whole body; refused with 413 when longer than `limit` bytes (default 64 MiB). */
  bytes(limit?: number): Promise<Buffer>;
};

/** `body`: bytes, content of known size read on demand, or a stream of unknown length. */
export type HubResponse = {
  status: number;
  headers: Record<string, string>;
  body?: Buffer | Content | AsyncIterable<Uint8Array>;
  /** How the client learns where the body ends; default: by its length, or chunked when that is not known. */
  framing?: "chunked" | "close";
};

export function json(value: unknown, status = 200, headers: Record<string, string> = {}): HubResponse {
  return {
    status,
    headers: { "Content-Type": "application/json; charset=utf-8", ...headers },
    body: Buffer.from(JSON.stringify(value)),
  };
}

export function text(value: string, status = 200, headers: Record<string, string> = {}): HubResponse {
  return { status, headers: { "Content-Type": "text/plain; charset=utf-8", ...headers }, body: Buffer.from(value) };
}

export function html(value: string, status = 200, headers: Record<string, string> = {}): HubResponse {
  return { status, headers: { "Content-Type": "text/html; charset=utf-8", ...headers }, body: Buffer.from(value) };
}

/** As Express writes it: the text names the target. */
export function redirect(
  status: 302 | 303 | 307 | 308,
  location: string,
  headers: Record<string, string> = {},
): HubResponse {
  const words = { 302: "Found", 303: "See Other", 307: "Temporary Redirect", 308: "Permanent Redirect" };
  return text(`${words[status]}. Redirecting to ${location}`, status, { Location: location, ...headers });
}

export function isContent(body: HubResponse["body"]): body is Content {
  return body !== undefined && "read" in body && "size" in body;
}

/** `decodeURIComponent` that leaves malformed escapes as they stand. */
export function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** A path for a URL: each segment encoded, slashes kept. */
export function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

/** Header values travel as latin1 and must not hold line breaks. */
export function headerSafe(value: string): string {
  // Line by line: one expression for a break and the blanks around it would take quadratic time on blanks alone.
  const line = value
    .split(/[\r\n]+/)
    .map((part) => part.trim())
    .join(" ");
  return line.replace(/[^\x20-\x7e]/g, "*");
}

/** `true`, `1`, `True`: the ways clients write it. */
export function isTrue(value: string | null | undefined): boolean {
  return value === "true" || value === "True" || value === "1";
}

const LONGEST_FIELDS = 4 * 1024 * 1024;

/**
 * Body of a POST as one plain record: JSON object, or form fields (a repeated field becomes a list). Refused with 413
 * above 4 MiB, for anybody may send it.
 */
export async function readFields(request: HubRequest): Promise<Record<string, unknown>> {
  const raw = (await request.body.bytes(LONGEST_FIELDS)).toString("utf8");
  const type = request.headers["content-type"] ?? "";
  if (type.includes("application/x-www-form-urlencoded")) return formFields(new URLSearchParams(raw));
  if (raw.trim() === "") return {};
  let value: unknown;
  try {
    value = JSON.parse(raw);
  } catch {
    return {};
  }
  return isRecord(value) ? value : {};
}

function formFields(form: URLSearchParams): Record<string, unknown> {
  // Not by assignment: a field named `__proto__` is a field like others.
  return Object.fromEntries(
    [...new Set(form.keys())].map((name) => {
      const values = form.getAll(name);
      return [name, values.length === 1 ? values[0] : values];
    }),
  );
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
