import type { Credential } from "../core/credential.ts";
import { OfflineError } from "../core/errors.ts";
import type { HfError } from "../core/errors.ts";
import type { Secret } from "../core/secret.ts";

/** What a place says when it is asked for a token. `absent` lets the next one answer, all others end the search. */
export type SourceReading = FoundToken | { readonly kind: "absent" } | RefusedToken | PromisedToken;

export interface FoundToken {
  readonly kind: "found";
  readonly token: Secret;
  /** Name of the saved login, where the token is one. */
  readonly tokenName?: string;
  readonly expiresAt?: Date;
  /** What an exchanged token is limited to: `HF_OIDC_RESOURCE`. */
  readonly resource?: string;
  /** Who the ID token behind it says the job is. Plain text. */
  readonly subject?: string;
  /** Sentences for the person: what was cleaned, what is deprecated. */
  readonly warnings?: readonly string[];
}

/** There will be a token for whoever may ask for it over the network; here nobody may. */
export interface PromisedToken {
  readonly kind: "promised";
  readonly resource: string;
  readonly subject?: string;
}

export interface RefusedToken {
  readonly kind: "refused";
  /** Why there is a token, or the wish for one, that can't be used; with the next step as its hint. */
  readonly error: HfError;
}

/** A place that a token may come from. It was handed what it needs to read; asking it is all that is left. */
export interface TokenSource {
  /** `env:HF_TOKEN`, `file:/home/me/.cache/huggingface/token`, `flag:--token`, `oidc:github`. */
  readonly name: string;
  read(): Promise<SourceReading>;
}

/** Where the search ended. `passed` names the sources before that, which were absent. */
export type TokenResolution =
  | (FoundToken & { readonly source: string; readonly passed: readonly string[] })
  | (RefusedToken & { readonly source: string; readonly passed: readonly string[] })
  | (PromisedToken & { readonly source: string; readonly passed: readonly string[] })
  | { readonly kind: "anonymous"; readonly passed: readonly string[] };

/**
 * Asks the sources in order. The first that is not absent decides: a source that was asked for and failed is
 * `refused`, and never falls through to another identity.
 */
export async function resolveToken(sources: readonly TokenSource[]): Promise<TokenResolution> {
  const passed: string[] = [];
  for (const source of sources) {
    const reading = await source.read();
    if (reading.kind !== "absent") return { ...reading, source: source.name, passed };
    passed.push(source.name);
  }
  return { kind: "anonymous", passed };
}

/**
 * The credential for calls to `endpoint`, or undefined when nobody is signed in.
 * @throws HfError the reason of a refused source
 * @throws OfflineError there would be one by an exchange, and the network is switched off
 */
export function credentialOf(resolution: TokenResolution, endpoint: string): Credential | undefined {
  if (resolution.kind === "anonymous") return undefined;
  if (resolution.kind === "refused") throw resolution.error;
  if (resolution.kind === "promised") throw notExchanged(resolution.resource);
  const { token, source, expiresAt } = resolution;
  const origin = new URL(endpoint).origin;
  return { token, origin, source, ...(expiresAt === undefined ? {} : { expiresAt }) };
}

/** The error for whoever needs a token that is only promised. */
export function notExchanged(resource: string): OfflineError {
  return new OfflineError(
    "ERR_HF_OFFLINE",
    `The token for ${resource} comes by an exchange with the Hub, and the network is switched off.`,
    { hint: "Unset HF_HUB_OFFLINE (and TRANSFORMERS_OFFLINE), or leave out --offline, to use the network." },
  );
}
