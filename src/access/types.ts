import type { HfError, HfErrorCode } from "../core/errors.ts";
import type { Repo, RepoType } from "../core/repo.ts";

/** What is asked: may this caller read (or write) the repo. */
export interface AccessSubject {
  readonly repo: Repo;
  /** @default "main" */
  readonly revision?: string | undefined;
  /** A file in the repo to ask about. Default: one that nearly every repo has, and no gate lets through. */
  readonly path?: string | undefined;
}

export type AccessNeed = "read" | "write";

/** Which token speaks, or why none does. */
export type TokenFacts =
  | {
      readonly kind: "none";
      /** A source whose token `HF_HUB_DISABLE_IMPLICIT_TOKEN` keeps back. */
      readonly keptBack?: string | undefined;
    }
  | {
      readonly kind: "used";
      readonly source: string;
      readonly tokenName?: string | undefined;
      readonly expiresAt?: Date | undefined;
      /** Sources that have a token too, and give way to this one. */
      readonly shadows: readonly string[];
    }
  /** There is one, and it can't be used: it belongs to another endpoint, or is no token. Nothing was sent. */
  | {
      readonly kind: "withheld";
      readonly source: string;
      readonly error: HfError;
      readonly shadows: readonly string[];
    };

/** What the Hub said to one question. */
export type HubReading =
  | {
      readonly kind: "readable";
      /** The repo that answered: another one than asked for after a renaming, or with another casing. */
      readonly at: Repo | undefined;
      readonly status: number;
      readonly requestId: string | undefined;
    }
  | {
      readonly kind: "refused";
      readonly error: HfError;
      /** The repo that the refusal is about, as for `readable`. */
      readonly at: Repo | undefined;
      /** The Hub's own words, made plain. */
      readonly said: string;
    };

/** As much of whoami's answer as a verdict needs. An `Identity` of the room `auth` is one. */
export interface Account {
  readonly name: string;
  readonly type: string;
  readonly authType?: string;
  readonly orgs: readonly {
    readonly name: string;
    readonly role?: string;
    readonly restrictions: readonly string[];
  }[];
  readonly token?: {
    readonly name?: string;
    readonly role?: string;
    readonly permissions?: {
      readonly canReadGatedRepos: boolean;
      readonly scoped: readonly {
        readonly entityType: string;
        readonly entityName?: string;
        readonly permissions: readonly string[];
      }[];
    };
  };
}

export type AccountReading =
  { readonly kind: "known"; readonly account: Account } | { readonly kind: "unknown"; readonly error: HfError };

/** How a gate lets people in, as the repo's page says. */
export type GateMode = "auto" | "manual";

/** All that was found out. What is undefined was not asked. */
export interface AccessEvidence {
  readonly subject: AccessSubject;
  readonly need: AccessNeed;
  readonly endpoint: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly token: TokenFacts;
  /** The answer for this caller, about a real file; for writing, about the right to write. */
  readonly answer: HubReading;
  readonly account?: AccountReading | undefined;
  /** The answer about the same file for nobody in particular. */
  readonly anonymous?: HubReading | undefined;
  readonly gate?: GateMode | undefined;
  /** Repos that exist and could be meant, the likeliest first. */
  readonly near?: readonly Repo[] | undefined;
  /** The other types that were looked for among them. */
  readonly askedTypes?: readonly RepoType[] | undefined;
}

/** The one thing to do. */
export interface NextStep {
  /** A sentence with the command or address in it. */
  readonly text: string;
  readonly command?: string;
  readonly url?: string;
  /** A command for afterwards, which `text` names too. */
  readonly afterwards?: string;
}

export type ScopeReason = "gated-read" | "this-repo" | "write";
export type PolicyReason = "approval" | "revoked" | "fine-grained-only" | "sso" | "mfa" | "ip" | "unknown";
/** `hidden`: it is there, for another name leads to it. */
export type MissingReason = "missing" | "hidden" | "unknown" | "no-such-revision" | "no-such-file";
export type MisspeltReason = "renamed" | "wrong-case" | "other-type" | "close-name";

/** One cause of those that exist. */
export type AccessCause =
  | { readonly kind: "ok" }
  | { readonly kind: "not-signed-in" }
  | { readonly kind: "token-invalid" }
  | { readonly kind: "token-expired" }
  | { readonly kind: "wrong-endpoint" }
  | { readonly kind: "gate-not-requested"; readonly reason?: "reset" }
  | { readonly kind: "gate-pending" }
  | { readonly kind: "gate-rejected" }
  | { readonly kind: "scope-missing"; readonly reason: ScopeReason }
  | { readonly kind: "organisation-policy"; readonly reason: PolicyReason }
  | { readonly kind: "private-or-missing"; readonly reason: MissingReason }
  | { readonly kind: "misspelt"; readonly reason: MisspeltReason; readonly names: readonly Repo[] }
  | { readonly kind: "disabled" }
  | { readonly kind: "rate-limited"; readonly retryAfter?: number }
  | { readonly kind: "offline" }
  | { readonly kind: "hub-down" }
  /** A refusal with a cause that nothing tells, or that is the account's: it may read and not write. */
  | { readonly kind: "forbidden" };

/** May this caller, and if not which of the known causes it is, and the one thing to do. */
export type AccessVerdict = AccessCause & {
  /** True for `ok`, and for a repo that is reached under an old name or another casing. */
  readonly allowed: boolean;
  /** False where other causes would look the same; the message names them. */
  readonly certain: boolean;
  /** The code that a refused call would have; it decides the exit code. Undefined when allowed. */
  readonly code: HfErrorCode | undefined;
  /** One line. */
  readonly message: string;
  readonly next: NextStep;
};

export type VerdictKind = AccessCause["kind"];
