/** Everything that a check can find. Part of the public face: a code is added, never renamed. */
export const FINDING_CODES = [
  // the program
  "node-too-old",
  "hf-not-on-path",
  "other-hf-first",
  "other-hf-behind",
  "path-relative",
  "from-npx-cache",
  // the folder of logins
  "no-home",
  "home-not-writable",
  "home-by-sudo",
  "folder-loose",
  "home-in-container",
  // the files of logins
  "token-file-loose",
  "token-file-foreign",
  "token-file-wrong-kind",
  "token-file-unreadable",
  "token-file-content",
  "logins-unreadable",
  "store-locked",
  "stale-lock",
  // the environment
  "variable-empty",
  "variable-odd",
  "token-variable-content",
  "token-shadowed",
  "token-variable-legacy",
  "look-alike-variable",
  "home-surprise",
  "login-elsewhere",
  "cache-elsewhere",
  "offline-switch",
  "implicit-token-off",
  "endpoint-invalid",
  "endpoint-plain-http",
  "endpoint-other",
  "certificates-unreadable",
  "tls-check-off",
  // the token
  "not-signed-in",
  "token-refused",
  "token-invalid",
  "token-expired",
  "token-expires-soon",
  "token-may-write",
  "token-no-gated",
  "organisation-restricts",
  "token-in-arguments",
  // other places with a token
  "netrc-entry",
  "dotenv-tracked",
  "dotenv-not-ignored",
  "dotenv-loose",
  "git-missing",
  "git-config-broken",
  "git-helper-missing",
  "git-helper-stale",
  // the network
  "proxy-invalid",
  "proxy-refuses",
  "name-not-found",
  "name-servers-silent",
  "host-unreachable",
  "tls-untrusted",
  "no-answer",
  "not-a-hub",
  "hub-down",
  "storage-unreachable",
  "clock-skew",
  "not-checked",
  // the cache
  "disk-full",
  "disk-low",
  "cache-not-writable",
  "no-symlinks",
  "no-locks",
  "cache-in-memory",
  "cache-locked",
] as const;

export type FindingCode = (typeof FINDING_CODES)[number];

/** `error`: something does not work. `warning`: it works, and is unsafe or will surprise. `note`: good to know. */
export type Severity = "error" | "warning" | "note";

/** Parts of the machine, in the order in which a report names them. */
export const AREAS = ["program", "logins", "environment", "token", "git", "network", "cache"] as const;
export type Area = (typeof AREAS)[number];

export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** One sentence that names the thing. */
  readonly message: string;
  /** Facts behind it, a line each: paths, values that are no secret, answers. */
  readonly evidence: readonly string[];
  readonly fix: Fix;
}

/** What mends a finding. */
export interface Fix {
  /** The next step, a sentence. */
  readonly text: string;
  /** The same as a command line for a shell. */
  readonly command?: string;
  /** Set where `--fix` can do it by itself without a risk. */
  readonly action?: FixAction;
}

/** A change that takes nothing away which somebody may miss. */
export type FixAction =
  | { readonly do: "make-private"; readonly path: string }
  | { readonly do: "clean-token-file"; readonly path: string }
  | { readonly do: "renew-git-helper"; readonly endpoint: string }
  | { readonly do: "remove-stale-lock"; readonly path: string; readonly pid: number };

/** A finding with the part of the machine that it is about. */
export interface PlacedFinding extends Finding {
  readonly area: Area;
}
