import { basename, dirname, join } from "node:path";
import type { Check } from "./check.ts";
import type { Evidence } from "./evidence.ts";
import type { Finding } from "./finding.ts";
import { shellWord } from "../core/shell-word.ts";
import { list, octal } from "./words.ts";

export const GIT_CHECKS: readonly Check[] = [
  { area: "git", find: dotenvTracked },
  { area: "git", find: helperStale },
  { area: "git", find: dotenvNotIgnored },
  { area: "git", find: dotenvLoose },
  { area: "git", find: netrc },
  { area: "git", find: helperMissing },
  { area: "git", find: gitMissing },
];

function dotenvTracked({ dotenv }: Evidence): readonly Finding[] {
  return dotenv
    .filter(({ inGit }) => inGit?.kind === "inside" && inGit.tracked)
    .map(({ path, name, variables }) => ({
      code: "dotenv-tracked",
      severity: "error",
      message: `git tracks ${name}, which holds a token: whoever gets the repository gets the token.`,
      evidence: [path, `in it: ${list(variables)}`],
      fix: {
        text: "Take it out of git, revoke the token at the Hub (the history keeps it), and set a new one.",
        command: `git rm --cached ${shellWord(name)}`,
      },
    }));
}

function dotenvNotIgnored({ dotenv }: Evidence): readonly Finding[] {
  return dotenv
    .filter(({ inGit }) => inGit?.kind === "inside" && !inGit.tracked && !inGit.ignored)
    .map(({ path, name, variables }) => ({
      code: "dotenv-not-ignored",
      severity: "warning",
      message: `${name} holds a token, and git does not ignore it: the next 'git add .' takes it along.`,
      evidence: [path, `in it: ${list(variables)}`],
      fix: {
        text: "Name it in .gitignore.",
        command: `echo ${shellWord(basename(path))} >> ${shellWord(join(dirname(name), ".gitignore"))}`,
      },
    }));
}

function dotenvLoose({ dotenv, platform }: Evidence): readonly Finding[] {
  if (platform === "win32") return [];
  return dotenv
    .filter(({ mode }) => mode !== undefined && (mode & 0o077) !== 0)
    .map(({ path, name, mode = 0 }) => ({
      code: "dotenv-loose",
      severity: "note",
      message: `${name} holds a token and can be read by other users of this machine (mode ${octal(mode)}).`,
      evidence: [path],
      fix: {
        text: "Make it readable by you alone, unless a service of another user reads it.",
        command: `chmod 600 ${shellWord(path)}`,
      },
    }));
}

function netrc({ netrc }: Evidence): readonly Finding[] {
  if (netrc === undefined) return [];
  const all = netrc.machine === "default";
  return [
    {
      code: "netrc-entry",
      severity: all ? "note" : "warning",
      message: `${netrc.path} has ${all ? "a 'default' entry" : `an entry for ${netrc.machine}`}: git and curl use it before any login of yours.`,
      evidence: [],
      fix: { text: "Delete that entry, if it is not meant for the Hub." },
    },
  ];
}

function helperStale({ git, settings }: Evidence): readonly Finding[] {
  if (git.kind !== "found") return [];
  const stale = git.ours.filter(({ works }) => !works);
  if (stale.length === 0) return [];
  return [
    {
      code: "git-helper-stale",
      severity: "error",
      message:
        "git asks this program for the Hub's host at a place where it is no longer: clone and push get no token.",
      evidence: stale.map(({ node, program }) => `${node} ${program}`),
      fix: {
        text: "Set it up anew.",
        command: "hf auth setup-git",
        action: { do: "renew-git-helper", endpoint: settings.endpoint },
      },
    },
  ];
}

function helperMissing({ git, logins }: Evidence): readonly Finding[] {
  if (git.kind !== "found" || git.helpers > 0 || logins.survey?.resolution.kind !== "found") return [];
  return [
    {
      code: "git-helper-missing",
      severity: "note",
      message:
        "git has no credential helper for the Hub: it asks for a password at each clone and push of a private repo.",
      evidence: [],
      fix: { text: "Let git ask this program, for the Hub's host alone.", command: "hf auth setup-git" },
    },
  ];
}

function gitMissing({ git }: Evidence): readonly Finding[] {
  switch (git.kind) {
    case "found":
      return [];
    case "missing":
      return [
        {
          code: "git-missing",
          severity: "note",
          message: "git is not on the PATH. It is needed only for clone and push.",
          evidence: [],
          fix: { text: "Install git if you want to clone repos." },
        },
      ];
    case "broken":
      return [
        {
          code: "git-config-broken",
          severity: "error",
          message:
            "git can't read its own configuration, so that every command of git fails, clone and push among them.",
          evidence: [git.why],
          fix: {
            text: "Mend the line that git names; this is done when the command works.",
            command: "git config --list",
          },
        },
      ];
    case "unknown":
      return [
        {
          code: "not-checked",
          severity: "note",
          message: `git was not looked at. ${git.why}`,
          evidence: [],
          fix: { text: "Ask git itself what it is waiting for.", command: "git config --list" },
        },
      ];
  }
}
