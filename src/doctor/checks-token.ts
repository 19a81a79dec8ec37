import { whyNotReadOnly } from "../auth/index.ts";
import { deadTokenStep } from "../core/dead-token.ts";
import { DEFAULT_ENDPOINT } from "../core/settings.ts";
import type { Check } from "./check.ts";
import type { Evidence } from "./evidence.ts";
import type { Finding } from "./finding.ts";

export const TOKEN_CHECKS: readonly Check[] = [
  { area: "token", find: refused },
  { area: "token", find: invalid },
  { area: "token", find: expiry },
  { area: "token", find: notSignedIn },
  { area: "token", find: restricted },
  { area: "token", find: inArguments },
  { area: "token", find: noGated },
  { area: "token", find: mayWrite },
  { area: "token", find: notChecked },
];

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const SOON_DAYS = 7;

/** A source that is there, decides, and can't be used. What it holds may have been told already, in other words. */
function refused({ logins, variables }: Evidence): readonly Finding[] {
  const resolution = logins.survey?.resolution;
  if (resolution?.kind !== "refused") return [];
  const { source, error } = resolution;
  const told =
    (source.startsWith("file:") &&
      (logins.content === undefined ||
        logins.content.kind === "wrong" ||
        logins.tokenFile.kind !== "file" ||
        logins.faults.length > 0)) ||
    variables.tokens.some(({ name, content }) => source === `env:${name}` && content.kind === "wrong") ||
    error.code === "ERR_HF_INSECURE_ENDPOINT" ||
    logins.faults.some(({ message }) => message === error.message);
  if (told) return [];
  return [
    {
      code: "token-refused",
      severity: "error",
      message: error.message,
      evidence: [`source: ${source}`],
      fix: { text: error.hint, command: "hf auth status" },
    },
  ];
}

function invalid({ network, logins, settings }: Evidence): readonly Finding[] {
  if (network.kind !== "asked" || network.identity.kind !== "failed") return [];
  const { error } = network.identity;
  if (error.code !== "ERR_HF_INVALID_TOKEN") return [];
  const source = logins.survey?.resolution.kind === "found" ? logins.survey.resolution.source : undefined;
  return [
    {
      code: "token-invalid",
      severity: "error",
      message: error.message,
      evidence: [
        ...(source === undefined ? [] : [`source: ${source}`]),
        ...(error.requestId === undefined ? [] : [`request id: ${error.requestId}`]),
      ],
      fix: {
        text:
          source?.startsWith("env:") === true
            ? `It is mistyped, expired or revoked. ${deadTokenStep(source, settings.endpoint, logins.savedLogins > 0)}`
            : error.hint,
        ...(source?.startsWith("file:") === true ? { command: "hf auth login --force" } : {}),
      },
    },
  ];
}

function expiry({ logins, network, now }: Evidence): readonly Finding[] {
  const found = logins.survey?.sources.find(({ state }) => state === "active");
  const told =
    network.kind === "asked" && network.identity.kind === "known" ? network.identity.identity.expiresAt : undefined;
  const expiresAt = told ?? found?.expiresAt;
  if (found === undefined || expiresAt === undefined) return [];
  const left = expiresAt.getTime() - now;
  const day = expiresAt.toISOString().slice(0, 10);
  const evidence = [`source: ${found.source}`];
  if (left <= 0) {
    // The Hub's word outweighs a date in a file.
    if (network.kind === "asked" && network.identity.kind === "known") return [];
    return [
      {
        code: "token-expired",
        severity: "error",
        message: `The token has expired on ${day}.`,
        evidence,
        fix: logins.renewed
          ? { text: "Renew it now; if that is refused, sign in again.", command: "hf auth refresh" }
          : { text: "Sign in again.", command: "hf auth login --force" },
      },
    ];
  }
  if (logins.renewed || left > SOON_DAYS * DAY) return [];
  return [
    {
      code: "token-expires-soon",
      severity: "warning",
      message: `The token expires on ${day}, in ${timeLeft(left)}.`,
      evidence,
      fix: { text: "Make a new one in time, and sign in with it.", command: "hf auth login --force" },
    },
  ];
}

/** Rounded down: nobody is promised time that is not there. */
function timeLeft(ms: number): string {
  const hours = Math.floor(ms / HOUR);
  if (hours < 1) return "less than an hour";
  if (hours < 48) return hours === 1 ? "an hour" : `${hours} hours`;
  return `${Math.floor(ms / DAY)} days`;
}

function notSignedIn({ logins, variables, settings }: Evidence): readonly Finding[] {
  // A token under a wrong name, or at another place, is told already.
  const told = variables.lookAlikes.length > 0 || logins.elsewhere !== undefined;
  if (logins.survey?.resolution.kind !== "anonymous" || told) return [];
  const saved = logins.savedLogins;
  return [
    {
      code: "not-signed-in",
      severity: "warning",
      message: "Nobody is signed in: gated and private repos are refused, or look as if they were not there.",
      evidence:
        saved === 0 ? [] : [`${saved === 1 ? "one login is" : `${saved} logins are`} saved, none of them is active`],
      fix:
        saved === 0
          ? {
              text: `Sign in, or set HF_TOKEN. A token is made at ${settings.endpoint}/settings/tokens`,
              command: "hf auth login",
            }
          : { text: "Choose one of them.", command: "hf auth switch" },
    },
  ];
}

function known({ network }: Evidence) {
  return network.kind === "asked" && network.identity.kind === "known" ? network.identity.identity : undefined;
}

const RESTRICTIONS: Readonly<Record<string, string>> = {
  sso: "wants a sign-in by its own identity provider (SSO)",
  mfa: "wants a second factor on your account",
  "token-policy": "does not let this kind of token in",
  "token-revoked": "has revoked this token for its repos",
  ip: "lets only certain addresses in",
};

function restricted(evidence: Evidence): readonly Finding[] {
  return (known(evidence)?.orgs ?? [])
    .filter(({ restrictions }) => restrictions.length > 0)
    .map(({ name, restrictions }) => ({
      code: "organisation-restricts",
      severity: "warning",
      message: `The organisation ${name} ${restrictions.map((word) => RESTRICTIONS[word] ?? `restricts access (${word})`).join(", and ")}.`,
      evidence: [],
      fix: {
        text: `Open its page, ${evidence.settings.endpoint}/${name}, and do what it asks; or ask its administrators.`,
      },
    }));
}

function inArguments({ exposed }: Evidence): readonly Finding[] {
  if (exposed.length === 0) return [];
  return [
    {
      code: "token-in-arguments",
      severity: "warning",
      message: "A token stands among the arguments of a running program: every user of this machine can read it there.",
      evidence: exposed.slice(0, 5).map(({ pid, name }) => `process ${pid} (${name})`),
      fix: { text: "Hand it over in the environment instead.", command: "hf run -- COMMAND" },
    },
  ];
}

function noGated(evidence: Evidence): readonly Finding[] {
  const token = known(evidence)?.token;
  if (token?.role !== "fineGrained" || token.permissions === undefined || token.permissions.canReadGatedRepos)
    return [];
  return [
    {
      code: "token-no-gated",
      severity: "warning",
      message: "This fine-grained token may not read gated repos, also where you were let in.",
      evidence: token.name === undefined ? [] : [`token: ${token.name}`],
      fix: {
        text: `Tick "Read access to contents of all public gated repos you can access" for it at ${evidence.settings.endpoint}/settings/tokens`,
      },
    },
  ];
}

function mayWrite(evidence: Evidence): readonly Finding[] {
  const identity = known(evidence);
  const why = identity?.token === undefined ? undefined : whyNotReadOnly(identity);
  if (identity?.token === undefined || why === undefined || identity.token.role === undefined) return [];
  return [
    {
      code: "token-may-write",
      severity: "note",
      message: `The token ${why}. To download, reading is enough; whoever gets hold of it can then change nothing.`,
      evidence: identity.token.name === undefined ? [] : [`token: ${identity.token.name}`],
      fix: {
        text: `Unless you upload with it, make one of type Read at ${evidence.settings.endpoint}/settings/tokens`,
      },
    },
  ];
}

/** The Hub answered, and not about the token: said, so that silence is not taken for health. */
function notChecked({ network, settings }: Evidence): readonly Finding[] {
  if (network.kind !== "asked" || network.identity.kind !== "failed") return [];
  const { error } = network.identity;
  if (error.code === "ERR_HF_INVALID_TOKEN" || network.endpoint.hops.some(({ failure }) => failure !== undefined))
    return [];
  return [
    {
      code: "not-checked",
      severity: "note",
      message: `Whether the token is valid was not found out. ${error.message}`,
      evidence: error.requestId === undefined ? [] : [`request id: ${error.requestId}`],
      fix: {
        text:
          error.code === "ERR_HF_RATE_LIMITED" ? "Ask again later; this says nothing against the token." : "Ask again.",
        command:
          settings.endpoint === DEFAULT_ENDPOINT ? "hf auth whoami" : `hf auth whoami --endpoint ${settings.endpoint}`,
      },
    },
  ];
}
