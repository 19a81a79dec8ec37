import { dirname } from "node:path";
import type { Check } from "./check.ts";
import type { Evidence, ProgramOnPath } from "./evidence.ts";
import type { Finding } from "./finding.ts";
import { shellWord } from "../core/shell-word.ts";
import { list, setLine } from "./words.ts";

/** The oldest Node that the package supports; `engines` of package.json. */
const OLDEST: readonly [major: number, minor: number] = [20, 19];

export const PROGRAM_CHECKS: readonly Check[] = [
  { area: "program", find: nodeTooOld },
  { area: "program", find: relativePath },
  { area: "program", find: otherFirst },
  { area: "program", find: otherBehind },
  { area: "program", find: notOnPath },
  { area: "program", find: fromNpxCache },
];

function nodeTooOld({ program }: Evidence): readonly Finding[] {
  const [major = 0, minor = 0] = program.nodeVersion.split(".").map(Number);
  const [wantedMajor, wantedMinor] = OLDEST;
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return [];
  return [
    {
      code: "node-too-old",
      severity: "error",
      message: `Node ${program.nodeVersion} is older than the ${wantedMajor}.${wantedMinor} that this program needs.`,
      evidence: [],
      fix: { text: "Install a newer Node, then this program with it.", command: "npm install -g latchkey" },
    },
  ];
}

function relativePath({ program }: Evidence): readonly Finding[] {
  if (program.relativePath.length === 0) return [];
  return [
    {
      code: "path-relative",
      severity: "warning",
      message:
        "The PATH leads into the current folder: a project that you step into can put programs of its own before yours.",
      evidence: program.relativePath
        .slice(0, 5)
        .map((entry) => `entry of the PATH: ${entry === "" ? "(empty: the current folder)" : entry}`),
      fix: { text: "Take that entry out of PATH, where your shell sets it." },
    },
  ];
}

const NAMES = ["hf", "huggingface-cli"];

function first(program: Evidence["program"], name: string): ProgramOnPath | undefined {
  return program.onPath.find((found) => found.name === name);
}

const KINDS: Readonly<Record<ProgramOnPath["kind"], string>> = {
  ours: "this program",
  latchkey: "another installation of this program",
  python: "Python's huggingface_hub",
  other: "another program",
};

/** Every program of the two names, in the order of the PATH, with the one that a shell starts by each name. */
function programLines(program: Evidence["program"]): readonly string[] {
  return program.onPath.slice(0, 20).map((found) => {
    const wins =
      first(program, found.name) === found ? `'${found.name}' starts this` : `behind another '${found.name}'`;
    return `${found.path}: ${KINDS[found.kind]} (${wins})`;
  });
}

function otherFirst({ program, platform }: Evidence): readonly Finding[] {
  const winners = NAMES.flatMap((name) => first(program, name) ?? []).filter(({ kind }) => kind !== "ours");
  const [winner] = winners;
  if (winner === undefined) return [];
  const own = program.onPath.find(({ name, kind }) => name === winner.name && kind === "ours");
  // Started by its path, or from a checkout: nobody expects `hf` to be it.
  if (own === undefined && program.binFolder === undefined) return [];
  const folder = own === undefined ? program.binFolder : dirname(own.path);
  const harmless = winners.every(({ kind }) => kind === "python" || kind === "latchkey");
  return [
    {
      code: "other-hf-first",
      severity: harmless ? "note" : "warning",
      message: `${list(winners.map(({ name }) => `'${name}'`))} ${winners.length === 1 ? "starts" : "start"} ${KINDS[winner.kind]}, not the program that runs now.`,
      evidence: programLines(program),
      fix: {
        text: "Use 'latchkey', which is the same program, or put its folder first in PATH.",
        ...(folder === undefined || platform === "win32"
          ? {}
          : { command: `export PATH=${shellWord(folder)}:"$PATH"` }),
      },
    },
  ];
}

/** Ours wins, and others of the name are there: scripts with another PATH start those. */
function otherBehind(evidence: Evidence): readonly Finding[] {
  const { program } = evidence;
  const ours = program.onPath.some(({ kind }) => kind === "ours");
  const others = program.onPath.filter(({ kind }) => kind !== "ours");
  const [other] = others;
  if (!ours || other === undefined || otherFirst(evidence).length > 0) return [];
  return [
    {
      code: "other-hf-behind",
      severity: "note",
      message: `'hf' starts this program; ${KINDS[other.kind]} of the same name is further back on the PATH.`,
      evidence: programLines(program),
      fix: {
        text: "Nothing need be done: both use the same logins and the same cache. To start the other one, write its whole path.",
      },
    },
  ];
}

function notOnPath({ program, platform, env }: Evidence): readonly Finding[] {
  if (program.binOnPath || program.onPath.some(({ kind }) => kind === "ours")) return [];
  const { binFolder } = program;
  if (binFolder === undefined) {
    if (program.onPath.length > 0 || /[/\\]_npx[/\\]|[/\\]node_modules[/\\]/.test(program.realScript)) return [];
    return [
      {
        code: "hf-not-on-path",
        severity: "note",
        message: "No 'hf' is on the PATH: a new shell answers \"command not found\".",
        evidence: [`this program: ${program.script}`],
        fix: { text: "Install it for all shells, or start it by its path as now.", command: "npm install -g latchkey" },
      },
    ];
  }
  const shell = env["SHELL"] ?? "";
  const file = shell.endsWith("zsh") ? "~/.zshrc" : shell.endsWith("bash") ? "~/.bashrc" : "~/.profile";
  return [
    {
      code: "hf-not-on-path",
      severity: "error",
      message: 'The folder of npm\'s programs is not on the PATH: a new shell answers "hf: command not found".',
      evidence: [`npm's programs: ${binFolder}`],
      fix: {
        text:
          platform === "win32"
            ? "Add that folder to Path in the settings of Windows."
            : `Add this line to ${file}, and open a new shell.`,
        command:
          platform === "win32"
            ? setLine("Path", `${binFolder};$Env:Path`, platform)
            : `export PATH=${shellWord(binFolder)}:"$PATH"`,
      },
    },
  ];
}

function fromNpxCache({ program }: Evidence): readonly Finding[] {
  if (!/[/\\]_npx[/\\]/.test(program.realScript)) return [];
  return [
    {
      code: "from-npx-cache",
      severity: "note",
      message: "This program runs from the cache of npx, which is cleared now and then.",
      evidence: [`this program: ${program.script}`],
      fix: {
        text: "To have 'hf' in every shell, and as git's helper, install it.",
        command: "npm install -g latchkey",
      },
    },
  ];
}
