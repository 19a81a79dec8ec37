import { TokenError } from "../core/errors.ts";
import type { Environment } from "../core/ports.ts";
import type { Secret } from "../core/secret.ts";
import { plainText } from "../core/terminal-text.ts";
import { cleanToken } from "./clean.ts";
import { insecureEndpoint, misplacedLogin } from "./endpoint-rule.ts";
import { originsOf } from "./login-record.ts";
import type { SourceReading, TokenSource } from "./resolve.ts";
import { activeLogin } from "./store-plans.ts";
import type { TokenStore } from "./token-store.ts";

export interface SourceOptions {
  readonly env: Environment;
  /** The endpoint that the token is wanted for. */
  readonly endpoint: string;
  /** The saved logins. */
  readonly store: Pick<TokenStore, "source" | "read">;
  /** A token named by the caller: a flag's, or an argument's. Already clean. */
  readonly explicit?: { readonly token: Secret; readonly source: string } | undefined;
  /**
   * False asks the caller's own token alone: `HF_HUB_DISABLE_IMPLICIT_TOKEN` for a request that needs no token.
   * @default true
   */
  readonly implicit?: boolean | undefined;
}

/** Every place a token may come from, the first found wins. */
export function tokenSources(options: SourceOptions): readonly TokenSource[] {
  const explicit = explicitSource(options);
  if (options.implicit === false) return explicit;
  return [
    ...explicit,
    oidcSource(options),
    envSource("HF_TOKEN", options),
    envSource("HUGGING_FACE_HUB_TOKEN", options),
    savedLoginSource(options),
    // Python's library does not read this one, so it must never beat a login that Python would use.
    envSource(
      "HUGGINGFACE_TOKEN",
      options,
      "HUGGINGFACE_TOKEN is deprecated and other tools do not read it; use HF_TOKEN.",
    ),
  ];
}

/** Names that look like ours and are read by some other tool, or by none. Never read; `auth status` reports them. */
const LOOK_ALIKES: readonly string[] = [
  "HF_ACCESS_TOKEN",
  "HF_API_KEY",
  "HF_API_TOKEN",
  "HF_AUTH_TOKEN",
  "HF_HUB_TOKEN",
  "HUGGINGFACEHUB_API_TOKEN",
  "HUGGINGFACE_ACCESS_TOKEN",
  "HUGGINGFACE_API_KEY",
  "HUGGINGFACE_API_TOKEN",
  "HUGGINGFACE_HUB_TOKEN",
  "HUGGING_FACE_API_KEY",
  "HUGGING_FACE_TOKEN",
];

/** The look-alike variables that are set. Their values are not looked at. */
export function lookAlikes(env: Environment): readonly string[] {
  return LOOK_ALIKES.filter((name) => Object.hasOwn(env, name));
}

/**
 * The source in the environment that hides a saved login with this token, or undefined when the login is used.
 * Asked after a sign-in and a switch, whose effect the person would otherwise miss.
 */
export function overridingSource(env: Environment, token: Secret): string | undefined {
  if ((env["HF_OIDC_RESOURCE"] ?? "") !== "") return "oidc";
  for (const name of ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"]) {
    const cleaned = cleanToken(env[name] ?? "");
    if (cleaned.kind === "refused") return `env:${name}`;
    if (cleaned.kind === "clean") return cleaned.token.equals(token) ? undefined : `env:${name}`;
  }
  return undefined;
}

function explicitSource({ explicit, endpoint }: SourceOptions): readonly TokenSource[] {
  if (explicit === undefined) return [];
  const { token, source } = explicit;
  return [{ name: source, read: async () => bound({ kind: "found", token }, endpoint) }];
}

/** Whoever sets the resource wants the token of an exchange and no other, so this never gives way to the next source. */
function oidcSource({ env }: SourceOptions): TokenSource {
  const read = async (): Promise<SourceReading> => {
    if ((env["HF_OIDC_RESOURCE"] ?? "") === "") return { kind: "absent" };
    return {
      kind: "refused",
      error: new TokenError(
        "ERR_HF_TOKEN_REFUSED",
        "HF_OIDC_RESOURCE asks for a token by OIDC exchange, which this version can't do.",
        { hint: "Unset HF_OIDC_RESOURCE and set HF_TOKEN, or name a token with --token-file." },
      ),
    };
  };
  return { name: "oidc", read };
}

/** A variable belongs to whom sets the environment, who also sets the endpoint there: it is bound to that endpoint. */
function envSource(name: string, { env, endpoint }: SourceOptions, deprecation?: string): TokenSource {
  const read = async (): Promise<SourceReading> => {
    const cleaned = cleanToken(env[name] ?? "");
    if (cleaned.kind === "empty") return { kind: "absent" };
    if (cleaned.kind === "refused") {
      return {
        kind: "refused",
        error: new TokenError("ERR_HF_TOKEN_REFUSED", `The value of ${name} can't be a token: it ${cleaned.reason}.`, {
          hint: `Set ${name} to the token alone, or unset it.`,
        }),
      };
    }
    const warnings: string[] = deprecation === undefined ? [] : [deprecation];
    if (cleaned.warning !== undefined) warnings.push(`The value of ${name} ${cleaned.warning}.`);
    return bound({ kind: "found", token: cleaned.token, warnings }, endpoint);
  };
  return { name: `env:${name}`, read };
}

/** The active saved login, for the endpoint that it belongs to. */
function savedLoginSource({ store, endpoint }: SourceOptions): TokenSource {
  const read = async (): Promise<SourceReading> => {
    const now = await store.read();
    if (now.active.kind !== "found") return now.active;
    if (now.record.kind === "unreadable") return { kind: "refused", error: now.record.error };
    const { token, warning } = now.active;
    const { record } = now.record;
    const loginOrigins = originsOf(record, token);
    const misplaced = misplacedLogin({ endpoint, loginOrigins, trusted: record.trusted });
    if (misplaced !== undefined) return { kind: "refused", error: misplaced };
    const login = activeLogin(now);
    return {
      kind: "found",
      token,
      ...(login === undefined ? {} : { tokenName: plainText(login.name, 200) }),
      ...(login?.expiresAt === undefined ? {} : { expiresAt: login.expiresAt }),
      warnings: warning === undefined ? [] : [`The token file ${warning}.`],
    };
  };
  return { name: store.source, read };
}

function bound(reading: SourceReading, endpoint: string): SourceReading {
  const insecure = insecureEndpoint(endpoint);
  return insecure === undefined ? reading : { kind: "refused", error: insecure };
}
