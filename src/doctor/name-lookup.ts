import type { LookupAddress } from "node:dns";
import { lookup, Resolver } from "node:dns/promises";
import { isIP } from "node:net";
import { systemCode } from "../core/errors.ts";
import { readStart } from "./look.ts";

export interface NameOptions {
  /** Milliseconds that the name servers have. */
  readonly limitMs: number;
  readonly signal: AbortSignal;
  /** Name servers to ask, as `address:port`. Default: the system's. */
  readonly servers?: readonly string[] | undefined;
}

export type NameAnswer =
  | { readonly kind: "found"; readonly addresses: readonly LookupAddress[]; readonly by: string }
  | { readonly kind: "missing"; readonly code: string; readonly servers: readonly string[] }
  | { readonly kind: "silent"; readonly servers: readonly string[] };

/**
 * The addresses of a host, by a question that can be given up. The system's own call can't: with name servers that do
 * not answer it holds the process for half a minute, so it is asked only after those have said that they do not know.
 */
export async function lookUpName(host: string, options: NameOptions): Promise<NameAnswer> {
  const literal = isIP(host);
  if (literal !== 0) return { kind: "found", addresses: [{ address: host, family: literal }], by: "an address" };
  if (host === "localhost" || host.endsWith(".localhost")) {
    const addresses = [
      { address: "127.0.0.1", family: 4 },
      { address: "::1", family: 6 },
    ];
    return { kind: "found", addresses, by: "this machine" };
  }
  const written = options.servers === undefined ? hostsEntries(host) : [];
  if (written.length > 0) return { kind: "found", addresses: written, by: "the hosts file" };
  return askServers(host, options);
}

/** No single try waits longer, whatever it is told. */
const LONGEST_TRY_MS = 5000;

async function askServers(host: string, { limitMs, signal, servers }: NameOptions): Promise<NameAnswer> {
  const tries = Math.ceil(limitMs / LONGEST_TRY_MS);
  const resolver = new Resolver({ timeout: Math.min(limitMs, LONGEST_TRY_MS), tries });
  if (servers !== undefined) resolver.setServers(servers);
  const asked = resolver.getServers();
  const cancel = (): void => resolver.cancel();
  const timer = setTimeout(cancel, limitMs);
  signal.addEventListener("abort", cancel, { once: true });
  try {
    const [four, six] = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
    const addresses = [
      ...(four.status === "fulfilled" ? four.value.map((address) => ({ address, family: 4 })) : []),
      ...(six.status === "fulfilled" ? six.value.map((address) => ({ address, family: 6 })) : []),
    ];
    if (addresses.length > 0) return { kind: "found", addresses, by: "DNS" };
    const codes = [four, six].map((result) => (result.status === "rejected" ? (systemCode(result.reason) ?? "") : ""));
    if (codes.some((code) => ["ETIMEOUT", "ECANCELLED"].includes(code))) return { kind: "silent", servers: asked };
    if (servers !== undefined) return { kind: "missing", code: codes[0] ?? "", servers: asked };
    return await askSystem(host, codes[0] ?? "", asked);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", cancel);
  }
}

/** A name may be known by other means than DNS. Quick here, since the name servers do answer. */
async function askSystem(host: string, code: string, servers: readonly string[]): Promise<NameAnswer> {
  try {
    return { kind: "found", addresses: await lookup(host, { all: true }), by: "the system" };
  } catch (error) {
    return { kind: "missing", code: systemCode(error) ?? code, servers };
  }
}

function hostsEntries(host: string): readonly LookupAddress[] {
  const text = readStart("/etc/hosts", 1024 * 1024, { followLinks: true })?.toString("latin1") ?? "";
  return text.split("\n").flatMap((line) => {
    const [address = "", ...names] = line.replace(/#.*/, "").trim().split(/\s+/);
    const family = isIP(address);
    return family !== 0 && names.includes(host) ? [{ address, family }] : [];
  });
}
