import { randomUUID } from "node:crypto";
import type { HubResponse } from "../http.ts";
import { json, readFields } from "../http.ts";
import { badToken, Refusal } from "../refusals.ts";
import type { Call } from "../router.ts";
import { randomLetters } from "../model.ts";
import { answerProgram, OauthError } from "./errors.ts";
import { claimsOf, signingKey } from "./id-token.ts";
import { SCOPES } from "./types.ts";
import type { OauthClient } from "./types.ts";

export const DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code";
export const EXCHANGE_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange";

/** As the client addresses the hub: what it is told must be reachable under the same name. */
export function discovery({ request }: Call): HubResponse {
  const { base } = request;
  return json({
    issuer: base,
    authorization_endpoint: `${base}/oauth/authorize`,
    device_authorization_endpoint: `${base}/oauth/device`,
    token_endpoint: `${base}/oauth/token`,
    userinfo_endpoint: `${base}/oauth/userinfo`,
    jwks_uri: `${base}/oauth/jwks`,
    registration_endpoint: `${base}/oauth/register`,
    scopes_supported: Object.keys(SCOPES),
    response_types_supported: ["code"],
    response_modes_supported: ["query"],
    grant_types_supported: ["authorization_code", "refresh_token", DEVICE_GRANT, EXCHANGE_GRANT],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
    token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "none"],
    code_challenge_methods_supported: ["S256"],
  });
}

export function jwks({ hub }: Call): HubResponse {
  const { publicKey, kid } = signingKey(hub.oauth);
  return json({ keys: [{ ...publicKey.export({ format: "jwk" }), kid, alg: "RS256", use: "sig" }] });
}

export function userinfo({ hub, caller }: Call): HubResponse {
  if (caller.kind !== "user" || caller.token?.kind !== "oauth") throw badToken();
  const scopes = caller.token.scopes ?? [];
  if (!scopes.includes("openid")) throw new Refusal(403, "This token has no scope openid");
  return json(claimsOf(hub, caller.user, scopes));
}

/** RFC 7591, as far as a client needs it that registers itself. */
export function register({ hub, request }: Call): Promise<HubResponse> {
  return answerProgram(async () => {
    const fields = await readFields(request);
    const uris = fields["redirect_uris"];
    const good = (uri: unknown): uri is string => typeof uri === "string" && isRedirectUri(uri);
    if (!Array.isArray(uris) || uris.length === 0 || uris.length > 20 || !uris.every(good)) {
      throw new OauthError("invalid_redirect_uri", "redirect_uris: https addresses, or http on loopback");
    }
    const asked = typeof fields["scope"] === "string" ? fields["scope"].split(" ").filter(Boolean) : [];
    const unknown = asked.find((scope) => !Object.hasOwn(SCOPES, scope));
    if (unknown !== undefined) throw new OauthError("invalid_client_metadata", `scope: unknown "${unknown}"`);
    const isPublic = fields["token_endpoint_auth_method"] === "none";
    const name = typeof fields["client_name"] === "string" ? fields["client_name"].slice(0, 100) : "Unnamed";
    const client: OauthClient = {
      id: randomUUID(),
      name,
      ...(isPublic ? {} : { secret: randomLetters(40) }),
      redirectUris: [...uris],
      scopes: asked.length === 0 ? ["openid", "profile"] : asked,
    };
    hub.oauth.clients.set(client.id, client);
    return json(
      {
        client_id: client.id,
        ...(client.secret === undefined ? {} : { client_secret: client.secret }),
        client_id_issued_at: Math.floor(hub.now() / 1000),
        client_secret_expires_at: 0,
        client_name: name,
        redirect_uris: client.redirectUris,
        token_endpoint_auth_method: isPublic ? "none" : "client_secret_basic",
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
        scope: client.scopes.join(" "),
      },
      201,
      { "Cache-Control": "no-store" },
    );
  });
}

function isRedirectUri(uri: string): boolean {
  if (uri.length > 2000 || !URL.canParse(uri) || uri.includes("#")) return false;
  const { protocol, hostname } = new URL(uri);
  return protocol === "https:" || (protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(hostname));
}
