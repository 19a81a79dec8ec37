import type { Identity, PathState, SourceSurvey } from "../auth/index.ts";
import type { HfError } from "../core/errors.ts";
import type { Environment } from "../core/ports.ts";
import type { Settings } from "../core/settings.ts";
import type { PathInGit } from "../git/index.ts";
import type { CacheLocks } from "./lock-holder.ts";
import type { PathLook } from "./look.ts";
import type { TokenContent } from "./token-content.ts";

/** Everything that the checks look at, collected once. The checks themselves ask nobody. */
export interface Evidence {
  readonly platform: NodeJS.Platform;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly env: Environment;
  readonly settings: Settings;
  /** Why `HF_ENDPOINT` was passed over; the settings hold the default one then. */
  readonly endpointError: HfError | undefined;
  readonly user: UserEvidence;
  /** Whether `HF_HOME` lies on a mount of its own; undefined where the system does not tell. */
  readonly mounted: boolean | undefined;
  readonly program: ProgramEvidence;
  readonly logins: LoginsEvidence;
  readonly variables: VariablesEvidence;
  readonly git: GitEvidence;
  readonly dotenv: readonly DotenvEvidence[];
  readonly netrc: NetrcEvidence | undefined;
  /** Processes of this user that have a token among their arguments, where every user can read it. */
  readonly exposed: readonly RunningProcess[];
  readonly cache: CacheEvidence;
  readonly network: NetworkEvidence;
}

export interface UserEvidence {
  /** Undefined on Windows. */
  readonly uid: number | undefined;
  /** Undefined when the system has no account for this user, as in a container with a number for a user. */
  readonly name: string | undefined;
  /** The home folder as the system gives it. */
  readonly home: string;
  readonly inContainer: boolean;
}

export interface ProgramEvidence {
  /** Of Node, as `20.19.1`. */
  readonly nodeVersion: string;
  /** The program as it was started, and what that leads to. */
  readonly script: string;
  readonly realScript: string;
  /** Every `hf` and `huggingface-cli` on the PATH, in its order. */
  readonly onPath: readonly ProgramOnPath[];
  /** Where npm has put the program's links, as far as its place tells; undefined in a checkout. */
  readonly binFolder: string | undefined;
  /** True when that folder is among those of the PATH. */
  readonly binOnPath: boolean;
  /** Entries of the PATH that mean the current folder, or one below it. */
  readonly relativePath: readonly string[];
}

export interface ProgramOnPath {
  readonly name: string;
  readonly path: string;
  /** `ours`: this very program. `latchkey`: another installation of it. */
  readonly kind: "ours" | "latchkey" | "python" | "other";
}

export interface LoginsEvidence {
  /** `HF_HOME`. */
  readonly home: FolderProbe;
  readonly tokenFile: PathLook;
  readonly storedTokens: PathLook;
  /** The other files beside it: where logins belong, the rules of folders, the lock. */
  readonly others: readonly PathLook[];
  /** What the token file holds; undefined where it was not read. */
  readonly content: TokenContent | undefined;
  /** States of the files and the folder, with what is unsafe about them. */
  readonly states: readonly PathState[];
  /** Faults of the saved logins, the record of them and the rules for folders. */
  readonly faults: readonly HfError[];
  /** Undefined when a file of the store is of a kind that must not be opened. */
  readonly survey: SourceSurvey | undefined;
  /** True when the active login came by OAuth and is renewed by itself. */
  readonly renewed: boolean;
  /** How many logins are saved. */
  readonly savedLogins: number;
  /** A token file at the usual place, while the environment names another one; not the same token twice. */
  readonly elsewhere: string | undefined;
  /** The source in the environment that hides a saved login with another token. */
  readonly hiddenBy: string | undefined;
  readonly lock: LockEvidence;
}

/** What a folder, or the nearest one above it that exists, allows. */
export interface FolderProbe {
  readonly path: string;
  /** The folder that was tried. */
  readonly tried: string;
  /** User that the tried folder belongs to. */
  readonly owner?: number | undefined;
  /** The system's code of the refusal; undefined when files can be made there. */
  readonly refusal: string | undefined;
  /** Undefined where it could not be tried. */
  readonly symlinks: boolean | undefined;
  readonly locks: boolean | undefined;
}

export interface LockEvidence {
  readonly path: string;
  readonly state: "free" | "held" | "unknown";
  readonly holder: RunningProcess | undefined;
  /** The mark of a program that locks without the system's help, and is gone. */
  readonly stale: StaleLock | undefined;
}

export interface StaleLock {
  readonly path: string;
  /** Of the process that left it behind. */
  readonly pid: number;
}

export interface RunningProcess {
  readonly pid: number;
  /** Name of its program, without its arguments. */
  readonly name: string;
}

export interface VariablesEvidence {
  /** Contents of the token variables that are set and not empty. */
  readonly tokens: readonly { readonly name: string; readonly content: TokenContent }[];
  /** Token variables that are set to nothing at all. */
  readonly emptyTokens: readonly string[];
  /** Variables that look like ours and are not read. */
  readonly lookAlikes: readonly string[];
  /** Variables that name a file of certificates which can't be read. */
  readonly unreadableCertificates: readonly { readonly name: string; readonly path: string; readonly why: string }[];
  /** Why the proxy of the environment can't be used. */
  readonly proxyError: HfError | undefined;
}

export type GitEvidence =
  | {
      /** `broken`: its configuration can't be read. `unknown`: it did not answer. */
      readonly kind: "missing" | "broken" | "unknown";
      readonly why: string;
    }
  | {
      readonly kind: "found";
      /** How many helpers git asks for the endpoint. */
      readonly helpers: number;
      /** Ours among them, with what it would start. */
      readonly ours: readonly { readonly node: string; readonly program: string; readonly works: boolean }[];
    };

/** A file of variables in the current folder, or in the repository around it. */
export interface DotenvEvidence {
  readonly path: string;
  /** The same as seen from the current folder: `.env`, `../.env`, `config/.env`. */
  readonly name: string;
  /** Names of the variables in it that hold a token. */
  readonly variables: readonly string[];
  readonly mode: number | undefined;
  readonly inGit: PathInGit | undefined;
}

export interface NetrcEvidence {
  readonly path: string;
  /** The `machine` that matches the Hub. */
  readonly machine: string;
}

export interface CacheEvidence {
  readonly probe: FolderProbe;
  readonly freeBytes: number | undefined;
  /** False when the file system has no room for another file. */
  readonly hasInodes: boolean;
  /** `nfs`, `tmpfs`, …; undefined for one that is not known to matter. */
  readonly fileSystem: string | undefined;
  /** A cache with repos in it at the default place, while another is used. */
  readonly elsewhere: string | undefined;
  readonly locks: CacheLocks;
}

export type NetworkEvidence =
  | {
      readonly kind: "off";
      /** Switched off by the environment, or by a proxy setting that can't be used. */
      readonly why: "offline" | "proxy";
    }
  | {
      readonly kind: "asked";
      readonly endpoint: Route;
      /** Hosts that hand out the contents of files. */
      readonly storage: readonly Route[];
      /** Such hosts about which the time was too short to find anything out. */
      readonly unclearStorage: readonly string[];
      /** What the endpoint's clock said, milliseconds since the epoch. */
      readonly hubTime: { readonly theirs: number; readonly ours: number } | undefined;
      readonly identity: IdentityEvidence;
      /** Milliseconds that all of it might take. */
      readonly limitMs: number;
    };

export type IdentityEvidence =
  | { readonly kind: "anonymous" | "not-asked" }
  | { readonly kind: "known"; readonly identity: Identity }
  | { readonly kind: "failed"; readonly error: HfError };

export type HopName = "name" | "connection" | "proxy" | "tls" | "answer";

/** One step of the way to a host. */
export interface Hop {
  readonly hop: HopName;
  /** What was reached, or tried. */
  readonly to: string;
  readonly ms: number;
  /** Undefined when it went well. */
  readonly failure: HopFailure | undefined;
  /** What was learnt: an address, a TLS version, a status. */
  readonly detail: string;
}

export interface HopFailure {
  readonly code:
    | "name-not-found"
    | "name-servers-silent"
    | "host-unreachable"
    | "proxy-refuses"
    | "tls-untrusted"
    | "no-answer"
    | "not-a-hub"
    | "hub-down";
  readonly message: string;
  readonly hint: string;
}

export interface Route {
  readonly host: string;
  readonly proxy: string | undefined;
  readonly hops: readonly Hop[];
}
