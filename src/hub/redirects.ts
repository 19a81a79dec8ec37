import type { Credential } from "../core/credential.ts";
import { NetworkError } from "../core/errors.ts";
import type { RequestBody } from "../core/ports.ts";
import { DEFAULT_ENDPOINT } from "../core/settings.ts";

/** Redirects that one call follows at most. */
export const MAX_REDIRECTS = 20;

/**
 * What to do about redirects. `"within"`: follow them as long as they stay at the first address's origin; one that
 * leaves it is the answer. `"moved"`: as `"within"`, but one that names a commit is the answer too: the Hub has found
 * the file, and says where its bytes are.
 */
export type RedirectPolicy = "follow" | "within" | "moved" | "refuse";

/** One request of a chain of redirects. */
export interface Hop {
  readonly url: URL;
  readonly method: string;
  readonly body: RequestBody | undefined;
  /** The credential as long as the chain has not left its origin; gone for good after that. */
  readonly credential: Credential | undefined;
  /** 0 for the address that the caller asked for. */
  readonly number: number;
}

/** The head of an answer, as much as a redirect needs. */
export interface AnswerHead {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
}

/** @throws NetworkError `ERR_HF_REDIRECT` when the address is not plain http(s) */
export function firstHop(url: URL, method: string, body?: RequestBody, credential?: Credential): Hop {
  checkAddress(url);
  return { url, method, body, credential: credential?.origin === url.origin ? credential : undefined, number: 0 };
}

export function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

/**
 * The next request of a chain, by the rules of RFC 9110 section 15.4, with three more: a credential that was left
 * behind does not come back, a body does not leave its origin, and https does not become http.
 * @throws NetworkError `ERR_HF_REDIRECT`
 */
export function nextHop(hop: Hop, answer: AnswerHead, endpoint: string): Hop {
  if (hop.number >= MAX_REDIRECTS) throw refused(hop, `more than ${MAX_REDIRECTS} redirects`);
  const url = target(hop, answer.headers.get("location"), endpoint);
  if (hop.url.protocol === "https:" && url.protocol === "http:") throw refused(hop, `from https down to http`);
  const keeps = answer.status === 307 || answer.status === 308;
  const reads = hop.method === "GET" || hop.method === "HEAD";
  if (keeps && url.origin !== hop.url.origin && !(reads && hop.body === undefined)) {
    throw refused(hop, `a ${hop.method} request to another host, ${url.host}`);
  }
  return {
    url,
    method: keeps || reads ? hop.method : "GET",
    body: keeps ? hop.body : undefined,
    credential: url.origin === hop.credential?.origin ? hop.credential : undefined,
    number: hop.number + 1,
  };
}

/**
 * Sends `first` and follows where its answers point to.
 * @param send one hop: sends, and gives the answer whatever its status
 * @param discard is given each answer that was only a signpost
 * @throws NetworkError `ERR_HF_REDIRECT`; also for any redirect when `policy.redirect` is `"refuse"`
 */
export async function followRedirects<A extends AnswerHead>(
  first: Hop,
  send: (hop: Hop) => Promise<A>,
  discard: (answer: A) => Promise<void>,
  policy: { readonly redirect: RedirectPolicy; readonly endpoint: string },
): Promise<{ readonly answer: A; readonly hop: Hop }> {
  let hop = first;
  for (;;) {
    const answer = await send(hop);
    if (!isRedirect(answer.status)) return { answer, hop };
    let next: Hop;
    try {
      if (policy.redirect === "refuse") throw refused(hop, "a call that carries a secret");
      next = nextHop(hop, answer, policy.endpoint);
    } catch (error) {
      // A body that nobody reads would keep its connection, and with it the process.
      await discard(answer);
      throw error;
    }
    const inside = policy.redirect === "within" || policy.redirect === "moved";
    if (inside && next.url.origin !== first.url.origin) return { answer, hop };
    if (policy.redirect === "moved" && answer.headers.get("x-repo-commit") !== null) return { answer, hop };
    await discard(answer);
    hop = next;
  }
}

/**
 * An address that the Hub sent, moved to the user's endpoint where it names the public Hub: mirrors pass such
 * addresses on unchanged. Compared as an origin, never as the beginning of a text.
 */
export function atEndpoint(url: URL, endpoint: string): URL {
  if (url.origin !== DEFAULT_ENDPOINT || endpoint === DEFAULT_ENDPOINT) return url;
  return new URL(endpoint + url.pathname + url.search);
}

/** A header's text as UTF-8 where it is that: Node hands headers out as latin1. */
export function headerText(value: string): string {
  if (!/[\x80-\xff]/.test(value) || /[^\x00-\xff]/.test(value)) return value;
  const text = Buffer.from(value, "latin1").toString("utf8");
  return text.includes("\ufffd") ? value : text;
}

function target(hop: Hop, location: string | null, endpoint: string): URL {
  if (location === null || location === "") throw refused(hop, "without saying where to");
  const text = headerText(location);
  // The URL parser would silently drop these, and read another address than the one that a person sees.
  if (/[\x00-\x1f\x7f]/.test(text)) throw refused(hop, "to an address with control characters");
  if (!URL.canParse(text, hop.url.href)) throw refused(hop, "to something that is no address");
  const url = atEndpoint(new URL(text, hop.url), endpoint);
  url.hash = "";
  checkAddress(url, hop);
  return url;
}

function checkAddress(url: URL, from?: Hop): void {
  const what =
    url.protocol !== "https:" && url.protocol !== "http:"
      ? `an address of kind ${url.protocol}`
      : url.username !== "" || url.password !== ""
        ? "an address with a user or a password in it"
        : undefined;
  if (what === undefined) return;
  if (from !== undefined) throw refused(from, `to ${what}`);
  throw new NetworkError("ERR_HF_REDIRECT", `Requests are not sent to ${what}.`, {
    hint: "Give an http:// or https:// address without a user.",
  });
}

function refused(hop: Hop, what: string): NetworkError {
  return new NetworkError(
    "ERR_HF_REDIRECT",
    `${hop.url.host} answered with a redirect that is not followed: ${what}.`,
    {
      hint: "Check HF_ENDPOINT and proxies on the way; nothing was sent further.",
    },
  );
}
