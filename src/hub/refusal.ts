import { safeText } from "../core/errors.ts";
import { REPO_TYPES } from "../core/repo.ts";
import type { Repo } from "../core/repo.ts";
import { headerText } from "./redirects.ts";

/** What a call was about, so that its refusal can name it. */
export interface Subject {
  readonly repo?: Repo | undefined;
  readonly revision?: string | undefined;
  /** Path in the repo. */
  readonly entry?: string | undefined;
}

/** An answer that is not what was asked for, with all that its meaning depends on. */
export interface Refusal {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  /** The body's text, or its beginning. */
  readonly body: string;
  /** Where the answer came from, after redirects. */
  readonly url: URL;
  readonly endpoint: string;
  /** Whether this very request carried a credential. */
  readonly credentialSent: boolean;
  /** Name of the credential's source, for the hint: `env:HF_TOKEN`. */
  readonly credentialSource?: string | undefined;
  readonly subject?: Subject | undefined;
  /** Seconds that the Hub asks to wait. */
  readonly retryAfter?: number | undefined;
}

/** The id under which the Hub's support finds a request. */
export function requestId(headers: { get(name: string): string | null }): string | undefined {
  return headers.get("x-request-id") ?? headers.get("x-amzn-trace-id") ?? headers.get("x-amz-cf-id") ?? undefined;
}

/** True when an answer says that it is a web page. */
export function isWebPage(headers: { get(name: string): string | null }): boolean {
  return /^\s*(?:text\/html|application\/xhtml)/i.test(headers.get("content-type") ?? "");
}

/** Whether the endpoint itself answered, not a storage host to which it led. */
export function isAtHub({ url, endpoint }: Refusal): boolean {
  return url.origin === new URL(endpoint).origin;
}

/** The repo that an address is about, for calls that did not say it. */
export function repoOf(url: URL, endpoint: string): Repo | undefined {
  const path = url.pathname.slice(new URL(endpoint).pathname.replace(/\/$/, "").length);
  const api = /^\/api\/(?:resolve-cache\/)?(models|datasets|spaces|kernels)\/([\w.-]+\/[\w.-]+)(?:\/|$)/.exec(path);
  const file = /^\/(?:(datasets|spaces|kernels)\/)?([\w.-]+\/[\w.-]+)\/(?:resolve|raw)\//.exec(path);
  const found = api ?? file;
  if (found?.[2] === undefined) return undefined;
  const type = REPO_TYPES.find((type) => `${type}s` === (found[1] ?? "models"));
  return type === undefined ? undefined : { type, id: found[2] };
}

/** The server's own words, from wherever it put them, each once. */
export function serverText({ headers, body }: Refusal): string {
  const texts = new Set<string>();
  const add = (value: unknown, depth = 0): void => {
    // No Hub nests its words deeper, and none needs more of them; a body may, to exhaust whoever reads it.
    if (depth > 3 || texts.size >= 10) return;
    if (Array.isArray(value)) for (const one of value.slice(0, 10)) add(one, depth + 1);
    else if (typeof value === "object" && value !== null && "message" in value) add(value.message, depth + 1);
    else if (typeof value === "string" && value.trim() !== "") texts.add(safeText(value));
  };
  add(headerText(headers.get("x-error-message") ?? ""));
  const type = headers.get("content-type") ?? "";
  if (/json/i.test(type)) {
    for (const value of jsonWords(body)) add(value);
  } else if (/^text\/plain/i.test(type)) {
    add(body);
  }
  return safeText([...texts].filter((text) => text !== "").join(" / "), 1000);
}

/** A server's words, so that nobody takes them for ours: a sentence of their own in quotes, or nothing where there are none. */
export function quoted(said: string): string {
  return said === "" ? "" : ` It says: "${said.replaceAll('"', "'")}"`;
}

function jsonWords(body: string): unknown[] {
  try {
    const data: unknown = JSON.parse(body);
    if (typeof data !== "object" || data === null) return [];
    const fields = new Map<string, unknown>(Object.entries(data));
    return ["error", "error_description", "message", "errors"].map((name) => fields.get(name));
  } catch {
    return [];
  }
}
