import { networkOf } from "../api/index.ts";
import type { Session } from "../api/index.ts";
import { credentialOf, whoami } from "../auth/index.ts";
import type { TokenResolution } from "../auth/index.ts";
import { isHfError, NetworkError } from "../core/errors.ts";
import type { Clock, Environment } from "../core/ports.ts";
import { DEFAULT_ENDPOINT } from "../core/settings.ts";
import { proxyFor } from "../hub/index.ts";
import type { HubAnswer, HubClient } from "../hub/index.ts";
import { failedHop } from "./checks-network.ts";
import type { Hop, HopFailure, IdentityEvidence, NetworkEvidence, Route } from "./evidence.ts";
import { findStorage } from "./find-storage.ts";
import { failureOf, step, walkRoute } from "./route.ts";
import type { RouteOptions } from "./route.ts";

export interface NetworkOptions {
  readonly session: Session;
  readonly env: Environment;
  readonly clock: Clock;
  /** Which token is used, as it was found. */
  readonly resolution: TokenResolution | undefined;
  /** Milliseconds that all of it has. @default 2000 */
  readonly limitMs?: number | undefined;
  /** Origins that hand out the contents of files. @default those of huggingface.co; of another endpoint what it names */
  readonly storage?: readonly string[] | undefined;
  readonly dnsServers?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** With this a doctor ends within three seconds, whatever is dead. */
const LIMIT_MS = 2000;

/** Where large files of huggingface.co come from today. */
const STORAGE = [
  "https://cas-server.xethub.hf.co",
  "https://transfer.xethub.hf.co",
  "https://cas-bridge.xethub.hf.co",
  "https://us.aws.cdn.hf.co",
];

const MOST_BODY = 1024 * 1024;

/** Asks for the way to the Hub and to its storage, what answers there, and whose token it is: all at the same time. */
export async function collectNetwork(options: NetworkOptions): Promise<NetworkEvidence> {
  const { session, env, limitMs = LIMIT_MS } = options;
  const { endpoint, offline } = session.settings;
  if (offline) return { kind: "off", why: "offline" };
  const network = networkOf(env, session.settings, undefined);
  const end = new AbortController();
  const timer = setTimeout(() => end.abort(new NetworkError("ERR_HF_TIMEOUT", "The time is over.")), limitMs);
  const signal = options.signal === undefined ? end.signal : AbortSignal.any([end.signal, options.signal]);
  const common = { limitMs, signal, ca: network.ca, dnsServers: options.dnsServers };
  const routeTo = async (url: URL, more: Partial<RouteOptions> = {}): Promise<Route> =>
    walkRoute(url, {
      ...common,
      proxy: network.proxy === undefined ? undefined : proxyFor(url, network.proxy),
      ...more,
    });
  try {
    const origins = options.storage ?? (endpoint === DEFAULT_ENDPOINT ? STORAGE : undefined);
    const began = performance.now();
    const [{ named, ...asked }, known] = await Promise.all([
      askEndpoint(options, {
        limitMs,
        signal,
        routeTo,
        findsStorage: origins === undefined,
        walkNamed: (origin) =>
          walkLate(origin, { routeTo, signal, leftMs: limitMs - (performance.now() - began), limitMs }),
      }),
      Promise.all((origins ?? []).map((origin) => routeTo(new URL(origin)))),
    ]);
    options.signal?.throwIfAborted();
    const found = named.flatMap(({ route, cut }) => (cut ? [] : [route]));
    const unclear = named.flatMap(({ route, cut }) => (cut ? [route.host] : []));
    return { kind: "asked", ...asked, storage: [...known, ...found], unclearStorage: unclear, limitMs };
  } catch (error) {
    // A proxy that is none: told among the variables.
    if (isHfError(error) && error.code === "ERR_HF_USAGE") return { kind: "off", why: "proxy" };
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** A way that was begun when a part of the time was over. */
interface LateWay {
  readonly route: Route;
  /** It was given too little time to say anything against the host. */
  readonly cut: boolean;
}

interface LateOptions extends Pick<AskOptions, "limitMs" | "signal" | "routeTo"> {
  /** Milliseconds until the signal. */
  readonly leftMs: number;
}

/** Goes the way to a host of which only a redirect told. */
export async function walkLate(origin: string, { limitMs, signal, routeTo, leftMs }: LateOptions): Promise<LateWay> {
  const ownMs = Math.max(Math.round(leftMs / 100) * 100, 100);
  const route = await routeTo(new URL(origin), { limitMs: ownMs, hears: true });
  return { route, cut: signal.aborted && failedHop(route) !== undefined && leftMs < limitMs / 4 };
}

type Asked = Pick<Extract<NetworkEvidence, { kind: "asked" }>, "endpoint" | "hubTime" | "identity">;

interface AskOptions {
  readonly limitMs: number;
  readonly signal: AbortSignal;
  readonly routeTo: (url: URL, more: Partial<RouteOptions>) => Promise<Route>;
  /** Ask the endpoint where its large files are. */
  readonly findsStorage: boolean;
  /** Goes the way to where they are, as soon as that is known. */
  readonly walkNamed: (origin: string) => Promise<LateWay>;
}

async function askEndpoint(
  options: NetworkOptions,
  { limitMs, signal, routeTo, findsStorage, walkNamed }: AskOptions,
): Promise<Asked & { readonly named: readonly LateWay[] }> {
  const { session, clock } = options;
  const { endpoint } = session.settings;
  const answers: Hop[] = [];
  let hubTime: Asked["hubTime"];
  let identity: Promise<IdentityEvidence> = Promise.resolve({ kind: "not-asked" });
  let answered: Promise<unknown> = Promise.resolve();
  let named: Promise<readonly LateWay[]> = Promise.resolve([]);
  const client = session.connect(undefined);
  // The system's own look-up of a name can't be given up, so nothing that uses it begins before the name is known.
  const onName = (): void => {
    identity = askWho(options, limitMs, signal);
    if (findsStorage)
      named = findStorage(client, { timeoutMs: limitMs, signal }).then((origins) =>
        Promise.all(origins.map(walkNamed)),
      );
    answered = step(answers, "answer", endpoint, async () => {
      const outcome = await askHub(client, limitMs, signal);
      if ("answer" in outcome) hubTime = timeOf(outcome.answer, clock.now());
      return "failure" in outcome ? outcome : { done: true, detail: `status ${outcome.answer.status}` };
    });
  };
  try {
    const route = await routeTo(new URL(endpoint), { onName });
    await answered;
    const broken = route.hops.some(({ failure }) => failure !== undefined);
    // A step that failed says more than the answer that did not come through it.
    const hops = broken && answers[0]?.failure !== undefined ? route.hops : [...route.hops, ...answers];
    return { endpoint: { ...route, hops }, hubTime, identity: await identity, named: await named };
  } finally {
    client.close();
  }
}

type HubOutcome =
  | { readonly answer: HubAnswer }
  | { readonly answer: HubAnswer; readonly failure: HopFailure; readonly detail: string }
  | { readonly failure: HopFailure };

/** A short question that every Hub answers, also to nobody in particular. */
async function askHub(client: HubClient, limitMs: number, signal: AbortSignal): Promise<HubOutcome> {
  const { host } = new URL(client.endpoint);
  try {
    const answer = await client.request("api/models", {
      query: { limit: 1 },
      retries: 0,
      timeoutMs: limitMs,
      refusals: "return",
      maxBytes: MOST_BODY,
      anonymous: true,
      signal,
    });
    const failure = whyNoHub(answer, host);
    return failure === undefined ? { answer } : { answer, failure, detail: `status ${answer.status}` };
  } catch (error) {
    if (!isHfError(error)) throw error;
    if (!signal.aborted) return { failure: failureOf(error) };
    return {
      failure: {
        code: "no-answer",
        message: `${host} did not answer within ${limitMs / 1000} s.`,
        hint: "The Hub or the network is slow: see https://status.huggingface.co, and give more time.",
      },
    };
  }
}

function whyNoHub(answer: HubAnswer, host: string): HopFailure | undefined {
  if (answer.status >= 500) {
    return {
      code: "hub-down",
      message: `${host} answers with an error of its own (status ${answer.status}).`,
      hint: "Wait, and see https://status.huggingface.co.",
    };
  }
  try {
    answer.json();
    if (answer.status !== 404) return undefined;
  } catch {
    // Told below: what answers in no JSON is no Hub.
  }
  return {
    code: "not-a-hub",
    message: `Something else than a Hub answers at ${host} (status ${answer.status}).`,
    hint: "Does the network want a sign-in of its own (open any page in a browser)? Else check HF_ENDPOINT and the proxies.",
  };
}

/** What the other side's clock says, as far as the answer was made just now and is no copy. */
function timeOf({ headers }: HubAnswer, ours: number): Asked["hubTime"] {
  const date = Date.parse(headers.get("date") ?? "");
  const age = Number(headers.get("age") ?? 0);
  if (Number.isNaN(date) || !(age >= 0)) return undefined;
  // The header has whole seconds: on average it is half a second older than it says.
  return { theirs: date + age * 1000 + 500, ours };
}

async function askWho(
  { session, env, resolution }: NetworkOptions,
  limitMs: number,
  signal: AbortSignal,
): Promise<IdentityEvidence> {
  if (resolution?.kind === "anonymous") return { kind: "anonymous" };
  // Without a check of certificates nobody knows who would get the token.
  if (resolution?.kind !== "found" || env["NODE_TLS_REJECT_UNAUTHORIZED"] === "0") return { kind: "not-asked" };
  const client = session.connect(credentialOf(resolution, session.settings.endpoint));
  const once: Parameters<typeof whoami>[0] = {
    endpoint: client.endpoint,
    credential: client.credential,
    json: (target, more) => client.json(target, { ...more, retries: 0, timeoutMs: limitMs, maxBytes: MOST_BODY }),
  };
  try {
    return { kind: "known", identity: await whoami(once, { signal }) };
  } catch (error) {
    if (!isHfError(error)) throw error;
    return { kind: "failed", error };
  } finally {
    client.close();
  }
}
