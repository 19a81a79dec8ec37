import { UsageError } from "../core/errors.ts";
import { REPO_TYPES } from "../core/repo.ts";
import type { RepoType } from "../core/repo.ts";

/** @throws UsageError a type that does not exist */
export function repoTypeOf(flags: { readonly repoType?: string; readonly type?: string }): RepoType | undefined {
  const text = flags.repoType ?? flags.type;
  if (text === undefined) return undefined;
  const type = REPO_TYPES.find((candidate) => candidate === text);
  if (type !== undefined) return type;
  throw new UsageError("ERR_HF_USAGE", `'${text}' is not a type of repo.`, {
    hint: `Use one of ${REPO_TYPES.join(", ")}.`,
  });
}
