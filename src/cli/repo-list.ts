import { readSync } from "node:fs";
import { DiskError, diskError, isHfError, systemCode } from "../core/errors.ts";
import type { HfError } from "../core/errors.ts";
import type { RepoAddress } from "../core/repo-address.ts";
import { readNamedFile } from "./read-named-file.ts";
import type { NamedFileOptions } from "./read-named-file.ts";

/** What one line of a list names, or why it names nothing. */
export type ListedRepo =
  | { readonly kind: "repo"; readonly address: RepoAddress }
  | {
      readonly kind: "bad";
      /** `repos.txt:3` */
      readonly place: string;
      /** As it was written. */
      readonly text: string;
      readonly error: HfError;
    };

/** Bytes: a thousand of the longest names there are take less. */
const LARGEST = 512 * 1024;
const POLL_MS = 20;

/**
 * The repos of a list, one a line. Empty lines, and what follows `#`, are left out. A line that can't be a repo keeps
 * nobody from the others.
 * @param file `-` is standard input
 * @throws DiskError
 */
export async function readRepoList(
  file: string,
  parse: (text: string) => RepoAddress,
  options: Omit<NamedFileOptions, "doing" | "largest">,
): Promise<readonly ListedRepo[]> {
  const text =
    file === "-" ? await readInput(options) : await readNamedFile(file, { ...options, doing: DOING, largest: LARGEST });
  const name = file === "-" ? "line " : `${file}:`;
  return text
    .replace(/^\ufeff/, "")
    .split(/\r\n|[\r\n]/)
    .flatMap((line, at): ListedRepo[] => {
      const spec = line.replace(/(?:^|\s)#.*$/, "").trim();
      if (spec === "") return [];
      try {
        return [{ kind: "repo", address: parse(spec) }];
      } catch (error) {
        if (!isHfError(error)) throw error;
        return [{ kind: "bad", place: `${name}${at + 1}`, text: spec, error }];
      }
    });
}

const DOING = "read the list of repos";

async function readInput({ clock, signal }: Pick<NamedFileOptions, "clock" | "signal">): Promise<string> {
  const bytes = Buffer.alloc(LARGEST + 1);
  for (let length = 0; ;) {
    const count = readNow(bytes, length);
    if (count === 0) return bytes.toString("utf8", 0, length);
    length += count ?? 0;
    if (length > LARGEST) {
      throw new DiskError(
        "ERR_HF_DISK",
        `Could not ${DOING}: standard input (it holds more than ${LARGEST / 1024} KiB)`,
        {
          hint: "Ask about fewer repos at a time.",
        },
      );
    }
    if (count === undefined) await clock.sleep(POLL_MS, signal);
  }
}

/** Undefined where there is nothing to read yet. */
function readNow(bytes: Buffer, at: number): number | undefined {
  try {
    return readSync(0, bytes, at, bytes.length - at, null);
  } catch (error) {
    if (systemCode(error) === "EAGAIN") return undefined;
    // How Windows says that a pipe has ended.
    if (systemCode(error) === "EOF") return 0;
    throw diskError(error, DOING, "standard input");
  }
}
