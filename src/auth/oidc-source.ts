import { isHfError, TokenError } from "../core/errors.ts";
import type { Environment } from "../core/ports.ts";
import { plainText } from "../core/terminal-text.ts";
import { insecureEndpoint } from "./endpoint-rule.ts";
import { readOidcExec } from "./oidc-config.ts";
import type { OidcConfigOptions } from "./oidc-config.ts";
import type { OidcExchanger } from "./oidc-exchange.ts";
import { readIdToken } from "./oidc-id-token.ts";
import { chooseProvider } from "./oidc-provider.ts";
import type { OidcProvider } from "./oidc-provider.ts";
import type { SourceReading, TokenSource } from "./resolve.ts";

export interface OidcSourceOptions {
  readonly env: Environment;
  readonly endpoint: string;
  /** Where a command of the user is named. Undefined: nowhere. */
  readonly config?: OidcConfigOptions | undefined;
  /** Undefined: nobody is asked, and what would be is only promised. */
  readonly exchange?: OidcExchanger | undefined;
}

/**
 * The token of an exchange, when `HF_OIDC_RESOURCE` is set. Whoever sets it wants that token and no other, so this
 * never gives way to the next source. Its name says who gives the ID token, once it was asked.
 */
export function oidcSource(options: OidcSourceOptions): TokenSource {
  const { env, endpoint, config, exchange } = options;
  let name = "oidc";
  const look = async (resource: string): Promise<SourceReading> => {
    const insecure = insecureEndpoint(endpoint);
    if (insecure !== undefined) throw insecure;
    if (!/^[\x21-\x7e]{1,300}$/.test(resource)) {
      throw new TokenError("ERR_HF_OIDC", `HF_OIDC_RESOURCE can't be '${plainText(resource, 100)}'.`, {
        hint: "It is a repo such as acme/tiny or datasets/acme/words, or the name of an account.",
      });
    }
    const provider = chooseProvider(env, endpoint, () => (config === undefined ? undefined : readOidcExec(config)));
    if (provider === undefined) throw nobody();
    name = provider.source;
    const { way } = provider;
    if (way.kind === "missing") throw new TokenError("ERR_HF_OIDC", way.message, { hint: way.hint });
    if (exchange === undefined) return promise(provider, resource, endpoint);
    const { token, expiresAt, subject } = await exchange(provider, resource);
    const warnings = unreadFile(env, provider);
    return { kind: "found", token, expiresAt, resource, warnings, ...(subject === undefined ? {} : { subject }) };
  };
  const read = async (): Promise<SourceReading> => {
    const resource = env["HF_OIDC_RESOURCE"] ?? "";
    if (resource === "") return { kind: "absent" };
    try {
      return await look(resource);
    } catch (error) {
      if (isHfError(error)) return { kind: "refused", error };
      throw error;
    }
  };
  return {
    get name() {
      return name;
    },
    read,
  };
}

function promise({ way, label }: OidcProvider, resource: string, endpoint: string): SourceReading {
  const subject = way.kind === "value" ? readIdToken(way.value, endpoint, label).claims.subject : undefined;
  return { kind: "promised", resource, ...(subject === undefined ? {} : { subject }) };
}

function unreadFile(env: Environment, { source, label }: OidcProvider): string[] {
  if ((env["HF_OIDC_ID_TOKEN_FILE"] ?? "") === "" || source === "oidc:file") return [];
  return [`HF_OIDC_ID_TOKEN_FILE is not read: ${label} comes first.`];
}

function nobody(): TokenError {
  return new TokenError(
    "ERR_HF_OIDC",
    "HF_OIDC_RESOURCE asks for a token by OIDC exchange, but nothing here gives an ID token.",
    {
      hint: "Set HF_OIDC_ID_TOKEN or HF_OIDC_ID_TOKEN_FILE, or run in a CI job that has ID tokens. Or unset HF_OIDC_RESOURCE.",
    },
  );
}
