import { NetworkError } from "../core/errors.ts";
import { plainText } from "../core/terminal-text.ts";

/** Who a token speaks for. All text is the Hub's, made plain. */
export interface Identity {
  readonly type: "user" | "org" | "app";
  /** Account name, as in the address of its page. */
  readonly name: string;
  readonly fullName?: string;
  /** Only where the token may see it. */
  readonly email?: string;
  readonly isPro?: boolean;
  readonly orgs: readonly Organisation[];
  /** How the caller is authenticated: `access_token`, `oauth`, … */
  readonly authType?: string;
  /** Undefined where the Hub tells nothing of the token, as for OAuth. */
  readonly token?: IdentityToken;
  readonly expiresAt?: Date;
}

export interface Organisation {
  readonly name: string;
  readonly fullName?: string;
  /** `admin`, `write`, `contributor`, `read`, `no_access`, `custom`. */
  readonly role?: string;
  readonly plan?: string;
  /** What stands between this token and the organisation: `mfa`, `sso`, `token-policy`, `token-revoked`, `ip`. */
  readonly restrictions: readonly string[];
}

export interface IdentityToken {
  /** Undefined for a token without a name. */
  readonly name?: string;
  /** `read`, `write`, `fineGrained`. */
  readonly role?: string;
  readonly createdAt?: Date;
  /** Only for fine-grained tokens. */
  readonly permissions?: TokenPermissions;
}

/** What a fine-grained token may do. */
export interface TokenPermissions {
  /** Whether it may read the gated repos that its user may read. */
  readonly canReadGatedRepos: boolean;
  readonly global: readonly string[];
  readonly scoped: readonly ScopedPermission[];
}

export interface ScopedPermission {
  /** `model`, `dataset`, `org`, `user`, … */
  readonly entityType: string;
  readonly entityName?: string;
  readonly permissions: readonly string[];
}

/**
 * Narrows the answer of whoami-v2. Asks for no more than a type and a name, because the Hub leaves fields away and
 * adds some; takes nothing that is of another type than it should be.
 * @throws NetworkError `ERR_HF_BAD_ANSWER`
 */
export function readIdentity(body: unknown): Identity {
  const answer = object(body);
  const type = answer["type"];
  const name = text(answer["name"]);
  if (name === undefined || (type !== "user" && type !== "org" && type !== "app")) {
    throw new NetworkError("ERR_HF_BAD_ANSWER", "The answer about the account is not one of a Hub.", {
      hint: "Check HF_ENDPOINT: does that address lead to a Hub?",
    });
  }
  const auth = object(answer["auth"]);
  const accessToken = object(auth["accessToken"]);
  const isPro = answer["isPro"];
  return {
    type,
    name,
    ...optional("fullName", text(answer["fullname"])),
    ...optional("email", text(answer["email"])),
    ...(typeof isPro === "boolean" ? { isPro } : {}),
    orgs: list(answer["orgs"])
      .map(readOrganisation)
      .filter((org) => org !== undefined),
    ...optional("authType", text(auth["type"])),
    ...optional("token", auth["accessToken"] === undefined ? undefined : readToken(accessToken)),
    ...optional("expiresAt", date(auth["expiresAt"]) ?? date(accessToken["expiresAt"])),
  };
}

function readOrganisation(value: unknown): Organisation | undefined {
  const org = object(value);
  const name = text(org["name"]);
  if (name === undefined) return undefined;
  const restrictions = new Set(texts(org["securityRestrictions"]));
  if (org["pendingSSO"] === true) restrictions.add("sso");
  if (org["missingMFA"] === true) restrictions.add("mfa");
  return {
    name,
    ...optional("fullName", text(org["fullname"])),
    ...optional("role", text(org["roleInOrg"])),
    ...optional("plan", text(org["plan"])),
    restrictions: [...restrictions],
  };
}

function readToken(token: Record<string, unknown>): IdentityToken {
  const fineGrained = token["fineGrained"];
  return {
    ...optional("name", text(token["displayName"])),
    ...optional("role", text(token["role"])),
    ...optional("createdAt", date(token["createdAt"])),
    ...optional("permissions", fineGrained === undefined ? undefined : readPermissions(object(fineGrained))),
  };
}

function readPermissions(fineGrained: Record<string, unknown>): TokenPermissions {
  return {
    canReadGatedRepos: fineGrained["canReadGatedRepos"] === true,
    global: texts(fineGrained["global"]),
    scoped: list(fineGrained["scoped"]).map((value) => {
      const scope = object(value);
      const entity = object(scope["entity"]);
      return {
        entityType: text(entity["type"]) ?? "unknown",
        ...optional("entityName", text(entity["name"])),
        permissions: texts(scope["permissions"]),
      };
    }),
  };
}

/** The field itself, or nothing: an absent field must not turn into one that holds undefined. */
function optional<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  // The compiler can't see that a computed key of a literal type makes just this shape.
  return value === undefined ? {} : ({ [key]: value } as { [K in Key]?: Value });
}

function object(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.slice(0, 10_000) : [];
}

function text(value: unknown): string | undefined {
  const plain = typeof value === "string" ? plainText(value, 300) : "";
  return plain === "" ? undefined : plain;
}

function texts(value: unknown): readonly string[] {
  return list(value)
    .map(text)
    .filter((item) => item !== undefined);
}

/** An ISO date, or seconds since the epoch. */
function date(value: unknown): Date | undefined {
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  const read = new Date(typeof value === "number" ? value * 1000 : value);
  return Number.isNaN(read.getTime()) ? undefined : read;
}
