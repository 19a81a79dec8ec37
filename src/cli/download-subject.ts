import { UsageError } from "../core/errors.ts";
import { parseRepoAddress } from "../core/repo-address.ts";
import type { Repo, RepoType } from "../core/repo.ts";

export interface DownloadWords {
  readonly repo: Repo;
  readonly revision: string | undefined;
  /** Names of files, and of folders with a `/` at their end. */
  readonly files: readonly string[];
}

/**
 * What the words of `hf download` name. An address, `hf://acme/tiny@v1/config.json` or that of a page in the browser,
 * says by itself what it can say; then it is not said again beside it.
 * @throws UsageError what is said twice, and what is no repo
 */
export function downloadWords(
  spec: string,
  names: readonly string[],
  { endpoint, type, revision }: { readonly endpoint: string; readonly type?: RepoType; readonly revision?: string },
): DownloadWords {
  const address = parseRepoAddress(spec, { endpoint, type });
  const { repo, path, isFolder } = address;
  if (address.revision !== undefined && revision !== undefined) {
    throw new UsageError("ERR_HF_USAGE", `The address says '${address.revision}', and --revision '${revision}'.`, {
      hint: "Leave one of them out.",
    });
  }
  if (path !== undefined && names.length > 0) {
    throw new UsageError("ERR_HF_USAGE", `The address names '${path}' already.`, {
      hint: "Leave out the other files, or give the address of the repo.",
    });
  }
  const named = path === undefined ? names : [isFolder === true ? `${path}/` : path];
  return { repo, revision: address.revision ?? revision, files: named };
}
