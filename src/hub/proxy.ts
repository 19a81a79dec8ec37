import { request } from "node:http";
import type { Socket } from "node:net";
import { NetworkError, UsageError } from "../core/errors.ts";
import { remember } from "../core/redact.ts";
import { isLoopback } from "../core/credential.ts";
import type { Environment } from "../core/ports.ts";

/** Proxies as the usual variables name them; read from an environment by {@link readProxySettings}. */
export interface ProxySettings {
  /** For https addresses: `http://proxy:8080`, with `user:password@` where it wants them. */
  readonly https?: string;
  /** For http addresses. */
  readonly http?: string;
  /** Hosts reached without: names (their subdomains too), addresses, each with a port or not, or `*`. */
  readonly no?: string;
}

/** `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`; the lower-case spelling wins, as in curl. */
export function readProxySettings(env: Environment): ProxySettings {
  const value = (name: string): string | undefined => env[name.toLowerCase()] || env[name] || undefined;
  const all = value("ALL_PROXY");
  const [https, http, no] = [value("HTTPS_PROXY") ?? all, value("HTTP_PROXY") ?? all, value("NO_PROXY")];
  return { ...(https && { https }), ...(http && { http }), ...(no && { no }) };
}

/**
 * The proxy for an address, or undefined for the straight way. Loopback never goes through one: plain http may carry
 * a token there, which a proxy would read.
 * @throws UsageError `ERR_HF_USAGE` the setting is no http:// address
 */
export function proxyFor(url: URL, settings: ProxySettings): URL | undefined {
  const text = url.protocol === "https:" ? settings.https : settings.http;
  if (text === undefined || text === "" || isLoopback(url) || isExempt(url, settings.no ?? "")) return undefined;
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const proxy = URL.canParse(address) ? new URL(address) : undefined;
  if (proxy?.protocol !== "http:") {
    // Not the value itself: it may hold a password in a form that redact() does not know.
    throw new UsageError("ERR_HF_USAGE", `The proxy for ${url.protocol}// addresses is not an http:// address.`, {
      hint: "HTTPS_PROXY and HTTP_PROXY take http://host:port; SOCKS and https:// proxies are not supported.",
    });
  }
  return proxy;
}

function isExempt(url: URL, list: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return list.split(/[\s,]+/).some((entry) => {
    if (entry === "*") return true;
    const [, name, only] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(entry.includes("::") ? `[${entry}]` : entry) ?? [];
    const wanted = name?.toLowerCase().replace(/^\*?\./, "");
    if (wanted === undefined || wanted === "" || (only !== undefined && only !== port)) return false;
    return host === wanted || host.endsWith(`.${wanted}`);
  });
}

/** What a proxy wants to know of its user: for the proxy alone, and never together with a credential of the Hub. */
export function proxyHeaders(proxy: URL): Record<string, string> {
  if (proxy.username === "" && proxy.password === "") return {};
  const password = decoded(proxy.password);
  const pair = `${decoded(proxy.username)}:${password}`;
  remember(password);
  remember(pair);
  return { "proxy-authorization": `Basic ${Buffer.from(pair).toString("base64")}` };
}

/** A password may hold a percent sign that nobody encoded. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * A connection through the proxy to the target, on which TLS can begin. The proxy is told nothing but host and port.
 * @throws NetworkError `ERR_HF_PROXY`
 */
export function openTunnel(proxy: URL, host: string, port: number, giveUp?: AbortSignal): Promise<Socket> {
  const authority = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  return new Promise((resolve, reject) => {
    const connect = request({
      host: proxy.hostname.replace(/^\[|\]$/g, ""),
      port: proxy.port || 80,
      method: "CONNECT",
      path: authority,
      headers: { host: authority, ...proxyHeaders(proxy) },
      agent: false,
      timeout: 30_000,
    });
    const stop = (): void => refuse("given up");
    giveUp?.addEventListener("abort", stop, { once: true });
    const refuse = (why: string, cause?: unknown): void => {
      giveUp?.removeEventListener("abort", stop);
      connect.destroy();
      const hint =
        why === "407"
          ? "Put a user and a password into its address in HTTPS_PROXY, before the host: user, colon, password, at sign."
          : "Check HTTPS_PROXY, and NO_PROXY for hosts that are reached without.";
      reject(
        new NetworkError("ERR_HF_PROXY", `The proxy ${proxy.host} gives no connection to ${authority} (${why}).`, {
          hint,
          ...(cause === undefined ? {} : { cause }),
        }),
      );
    };
    connect.once("connect", (answer, socket: Socket, head) => {
      if (answer.statusCode !== 200 || head.length > 0) {
        socket.destroy();
        refuse(String(answer.statusCode));
      } else {
        giveUp?.removeEventListener("abort", stop);
        socket.setTimeout(0);
        resolve(socket);
      }
    });
    // An answer with a body, in place of a tunnel: Node hands it out as an ordinary one.
    connect.once("response", (answer) => refuse(String(answer.statusCode)));
    connect.once("timeout", () => refuse("no answer"));
    connect.once("error", (error: NodeJS.ErrnoException) => refuse(error.code ?? error.message, error));
    connect.end();
  });
}
