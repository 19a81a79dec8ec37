/** The four kinds of git repositories, spelled as they stand in API paths. */
export type RepoType = "models" | "datasets" | "spaces" | "kernels";
export const REPO_TYPES: readonly RepoType[] = ["models", "datasets", "spaces", "kernels"];

/** `model` for `models`: the word used in JSON fields and error texts. */
export function singular(type: RepoType): string {
  return type.slice(0, -1);
}

/** What stands before a repo id in web and git URLs: nothing for models, else `datasets/` and so on. */
export function webPrefix(type: RepoType): string {
  return type === "models" ? "" : `${type}/`;
}

export type OrgRole = "admin" | "write" | "contributor" | "read" | "no_access";
export const ORG_ROLES: readonly OrgRole[] = ["admin", "write", "contributor", "read", "no_access"];

export type User = {
  _id: string;
  name: string;
  fullname: string;
  email: string;
  emailVerified: boolean;
  isPro: boolean;
  /** Password of the sign-in page. */
  password: string;
};

/** Someone at the web pages. */
export type Session = {
  id: string;
  /** Stands in each form of the session. */
  csrf: string;
  expiresAt: number;
  /** User name; absent until somebody signs in. */
  user?: string;
  /** Said once, on the next page. */
  notice?: string;
  /** Value of the token made last, until it has been shown. */
  freshToken?: string;
};

export type Org = {
  _id: string;
  name: string;
  fullname: string;
  plan?: "team" | "enterprise" | "plus" | "academia";
  /** User name to role. */
  members: Record<string, OrgRole>;
  securityRestrictions: string[];
};

export type TokenKind = "user" | "org" | "oauth";
export type TokenRole = "read" | "write" | "fineGrained";

/** One resource of a fine-grained token. `name` is a repo id, a user or an organisation; types as whoami spells them. */
export type ScopedEntity = {
  entity: { _id: string; type: string; name: string };
  permissions: string[];
};

export type FineGrained = {
  canReadGatedRepos: boolean;
  global: string[];
  scoped: ScopedEntity[];
};

export type OrgTokenState = "pending" | "denied" | "revoked";

export type HubToken = {
  /** Name the seed or the settings page gave it; unique in this hub. */
  name: string;
  value: string;
  kind: TokenKind;
  /** User name, or organisation name for kind `org`. */
  owner: string;
  displayName: string;
  role: TokenRole;
  /** Milliseconds since 1970, as all times in the model. */
  createdAt: number;
  expiresAt?: number;
  revoked: boolean;
  fineGrained?: FineGrained;
  /** OAuth scopes; only for kind `oauth`. */
  scopes?: string[];
  /** Id of the family of OAuth tokens that it belongs to. */
  grant?: string;
  /** Came of an exchange for an ID token. */
  exchanged?: boolean;
  /** Organisation name to what its token policy says about this token; absent = allowed. */
  orgPolicy?: Record<string, OrgTokenState>;
};

export type Gated = false | "auto" | "manual";

export type GateFieldType = "text" | "checkbox" | "date_picker" | "country" | { type: "select"; options: string[] };

export type GateForm = {
  prompt?: string;
  heading?: string;
  description?: string;
  buttonContent?: string;
  /** Label to type, in the order shown. */
  fields: Record<string, GateFieldType>;
};

export type AccessStatus = "pending" | "accepted" | "rejected" | "reset";
export const ACCESS_STATUSES: readonly AccessStatus[] = ["pending", "accepted", "rejected", "reset"];

export type AccessRequest = {
  user: string;
  status: AccessStatus;
  timestamp: number;
  fields?: Record<string, unknown>;
  reviewedAt?: number;
  grantedBy?: string;
  rejectionReason?: string;
};

export type Repo = {
  _id: string;
  type: RepoType;
  /** Canonical casing; `namespace/name`, or a bare name for legacy repos. */
  id: string;
  private: boolean;
  gated: Gated;
  gate: GateForm;
  /** When true only admins of the owning organisation pass the gate unasked. */
  orgMembersGated: boolean;
  disabled: boolean;
  discussionsDisabled: boolean;
  /** User who made it: contributors may write only to their own. */
  createdBy?: string;
  createdAt: number;
  likes: number;
  downloads: number;
  tags: string[];
  cardData?: Record<string, unknown>;
  pipelineTag?: string;
  libraryName?: string;
  config?: Record<string, unknown>;
  sdk?: string;
  /** Full ref name (`refs/heads/main`) to object id: a commit, or an annotated tag. */
  refs: Record<string, string>;
  /** Ref of a pull request (`refs/pr/1`) to the user who opened it and may put more commits on it. */
  pullRequests?: Record<string, string>;
  access: AccessRequest[];
  /** Free-form settings that only `PUT settings` echoes. */
  settings: Record<string, unknown>;
};

/** Owner of a repo id; the empty string for legacy ids without a namespace. */
export function ownerOf(id: string): string {
  const slash = id.indexOf("/");
  return slash < 0 ? "" : id.slice(0, slash);
}
