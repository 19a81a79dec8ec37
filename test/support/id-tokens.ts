import { generateKeyPairSync, sign } from "node:crypto";
import { defaultSeed } from "../../src/localhub/index.ts";
import type { Seed } from "../../src/localhub/index.ts";

export const ISSUER = "https://ci.example";
const REPOSITORY = "alice/code";

/** A CI service's key, and what a Hub is told of it: jobs of alice/code may write a model of alice, and read as carol. */
export interface CiService {
  readonly seed: Seed;
  /** An ID token as the service signs it, for `audience`. */
  idToken(audience: string, claims?: Record<string, unknown>): string;
}

export function createCiService(now: () => number = Date.now): CiService {
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { repository: REPOSITORY };
  return {
    seed: {
      ...defaultSeed(),
      oauth: {
        issuers: [{ issuer: ISSUER, keys: [{ ...keys.publicKey.export({ format: "jwk" }), kid: "one" }] }],
        publishers: [
          { resource: "alice/tiny-model", issuer: ISSUER, claims },
          { resource: "carol", issuer: ISSUER, claims },
        ],
      },
    },
    idToken(audience, more = {}) {
      const all = {
        iss: ISSUER,
        sub: `repo:${REPOSITORY}:ref:refs/heads/main`,
        aud: audience,
        exp: Math.floor(now() / 1000) + 300,
        repository: REPOSITORY,
        jti: Math.random().toString(36).slice(2),
        ...more,
      };
      const signed = `${encode({ alg: "ES256", kid: "one" })}.${encode(all)}`;
      const signature = sign("sha256", Buffer.from(signed), { key: keys.privateKey, dsaEncoding: "ieee-p1363" });
      return `${signed}.${signature.toString("base64url")}`;
    },
  };
}
