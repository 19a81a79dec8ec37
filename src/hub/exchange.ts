import type { Credential } from "../core/credential.ts";
import { isHfError, OfflineError, safeText } from "../core/errors.ts";
import type { Clock, RequestBody, Warn } from "../core/ports.ts";
import type { WaitBoard } from "../core/wait-board.ts";
import { refusalError } from "./errors.ts";
import { requestId } from "./refusal.ts";
import type { Subject } from "./refusal.ts";
import type { Transport } from "./fetched-body.ts";
import { callerHeaders, headersFor } from "./headers.ts";
import { retryKind } from "./network-errors.ts";
import { readBody } from "./read-body.ts";
import { firstHop, followRedirects, headerText, isRedirect } from "./redirects.ts";
import type { AnswerHead, Hop, RedirectPolicy } from "./redirects.ts";
import { RETRIED, retrying, shownSleep, toldSeconds, usedUp } from "./retry.ts";
import type { Outcome, ShowWait } from "./retry.ts";
import type { OpenedBody } from "./transfer-types.ts";

/** What all calls of one client have in common. */
export interface ExchangeSetup {
  readonly endpoint: string;
  readonly credential: Credential | undefined;
  readonly renewCredential: (() => Promise<Credential>) | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly userAgent: string;
  readonly requestTimeoutMs: number;
  readonly retries: number;
  readonly maxWaitMs: number;
  readonly offline: boolean;
  readonly warn: Warn | undefined;
  readonly showWait?: ShowWait | undefined;
  /** What the Hub said to other processes of this machine about when to come again. */
  readonly board?: WaitBoard | undefined;
  readonly onExchange: ((line: string) => void) | undefined;
}

export interface Call {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly content: RequestBody; readonly type: string } | undefined;
  readonly redirect: RedirectPolicy;
  /** Whether sending it twice is the same as sending it once. */
  readonly repeatable: boolean;
  readonly retries: number | undefined;
  /** In place of the client's. */
  readonly maxWaitMs?: number | undefined;
  readonly timeoutMs: number | undefined;
  /** On connections that served no call before. */
  readonly fresh?: boolean | undefined;
  /** Without the client's credential. */
  readonly anonymous: boolean;
  readonly subject: Subject | undefined;
  readonly signal: AbortSignal | undefined;
  /** Statuses that are an answer; every other is a refusal. */
  readonly accepts: (status: number) => boolean;
}

/** Where a chain of redirects ended, and what stood on the way there. */
export interface Reached<A extends OpenedBody> {
  readonly answer: A;
  readonly url: URL;
  /** Every head of the chain, the answer's own as the last. */
  readonly heads: readonly (AnswerHead & { readonly url: URL })[];
}

/** Runs one call: over its redirects, and again where that may help. `finish` is part of each try. */
export type Exchange = <A extends OpenedBody, T>(
  call: Call,
  transport: Transport<A>,
  finish: (reached: Reached<A>) => Promise<T>,
) => Promise<T>;

/** Milliseconds before its end at which a credential is asked for anew. */
const MARGIN_MS = 300_000;
const MAX_ERROR_BODY = 256 * 1024;

export function createExchange(setup: ExchangeSetup): Exchange {
  const { endpoint, clock, warn } = setup;
  const hubOrigin = new URL(endpoint).origin;
  const warnHub = createHubWarnings(warn);
  let current = setup.credential;
  const credentialNow = async (): Promise<Credential | undefined> => {
    const end = current?.expiresAt?.getTime();
    if (setup.renewCredential === undefined || end === undefined || clock.now() < end - MARGIN_MS) return current;
    try {
      current = await setup.renewCredential();
    } catch (error) {
      // As long as the old one is good, a server that is away for a moment stops nothing.
      if (clock.now() >= end) throw error;
    }
    return current;
  };

  return async <A extends OpenedBody, T>(
    call: Call,
    transport: Transport<A>,
    finish: (reached: Reached<A>) => Promise<T>,
  ): Promise<T> => {
    const { signal } = call;
    if (setup.offline) {
      throw new OfflineError("ERR_HF_OFFLINE", `The network is switched off: ${call.url.host} is not asked.`, {
        hint: "Unset HF_HUB_OFFLINE (and TRANSFORMERS_OFFLINE), or leave out --offline, to use the network.",
      });
    }
    signal?.throwIfAborted();
    const credential = call.anonymous ? undefined : await credentialNow();
    const common = { "user-agent": setup.userAgent, ...callerHeaders(call.headers) };
    const maxWaitMs = call.maxWaitMs ?? setup.maxWaitMs;
    const first = firstHop(call.url, call.method, call.body?.content, credential);

    // A limit is a person's or, without a token, an address's; and there is one for each kind of request.
    const whose = `${hubOrigin} ${credential === undefined ? "anonymous" : "signed in"}`;
    const own = `${whose} ${limitOf(call.url)}`;
    const attempt = async (): Promise<Outcome<T>> => {
      if (call.url.origin === hubOrigin && setup.board !== undefined) {
        await holdBack({ ...setup, maxWaitMs }, setup.board, own, signal);
      }
      const heads: (AnswerHead & { readonly url: URL })[] = [];
      let authenticated = false;
      const send = async (hop: Hop): Promise<A> => {
        const auth = headersFor(hop.url, hop.credential);
        authenticated = Object.keys(auth).length > 0;
        const type: Record<string, string> =
          hop.body === undefined || call.body === undefined ? {} : { "content-type": call.body.type };
        const began = clock.now();
        const told = (what: string): void =>
          setup.onExchange?.(exchangeLine(hop, hubOrigin, what, authenticated, clock.now() - began));
        const answer = await transport(hop.url, {
          method: hop.method,
          headers: { ...common, ...type, ...auth },
          body: hop.body,
          signal,
          headTimeoutMs: call.timeoutMs ?? setup.requestTimeoutMs,
          idleTimeoutMs: call.timeoutMs ?? setup.requestTimeoutMs,
          fresh: call.fresh,
        }).catch((error: unknown) => {
          told(isHfError(error) ? error.code : "given up");
          throw error;
        });
        const id = requestId(answer.headers);
        told(id === undefined ? String(answer.status) : `${answer.status}, id ${id}`);
        if (hop.url.origin === hubOrigin) {
          warnHub(answer.headers.get("x-hf-warning"));
          for (const { limit, seconds } of usedUp(answer.headers)) {
            setup.board?.note(`${whose} ${limit}`, clock.now() + seconds * 1000);
          }
        }
        heads.push({ status: answer.status, headers: answer.headers, url: hop.url });
        return answer;
      };
      try {
        const { answer, hop } = await followRedirects(first, send, discard, { redirect: call.redirect, endpoint });
        const leads = (call.redirect === "within" || call.redirect === "moved") && isRedirect(answer.status);
        if (leads || call.accepts(answer.status)) return { done: await finish({ answer, url: hop.url, heads }) };
        const seconds = toldSeconds(answer.status, answer.headers, clock.now());
        const failed = refusalError({
          status: answer.status,
          headers: answer.headers,
          body: await errorText(answer, hop.url),
          url: hop.url,
          endpoint,
          credentialSent: authenticated,
          credentialSource: credential?.source,
          subject: call.subject,
          retryAfter: seconds,
        });
        signal?.throwIfAborted();
        if (answer.status === 429 && seconds !== undefined && hop.url.origin === hubOrigin) {
          setup.board?.note(own, clock.now() + seconds * 1000);
        }
        const expired = answer.status === 403 && heads.length > 1 && hop.url.origin !== hubOrigin;
        const kind = RETRIED.has(answer.status) ? "status" : expired ? "expired" : undefined;
        return { failed, kind, toldMs: seconds === undefined ? undefined : seconds * 1000 };
      } catch (error) {
        signal?.throwIfAborted();
        if (!isHfError(error)) throw error;
        return { failed: error, kind: retryKind(error) };
      }
    };

    return retrying(attempt, {
      clock,
      random: setup.random,
      retries: call.repeatable ? (call.retries ?? setup.retries) : 0,
      maxWaitMs,
      warn,
      showWait: setup.showWait,
      signal,
    });
  };
}

/** Which of the Hub's limits counts a request: for files, for the API, for pages. */
function limitOf({ pathname }: URL): string {
  return /\/resolve(?:-cache)?\//.test(pathname) ? "resolvers" : pathname.includes("/api/") ? "api" : "pages";
}

/** A wait that would not be sat out is no reason not to ask: the Hub then says itself how long it is. */
async function holdBack(
  setup: ExchangeSetup,
  board: WaitBoard,
  key: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const wait = board.until(key) - setup.clock.now();
  if (wait <= 0 || wait > setup.maxWaitMs) return;
  const message = `${new URL(setup.endpoint).host} takes no more requests from this machine for now.`;
  await shownSleep(wait + setup.random() * 1000, message, { ...setup, signal });
}

/** A signpost's body is read when it is short, so that its connection can be used again. */
async function discard(answer: OpenedBody): Promise<void> {
  if (answer.length === undefined || answer.length > 64 * 1024) return answer.cancel();
  const nowhere = new URL("http://localhost");
  await readBody(answer, nowhere, { maxBytes: 64 * 1024, totalMs: 2000, longer: "cut" }).catch(() => {});
}

async function errorText(answer: OpenedBody, url: URL): Promise<string> {
  // The status alone says enough when the body breaks off.
  const bytes = await readBody(answer, url, { maxBytes: MAX_ERROR_BODY, totalMs: 10_000, longer: "cut" }).catch(
    () => new Uint8Array(),
  );
  return new TextDecoder().decode(bytes);
}

/** `X-HF-Warning: topic; text` reaches the person once for each topic. */
function createHubWarnings(warn: Warn | undefined): (header: string | null) => void {
  const seen = new Set<string>();
  return (header) => {
    if (header === null || warn === undefined) return;
    // Repeated headers come joined by commas, which a text may hold too: a new one begins with a topic.
    for (const part of headerText(header).split(/,\s{0,3}(?=[\w-]{1,60};)/)) {
      const [, topic = "", text = part] = /^\s*([\w-]*);(.*)$/s.exec(part) ?? [];
      if (seen.has(topic) || seen.size >= 20) continue;
      seen.add(topic);
      warn(`The Hub says: "${safeText(text).replaceAll('"', "'")}"`);
    }
  };
}

/** One line for a debug log. Other hosts' queries are credentials in themselves, so they are left out. */
function exchangeLine(hop: Hop, hubOrigin: string, what: string, authenticated: boolean, ms: number): string {
  const query = hop.url.origin === hubOrigin ? hop.url.search : hop.url.search && "?…";
  const who = authenticated ? "with a token" : "anonymous";
  return safeText(`${hop.method} ${hop.url.origin}${hop.url.pathname}${query} ${who}: ${what} (${ms} ms)`, 2000);
}
