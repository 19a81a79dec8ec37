import { accessSync, constants, mkdtempSync, rmSync, statfsSync, symlinkSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { systemCode } from "../core/errors.ts";
import { acquireFileLock } from "../core/file-lock.ts";
import type { FolderProbe } from "./evidence.ts";
import { isClosed, lookAt, readStart } from "./look.ts";

export interface ProbeOptions {
  /** False leaves locks untried: they take a program of the PATH, which must not be one of the current folder. */
  readonly tryLocks: boolean;
}

/**
 * Makes a folder of its own in `path`, or in the nearest folder above that is there, tries a link and a lock in it, and
 * takes it away again. Only a try tells: modes say nothing of a read-only disk, nor of one across a network.
 */
export async function probeFolder(path: string, { tryLocks }: ProbeOptions): Promise<FolderProbe> {
  const tried = nearestFolder(path);
  const { kind, uid: owner } = lookAt(tried);
  if (kind !== "folder") return { path, tried, owner, refusal: "ENOTDIR", symlinks: undefined, locks: undefined };
  let own: string | undefined;
  try {
    // Asked first: nothing need be made where it would be refused.
    accessSync(tried, constants.W_OK | constants.X_OK);
    own = mkdtempSync(join(tried, ".latchkey-doctor-"));
    const symlinks = makesLinks(own);
    const locks = tryLocks ? await takesLocks(own) : undefined;
    return { path, tried, owner, refusal: undefined, symlinks, locks };
  } catch (error) {
    return { path, tried, owner, refusal: systemCode(error) ?? "unknown", symlinks: undefined, locks: undefined };
  } finally {
    if (own !== undefined) rmSync(own, { recursive: true, force: true });
  }
}

/** The nearest thing at or above a path that is there, and that this user is let to see. */
function nearestFolder(path: string): string {
  for (let at = resolve(path); ; at = dirname(at)) {
    const { kind, error = "" } = lookAt(at);
    // What is hidden lies in a folder that keeps this user out: that one is the answer.
    if ((kind !== "absent" && !isClosed(error)) || at === dirname(at)) return at;
  }
}

function makesLinks(folder: string): boolean {
  try {
    symlinkSync("target", join(folder, "link"), "file");
    return true;
  } catch {
    return false;
  }
}

async function takesLocks(folder: string): Promise<boolean> {
  const lock = await acquireFileLock(join(folder, "lock"), { timeoutMs: 0 });
  lock.release();
  return lock.held;
}

/** File systems that matter here, by their numbers in Linux's <linux/magic.h>. */
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  0x6969: "NFS",
  0xff534d42: "CIFS",
  0xfe534d42: "SMB",
  0x517b: "SMB",
  0x0bd00bd0: "Lustre",
  0x47504653: "GPFS",
  0x01021997: "9p",
  0x65735546: "FUSE",
  0x01021994: "tmpfs",
  0x794c7630: "overlay",
};

export interface DiskFacts {
  readonly hasInodes: boolean;
  readonly fileSystem: string | undefined;
}

/** Facts of the file system below a path that need not be there yet. */
export function readDisk(path: string, platform: NodeJS.Platform): DiskFacts {
  try {
    const { files, ffree, type } = statfsSync(nearestFolder(path));
    // The numbers are Linux's; those of other systems mean something else.
    const fileSystem = platform === "linux" ? FILE_SYSTEMS[type >>> 0] : undefined;
    return { hasInodes: files === 0 || ffree > 0, fileSystem };
  } catch {
    return { hasInodes: true, fileSystem: undefined };
  }
}

/** The mark by which a container is known, as far as it has one of the usual ones. */
export function containerMark(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const variable = ["KUBERNETES_SERVICE_HOST", "container"].find((name) => (env[name] ?? "") !== "");
  if (variable !== undefined) return `${variable} is set`;
  return ["/.dockerenv", "/run/.containerenv"].find((path) => lookAt(path).kind === "file");
}

/** Mount points, where Linux lists them: a folder below one of them outlives its container. */
export function isMounted(path: string): boolean | undefined {
  const text = readStart("/proc/self/mounts", 256 * 1024, { followLinks: true })?.toString("utf8");
  if (text === undefined) return undefined;
  const points = text.split("\n").map((line) => (line.split(" ")[1] ?? "").replace(/\\040/g, " "));
  const below = resolve(path);
  return points.some((point) => point !== "/" && point !== "" && (below === point || below.startsWith(`${point}/`)));
}
