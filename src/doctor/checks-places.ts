import { basename, posix, win32 } from "node:path";
import type { Check } from "./check.ts";
import type { Evidence } from "./evidence.ts";
import type { Finding } from "./finding.ts";
import { list, setLine, unsetLine } from "./words.ts";

/** Where things go, by the variables that say so. */
export const PLACE_CHECKS: readonly Check[] = [
  { area: "environment", find: empty },
  { area: "environment", find: oddPaths },
  { area: "environment", find: oddSwitches },
  { area: "environment", find: homeSurprise },
];

/** Variables of places and addresses; Python takes an empty one for the current folder. */
const PLACES = ["HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_TOKEN_PATH", "XDG_CACHE_HOME", "HF_ENDPOINT"];
const PATHS = PLACES.slice(0, -1);
const SWITCHES = [
  "HF_HUB_OFFLINE",
  "TRANSFORMERS_OFFLINE",
  "HF_HUB_DISABLE_IMPLICIT_TOKEN",
  "HF_HUB_DISABLE_SYMLINKS",
  "HF_HUB_DISABLE_TELEMETRY",
  "HF_HUB_DISABLE_XET",
];

function empty({ env, platform }: Evidence): readonly Finding[] {
  const names = PLACES.filter((name) => env[name] === "");
  if (names.length === 0) return [];
  return [
    {
      code: "variable-empty",
      severity: "warning",
      message: `${list(names)} ${names.length === 1 ? "is" : "are"} set but empty: this program takes that as not set, Python's tools as the current folder.`,
      evidence: [],
      fix: { text: "Give it a value, or take it away.", command: unsetLine(names[0] ?? "", platform) },
    },
  ];
}

function oddPaths({ env, platform }: Evidence): readonly Finding[] {
  const { isAbsolute } = platform === "win32" ? win32 : posix;
  return PATHS.flatMap((name): Finding[] => {
    const value = env[name] ?? "";
    const why = oddPath(value, (text) => isAbsolute(text));
    if (value === "" || why === undefined) return [];
    return [
      {
        code: "variable-odd",
        severity: "warning",
        message: `${name} ${why}.`,
        evidence: [`${name}=${value === value.trim() ? value : JSON.stringify(value)}`],
        fix: { text: "Set it to the whole path of a folder." },
      },
    ];
  });
}

function oddPath(value: string, isAbsolute: (text: string) => boolean): string | undefined {
  if (/^["'].*["']$/s.test(value)) return "has quotes in its value, which are taken for a part of the path";
  if (value !== value.trim())
    return "has a blank or a line end around its value, which is taken for a part of the path";
  if (/^~[^/\\]*[/\\]?/.test(value))
    return value.startsWith("~/") || value === "~"
      ? tilde()
      : "begins with ~ and a name, which not every tool can read";
  if (/\$\{?\w|%\w+%/.test(value)) return "has a variable in its value, which tools other than Python's do not fill in";
  if (!isAbsolute(value)) return "is no whole path: it means another folder wherever you are";
  return undefined;
}

/** A shell replaces it, a `.env` file does not; then JavaScript's and Rust's tools make a folder of that name. */
function tilde(): string {
  return "begins with ~, which tools in JavaScript and Rust take for the name of a folder";
}

function oddSwitches({ env, platform }: Evidence): readonly Finding[] {
  const known = /^(?:1|on|yes|true|0|off|no|false|)$/i;
  return SWITCHES.filter((name) => !known.test(env[name] ?? "")).map((name) => {
    const value = env[name] ?? "";
    // Whatever was pasted there by mistake is not repeated.
    const shown = /^[\w.-]{1,12}$/.test(value) ? `${name}=${value}` : `The value of ${name}`;
    return {
      code: "variable-odd",
      severity: "warning",
      message: `${shown} switches nothing on: only 1, on, yes and true do. It counts as off.`,
      evidence: [],
      fix: {
        text: "If you mean it, set it to 1; else take it away.",
        command: setLine(name, "1", platform),
      },
    };
  });
}

/** Why models land elsewhere than expected. */
function homeSurprise({ env, settings, platform, cache }: Evidence): readonly Finding[] {
  const findings: Finding[] = [];
  const home = env["HF_HOME"] ?? "";
  if (home !== "" && ["hub", "token", "stored_tokens"].includes(basename(settings.home))) {
    findings.push({
      code: "home-surprise",
      severity: "warning",
      message: `HF_HOME names the folder of models or a file in it; it should be the folder above.`,
      evidence: [`HF_HOME=${home}`, `models are looked for in ${settings.hubCache}`],
      fix: {
        text: "Set it to the folder that holds hub and token.",
        command: setLine("HF_HOME", posix.dirname(settings.home), platform),
      },
    });
  }
  const old = ["TRANSFORMERS_CACHE", "PYTORCH_TRANSFORMERS_CACHE"].find((name) => (env[name] ?? "") !== "");
  if (old !== undefined) {
    findings.push({
      code: "home-surprise",
      severity: "note",
      message: `${old} is read by older versions of transformers alone; models go to ${settings.hubCache}.`,
      evidence: [],
      fix: { text: "Use HF_HOME for everything, or HF_HUB_CACHE for models.", command: unsetLine(old, platform) },
    });
  }
  const legacyCache = (env["HF_HUB_CACHE"] ?? "") === "" && (env["HUGGINGFACE_HUB_CACHE"] ?? "") !== "";
  const own = (env["HF_HUB_CACHE"] ?? "") !== "" || legacyCache;
  if (own && home !== "") {
    findings.push({
      code: "home-surprise",
      severity: "note",
      message: `${legacyCache ? "HUGGINGFACE_HUB_CACHE" : "HF_HUB_CACHE"} comes before HF_HOME: models do not go below HF_HOME.`,
      evidence: [`models: ${settings.hubCache}`, `logins: ${settings.home}`],
      fix: {
        text: "If that is not meant, keep one of them.",
        command: unsetLine(legacyCache ? "HUGGINGFACE_HUB_CACHE" : "HF_HUB_CACHE", platform),
      },
    });
  }
  if (cache.elsewhere !== undefined) {
    findings.push({
      code: "cache-elsewhere",
      severity: "note",
      message: "There are models at the usual place too, which are not used: the environment names another one.",
      evidence: [`not used: ${cache.elsewhere}`, `used: ${settings.hubCache}`],
      fix: { text: "To use them, take HF_HOME, HF_HUB_CACHE and XDG_CACHE_HOME away, or move them over." },
    });
  }
  return findings;
}
