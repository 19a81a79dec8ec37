import { writeFileSync } from "node:fs";
import { arch, release } from "node:os";
import { DiskError, diskError, safeText, systemCode } from "../core/errors.ts";
import { VERSION } from "../core/version.ts";
import { describeRoute } from "./checks-network.ts";
import type { Evidence } from "./evidence.ts";
import type { PlacedFinding } from "./finding.ts";
import { lookAt } from "./look.ts";

/** Variables whose value says where things are or how they are meant. Of all others only that they are set is told. */
const SHOWN = new Set([
  "HF_HOME",
  "HF_HUB_CACHE",
  "HUGGINGFACE_HUB_CACHE",
  "HF_TOKEN_PATH",
  "HF_HUB_OFFLINE",
  "TRANSFORMERS_OFFLINE",
  "HF_HUB_DISABLE_IMPLICIT_TOKEN",
  "HF_HUB_DISABLE_SYMLINKS",
  "HF_HUB_DISABLE_XET",
  "HF_HUB_ETAG_TIMEOUT",
  "XDG_CACHE_HOME",
  "SSL_CERT_FILE",
  "REQUESTS_CA_BUNDLE",
  "NODE_EXTRA_CA_CERTS",
  "NODE_TLS_REJECT_UNAUTHORIZED",
  "LANG",
  "CI",
]);

/** Names of variables that say something about sign-in, downloads or the network. */
const RELEVANT =
  /^(?:HF_|HUGGING_?FACE|TRANSFORMERS_|XDG_CACHE_HOME$|SSL_CERT|REQUESTS_CA|NODE_EXTRA_CA|NODE_TLS|(?:HTTPS?|ALL|NO)_PROXY$|CI$|LANG$|GITHUB_ACTIONS$|KUBERNETES_SERVICE_HOST$)/i;

type Facts = { readonly [key: string]: unknown };

/**
 * A report to attach to a question: what was looked at and found. No token, no password and no account name is put into
 * it, whatever the files and variables hold: of those only their names, modes and kinds. Paths begin with `~`.
 */
export function makeBundle(evidence: Evidence, findings: readonly PlacedFinding[]): Facts {
  return plain(collectFacts(evidence, findings), evidence) as Facts;
}

function collectFacts(evidence: Evidence, findings: readonly PlacedFinding[]): Facts {
  const { settings, logins, program, git, cache, network, user } = evidence;
  return {
    schema: 1,
    made: new Date(evidence.now).toISOString(),
    latchkey: VERSION,
    node: program.nodeVersion,
    system: `${evidence.platform}-${arch()}-${release()}`,
    container: user.inContainer,
    findings: findings.map(({ code, severity, message, evidence: lines, fix }) => ({
      code,
      severity,
      message,
      evidence: lines,
      fix: fix.text,
    })),
    variables: variablesOf(evidence),
    settings: {
      endpoint: settings.endpoint,
      home: settings.home,
      hubCache: settings.hubCache,
      tokenPath: settings.tokenPath,
      offline: settings.offline,
      disableImplicitToken: settings.disableImplicitToken,
    },
    program: {
      script: program.script,
      realScript: program.realScript,
      binFolder: program.binFolder ?? null,
      binOnPath: program.binOnPath,
      onPath: program.onPath,
    },
    logins: {
      tokenFile: fileOf(logins.tokenFile),
      storedTokens: fileOf(logins.storedTokens),
      tokenKind: logins.content?.kind ?? null,
      saved: logins.savedLogins,
      home: logins.home,
      lock: logins.lock.state,
      sources: (logins.survey?.sources ?? []).map(({ source, state, code }) => ({ source, state, code: code ?? null })),
    },
    git: git.kind === "found" ? { helpers: git.helpers, ours: git.ours.length } : { missing: git.why },
    cache: { ...cache.probe, freeBytes: cache.freeBytes ?? null, fileSystem: cache.fileSystem ?? null },
    network: network.kind === "off" ? { off: network.why } : networkFacts(network),
  };
}

function networkFacts(network: Extract<Evidence["network"], { kind: "asked" }>): Facts {
  const { identity } = network;
  return {
    limitMs: network.limitMs,
    routes: [network.endpoint, ...network.storage].map((route) => ({
      host: route.host,
      proxy: route.proxy ?? null,
      hops: describeRoute(route),
    })),
    token:
      identity.kind === "known"
        ? {
            type: identity.identity.type,
            role: identity.identity.token?.role ?? null,
            authType: identity.identity.authType ?? null,
          }
        : { state: identity.kind, error: identity.kind === "failed" ? identity.error.code : null },
  };
}

function fileOf({ kind, link, mode, uid, error }: Evidence["logins"]["tokenFile"]): Facts {
  return { kind, link, mode: mode === undefined ? null : mode.toString(8), uid: uid ?? null, error: error ?? null };
}

function variablesOf({ env }: Evidence): Facts {
  const names = Object.keys(env).filter((name) => RELEVANT.test(name));
  return Object.fromEntries(
    names.toSorted().map((name) => {
      const value = env[name] ?? "";
      return [name, value === "" ? "(empty)" : SHOWN.has(name) ? value : "(set)"];
    }),
  );
}

/** A whole token that hangs on other letters, as in the name of a variable or a folder. */
const GLUED = /(?:hf|api_org)_[A-Za-z0-9]{30,}/g;

/**
 * Every text in it, the names of variables too, redacted and made plain, with the home folder and the account's name
 * taken out.
 */
function plain(value: unknown, evidence: Evidence): unknown {
  const words = (text: string): string => safeText(withoutUser(text, evidence).replace(GLUED, "[redacted]"), 2000);
  if (typeof value === "string") return words(value);
  if (Array.isArray(value)) return value.map((one) => plain(one, evidence));
  if (typeof value !== "object" || value === null) return value ?? null;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [words(key), plain(one, evidence)]));
}

function withoutUser(text: string, { user, network }: Evidence): string {
  let result = text;
  // A home of one or two signs, as `/`, would take every path apart.
  if (user.home.length > 2) result = result.replaceAll(user.home, "~");
  const names = [
    user.name,
    network.kind === "asked" && network.identity.kind === "known" ? network.identity.identity.name : undefined,
  ];
  for (const name of names) {
    // A shorter one would be found inside of words.
    if (name !== undefined && name.length > 2 && name !== "root")
      result = result.replaceAll(`/${name}`, "/(user)").replaceAll(`(${name})`, "(user)");
  }
  return result;
}

/**
 * Asked before the work is done.
 * @throws DiskError there is something at that path already
 */
export function refuseExisting(path: string): void {
  if (lookAt(path).kind !== "absent" || lookAt(path).link) throw taken(path);
}

function taken(path: string): DiskError {
  return new DiskError("ERR_HF_DISK", `There is something at ${path} already; it was left as it is.`, {
    hint: "Name another file with --bundle.",
  });
}

/**
 * Writes a bundle, readable by its owner alone.
 * @throws DiskError there is something at that path already: nothing is overwritten
 */
export function writeBundle(path: string, bundle: Facts): void {
  try {
    writeFileSync(path, `${JSON.stringify(bundle, null, 2)}\n`, { flag: "wx", mode: 0o600 });
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw diskError(error, "write the report", path);
    throw taken(path);
  }
}
