import { createHash } from "node:crypto";
import type { HubRequest, HubResponse } from "../http.ts";
import { readFields } from "../http.ts";
import type { Hub } from "../model.ts";
import { findUser } from "../model.ts";
import { sameText } from "../pages/forms.ts";
import type { Call } from "../router.ts";
import { clientOf, textField } from "./clients.ts";
import { answerProgram, OauthError, tokenAnswer } from "./errors.ts";
import { exchangeToken } from "./exchange.ts";
import { mintIdToken } from "./id-token.ts";
import { DEVICE_GRANT, EXCHANGE_GRANT } from "./metadata.ts";
import { endGrant, mintAccessToken, mintRefreshToken, startGrant } from "./state.ts";
import type { OauthClient, OauthGrant } from "./types.ts";

type Fields = Readonly<Record<string, unknown>>;
type TokenCall = { hub: Hub; request: HubRequest; fields: Fields; client: OauthClient | undefined };

/** `POST /oauth/token`: form or JSON. */
export function token({ hub, request }: Call): Promise<HubResponse> {
  return answerProgram(async () => {
    const fields = await readFields(request);
    const grantType = textField(fields, "grant_type");
    const call: TokenCall = { hub, request, fields, client: clientOf(hub, request, fields) };
    switch (grantType) {
      case "authorization_code":
        return byCode(call);
      case "refresh_token":
        return byRefreshToken(call);
      case DEVICE_GRANT:
        return byDeviceCode(call);
      case EXCHANGE_GRANT:
        return tokenAnswer(exchangeToken(hub, fields));
      default:
        throw new OauthError("unsupported_grant_type", `grant_type: ${grantType ?? "missing"}`);
    }
  });
}

/** The client id may be missing: a public client is known by its code and its verifier. */
function byCode({ hub, request, fields, client }: TokenCall): HubResponse {
  const code = hub.oauth.codes.get(need(fields, "code"));
  if (!code) throw new OauthError("invalid_grant", "Unknown code");
  if (code.grant !== undefined) {
    // Somebody else has it too. RFC 6749 section 4.1.2: what came of it is no longer good.
    const grant = hub.oauth.grants.get(code.grant);
    if (grant) endGrant(hub, grant, "reuse");
    throw new OauthError("invalid_grant", "This code was used before");
  }
  if (code.expiresAt <= hub.now()) throw new OauthError("invalid_grant", "This code has expired");
  if (client && client.id !== code.client) throw new OauthError("invalid_grant", "This code is another client's");
  if (!client && hub.oauth.clients.get(code.client)?.secret !== undefined) {
    throw new OauthError("invalid_client", "This client has a secret", 401);
  }
  if (need(fields, "redirect_uri") !== code.redirectUri) throw new OauthError("invalid_grant", "Wrong redirect_uri");
  const verifier = need(fields, "code_verifier");
  if (!/^[A-Za-z0-9._~-]{43,128}$/.test(verifier) || !sameText(challengeOf(verifier), code.challenge)) {
    throw new OauthError("invalid_grant", "Wrong code_verifier");
  }
  const grant = startGrant(hub, code);
  code.grant = grant.id;
  return issue({ hub, request, grant, nonce: code.nonce });
}

function challengeOf(verifier: string): string {
  return createHash("sha256").update(verifier).digest("base64url");
}

function byRefreshToken({ hub, request, fields, client }: TokenCall): HubResponse {
  const refresh = hub.oauth.refreshTokens.get(need(fields, "refresh_token"));
  const grant = refresh && hub.oauth.grants.get(refresh.grant);
  if (!refresh || !grant) throw new OauthError("invalid_grant", "Unknown refresh token");
  if (!client) throw new OauthError("invalid_request", "client_id is missing");
  if (client.id !== grant.client) throw new OauthError("invalid_grant", "This refresh token is another client's");
  if (grant.ended !== undefined) throw new OauthError("invalid_grant", `This login has ended: ${grant.ended}`);
  if (refresh.used) {
    // Two hold the same token, and one of them is a thief: neither is served any more.
    endGrant(hub, grant, "reuse");
    throw new OauthError("invalid_grant", "This refresh token was used before; the login has ended");
  }
  refresh.used = hub.oauth.settings.rotate;
  return issue({ hub, request, grant, keepRefresh: !hub.oauth.settings.rotate });
}

function byDeviceCode({ hub, request, fields, client }: TokenCall): HubResponse {
  const device = hub.oauth.devices.get(need(fields, "device_code"));
  if (!client) throw new OauthError("invalid_request", "client_id is missing");
  if (!device || device.client !== client.id || device.state === "used") {
    throw new OauthError("invalid_grant", "Unknown device_code");
  }
  const now = hub.now();
  if (device.expiresAt <= now) throw new OauthError("expired_token", "This device_code has expired");
  const sincePoll = device.polledAt === undefined ? Infinity : now - device.polledAt;
  device.polledAt = now;
  // A tenth early is the clocks' and the network's doing.
  if (sincePoll < device.interval * 0.9) {
    device.interval += 5000;
    throw new OauthError("slow_down", "Polled too fast");
  }
  switch (device.state) {
    case "waiting":
      throw new OauthError("authorization_pending", "Nobody has entered the code yet");
    case "denied":
      throw new OauthError("access_denied", "The person said no");
    case "approved": {
      device.state = "used";
      const user = device.user ?? "";
      return issue({ hub, request, grant: startGrant(hub, { client: client.id, user, scopes: device.scopes }) });
    }
  }
}

type Issue = { hub: Hub; request: HubRequest; grant: OauthGrant; nonce?: string | undefined; keepRefresh?: boolean };

function issue({ hub, request, grant, nonce, keepRefresh = false }: Issue): HubResponse {
  const user = findUser(hub, grant.user);
  if (!user) throw new OauthError("invalid_grant", "That account is gone");
  const access = mintAccessToken(hub, grant);
  return tokenAnswer({
    access_token: access.value,
    token_type: "bearer",
    expires_in: hub.oauth.settings.accessTokenSeconds,
    ...(keepRefresh ? {} : { refresh_token: mintRefreshToken(hub, grant).value }),
    scope: grant.scopes.join(" "),
    ...(grant.scopes.includes("openid")
      ? { id_token: mintIdToken(hub, { issuer: request.base, user, grant, nonce }) }
      : {}),
  });
}

function need(fields: Fields, name: string): string {
  const value = textField(fields, name);
  if (value === undefined) throw new OauthError("invalid_request", `${name} is missing`);
  return value;
}
