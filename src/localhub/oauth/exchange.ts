import { createPublicKey, verify } from "node:crypto";
import type { JsonWebKey, KeyObject } from "node:crypto";
import { isRecord } from "../http.ts";
import type { Hub } from "../model.ts";
import { findRepo, findOrg, findUser, mintTokenValue, randomLetters, stableId } from "../model.ts";
import type { HubToken, RepoType } from "../types.ts";
import { ownerOf, REPO_TYPES, singular } from "../types.ts";
import { textField } from "./clients.ts";
import { OauthError } from "./errors.ts";
import type { Publisher } from "./types.ts";

const ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token";
const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";
const LIFETIME_SECONDS = 3600;

/** An ID token of a CI service for a token of the Hub, where a publisher of the resource says so. */
export function exchangeToken(hub: Hub, fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const type = textField(fields, "subject_token_type");
  const idToken = textField(fields, "subject_token");
  const resource = textField(fields, "resource");
  if (type !== ID_TOKEN) throw new OauthError("invalid_request", `subject_token_type must be ${ID_TOKEN}`);
  if (idToken === undefined) throw new OauthError("invalid_request", "subject_token is missing");
  if (resource === undefined) throw new OauthError("invalid_request", "resource is missing");
  const claims = readIdToken(hub, idToken);
  const publisher = hub.oauth.publishers.find((one) => one.resource === resource && fits(one, claims));
  if (!publisher) throw new OauthError("invalid_grant", `No trusted publisher of ${resource} fits this token`);
  const token = mintFor(hub, resource);
  hub.tokens.set(token.value, token);
  return {
    access_token: token.value,
    token_type: "bearer",
    expires_in: LIFETIME_SECONDS,
    issued_token_type: ACCESS_TOKEN,
  };
}

function fits(publisher: Publisher, claims: Record<string, unknown>): boolean {
  return (
    publisher.issuer === claims["iss"] &&
    Object.entries(publisher.claims).every(([name, value]) => claims[name] === value)
  );
}

const ALGORITHMS: Record<string, { hash: string | null; ieee?: true }> = {
  RS256: { hash: "sha256" },
  ES256: { hash: "sha256", ieee: true },
  EdDSA: { hash: null },
};

/** @throws OauthError `invalid_grant`: not signed by a known issuer, for another audience, too old */
function readIdToken(hub: Hub, idToken: string): Record<string, unknown> {
  const [head = "", body = "", signature = "", ...more] = idToken.split(".");
  const header = decode(head);
  const claims = decode(body);
  const algorithm = typeof header?.["alg"] === "string" ? ALGORITHMS[header["alg"]] : undefined;
  if (!header || !claims || !algorithm || more.length > 0) throw bad("not a signed JWT");
  const issuer = hub.oauth.issuers.find((one) => one.issuer === claims["iss"]);
  if (!issuer) throw bad("unknown issuer");
  const kid = header["kid"];
  const keys = issuer.keys.filter((key) => kid === undefined || key["kid"] === kid || key["kid"] === undefined);
  const signed = Buffer.from(`${head}.${body}`);
  const bytes = Buffer.from(signature, "base64url");
  const good = keys.some((jwk) => {
    const key = publicKey(jwk);
    if (!key || !fitsKey(String(header["alg"]), key)) return false;
    return verify(algorithm.hash, signed, algorithm.ieee ? { key, dsaEncoding: "ieee-p1363" } : key, bytes);
  });
  if (!good) throw bad("wrong signature");
  const audiences = [claims["aud"]].flat();
  const own = new URL(hub.origins.hub);
  const isOwn = (audience: unknown): boolean =>
    typeof audience === "string" &&
    ["localhost", "127.0.0.1", "[::1]"].some((name) => audience.replace(/\/$/, "") === `http://${name}:${own.port}`);
  if (!audiences.some(isOwn)) throw bad("another audience");
  const seconds = hub.now() / 1000;
  const { exp, nbf } = claims;
  if (typeof exp !== "number" || exp <= seconds) throw bad("expired");
  if (typeof nbf === "number" && nbf > seconds + 60) throw bad("not valid yet");
  return claims;
}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function publicKey(jwk: Record<string, unknown>): KeyObject | undefined {
  try {
    return createPublicKey({ key: jwk as JsonWebKey, format: "jwk" });
  } catch {
    return undefined;
  }
}

function fitsKey(alg: string, key: KeyObject): boolean {
  const types: Record<string, string> = { RS256: "rsa", ES256: "ec", EdDSA: "ed25519" };
  return key.asymmetricKeyType === types[alg];
}

function bad(why: string): OauthError {
  return new OauthError("invalid_grant", `The subject token is refused: ${why}`);
}

/** For a repo: a token that writes that repo alone. For a user: one that reads what gates let the user read. */
function mintFor(hub: Hub, resource: string): HubToken {
  const common = {
    name: `oidc-${randomLetters(12)}`,
    displayName: `oidc-${resource}`,
    createdAt: hub.now(),
    expiresAt: hub.now() + LIFETIME_SECONDS * 1000,
    revoked: false,
    exchanged: true,
  };
  if (!resource.includes("/")) {
    if (!findUser(hub, resource)) throw new OauthError("invalid_grant", `Nobody is called ${resource}`);
    return {
      ...common,
      value: mintTokenValue("oauth"),
      kind: "oauth",
      owner: resource,
      role: "read",
      scopes: ["gated-repos"],
    };
  }
  const { type, id } = readResource(resource);
  const repo = findRepo(hub, type, id)?.repo;
  if (!repo) throw new OauthError("invalid_grant", `There is no ${resource}`);
  const owner = ownerOf(repo.id);
  return {
    ...common,
    value: `hf_jwt_${randomLetters(60)}`,
    kind: findOrg(hub, owner) ? "org" : "user",
    owner,
    role: "fineGrained",
    fineGrained: {
      canReadGatedRepos: false,
      global: [],
      scoped: [
        {
          entity: { _id: stableId(`${singular(type)} ${repo.id}`), type: singular(type), name: repo.id },
          permissions: ["repo.content.read", "repo.write"],
        },
      ],
    },
  };
}

function readResource(resource: string): { type: RepoType; id: string } {
  const type = REPO_TYPES.find((one) => one !== "models" && resource.startsWith(`${one}/`));
  return type ? { type, id: resource.slice(type.length + 1) } : { type: "models", id: resource };
}
