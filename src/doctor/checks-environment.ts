import { DEFAULT_ENDPOINT } from "../core/settings.ts";
import { carriesTokens } from "../core/credential.ts";
import type { Check } from "./check.ts";
import type { Evidence } from "./evidence.ts";
import type { Finding } from "./finding.ts";
import { list, setLine, unsetLine } from "./words.ts";

export const ENVIRONMENT_CHECKS: readonly Check[] = [
  { area: "environment", find: endpointInvalid },
  { area: "environment", find: endpointPlain },
  { area: "environment", find: tlsCheckOff },
  { area: "environment", find: certificatesUnreadable },
  { area: "environment", find: proxyInvalid },
  { area: "environment", find: tokenVariables },
  { area: "environment", find: emptyTokens },
  { area: "environment", find: lookAlikes },
  { area: "environment", find: shadowed },
  { area: "environment", find: offline },
  { area: "environment", find: implicitOff },
  { area: "environment", find: legacy },
  { area: "environment", find: endpointOther },
];

function endpointInvalid({ endpointError, platform }: Evidence): readonly Finding[] {
  if (endpointError === undefined) return [];
  return [
    {
      code: "endpoint-invalid",
      severity: "error",
      message: `HF_ENDPOINT can't be used. ${endpointError.message}`,
      evidence: [`everything below was looked at with ${DEFAULT_ENDPOINT}`],
      fix: { text: endpointError.hint, command: unsetLine("HF_ENDPOINT", platform) },
    },
  ];
}

function endpointPlain({ settings, platform }: Evidence): readonly Finding[] {
  const url = new URL(settings.endpoint);
  if (carriesTokens(url)) return [];
  return [
    {
      code: "endpoint-plain-http",
      severity: "error",
      message: `The endpoint ${settings.endpoint} is plain http: no token is sent there, since everybody on the way could read it.`,
      evidence: [],
      fix: { text: "Use its https address.", command: setLine("HF_ENDPOINT", `https://${url.host}`, platform) },
    },
  ];
}

function endpointOther({ settings, platform, endpointError }: Evidence): readonly Finding[] {
  if (endpointError !== undefined || settings.endpoint === DEFAULT_ENDPOINT || !settings.endpointSet) return [];
  return [
    {
      code: "endpoint-other",
      severity: "note",
      message: `Everything is asked of ${settings.endpoint}, not of huggingface.co.`,
      evidence: [],
      fix: {
        text: "If that is not meant, take HF_ENDPOINT (or --endpoint) away.",
        command: unsetLine("HF_ENDPOINT", platform),
      },
    },
  ];
}

function tlsCheckOff({ env, platform }: Evidence): readonly Finding[] {
  if (env["NODE_TLS_REJECT_UNAUTHORIZED"] !== "0") return [];
  return [
    {
      code: "tls-check-off",
      severity: "error",
      message:
        "NODE_TLS_REJECT_UNAUTHORIZED=0 switches the check of certificates off: whoever is on the way can pose as the Hub and take the token.",
      evidence: [],
      fix: {
        text: "Take it away. For an authority of your own, name its PEM file in NODE_EXTRA_CA_CERTS instead.",
        command: unsetLine("NODE_TLS_REJECT_UNAUTHORIZED", platform),
      },
    },
  ];
}

function certificatesUnreadable({ variables, platform }: Evidence): readonly Finding[] {
  return variables.unreadableCertificates.map(({ name, path, why }) => ({
    code: "certificates-unreadable",
    severity: "error",
    message: `${name} names certificates that can't be used: ${why}.`,
    evidence: [path],
    fix: { text: "Set it to the PEM file of your authority, or take it away.", command: unsetLine(name, platform) },
  }));
}

function proxyInvalid({ variables }: Evidence): readonly Finding[] {
  const { proxyError } = variables;
  if (proxyError === undefined) return [];
  return [
    {
      code: "proxy-invalid",
      severity: "error",
      message: proxyError.message,
      evidence: [],
      fix: { text: proxyError.hint },
    },
  ];
}

function tokenVariables({ variables, platform }: Evidence): readonly Finding[] {
  return variables.tokens.flatMap(({ name, content }): Finding[] => {
    if (content.kind === "token") return [];
    if (content.kind === "padded") {
      return [
        {
          code: "token-variable-content",
          severity: "warning",
          message: `${name} ${content.words.replace(/, which .*/, "")}: this program takes that away, other tools send it along and are refused.`,
          evidence: [],
          fix: { text: `Set ${name} to the token alone. In a .env file for Docker, write no quotes.` },
        },
      ];
    }
    return [
      {
        code: "token-variable-content",
        severity: content.kind === "empty" ? "warning" : "error",
        message:
          content.kind === "empty"
            ? `${name} holds nothing but blanks: it counts as not set, and hides the older variable names from Python's tools.`
            : `${name} ${content.words}.`,
        evidence: [],
        fix: { text: `Set ${name} to the token alone, or take it away.`, command: unsetLine(name, platform) },
      },
    ];
  });
}

/** A secret that a job was not given comes as an empty variable. */
function emptyTokens({ variables, logins, env, platform }: Evidence): readonly Finding[] {
  const [name] = variables.emptyTokens;
  if (name === undefined) return [];
  const nobody = logins.survey?.resolution.kind === "anonymous";
  const job = (env["CI"] ?? "") !== "" || (env["GITHUB_ACTIONS"] ?? "") !== "";
  return [
    {
      code: "variable-empty",
      severity: nobody ? "warning" : "note",
      message: `${list(variables.emptyTokens)} ${variables.emptyTokens.length === 1 ? "is" : "are"} set but empty, which counts as not set: ${nobody ? "so nobody is signed in" : "so another source decides"}.`,
      evidence: [],
      fix: job
        ? {
            text: "Check the name of the secret, and that this job is given it: a pull request from a fork gets none.",
          }
        : { text: "Set it to the token, or take it away.", command: unsetLine(name, platform) },
    },
  ];
}

function lookAlikes({ variables, logins, platform }: Evidence): readonly Finding[] {
  if (variables.lookAlikes.length === 0) return [];
  const nobody = logins.survey?.resolution.kind === "anonymous";
  const [name = ""] = variables.lookAlikes;
  const command = platform === "win32" ? `$Env:HF_TOKEN = $Env:${name}` : `export HF_TOKEN="$${name}"`;
  return [
    {
      code: "look-alike-variable",
      severity: nobody ? "warning" : "note",
      message: `${list(variables.lookAlikes)} ${variables.lookAlikes.length === 1 ? "is" : "are"} set and not read: the Hub's variable is called HF_TOKEN.`,
      evidence: [],
      fix: nobody
        ? { text: "Give the token its right name.", command }
        : { text: "Take it away if no other tool of yours reads it.", command: unsetLine(name, platform) },
    },
  ];
}

/** A variable that stands before a saved login with another token. The usual case of "why am I somebody else?". */
function shadowed({ logins, variables, platform }: Evidence): readonly Finding[] {
  const findings: Finding[] = [];
  if (logins.hiddenBy !== undefined) {
    const name = logins.hiddenBy.startsWith("env:") ? logins.hiddenBy.slice(4) : "HF_OIDC_RESOURCE";
    findings.push({
      code: "token-shadowed",
      severity: "warning",
      message: `${name} comes before your saved login, which has another token and is not used.`,
      evidence: (logins.survey?.sources ?? [])
        .filter(({ state }) => state === "active" || state === "shadowed")
        .map(
          ({ source, state, token, tokenName }) =>
            `${source}: ${[state, token, tokenName].filter((word) => word !== undefined).join(", ")}`,
        ),
      fix: { text: "To use the saved login, take the variable away.", command: unsetLine(name, platform) },
    });
  }
  const both = ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"].every((name) =>
    variables.tokens.some((found) => found.name === name),
  );
  const sources = logins.survey?.sources ?? [];
  const tokens = sources
    .filter(({ source }) => /^env:HF_TOKEN$|^env:HUGGING_FACE/.test(source))
    .map(({ token }) => token);
  if (both && tokens[0] !== tokens[1]) {
    findings.push({
      code: "token-shadowed",
      severity: "warning",
      message: "HF_TOKEN and HUGGING_FACE_HUB_TOKEN are both set, to different tokens; the first is used.",
      evidence: [],
      fix: { text: "Keep one of them.", command: unsetLine("HUGGING_FACE_HUB_TOKEN", platform) },
    });
  }
  return findings;
}

function legacy({ variables, platform }: Evidence): readonly Finding[] {
  const set = variables.tokens.map(({ name }) => name);
  if (set.includes("HF_TOKEN")) return [];
  const old = ["HUGGING_FACE_HUB_TOKEN", "HUGGINGFACE_TOKEN"].find((name) => set.includes(name));
  if (old === undefined) return [];
  const deprecated = old === "HUGGINGFACE_TOKEN";
  return [
    {
      code: "token-variable-legacy",
      severity: deprecated ? "warning" : "note",
      message: deprecated
        ? "HUGGINGFACE_TOKEN is deprecated: Python's tools do not read it, and every other source comes before it."
        : "HUGGING_FACE_HUB_TOKEN is an old name of HF_TOKEN; it still works.",
      evidence: [],
      fix: {
        text: "Use HF_TOKEN.",
        command: platform === "win32" ? `$Env:HF_TOKEN = $Env:${old}` : `export HF_TOKEN="$${old}"`,
      },
    },
  ];
}

function offline({ env, settings, platform }: Evidence): readonly Finding[] {
  if (!settings.offline) return [];
  const name = (env["HF_HUB_OFFLINE"] ?? "") === "" ? "TRANSFORMERS_OFFLINE" : "HF_HUB_OFFLINE";
  return [
    {
      code: "offline-switch",
      severity: "warning",
      message: `${name} is on: nothing is asked of the Hub, and what is not in the cache can't be had.`,
      evidence: [],
      fix: { text: "If it was left on by mistake, take it away.", command: unsetLine(name, platform) },
    },
  ];
}

function implicitOff({ settings, platform }: Evidence): readonly Finding[] {
  if (!settings.disableImplicitToken) return [];
  return [
    {
      code: "implicit-token-off",
      severity: "warning",
      message:
        "HF_HUB_DISABLE_IMPLICIT_TOKEN is on: gated and private repos are asked for without your token, and refused.",
      evidence: [],
      fix: {
        text: "Take it away to have the token sent.",
        command: unsetLine("HF_HUB_DISABLE_IMPLICIT_TOKEN", platform),
      },
    },
  ];
}
