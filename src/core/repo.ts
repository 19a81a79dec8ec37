import { UsageError } from "./errors.ts";
import { plainText } from "./terminal-text.ts";

export type RepoType = "model" | "dataset" | "space" | "kernel";

export interface Repo {
  readonly type: RepoType;
  /** `namespace/name`, or `name` alone for the old canonical repos. */
  readonly id: string;
}

export const REPO_TYPES: readonly RepoType[] = ["model", "dataset", "space", "kernel"];

const PART = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?$/;

/**
 * Narrows a repo id: one or two parts of letters, digits, `_`, `.` and `-`, each of 1 to 96 characters, without `--`,
 * `..`, an outer `-` or `.`, or a trailing `.git`.
 * @throws UsageError `ERR_HF_INVALID_REPO_ID`
 */
export function parseRepoId(id: string): string {
  const parts = id.split("/");
  const sound =
    parts.length <= 2 &&
    parts.every((part) => part.length <= 96 && PART.test(part)) &&
    !id.includes("--") &&
    !id.includes("..") &&
    !id.endsWith(".git");
  if (!sound) {
    throw new UsageError("ERR_HF_INVALID_REPO_ID", `'${plainText(id, 120)}' is not a repo id.`, {
      hint: "A repo id reads namespace/name, for example meta-llama/Llama-3.2-1B.",
    });
  }
  return id;
}

/** @throws UsageError `ERR_HF_INVALID_REPO_ID` when the id is not sound */
export function createRepo(id: string, type: RepoType = "model"): Repo {
  return { type, id: parseRepoId(id) };
}

/**
 * A repo as people write it: `acme/tiny`, or with its type in front as in addresses, `datasets/acme/words`.
 * @param type said elsewhere; it may repeat the type in front, not contradict it
 * @throws UsageError `ERR_HF_INVALID_REPO_ID`, `ERR_HF_USAGE`
 */
export function parseRepoSpec(spec: string, type?: RepoType): Repo {
  const [first, ...rest] = spec.split("/");
  const named = rest.length === 2 ? REPO_TYPES.find((candidate) => `${candidate}s` === first) : undefined;
  if (named !== undefined && type !== undefined && named !== type) {
    throw new UsageError("ERR_HF_USAGE", `'${plainText(spec, 120)}' is a ${named}, and the type given is ${type}.`, {
      hint: "Leave one of them out.",
    });
  }
  return named === undefined ? createRepo(spec, type) : createRepo(rest.join("/"), named);
}

/** Path of the repo's pages and files below the endpoint: `datasets/acme/words`, for models just the id. */
export function repoPath(repo: Repo): string {
  return repo.type === "model" ? repo.id : `${repo.type}s/${repo.id}`;
}

/** Path of the repo in the API: `api/models/acme/tiny`. */
export function repoApiPath(repo: Repo): string {
  return `api/${repo.type}s/${repo.id}`;
}

/** True for the 40 lower-case hex digits of a full commit, which never change their meaning. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}

/**
 * Percent-encodes as Python's `quote` does, so that both clients ask for the same address: everything but letters,
 * digits and `_ . - ~`. encodeURIComponent alone leaves `! * ' ( )`.
 * @throws UsageError `ERR_HF_USAGE` when the text is not well-formed Unicode
 */
export function encodeSegment(text: string): string {
  if (/\p{Surrogate}/u.test(text)) {
    throw new UsageError("ERR_HF_USAGE", `'${plainText(text, 120)}' holds half a character.`);
  }
  return encodeURIComponent(text).replace(/[!*'()]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** A path in a repo for an address: each segment encoded, the slashes kept. */
export function encodePath(path: string): string {
  return path.split("/").map(encodeSegment).join("/");
}
