import type { Hub } from "../model.ts";
import type { Check } from "../shape.ts";
import { boolean, integer, list, map, number, object, oneOf, record, string } from "../shape.ts";
import { randomLetters } from "../model.ts";
import { createOauth, SCOPES } from "./types.ts";
import type { Issuer, OauthSettings, Publisher } from "./types.ts";

/** OAuth in a seed. */
export type SeedOauth = Partial<OauthSettings> & {
  /** Besides the one of `hf auth login`, which is always there unless its id is in the list. */
  clients?: SeedClient[];
  /** Whose ID tokens are believed: `keys` are public keys as JWK. */
  issuers?: Issuer[];
  publishers?: Publisher[];
};

export type SeedClient = {
  id: string;
  name?: string;
  /** Not a public client, then; `true`: made at the start. */
  secret?: string | true;
  redirectUris?: string[];
  /** Default: openid and profile. */
  scopes?: string[];
};

const positive: Check = (value, at) => {
  number(value, at);
  if (Number(value) < 0) throw new Error(`${at}: expected a number of at least 0`);
};

export const SEED_OAUTH: Check = object(
  {},
  {
    accessTokenSeconds: integer(1, 10 * 365 * 24 * 3600),
    codeSeconds: positive,
    deviceSeconds: positive,
    interval: positive,
    tellInterval: boolean,
    rotate: boolean,
    clients: list(
      object(
        { id: string },
        {
          name: string,
          secret: (value, at) => (value === true ? undefined : string(value, at)),
          redirectUris: list(string),
          scopes: list(oneOf(...Object.keys(SCOPES))),
        },
      ),
    ),
    issuers: list(object({ issuer: string, keys: list(record) }, {})),
    publishers: list(object({ resource: string, issuer: string, claims: map(string) }, {})),
  },
);

export function applySeedOauth(hub: Hub, seed: SeedOauth): void {
  const { clients = [], issuers = [], publishers = [], ...settings } = seed;
  const fresh = createOauth();
  hub.oauth = { ...fresh, settings: { ...fresh.settings, ...settings } };
  for (const { id, name, secret, redirectUris, scopes } of clients) {
    hub.oauth.clients.set(id, {
      id,
      name: name ?? id,
      ...(secret === undefined ? {} : { secret: secret === true ? randomLetters(40) : secret }),
      redirectUris: [...(redirectUris ?? [])],
      scopes: [...(scopes ?? ["openid", "profile"])],
    });
  }
  hub.oauth.issuers = issuers.map((issuer) => ({ ...issuer, keys: [...issuer.keys] }));
  hub.oauth.publishers = publishers.map((publisher) => ({ ...publisher, claims: { ...publisher.claims } }));
}
