import { HfError } from "../core/errors.ts";
import type { Environment } from "../core/ports.ts";
import { redact } from "../core/redact.ts";
import { ProgramFault, runProgram } from "../core/run-program.ts";

export interface GitOptions {
  /** The environment that git and its helpers get, less what would point it at a repository or let it ask. */
  readonly env: Environment;
  /**
   * Folder that git runs in. Never the current one by chance: a repository there could name a program of its own as
   * credential helper.
   * @default the root of the file system
   */
  readonly cwd?: string | undefined;
  /** @default "git", found on the PATH */
  readonly git?: string | undefined;
  /** Milliseconds. @default 30_000 */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface GitResult {
  readonly code: number;
  readonly stdout: string;
  /** Redacted. */
  readonly stderr: string;
}

const TIMEOUT_MS = 30_000;
const LARGEST = 64 * 1024;

/** What would make git work on a repository, or read a configuration, that the caller's shell happens to be in. */
const LEFT_OUT = new Set([
  "GIT_DIR",
  "GIT_WORK_TREE",
  "GIT_INDEX_FILE",
  "GIT_COMMON_DIR",
  "GIT_NAMESPACE",
  "GIT_OBJECT_DIRECTORY",
  "GIT_PREFIX",
  "GIT_ASKPASS",
  "SSH_ASKPASS",
]);

/**
 * Runs git with `args`, without a shell, with `input` on stdin, and never lets it ask anybody anything.
 * @throws HfError `ERR_HF_GIT` when git is missing, is slower than the limit, or says more than 64 KiB
 * @throws the signal's reason when aborted
 */
export async function runGit(args: readonly string[], input: string, options: GitOptions): Promise<GitResult> {
  const { cwd, git = "git", timeoutMs = TIMEOUT_MS, signal } = options;
  const env = quietEnvironment(options.env);
  try {
    const { code, stdout, stderr } = await runProgram({
      words: [git, ...args],
      env,
      cwd,
      input,
      timeoutMs,
      maxBytes: LARGEST,
      signal,
    });
    return { code, stdout, stderr: redact(stderr).trim() };
  } catch (error) {
    if (!(error instanceof ProgramFault)) throw error;
    switch (error.kind) {
      case "not-started":
        throw missing(error.cause);
      case "too-slow":
        throw tooSlow(args, timeoutMs);
      case "too-much":
        throw new HfError("ERR_HF_GIT", `git ${args[0] ?? ""} said more than 64 KiB.`);
    }
  }
}

function quietEnvironment(env: Environment): Record<string, string> {
  const quiet: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && !LEFT_OUT.has(name.toUpperCase())) quiet[name] = value;
  }
  return {
    ...quiet,
    GIT_TERMINAL_PROMPT: "0",
    // For Git Credential Manager, which would open a window.
    GCM_INTERACTIVE: "never",
    // Nothing asked here needs a remote, but a repository can make git fetch what it lacks, by a program that it names.
    GIT_ALLOW_PROTOCOL: "",
    GIT_NO_LAZY_FETCH: "1",
  };
}

function missing(error: unknown): HfError {
  return new HfError("ERR_HF_GIT", "git could not be started.", {
    cause: error,
    hint: "Install git and put it on the PATH, or go on without: it is needed only for clone and push.",
  });
}

function tooSlow(args: readonly string[], timeoutMs: number): HfError {
  return new HfError("ERR_HF_GIT", `git ${args.slice(0, 2).join(" ")} took longer than ${timeoutMs / 1000} s.`, {
    hint: "A credential helper may be waiting for an answer. Look at 'git config --get-all credential.helper'.",
  });
}
