import { lstatSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { writeFileAtomic } from "../core/atomic-write.ts";
import { DiskError, diskError, systemCode, UsageError } from "../core/errors.ts";
import { readRegularFileSync } from "../core/read-file.ts";
import { shellWord } from "../core/shell-word.ts";
import type { Secret } from "../core/secret.ts";
import { askAboutPath } from "../git/index.ts";
import type { GitOptions, PathInGit } from "../git/index.ts";
import { setInDotenv } from "./dotenv-edit.ts";

export interface EnvFileReport {
  readonly path: string;
  /** True when the file had the variable already. */
  readonly replaced: boolean;
  /** What keeps git from taking the file: `added` by us, `already` there, or no repository. */
  readonly ignored: "added" | "already" | "no-repository";
  /** The `.gitignore` that was changed or made. */
  readonly gitignore?: string;
}

const LARGEST = 1024 * 1024;

/**
 * Writes the token into a file of variables: private from its first byte, at once, all other lines kept. In a git work
 * tree the file is ignored first, so that there is no moment at which it could be committed.
 * @throws UsageError when git tracks the file, or it is a link
 * @throws DiskError
 * @throws HfError `ERR_HF_GIT` when there is a repository and git can't tell
 */
export async function writeEnvFile(
  named: string,
  cwd: string,
  token: Secret,
  options: GitOptions,
): Promise<EnvFileReport> {
  const path = join(realFolder(dirname(resolve(cwd, named))), basename(named));
  const before = readPlainFile(path) ?? "";
  const inGit = await askAboutPath(path, options);
  if (inGit.kind === "inside" && inGit.tracked) {
    throw new UsageError("ERR_HF_USAGE", `git tracks ${path}: a token in it would be in the next commit.`, {
      hint: `Name another file, or take it out first: git rm --cached -- ${shellWord(basename(path))}`,
    });
  }
  const { text, replaced } = setInDotenv(before, "HF_TOKEN", token.expose());
  const ignoring = await ignore(path, inGit, options);
  await writeFileAtomic(path, Buffer.from(text, "latin1"), { mode: 0o600, doing: "write the file of variables" });
  return { path, replaced, ...ignoring };
}

async function ignore(
  path: string,
  inGit: PathInGit,
  options: GitOptions,
): Promise<Pick<EnvFileReport, "ignored" | "gitignore">> {
  if (inGit.kind === "outside") return { ignored: "no-repository" };
  if (inGit.ignored) return { ignored: "already" };
  const gitignore = join(inGit.root, ".gitignore");
  const before = readPlainFile(gitignore);
  const end = before?.includes("\r\n") === true ? "\r\n" : "\n";
  const gap = before === undefined || before === "" || before.endsWith("\n") ? "" : end;
  const text = `${before ?? ""}${gap}${ignorePattern(basename(path))}${end}`;
  const mode = before === undefined ? 0o666 : statSync(gitignore).mode & 0o777;
  await writeFileAtomic(gitignore, Buffer.from(text, "latin1"), { mode, doing: "write .gitignore" });
  const after = await askAboutPath(path, options);
  if (after.kind === "inside" && after.ignored) return { ignored: "added", gitignore };
  throw new UsageError("ERR_HF_USAGE", `git does not ignore ${path}, although .gitignore names it now.`, {
    hint: "A later rule takes it back (one that begins with '!'). The token was not written.",
  });
}

/** A name as a pattern that means that name alone. Latin-1 of its bytes, like all text that is written here. */
function ignorePattern(name: string): string {
  const escaped = name
    .replace(/[\\*?[\]]/g, "\\$&")
    .replace(/^[#!]/, "\\$&")
    .replace(/(?<! ) +$/, (blanks) => blanks.replaceAll(" ", "\\ "));
  return Buffer.from(escaped, "utf8").toString("latin1");
}

/**
 * The bytes of a file, one character each, or undefined where there is none.
 * @throws DiskError for a link or anything else that is no file of its own: it would be replaced, or lead elsewhere
 */
function readPlainFile(path: string): string | undefined {
  let stats;
  try {
    stats = lstatSync(path);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw diskError(error, "read the file", path);
  }
  if (!stats.isFile() || stats.size > LARGEST) {
    const what = stats.isSymbolicLink() ? "is a link" : stats.isFile() ? "is larger than 1 MiB" : "is not a file";
    throw new DiskError("ERR_HF_DISK", `${path} ${what}, so it was left as it is.`, { hint: "Name another file." });
  }
  try {
    return readRegularFileSync(path, LARGEST).toString("latin1");
  } catch (error) {
    throw diskError(error, "read the file", path);
  }
}

function realFolder(folder: string): string {
  try {
    return realpathSync.native(folder);
  } catch (error) {
    throw diskError(error, "find the folder", folder);
  }
}
