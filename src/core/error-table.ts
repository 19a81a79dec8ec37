/** What is known of one code: the page of errors, `hf help CODE`, exit codes and the last-resort next step come from it. */
export interface ErrorEntry {
  /** Exit code of a program that ends with it; the README lists their meanings. */
  readonly exit: number;
  /** One sentence. */
  readonly title: string;
  /** What can be behind it, the likeliest first. */
  readonly causes: readonly string[];
  /** What to do, where the error itself says nothing closer. Commands stand in backquotes. */
  readonly next: string;
}

/**
 * Every code that an error can carry. Part of the public face: a code is added, never renamed. The order is that of the
 * page: from the command line over token and access to disk and network.
 */
export const ERRORS = {
  ERR_HF_USAGE: {
    exit: 2,
    title: "The command line is not one that the program understands.",
    causes: ["a flag or a command that does not exist", "a word too many or too few", "flags that exclude each other"],
    next: "See `hf --help`, and `--help` after any command.",
  },
  ERR_HF_INVALID_REPO_ID: {
    exit: 2,
    title: "That can't be the name of a repo.",
    causes: [
      "it has more than one slash, or a sign that no name has",
      "it is the address of a page that belongs to no repo, or to another Hub",
    ],
    next: "Write `namespace/name`, or copy the address of the repo's page.",
  },
  ERR_HF_INVALID_REVISION: {
    exit: 2,
    title: "That can't be the name of a revision.",
    causes: ["it is empty, or has a sign that no branch or tag has"],
    next: "Give a branch, a tag, a commit, or `refs/pr/N` for a pull request.",
  },
  ERR_HF_INVALID_ENDPOINT: {
    exit: 2,
    title: "The endpoint is not the address of a Hub.",
    causes: ["`HF_ENDPOINT` or `--endpoint` lacks https://, holds a user name, or is mistyped"],
    next: "Unset `HF_ENDPOINT` for the public Hub, or write it as in https://hub.example.",
  },
  ERR_HF_NO_TERMINAL: {
    exit: 2,
    title: "A question has to be asked, and nobody sits at a terminal.",
    causes: ["a script, a CI job or a container runs a command that asks"],
    next: "Pass the token in: `hf auth login --token-stdin`, or use `--device`, or set `HF_TOKEN`.",
  },
  ERR_HF_TOKEN_NAME: {
    exit: 2,
    title: "There is no saved login of that name, or it can't be a name.",
    causes: ["the name is mistyped", "the login was signed out", "the name has a line break or can't be seen"],
    next: "See the names with `hf auth list`.",
  },
  ERR_HF_NOT_SIGNED_IN: {
    exit: 3,
    title: "Nobody is signed in, and the Hub wants to know who asks.",
    causes: ["no login was saved for this user and this home", "`HF_TOKEN` is not set in this shell, job or container"],
    next: "Sign in with `hf auth login`; `hf auth status` shows every place that was looked at.",
  },
  ERR_HF_INVALID_TOKEN: {
    exit: 3,
    title: "The Hub does not know the token.",
    causes: ["it has expired or was revoked", "it was cut or mistyped", "it belongs to another Hub"],
    next: "See with `hf auth status` where it comes from, and replace it there: `hf auth login --force` for a saved login.",
  },
  ERR_HF_ORG_TOKEN: {
    exit: 3,
    title: "The token belongs to an organisation, and only a person can sign in.",
    causes: ["a token of an organisation's settings was pasted"],
    next: "Make a token of your own at https://huggingface.co/settings/tokens and sign in with it.",
  },
  ERR_HF_TOKEN_REFUSED: {
    exit: 3,
    title: "A token is there and can't be used.",
    causes: [
      "it is empty, or holds blanks, quotes or other signs that no token has",
      "another thing than a token was saved",
    ],
    next: "See with `hf auth status` which place it is, and set it anew there.",
  },
  ERR_HF_OIDC: {
    exit: 3,
    title: "The Hub gives no token for the identity of this job.",
    causes: [
      "`HF_OIDC_RESOURCE` is set where no ID token is given",
      "no trusted publisher of the Hub fits the job",
      "the job may not ask for ID tokens",
    ],
    next: "Compare the job with the trusted publisher in the settings at the Hub, or unset `HF_OIDC_RESOURCE`.",
  },
  ERR_HF_TOKEN_ENDPOINT: {
    exit: 3,
    title: "The token belongs to another endpoint and was not sent.",
    causes: ["`HF_ENDPOINT` or `--endpoint` names another Hub than the one that the login was made at"],
    next: "Sign in there with `hf auth login --endpoint URL`, or let saved logins go there once and for all: `hf auth trust URL`.",
  },
  ERR_HF_NOT_REVOKED: {
    exit: 1,
    title: "The Hub has not ended the token.",
    causes: ["it answered that it has, and still takes the token", "it does not know how to: another kind of Hub"],
    next: "End it on the page of access tokens, `/settings/tokens` at the Hub.",
  },
  ERR_HF_INSECURE_ENDPOINT: {
    exit: 3,
    title: "A token would have gone over plain http, where everybody on the way can read it.",
    causes: ["`HF_ENDPOINT` begins with http:// and is not on this machine"],
    next: "Use the https:// address of the Hub.",
  },
  ERR_HF_GATED_SIGN_IN: {
    exit: 3,
    title: "The repo is gated, and nobody is signed in.",
    causes: ["no token was found", "`HF_HUB_DISABLE_IMPLICIT_TOKEN` keeps it back"],
    next: "Sign in with `hf auth login`, then ask for access: `hf access open REPO`.",
  },
  ERR_HF_GATED_REPO: {
    exit: 4,
    title: "The repo is gated, and your account has not asked for access.",
    causes: ["its terms were not accepted yet", "they were accepted with another account"],
    next: "Ask for access on its page: `hf access open REPO`; then `hf access wait REPO`.",
  },
  ERR_HF_GATED_PENDING: {
    exit: 4,
    title: "You have asked for access, and the authors have not decided yet.",
    causes: ["people decide about this gate, and they have not looked"],
    next: "Wait for them: `hf access wait REPO --timeout 1h`.",
  },
  ERR_HF_GATED_REJECTED: {
    exit: 4,
    title: "The authors have rejected your request.",
    causes: ["they decide whom they let in"],
    next: "Only they can change it. The repo's page says how to reach them: `hf access open REPO`.",
  },
  ERR_HF_GATED_RESET: {
    exit: 4,
    title: "The authors have reset your request, and a new one is needed.",
    causes: ["the terms have changed since"],
    next: "Ask again on its page: `hf access open REPO`.",
  },
  ERR_HF_SCOPE_MISSING: {
    exit: 4,
    title: "The account may, but this token may not.",
    causes: [
      "a fine-grained token without the right to read gated repos",
      "a fine-grained token without this repo",
      "a token that may read, where something is written",
    ],
    next: "See with `hf access REPO` which right is missing, and on which page to add it.",
  },
  ERR_HF_ORG_POLICY: {
    exit: 4,
    title: "A rule of the organisation does not let this token in.",
    causes: [
      "the token waits for an administrator's approval, or was denied",
      "an administrator has revoked it",
      "only fine-grained tokens are let in, or single sign-on is wanted first",
    ],
    next: "See with `hf access REPO` which rule it is; an administrator of the organisation can change it.",
  },
  ERR_HF_REPO_DISABLED: {
    exit: 4,
    title: "The Hub has disabled the repo.",
    causes: ["its content was reported, or its owner asked for it"],
    next: "Nobody can read it at present; its page may say why: `hf access open REPO`.",
  },
  ERR_HF_FORBIDDEN: {
    exit: 4,
    title: "The Hub does not allow it.",
    causes: ["the account has no right to write there", "a rule that the Hub does not name"],
    next: "See with `hf access REPO` (`--write` for writing) what stands in the way.",
  },
  ERR_HF_NOT_READ_ONLY: {
    exit: 4,
    title: "`hf run --read-only` was asked for, and the token may do more than read.",
    causes: [
      "the token has the role write",
      "a fine-grained token has a right to write",
      "the Hub tells nothing of its rights",
    ],
    next: "Make a token with the role read and use it: `hf run --as NAME --read-only -- COMMAND`.",
  },
  ERR_HF_PRIVATE_OR_MISSING: {
    exit: 5,
    title: "The repo does not exist, or is private; without a token both look the same.",
    causes: ["the name or its type is mistyped", "it is private, and nobody is signed in"],
    next: "Ask for close names with `hf access REPO`; sign in with `hf auth login` if it is private.",
  },
  ERR_HF_REPO_NOT_FOUND: {
    exit: 5,
    title: "The repo does not exist, or is hidden from your account.",
    causes: ["the name or its type is mistyped", "it is private, and your account or your token is not let in"],
    next: "Ask for close names and for the account that asked with `hf access REPO`.",
  },
  ERR_HF_REVISION_NOT_FOUND: {
    exit: 5,
    title: "The repo has no such branch, tag or commit.",
    causes: ["it is mistyped", "it was deleted, or is the branch of a fork"],
    next: "Look at the branches and tags on the repo's page: `hf access open REPO`.",
  },
  ERR_HF_ENTRY_NOT_FOUND: {
    exit: 5,
    title: "The repo has no such file at that revision.",
    causes: ["the path is mistyped, or in another case", "the file is in another revision"],
    next: "See what it has: `hf download REPO --dry-run`.",
  },
  ERR_HF_NO_SPACE: {
    exit: 6,
    title: "There is no space left on the disk, or in the user's share of it.",
    causes: ["the download is larger than what is free", "a quota"],
    next: "Free some space, or put the cache on a larger disk with `HF_HOME` or `--cache-dir`.",
  },
  ERR_HF_DISK: {
    exit: 6,
    title: "A file or a folder of this machine could not be read or written.",
    causes: ["it belongs to somebody else", "the file system is read-only", "something of another kind is in the way"],
    next: "Look at the path that the error names, or set `HF_HOME` to a folder that is yours.",
  },
  ERR_HF_STORE_UNREADABLE: {
    exit: 6,
    title: "The saved logins are in a form that nobody here can read. They were left as they are.",
    causes: ["another tool wrote the file", "it was edited by hand, or cut"],
    next: "Mend the file that the error names, or sign in again with `hf auth login --force`, which keeps a copy of it.",
  },
  ERR_HF_TOKEN_FILE: {
    exit: 6,
    title: "The file with the active token could not be read.",
    causes: ["it belongs to another user", "it is a folder", "`HF_TOKEN_PATH` points to something else"],
    next: "Look at its owner and mode, or set `HF_TOKEN_PATH` or `HF_HOME` to a place that is yours.",
  },
  ERR_HF_KEYCHAIN: {
    exit: 6,
    title: "The system's keychain could not be asked, or refused.",
    causes: ["it is locked, or nobody is there to unlock it", "this system has none, or its program is not installed"],
    next: "Unlock it and run the command again, or keep the login in a file: `hf auth login --store file`.",
  },
  ERR_HF_LOCK_TIMEOUT: {
    exit: 10,
    title: "Another process has held a lock for too long.",
    causes: ["a download or a sign-in is under way elsewhere", "a process hangs"],
    next: "Wait for it to end, or end it, and run the command again.",
  },
  ERR_HF_INTEGRITY: {
    exit: 7,
    title: "Bytes came that are not the ones that were asked for. None of them was kept.",
    causes: ["a proxy or a mirror changes what passes", "the storage has a fault"],
    next: "Run the command again; if it stays so, leave the proxy or the mirror out (`HF_ENDPOINT`).",
  },
  ERR_HF_UNSAFE_NAME: {
    exit: 7,
    title: "A name from the network would have left the folder that it belongs to. Nothing was written.",
    causes: ["a server that is no Hub, or one that means harm", "a file name that this system can't have"],
    next: "Check that `HF_ENDPOINT` names a Hub that you trust.",
  },
  ERR_HF_NETWORK: {
    exit: 8,
    title: "The Hub could not be reached, or the connection broke.",
    causes: ["no network", "a name that does not exist, as in a mistyped `HF_ENDPOINT`", "a firewall"],
    next: "Check the network, then run the command again; `hf download REPO --offline` uses what is cached.",
  },
  ERR_HF_TIMEOUT: {
    exit: 8,
    title: "The Hub did not answer in time.",
    causes: ["a slow or overloaded network", "a firewall that swallows packets"],
    next: "Run the command again; `HF_HUB_ETAG_TIMEOUT` gives it more seconds.",
  },
  ERR_HF_TLS: {
    exit: 8,
    title: "The connection could not be made safe.",
    causes: ["a proxy with a certificate of its own", "a certificate that has run out", "a clock that is wrong"],
    next: "Name the authority of your network in `NODE_EXTRA_CA_CERTS` or `SSL_CERT_FILE`, and check the clock.",
  },
  ERR_HF_PROXY: {
    exit: 8,
    title: "The proxy does not let the request through.",
    causes: ["it wants a user and a password", "its address is wrong", "it does not allow the Hub"],
    next: "Check `HTTPS_PROXY` and `HTTP_PROXY`; `NO_PROXY` leaves a host out.",
  },
  ERR_HF_REDIRECT: {
    exit: 8,
    title: "The answer leads to where nothing is sent.",
    causes: ["a circle of redirects", "a redirect to another scheme, or of a call that holds a secret"],
    next: "Check `HF_ENDPOINT` and proxies on the way.",
  },
  ERR_HF_BAD_ANSWER: {
    exit: 8,
    title: "The answer is not one that a Hub gives.",
    causes: [
      "a network that wants a sign-in of its own first",
      "`HF_ENDPOINT` names no Hub",
      "a proxy changes answers",
    ],
    next: "Open the Hub's address in a browser, and check `HF_ENDPOINT`.",
  },
  ERR_HF_HUB_DOWN: {
    exit: 8,
    title: "The Hub has a fault of its own.",
    causes: ["it is overloaded, or being worked on"],
    next: "Try again in some minutes. https://status.huggingface.co tells about the public Hub.",
  },
  ERR_HF_HTTP: {
    exit: 1,
    title: "The Hub refused in a way that has no code of its own.",
    causes: ["a request that the Hub finds malformed", "a storage address that has run out"],
    next: "Run the command again with `--debug`, which shows the requests without their tokens.",
  },
  ERR_HF_CONFLICT: {
    exit: 1,
    title: "It exists already, or has changed meanwhile.",
    causes: ["somebody else, or another process, did the same"],
    next: "Look at what is there now, then try again.",
  },
  ERR_HF_RATE_LIMITED: {
    exit: 9,
    title: "The Hub takes no more requests for now.",
    causes: ["many requests from this address without a token", "the account's limit is used up"],
    next: "Wait as long as the error says; signed in (`hf auth login`) the limit is higher.",
  },
  ERR_HF_OFFLINE: {
    exit: 11,
    title: "The network is switched off, and the cache does not have it.",
    causes: ["`HF_HUB_OFFLINE` is set, or `--offline` was given", "it was never downloaded whole to this cache"],
    next: "Unset `HF_HUB_OFFLINE` and download it once: `hf download REPO`.",
  },
  ERR_HF_GIT: {
    exit: 1,
    title: "The program git could not be asked, or refused.",
    causes: ["git is not installed", "its configuration can't be read", "a credential helper hangs or fails"],
    next: "Try `git config --global --list` by hand.",
  },
  ERR_HF_COMMAND_NOT_FOUND: {
    exit: 127,
    title: "There is no such command to run.",
    causes: ["it is mistyped or not installed", "its folder is not in `PATH`"],
    next: "Check the name after --, as in `hf run -- python train.py`.",
  },
  ERR_HF_COMMAND_NOT_RUN: {
    exit: 126,
    title: "The command is there and could not be started.",
    causes: ["it is no program, or may not be executed", "the system has no room for another process"],
    next: "Try to start it without `hf run`.",
  },
  ERR_HF_INTERRUPTED: {
    exit: 130,
    title: "It was stopped before its end.",
    causes: ["Ctrl-C, or a signal of the system", "the caller's own signal, in the library"],
    next: "Run it again when you like: what was complete is kept.",
  },
  ERR_HF_INTERNAL: {
    exit: 1,
    title: "Something went wrong that should not: a fault of this program.",
    causes: ["nobody has thought of this case"],
    next: "Run it again with `--debug` and report what it prints; tokens are struck from it.",
  },
} as const satisfies Record<string, ErrorEntry>;

/** Every code an error of this library can carry. */
export type HfErrorCode = keyof typeof ERRORS;

/** The entry of a code. */
export function errorEntry(code: HfErrorCode): ErrorEntry {
  return ERRORS[code];
}

export function isErrorCode(text: string): text is HfErrorCode {
  return Object.hasOwn(ERRORS, text);
}
