import type { KeyObject } from "node:crypto";

/** The scopes the Hub documents. */
export const SCOPES: Readonly<Record<string, string>> = {
  openid: "Know who you are",
  profile: "See your public profile",
  email: "See your e-mail address",
  "read-billing": "Know whether you can pay",
  "read-memberships": "See which organisations you are in",
  "read-repos": "Read all repos that you may read",
  "gated-repos": "Read public gated repos that you have access to",
  "contribute-repos": "Make repos, and write to those that it made",
  "write-repos": "Write to all repos that you may write to",
  "manage-repos": "Make and delete repos, and change their settings",
  "read-collections": "Read your collections",
  "write-collections": "Change your collections",
  "inference-api": "Run models in your name",
  "read-endpoints": "Read your inference endpoints",
  "write-endpoints": "Change your inference endpoints",
  jobs: "Run jobs in your name",
  webhooks: "Manage your webhooks",
  "write-discussions": "Open discussions and pull requests in your name",
};

/** An application that people can let in. */
export type OauthClient = {
  id: string;
  name: string;
  /** Absent: a public client. */
  secret?: string;
  redirectUris: string[];
  /** All that it may ask for, and what it gets when it asks for nothing in particular. */
  scopes: string[];
};

/** One "yes" of a person to an application. All tokens that come of it are one family: they live and die together. */
export type OauthGrant = {
  id: string;
  client: string;
  user: string;
  scopes: string[];
  createdAt: number;
  /** Why every token of the family is dead. */
  ended?: "reuse" | "revoked";
};

export type RefreshToken = { value: string; grant: string; used: boolean };

export type AuthorizationCode = {
  client: string;
  user: string;
  scopes: string[];
  redirectUri: string;
  /** `S256` of the verifier. */
  challenge: string;
  nonce?: string;
  expiresAt: number;
  /** The family that it was exchanged for; a second try ends that one. */
  grant?: string;
};

export type DeviceRequest = {
  deviceCode: string;
  userCode: string;
  client: string;
  scopes: string[];
  expiresAt: number;
  /** Milliseconds between two polls; grows with each `slow_down`. */
  interval: number;
  polledAt?: number;
  state: "waiting" | "approved" | "denied" | "used";
  user?: string;
};

/** Whose ID tokens are believed. */
export type Issuer = { issuer: string; keys: Record<string, unknown>[] };

/** What an ID token is worth: all claims must be equal. `resource` is a repo such as `datasets/acme/data`, or a user. */
export type Publisher = { resource: string; issuer: string; claims: Record<string, string> };

export type OauthSettings = {
  /** Seconds; default 30 days. */
  accessTokenSeconds: number;
  /** Seconds; default 10 minutes. */
  codeSeconds: number;
  /** Seconds; default 5 minutes. */
  deviceSeconds: number;
  /** Seconds between two polls. */
  interval: number;
  /** Whether clients are told the interval: the Hub does not, and they take the 5 seconds of the RFC. */
  tellInterval: boolean;
  /** Give a new refresh token with each refresh, and end the family when an old one comes again. */
  rotate: boolean;
};

export type OauthState = {
  settings: OauthSettings;
  clients: Map<string, OauthClient>;
  grants: Map<string, OauthGrant>;
  /** By value; used ones stay, to be known again. */
  refreshTokens: Map<string, RefreshToken>;
  issuers: Issuer[];
  publishers: Publisher[];
  /** By code. In memory alone, as the next two. */
  codes: Map<string, AuthorizationCode>;
  /** By device code. */
  devices: Map<string, DeviceRequest>;
  /** Signs ID tokens; made when first asked for. */
  signingKey?: { privateKey: KeyObject; publicKey: KeyObject; kid: string };
};

/** The application that `hf auth login` is, in Python's hands and in others'. */
export const CLI_CLIENT_ID = "26be6b09-91c5-47da-9861-d2d2bb7a7e36";

export function cliClient(): OauthClient {
  return {
    id: CLI_CLIENT_ID,
    name: "Hugging Face CLI",
    redirectUris: ["http://127.0.0.1/callback", "http://localhost/callback", "http://[::1]/callback"],
    scopes: Object.keys(SCOPES).filter((scope) => !["read-billing", "write-endpoints"].includes(scope)),
  };
}

export function createOauth(): OauthState {
  const cli = cliClient();
  return {
    settings: {
      accessTokenSeconds: 30 * 24 * 3600,
      codeSeconds: 600,
      deviceSeconds: 300,
      interval: 5,
      tellInterval: false,
      rotate: true,
    },
    clients: new Map([[cli.id, cli]]),
    grants: new Map(),
    refreshTokens: new Map(),
    issuers: [],
    publishers: [],
    codes: new Map(),
    devices: new Map(),
  };
}
