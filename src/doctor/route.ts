import type { LookupAddress } from "node:dns";
import { connect, isIP } from "node:net";
import type { LookupFunction, Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { PeerCertificate } from "node:tls";
import type { HfError } from "../core/errors.ts";
import { networkError, openTunnel } from "../hub/index.ts";
import type { Hop, HopFailure, HopName, Route } from "./evidence.ts";
import { lookUpName } from "./name-lookup.ts";
import type { NameAnswer } from "./name-lookup.ts";

export interface RouteOptions {
  readonly proxy: URL | undefined;
  /** PEM certificates to trust instead of Node's own list. */
  readonly ca: readonly string[] | undefined;
  /** Milliseconds that all of it has. */
  readonly limitMs: number;
  /** Aborted at the end of that time. */
  readonly signal: AbortSignal;
  readonly dnsServers?: readonly string[] | undefined;
  /** Told once the first name is known: what else needs it can begin. */
  readonly onName?: () => void;
  /** Without TLS and a proxy, wait for a first word too: a host may take connections and then be silent. */
  readonly hears?: boolean;
}

/**
 * Goes the way to a host step by step, so that the step that fails is known: name, connection, proxy, TLS. Sends nothing
 * but the greeting of TLS, or with `hears` a question for nothing in particular.
 */
export async function walkRoute(url: URL, options: RouteOptions): Promise<Route> {
  const { proxy } = options;
  const first = proxy ?? url;
  const hops: Hop[] = [];
  const route: Route = { host: url.host, proxy: proxy?.host, hops };
  let socket: Socket | undefined;
  try {
    const addresses = await step(hops, "name", hostOf(first), () => findName(first, options));
    if (addresses === undefined) return route;
    options.onName?.();
    socket = await step(hops, "connection", first.host, () => openConnection(first, addresses, options));
    if (socket === undefined) return route;
    if (url.protocol !== "https:") {
      const open = socket;
      if (options.hears === true && proxy === undefined)
        await step(hops, "answer", url.host, () => hearFrom(open, url, options));
      return route;
    }
    if (proxy !== undefined) {
      socket.destroy();
      socket = await step(hops, "proxy", `${proxy.host} to ${url.host}`, () => openThroughProxy(proxy, url, options));
      if (socket === undefined) return route;
    }
    const plain = socket;
    await step(hops, "tls", url.host, () => greet(plain, url, options));
    return route;
  } finally {
    socket?.destroy();
  }
}

/** What a step gives: its result, or why it has none. */
type Outcome<T> =
  { readonly done: T; readonly detail: string } | { readonly failure: HopFailure; readonly detail?: string };

export async function step<T>(
  hops: Hop[],
  hop: HopName,
  to: string,
  go: () => Promise<Outcome<T>>,
): Promise<T | undefined> {
  const began = performance.now();
  const outcome = await go();
  const ms = performance.now() - began;
  if ("failure" in outcome) {
    hops.push({ hop, to, ms, failure: outcome.failure, detail: outcome.detail ?? "" });
    return undefined;
  }
  hops.push({ hop, to, ms, failure: undefined, detail: outcome.detail });
  return outcome.done;
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "");
}

function portOf(url: URL): number {
  return Number(url.port || (url.protocol === "https:" ? 443 : 80));
}

async function findName(
  url: URL,
  { limitMs, signal, dnsServers }: RouteOptions,
): Promise<Outcome<readonly LookupAddress[]>> {
  const host = hostOf(url);
  // Half of the time: what comes after the name needs the rest.
  const nameMs = Math.ceil(limitMs / 2);
  const answer = await lookUpName(host, { limitMs: nameMs, signal, servers: dnsServers });
  if (answer.kind === "found") {
    const [one] = answer.addresses;
    return {
      done: answer.addresses,
      detail: one === undefined || one.address === host ? "" : `${one.address} by ${answer.by}`,
    };
  }
  return { failure: nameFailure(host, answer, nameMs) };
}

function nameFailure(host: string, answer: Exclude<NameAnswer, { kind: "found" }>, ms: number): HopFailure {
  const servers = answer.servers.slice(0, 3).join(", ");
  if (answer.kind === "silent") {
    return {
      code: "name-servers-silent",
      message: `The name servers (${servers}) did not answer within ${ms / 1000} s: no host can be found by its name.`,
      hint: "Check the network, a VPN, and the name servers in /etc/resolv.conf. On a slow network give more time.",
    };
  }
  return {
    code: "name-not-found",
    message: `The host ${host} is not known to the name servers (${answer.code || "no answer"}).`,
    hint: "Check the spelling in HF_ENDPOINT and HTTPS_PROXY, the network, and whether a VPN is needed for that name.",
  };
}

function openConnection(
  url: URL,
  addresses: readonly LookupAddress[],
  options: RouteOptions,
): Promise<Outcome<Socket>> {
  const lookup: LookupFunction = (_host, { all }, found) => {
    const [first] = addresses;
    if (all === true) found(null, [...addresses]);
    else if (first !== undefined) found(null, first.address, first.family);
  };
  return new Promise((resolve) => {
    // Several addresses are tried one after the other, as the real connection does it.
    const socket = connect({ host: hostOf(url), port: portOf(url), lookup, autoSelectFamily: true });
    const settle = (outcome: Outcome<Socket>): void => {
      options.signal.removeEventListener("abort", giveUp);
      if ("failure" in outcome) socket.destroy();
      resolve(outcome);
    };
    const giveUp = (): void =>
      settle({
        failure: {
          code: "host-unreachable",
          message: `${url.host} did not take a connection within ${options.limitMs / 1000} s.`,
          hint: "A firewall, or a network without a way out? Behind a proxy, set HTTPS_PROXY. On a slow network give more time.",
        },
      });
    if (options.signal.aborted) return giveUp();
    options.signal.addEventListener("abort", giveUp, { once: true });
    socket.once("connect", () => settle({ done: socket, detail: socket.remoteAddress ?? "" }));
    socket.on("error", (error) => settle({ failure: failureOf(networkError(error, url)) }));
  });
}

async function openThroughProxy(proxy: URL, url: URL, { signal, limitMs }: RouteOptions): Promise<Outcome<Socket>> {
  try {
    return { done: await openTunnel(proxy, hostOf(url), portOf(url), signal), detail: "" };
  } catch (error) {
    const failure = failureOf(networkError(error, url));
    if (!signal.aborted) return { failure };
    return {
      failure: {
        ...failure,
        message: `The proxy ${proxy.host} gave no connection to ${url.host} within ${limitMs / 1000} s.`,
      },
    };
  }
}

function greet(plain: Socket, url: URL, { ca, signal, limitMs }: RouteOptions): Promise<Outcome<true>> {
  return new Promise((resolve) => {
    const host = hostOf(url);
    const socket = connectTls({
      socket: plain,
      host,
      ALPNProtocols: ["http/1.1"],
      // Taken as it comes, to say whose certificate it is. Judged below, and not a byte of ours is sent over it.
      rejectUnauthorized: false,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(ca === undefined ? {} : { ca: [...ca] }),
    });
    const settle = (outcome: Outcome<true>): void => {
      signal.removeEventListener("abort", giveUp);
      socket.destroy();
      resolve(outcome);
    };
    const giveUp = (): void =>
      settle({
        failure: {
          code: "no-answer",
          message: `${url.host} took a connection, and then did not begin TLS within ${limitMs / 1000} s.`,
          hint: "Something on the way holds the connection back: a firewall, a proxy, or a path that drops large packets (VPN).",
        },
      });
    if (signal.aborted) return giveUp();
    signal.addEventListener("abort", giveUp, { once: true });
    socket.once("secureConnect", () => {
      const signer = signerOf(socket.getPeerCertificate());
      if (socket.authorized)
        return settle({ done: true, detail: `${socket.getProtocol() ?? ""}, certificate by ${signer}` });
      // Node sets a code here, whatever its types say.
      const code = String(socket.authorizationError);
      const error = Object.assign(new Error(code), { code });
      settle({ failure: failureOf(networkError(error, url)), detail: `certificate by ${signer}` });
    });
    socket.on("error", (error) => settle({ failure: failureOf(networkError(error, url)) }));
  });
}

/** Any answer will do, also one that it knows no such path. */
function hearFrom(socket: Socket, url: URL, { signal, limitMs }: RouteOptions): Promise<Outcome<true>> {
  return new Promise((resolve) => {
    const settle = (outcome: Outcome<true>): void => {
      signal.removeEventListener("abort", giveUp);
      resolve(outcome);
    };
    const silent = (words: string): void =>
      settle({
        failure: {
          code: "no-answer",
          message: `${url.host} took a connection, and then ${words}.`,
          hint: "The host, or something on the way to it, is overloaded or holds the connection back.",
        },
      });
    const giveUp = (): void => silent(`did not answer within ${limitMs / 1000} s`);
    if (signal.aborted) return giveUp();
    signal.addEventListener("abort", giveUp, { once: true });
    socket.once("data", () => settle({ done: true, detail: "" }));
    socket.once("close", () => silent("closed it without an answer"));
    socket.write(`HEAD / HTTP/1.1\r\nHost: ${url.host}\r\nConnection: close\r\n\r\n`);
  });
}

/** Who signed a certificate, as it says itself: behind a proxy that looks inside, the proxy's maker. */
function signerOf({ issuer }: PeerCertificate): string {
  // Without a certificate there is no issuer; a field that is there twice comes as a list.
  const names: Partial<Record<"O" | "CN", string | string[]>> = (issuer as PeerCertificate["issuer"] | undefined) ?? {};
  return [names.O ?? names.CN ?? "nobody named"].flat().join(", ");
}

const CODES: Readonly<Record<string, HopFailure["code"]>> = {
  ERR_HF_TLS: "tls-untrusted",
  ERR_HF_PROXY: "proxy-refuses",
  ERR_HF_NETWORK: "host-unreachable",
  ERR_HF_TIMEOUT: "no-answer",
  ERR_HF_BAD_ANSWER: "not-a-hub",
  ERR_HF_REDIRECT: "not-a-hub",
  ERR_HF_HUB_DOWN: "hub-down",
};

/** An error of the way as the failure of a step. */
export function failureOf({ code, message, hint }: HfError): HopFailure {
  return { code: CODES[code] ?? "no-answer", message, hint: hint ?? "Check the network, then try again." };
}
