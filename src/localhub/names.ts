import { badRequest } from "./refusals.ts";

/**
 * A path of a file or folder in a repo, as a client sent it. What git itself could not hold, or what would leave the
 * folder when somebody downloads it, is refused.
 * @throws Refusal 400.
 */
export function safePath(value: unknown): string {
  if (typeof value !== "string" || value === "") throw badRequest("Invalid path: expected a non-empty string");
  if (value.length > 4096) throw badRequest("Invalid path: longer than 4096 characters");
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\x00-\x1f\x7f]/.test(value)) throw badRequest("Invalid path: it has a control character in it");
  for (const name of value.split("/")) {
    if (name === "" || name === "." || name === "..") throw badRequest(`Invalid path: ${value}`);
    if (isGitFolder(name)) throw badRequest(`Invalid path: ${value} belongs to git`);
  }
  if (value.split(/[\\/]/).includes("..") || /^(?:[a-z]:)?\\|^[a-z]:/i.test(value)) {
    throw badRequest(`Invalid path: ${value} would leave the folder on Windows`);
  }
  return value;
}

/** `.git` in all the spellings that some file system takes for the same. */
function isGitFolder(name: string): boolean {
  // Zero-width characters that HFS+ leaves out of account, trailing dots and blanks and `~1` that NTFS does.
  const plain = name.replace(/[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u206a-\u206f\ufeff]/g, "").toLowerCase();
  return /^(?:\.git|git~1)[ .]*(?::.*)?$/.test(plain.split("\\")[0] ?? "");
}

/** Git's own rules for the part of a ref after `refs/heads/` or `refs/tags/`. */
export function isRefName(name: string): boolean {
  if (name === "" || name === "@" || name.length > 250) return false;
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\x00-\x20\x7f~^:?*[\\]|\.\.|@\{|\/\/|\.$|^\/|\/$/.test(name)) return false;
  return name.split("/").every((part) => !part.startsWith(".") && !part.endsWith(".lock"));
}

/**
 * A branch or tag name for something new.
 * @throws Refusal 400; names that look like a full ref are refused too, for nobody could tell them apart later.
 */
export function newRefName(value: unknown, what: string): string {
  if (typeof value !== "string" || !isRefName(value) || value.startsWith("refs/") || value === "HEAD") {
    throw badRequest(`Invalid ${what} name: ${typeof value === "string" ? value : "expected a string"}`);
  }
  return value;
}

/** The Hub's rules for one half of a repo id. */
export function isRepoName(name: string): boolean {
  return /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?$/.test(name) && !/--|\.\.|\.git$|\.ipynb$/.test(name);
}

/**
 * `namespace/name` for something new.
 * @throws Refusal 400.
 */
export function newRepoId(namespace: string, name: unknown): string {
  if (typeof name !== "string" || !isRepoName(name) || !isRepoName(namespace)) {
    throw badRequest(
      `Repo id must use alphanumeric chars, '-', '_' or '.'. The name cannot start or end with '-' or '.' and the maximum length is 96: ${namespace}/${String(name)}`,
    );
  }
  return `${namespace}/${name}`;
}
