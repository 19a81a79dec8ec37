import { platform as thisPlatform } from "node:os";
import { IntegrityError, safeText, UsageError } from "../core/errors.ts";
import { isCommit } from "../core/repo.ts";

/** Who named it: decides whether a bad name is the caller's mistake or a hostile answer. */
export type NameOrigin = "network" | "user";

const CONTROL = /[\u0000-\u001f\u007f]/;
/** Names that Windows gives to devices, with any extension; and what it can't have in a name. */
const WINDOWS_DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(?:\..*)?$/i;
const WINDOWS_CHARACTERS = /[<>:"|?*\\\u0000-\u001f]/;
/** Any character and a colon: Windows takes `C:x`, and `a:b` too, for a drive. */
const DRIVE = /^.:/su;
/** No system takes a longer path; a listing may hold many of them. */
const LONGEST = 4096;
/** Half of a surrogate pair: the disk would get U+FFFD in its place, so that two names become one. */
const HALF_CHARACTER = /\p{Surrogate}/u;

/**
 * A commit before it becomes a folder: 40 hex digits, lower case.
 * @throws IntegrityError `ERR_HF_UNSAFE_NAME`
 */
export function checkCommit(commit: string): string {
  if (!isCommit(commit)) throw unsafe("commit", commit, "it is not 40 lower-case hex digits");
  return commit;
}

/**
 * An etag before it becomes a file name. Python takes what it gets; a hostile endpoint could then write anywhere.
 * @throws IntegrityError `ERR_HF_UNSAFE_NAME`
 */
export function checkEtag(etag: string, platform: NodeJS.Platform = thisPlatform()): string {
  const reason =
    etag === ""
      ? "it is empty"
      : Buffer.byteLength(etag) > 200
        ? "it is longer than 200 bytes"
        : (segmentFault(etag, platform) ??
          (/[/\\]/.test(etag) || CONTROL.test(etag) ? "it is no file name" : undefined));
  if (reason !== undefined) throw unsafe("ETag", etag, reason);
  return etag;
}

/**
 * A path in a repo before it becomes one on this disk. Refused everywhere: what leaves the snapshot's folder on any
 * system (Python's rule after CVE-2026-15717), empty and `.` segments, NUL. On Windows also its device names, its
 * forbidden characters, and a dot or blank at the end.
 * @returns the path, unchanged
 * @throws IntegrityError `ERR_HF_UNSAFE_NAME` for a name from the network
 * @throws UsageError `ERR_HF_USAGE` for a name that the user typed
 */
export function checkEntryPath(
  path: string,
  origin: NameOrigin = "network",
  platform: NodeJS.Platform = thisPlatform(),
): string {
  const reason = entryPathFault(path, platform);
  if (reason === undefined) return path;
  if (origin === "network") throw unsafe("file name", path, reason);
  throw new UsageError("ERR_HF_USAGE", `'${safeText(path, 200)}' can't be a file of a repo: ${reason}.`, {
    hint: "Name the file as the repo's page shows it, for example config.json or onnx/model.onnx.",
  });
}

/**
 * A branch, tag or other name before it becomes a file below `refs/`.
 * @throws UsageError `ERR_HF_INVALID_REVISION`
 */
export function checkRevision(revision: string, platform: NodeJS.Platform = thisPlatform()): string {
  const reason = revision.includes("\\") ? "it has a backslash" : entryPathFault(revision, platform);
  if (reason === undefined && !CONTROL.test(revision)) return revision;
  throw new UsageError(
    "ERR_HF_INVALID_REVISION",
    `'${safeText(revision, 200)}' can't be a revision: ${reason ?? "it has a control character"}.`,
    { hint: "A revision is a branch, a tag, a commit, or refs/pr/1." },
  );
}

function entryPathFault(path: string, platform: NodeJS.Platform): string | undefined {
  if (path === "") return "it is empty";
  if (path.length > LONGEST) return `it is longer than ${LONGEST} characters`;
  if (path.startsWith("/")) return "it is absolute";
  if (path.replaceAll("\\", "/").split("/").includes("..")) return "it goes up with '..'";
  for (const segment of path.split("/")) {
    if (segment.startsWith("\\") || DRIVE.test(segment)) return "it is absolute on Windows";
    const fault = segmentFault(segment, platform);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function segmentFault(segment: string, platform: NodeJS.Platform): string | undefined {
  if (segment === "") return "a part of it is empty";
  if (segment === "." || segment === "..") return `a part of it is '${segment}'`;
  if (segment.includes("\0")) return "it has a NUL";
  if (HALF_CHARACTER.test(segment)) return "it has half a character";
  if (platform !== "win32") return undefined;
  if (WINDOWS_CHARACTERS.test(segment)) return "Windows can't have one of its characters in a name";
  if (/[. ]$/.test(segment)) return "Windows can't have a name that ends in a dot or a blank";
  return WINDOWS_DEVICE.test(segment) ? "it names a device of Windows" : undefined;
}

function unsafe(what: string, value: string, reason: string): IntegrityError {
  return new IntegrityError(
    "ERR_HF_UNSAFE_NAME",
    `The answer has a ${what} that can't be used: '${safeText(value, 200)}': ${reason}.`,
    { hint: "Nothing was written. Check that HF_ENDPOINT names a Hub that you trust." },
  );
}
