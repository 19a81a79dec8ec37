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
    see: "`npm ls --global latchkey` tells whether it is installed, `npm prefix --global` where its programs are.",
    mend: [
      "Not installed: `npm install --global latchkey`.",
      "Installed, and not found: put the folder `bin` below the prefix (on Windows the prefix itself) into `PATH`.",
      "Another program of that name runs: `hf version` of ours prints one number and nothing else.",
    ],
    codes: [],
  },
  {
    symptom: '`Access to model … is restricted`, "requires gating", `403 GatedRepo`',
    see: "`hf access REPO`",
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
    mend: [],
    codes: ["ERR_HF_INVALID_TOKEN", "ERR_HF_TOKEN_REFUSED", "ERR_HF_TOKEN_ENDPOINT", "ERR_HF_NOT_SIGNED_IN"],
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
    symptom: "The login is gone in the next shell, container or job",
    see: "`hf env` shows where logins are kept, `hf auth status` what was found there.",
    mend: [
      "Another user or home: set `HF_HOME` to one folder that all of them have, or sign in there.",
      "A container: mount that folder, or pass `HF_TOKEN` in.",
      "Nothing was saved: `hf auth login` again; it writes the file, tells its path, and fails where it can't.",
    ],
    codes: ["ERR_HF_TOKEN_FILE", "ERR_HF_STORE_UNREADABLE", "ERR_HF_DISK"],
  },
  {
    symptom: "Models go to the wrong place, or the disk is full",
    see: "`hf env` shows the folder of the cache and which variable has set it; `hf download REPO --dry-run` what it would need.",
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
    see: "`hf access REPO` names what failed; `--debug` shows each request.",
    mend: [],
    codes: [
      "ERR_HF_NETWORK",
      "ERR_HF_TIMEOUT",
      "ERR_HF_PROXY",
      "ERR_HF_TLS",
      "ERR_HF_BAD_ANSWER",
      "ERR_HF_HUB_DOWN",
      "ERR_HF_RATE_LIMITED",
      "ERR_HF_OFFLINE",
    ],
  },
  {
    symptom: "A download is refused because its bytes do not match",
    see: "The error names the file. Nothing wrong was kept.",
    mend: [],
    codes: ["ERR_HF_INTEGRITY"],
  },
  {
    symptom: "A command waits for another process",
    see: "The error names the lock's file.",
    mend: [],
    codes: ["ERR_HF_LOCK_TIMEOUT"],
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
