import type { Check } from "./check.ts";
import type { Evidence, Hop, Route } from "./evidence.ts";
import type { Finding } from "./finding.ts";
import { list } from "./words.ts";

export const NETWORK_CHECKS: readonly Check[] = [
  { area: "network", find: endpoint },
  { area: "network", find: clockSkew },
  { area: "network", find: storage },
  { area: "network", find: unclearStorage },
];

const HOPS: Readonly<Record<Hop["hop"], string>> = {
  name: "name",
  connection: "connection",
  proxy: "proxy",
  tls: "TLS",
  answer: "answer",
};

/** One line for each step of the way, so that a person sees how far it goes. */
export function describeRoute({ hops }: Route): readonly string[] {
  return hops.map(
    ({ hop, to, ms, failure, detail }) =>
      `${failure === undefined ? "ok" : "FAILED"}: ${HOPS[hop]}, ${to}${detail === "" ? "" : `, ${detail}`} (${Math.round(ms)} ms)`,
  );
}

export function failedHop({ hops }: Route): (Hop & { readonly failure: NonNullable<Hop["failure"]> }) | undefined {
  for (const hop of hops) if (hop.failure !== undefined) return { ...hop, failure: hop.failure };
  return undefined;
}

/** The variables that name a proxy here. */
function proxyVariables(env: Evidence["env"]): string {
  const names = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"].flatMap((name) => [name, name.toLowerCase()]);
  return list(names.filter((name) => (env[name] ?? "") !== ""));
}

function endpoint({ network, env }: Evidence): readonly Finding[] {
  if (network.kind !== "asked") return [];
  const failed = failedHop(network.endpoint);
  if (failed === undefined) return [];
  const { code, message, hint } = failed.failure;
  const { host, proxy } = network.endpoint;
  const atProxy = proxy !== undefined && (failed.hop === "name" || failed.hop === "connection");
  const slow = code === "name-servers-silent" || code === "no-answer" || failed.ms >= network.limitMs * 0.9;
  return [
    {
      code,
      severity: "error",
      message: atProxy ? `The way to ${host} goes by the proxy ${proxy}, which can't be reached. ${message}` : message,
      evidence: describeRoute(network.endpoint),
      fix: {
        text: atProxy
          ? `Check the address in ${proxyVariables(env)}, and the network. If ${host} needs no proxy, name it in NO_PROXY.`
          : hint,
        ...(slow ? { command: longerLine(network.limitMs) } : {}),
      },
    },
  ];
}

function longerLine(limitMs: number): string {
  return `hf doctor --timeout ${Math.max(10, Math.ceil(limitMs / 500))}`;
}

function storage({ network }: Evidence): readonly Finding[] {
  // Without a way to the Hub there is none to its storage, and one cause needs no second finding.
  if (network.kind !== "asked" || failedHop(network.endpoint) !== undefined) return [];
  return network.storage.flatMap((route): Finding[] => {
    const failed = failedHop(route);
    if (failed === undefined) return [];
    // The Hub moves its files now and then: a name that is gone, while others are there, need not be missed.
    const others = network.storage.some((other) => failedHop(other) === undefined);
    return [
      {
        code: "storage-unreachable",
        severity: failed.failure.code === "name-not-found" && others ? "warning" : "error",
        message: `The Hub answers, but ${route.host}, which hands out large files, can't be reached: downloads may fail although sign-in works.`,
        evidence: [failed.failure.message, ...describeRoute(route)],
        fix: { text: `Ask for ${route.host} to be let through (firewall, proxy). ${failed.failure.hint}` },
      },
    ];
  });
}

/** Said, so that silence is not taken for health. */
function unclearStorage({ network }: Evidence): readonly Finding[] {
  if (network.kind !== "asked" || failedHop(network.endpoint) !== undefined) return [];
  return network.unclearStorage.map((host) => ({
    code: "not-checked",
    severity: "note",
    message: `Whether ${host}, which hands out large files, can be reached was not found out: the time was over.`,
    evidence: [],
    fix: { text: "Give it more time.", command: longerLine(network.limitMs) },
  }));
}

/** Signed addresses and ID tokens carry times, and are refused beyond some minutes. */
const SKEW_MS = 60_000;
const BROKEN_MS = 300_000;

function clockSkew({ network, platform }: Evidence): readonly Finding[] {
  if (network.kind !== "asked" || network.hubTime === undefined) return [];
  const { theirs, ours } = network.hubTime;
  const skew = ours - theirs;
  const off = Math.abs(skew);
  if (off < SKEW_MS) return [];
  const command = {
    linux: "sudo timedatectl set-ntp true",
    darwin: "sudo sntp -sS time.apple.com",
    win32: "w32tm /resync",
  };
  const line = platform === "linux" || platform === "darwin" || platform === "win32" ? command[platform] : undefined;
  return [
    {
      code: "clock-skew",
      severity: off >= BROKEN_MS ? "error" : "warning",
      message: `The clock of this machine is ${duration(off)} ${skew > 0 ? "ahead" : "behind"}: signed addresses and certificates are taken for expired, or not valid yet.`,
      evidence: [
        `here: ${new Date(ours).toISOString()}`,
        `${network.endpoint.host}: ${new Date(theirs).toISOString()}`,
      ],
      fix: { text: "Let the clock be set by the network.", ...(line === undefined ? {} : { command: line }) },
    },
  ];
}

function duration(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 120) return minutes === 1 ? "a minute" : `${minutes} minutes`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`;
}
