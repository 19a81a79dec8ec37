import { ERRORS, errorEntry } from "../../src/core/error-table.ts";
import type { HfErrorCode } from "../../src/core/error-table.ts";

const NOTE =
  "<!-- Written by `node scripts/write-docs.js` from src/core/error-table.ts. Change the table, not this page. -->";

/** `docs/errors.md`: every code with its meaning. */
export function errorsPage(): string {
  const codes = Object.keys(ERRORS) as HfErrorCode[];
  return [
    NOTE,
    "",
    "# Errors",
    "",
    'Every error has a code. A program prints it with `--json` (`{"error":{"code":…,"hint":…,"exit":…}}`) and ends with the exit',
    "code that is given here; the library throws it as `code` of an `HfError`, whose `hint` says what to do. `hf help CODE` shows an",
    "entry of this page. A code is added, never renamed.",
    "",
    ...codes.flatMap((code) => entryLines(code)),
  ].join("\n");
}

function entryLines(code: HfErrorCode): string[] {
  const { title, causes, next, exit } = errorEntry(code);
  return [
    `## ${code}`,
    "",
    `${title} Exit code ${exit}.`,
    "",
    ...causes.map((cause) => `- ${cause}`),
    "",
    `**Next:** ${next}`,
    "",
  ];
}

interface Symptom {
  /** As people see and search for it. */
  readonly symptom: string;
  /** What shows the cause. */
  readonly see: string;
  /** What mends it, case by case. */
  readonly mend: readonly string[];
  /** Codes whose next steps belong here. */
  readonly codes: readonly HfErrorCode[];
}

/** The guide's troubleshooting, and what people meet besides. */
const SYMPTOMS: readonly Symptom[] = [
  {
    symptom: "`huggingface-cli: command not found`, `hf: command not found`",
    see: "`npx latchkey doctor` names the folder of npm's programs that is not on the `PATH`, and every other `hf` that is; `npm ls --global latchkey` tells whether it is installed.",
    mend: [
      "Not installed: `npm install --global latchkey`.",
      "Installed, and not found: put the folder `bin` below what `npm prefix --global` prints (on Windows that folder itself) into `PATH`.",
      "Without the `PATH`, for once: `npx latchkey auth login`. The program has no Python module to start it by.",
      "Python's `hf` runs in its place: `latchkey` is the same program as `hf`, and no other has that name.",
    ],
    codes: [],
  },
  {
    symptom: "`Access to model requires gating`, `Access to model … is restricted`, `403 GatedRepo`",
    see: "`hf access REPO` tells which of the causes below it is, and the page to open.",
    mend: [],
    codes: [
      "ERR_HF_GATED_SIGN_IN",
      "ERR_HF_GATED_REPO",
      "ERR_HF_GATED_PENDING",
      "ERR_HF_GATED_REJECTED",
      "ERR_HF_GATED_RESET",
      "ERR_HF_SCOPE_MISSING",
    ],
  },
  {
    symptom: "`Invalid token`, `401 Unauthorized`, `Invalid credentials in Authorization header`",
    see: "`hf auth status` shows the token in use, where it comes from and what it hides; `hf auth whoami` asks the Hub about it.",
    mend: [
      "Quotes, blanks or `Bearer` around the token in the file: `hf doctor --fix`.",
      "The variable has another name (`HF_API_TOKEN`, `HF_TOKENN`), or a template's text: `hf doctor` says which.",
    ],
    codes: [
      "ERR_HF_INVALID_TOKEN",
      "ERR_HF_TOKEN_REFUSED",
      "ERR_HF_TOKEN_ENDPOINT",
      "ERR_HF_INSECURE_ENDPOINT",
      "ERR_HF_NOT_SIGNED_IN",
      "ERR_HF_ORG_TOKEN",
    ],
  },
  {
    symptom: "`Repository not found`, `404`, `Invalid username or password`",
    see: "`hf access REPO` looks for close names, other types and former names, and says whether an account could be missing.",
    mend: ["A dataset or a space: `hf access datasets/NAMESPACE/NAME`, `hf download REPO --repo-type dataset`."],
    codes: [
      "ERR_HF_PRIVATE_OR_MISSING",
      "ERR_HF_REPO_NOT_FOUND",
      "ERR_HF_REVISION_NOT_FOUND",
      "ERR_HF_ENTRY_NOT_FOUND",
    ],
  },
  {
    symptom: "Token not persisting: the login is gone in the next shell, container or job",
    see: "`hf doctor` tells whether a login can be saved, and whether one lies at another place; `hf env` shows where logins are kept.",
    mend: [
      "Another user or home: set `HF_HOME` to one folder that all of them have, or sign in there.",
      "A container: mount that folder, or pass `HF_TOKEN` in.",
      "Nothing was saved: `hf auth login` again; it writes the file, tells its path, and fails where it can't.",
      "The file was made by hand: it holds the token alone, and nobody else may read it. `hf doctor --fix` sees to both.",
    ],
    codes: ["ERR_HF_TOKEN_FILE", "ERR_HF_STORE_UNREADABLE", "ERR_HF_KEYCHAIN", "ERR_HF_DISK"],
  },
  {
    symptom: "Models downloading to the wrong location, or a full disk",
    see: "`hf env` shows the folder of the cache, `hf doctor` which variable has moved it and models that lie elsewhere; `hf download REPO --dry-run` what it would need.",
    mend: [
      "Everything elsewhere: set `HF_HOME`. The cache alone: `HF_HUB_CACHE`, or `hf download REPO --cache-dir DIR` once.",
      "Plain files in a folder of your own: `hf download REPO --local-dir DIR`.",
    ],
    codes: ["ERR_HF_NO_SPACE"],
  },
  {
    symptom: "The wrong account is used",
    see: "`hf auth status` lists every source of a token in order, and which one hides which.",
    mend: [
      "A variable hides the saved login: unset `HF_TOKEN`.",
      "Several logins: `hf auth switch NAME`; for one folder `hf auth use NAME`; for one command `hf run --as NAME -- COMMAND`.",
    ],
    codes: ["ERR_HF_TOKEN_NAME"],
  },
  {
    symptom: "No network, a proxy, a certificate, a time-out",
    see: "`hf doctor` names the step at which the way to the Hub or to its storage ends: name, connection, proxy, TLS, answer. `--debug` shows each request.",
    mend: [
      "A slow network: `hf doctor --timeout 10`.",
      "A clock that is wrong: `hf doctor` compares it with the Hub's.",
    ],
    codes: [
      "ERR_HF_NETWORK",
      "ERR_HF_TIMEOUT",
      "ERR_HF_PROXY",
      "ERR_HF_TLS",
      "ERR_HF_BAD_ANSWER",
      "ERR_HF_REDIRECT",
      "ERR_HF_HTTP",
      "ERR_HF_HUB_DOWN",
      "ERR_HF_RATE_LIMITED",
      "ERR_HF_OFFLINE",
    ],
  },
  {
    symptom: "A download is refused because its bytes do not match",
    see: "The error names the file, and nothing wrong was kept; `hf doctor` shows whether a proxy or another endpoint is on the way.",
    mend: [],
    codes: ["ERR_HF_INTEGRITY", "ERR_HF_UNSAFE_NAME"],
  },
  {
    symptom: "A command waits for another process",
    see: "`hf doctor` names the process that holds the lock.",
    mend: ["A lock that a dead process left behind, where locks are files: `hf doctor --fix`."],
    codes: ["ERR_HF_LOCK_TIMEOUT", "ERR_HF_CONFLICT"],
  },
  {
    symptom: "`403 Forbidden`: an organisation, a disabled repo, a right to write",
    see: "`hf access REPO` names the rule; `hf access REPO --write` asks whether you may write.",
    mend: [],
    codes: ["ERR_HF_ORG_POLICY", "ERR_HF_REPO_DISABLED", "ERR_HF_FORBIDDEN", "ERR_HF_NOT_READ_ONLY"],
  },
  {
    symptom: "git asks for a password, or `Authentication failed` at clone and push",
    see: "`hf doctor` tells whether git has a helper for the Hub, whether it still works, and whether `.netrc` comes first.",
    mend: ["No helper, or one that is gone: `hf auth setup-git`."],
    codes: ["ERR_HF_GIT"],
  },
  {
    symptom: "A token was committed, or shown to others",
    see: "`hf doctor` finds a `.env` with a token that git tracks, anywhere in the repository, and tokens among the arguments of your processes.",
    mend: [
      "End the token at the Hub: `hf auth revoke` for one that you have, `hf auth logout --revoke` for a saved login.",
    ],
    codes: ["ERR_HF_NOT_REVOKED"],
  },
  {
    symptom: "A job has no token",
    see: "`hf doctor --advise` says which way suits the machine it runs on; `hf auth status` which source has none.",
    mend: [
      "`HF_TOKEN` is set but empty: the secret has another name, or this job is not given it, as in a pull request from a fork.",
      "Without a stored token: `hf auth ci github`.",
    ],
    codes: ["ERR_HF_OIDC", "ERR_HF_NO_TERMINAL"],
  },
  {
    symptom: "`hf run` does not start the command",
    see: "The error names the command.",
    mend: [],
    codes: ["ERR_HF_COMMAND_NOT_FOUND", "ERR_HF_COMMAND_NOT_RUN"],
  },
];

/** `docs/troubleshooting.md`: from what people see to the command that tells and the one that mends. */
export function troubleshootingPage(): string {
  return [
    NOTE.replace("src/core/error-table.ts", "test/support/error-pages.ts and src/core/error-table.ts"),
    "",
    "# Troubleshooting",
    "",
    "`hf doctor` looks for all of this at once, and `hf doctor --fix` mends what is safe to mend. Below: what you see, the command that",
    "tells why, and what mends it. [Why was I refused?](access.md) and [Errors](errors.md) say more.",
    "",
    ...SYMPTOMS.flatMap(({ symptom, see, mend, codes }) => [
      `## ${symptom}`,
      "",
      `**See:** ${see}`,
      "",
      ...mend.map((line) => `- ${line}`),
      ...codes.map(
        (code) => `- ${errorEntry(code).title} ${errorEntry(code).next} ([${code}](errors.md#${code.toLowerCase()}))`,
      ),
      "",
    ]),
  ].join("\n");
}

export const PAGES: Readonly<Record<string, () => string>> = {
  "docs/errors.md": errorsPage,
  "docs/troubleshooting.md": troubleshootingPage,
};
