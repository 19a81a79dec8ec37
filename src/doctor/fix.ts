import { closeSync, constants, fchmodSync, fstatSync, lstatSync, openSync, unlinkSync } from "node:fs";
import type { TokenStore } from "../auth/index.ts";
import { DiskError, diskError, isHfError } from "../core/errors.ts";
import { setUpHelper } from "../git/index.ts";
import type { GitOptions, HelperProgram } from "../git/index.ts";
import { lookAtLock } from "./collect-logins.ts";
import type { Finding, FixAction } from "./finding.ts";

/** What `--fix` would do, in order, each thing once. */
export interface FixPlan {
  readonly steps: readonly FixStep[];
}

export interface FixStep {
  readonly action: FixAction;
  /** What is done, for a person, as in "make /home/me/.cache/huggingface/token readable by you alone". */
  readonly words: string;
}

export interface FixResult extends FixStep {
  /** Why it could not be done. */
  readonly failure: string | undefined;
}

/** What the steps work with. */
export interface FixTools {
  readonly store: Pick<TokenStore, "write">;
  /** User of this process; undefined on Windows. */
  readonly uid: number | undefined;
  /** What git is to start as its helper. */
  readonly program: HelperProgram;
  readonly git: GitOptions;
  readonly signal?: AbortSignal | undefined;
}

/** The findings that can be mended without a risk, as a plan that can be shown first. */
export function planFixes(findings: readonly Finding[]): FixPlan {
  const steps = new Map<string, FixStep>();
  for (const { fix } of findings) {
    if (fix.action === undefined) continue;
    const words = describe(fix.action);
    steps.set(words, { action: fix.action, words });
  }
  return { steps: [...steps.values()] };
}

function describe(action: FixAction): string {
  switch (action.do) {
    case "make-private":
      return `make ${action.path} readable by you alone (mode 600)`;
    case "clean-token-file":
      return `write the token in ${action.path} anew, without what stands around it`;
    case "renew-git-helper":
      return `point git's helper for ${action.endpoint} to this program`;
    case "remove-stale-lock":
      return `delete ${action.path}, left behind by process ${action.pid}`;
  }
}

/** Carries a plan out. A step that fails does not keep the others from being done. */
export async function applyFixes(plan: FixPlan, tools: FixTools): Promise<readonly FixResult[]> {
  const results: FixResult[] = [];
  for (const step of plan.steps) {
    tools.signal?.throwIfAborted();
    try {
      await carryOut(step.action, tools);
      results.push({ ...step, failure: undefined });
    } catch (error) {
      tools.signal?.throwIfAborted();
      if (!isHfError(error)) throw error;
      results.push({ ...step, failure: error.message });
    }
  }
  return results;
}

async function carryOut(action: FixAction, tools: FixTools): Promise<void> {
  switch (action.do) {
    case "make-private":
      return makePrivate(action.path, tools.uid);
    case "clean-token-file":
      // The store reads it cleaned; under its lock, so that no sign-in of just now is undone.
      await tools.store.write(
        ({ active }) => ({
          steps:
            active.kind === "found" && active.warning !== undefined
              ? [{ do: "write-active", token: active.token }]
              : [],
          report: undefined,
        }),
        { signal: tools.signal },
      );
      return;
    case "renew-git-helper":
      await setUpHelper(action.endpoint, tools.program, tools.git);
      return;
    case "remove-stale-lock":
      return removeStaleLock(action.path, action.pid);
  }
}

/**
 * The file that was opened is judged and changed, so that none can be put in its place meanwhile. What a link leads to
 * may be anybody's and of any use, and is left alone.
 */
function makePrivate(path: string, uid: number | undefined): void {
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0));
    const stats = fstatSync(file);
    if (!stats.isFile() || (uid !== undefined && stats.uid !== uid)) {
      throw new DiskError("ERR_HF_DISK", `${path} is no file of yours, so it was left as it is.`);
    }
    fchmodSync(file, stats.mode & 0o600);
  } catch (error) {
    throw diskError(error, "change the mode of the file", path);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Looked at again: a process that lives may have taken it meanwhile. */
function removeStaleLock(path: string, pid: number): void {
  const { state, stale } = lookAtLock(path);
  if (state === "held" || stale?.pid !== pid) {
    throw new DiskError("ERR_HF_DISK", `${path} is in use again, so it was left as it is.`);
  }
  try {
    if (lstatSync(path).isFile()) unlinkSync(path);
  } catch (error) {
    throw diskError(error, "delete the lock", path);
  }
}
