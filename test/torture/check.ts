import { createHash } from "node:crypto";
import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";

/** What a cache folder holds, judged by itself: not by what the program says of it. */
export interface CacheState {
  /** Published contents whose bytes have the hash that is their name. */
  readonly right: number;
  /** Paths of published contents whose bytes have another one. There must be none, ever. */
  readonly wrong: readonly string[];
  /** Temporary files. */
  readonly temporary: readonly string[];
  /** Pointers of all snapshots that lead to a published content. */
  readonly pointers: number;
  /** Pointers that lead nowhere. There must be none, ever. */
  readonly dangling: readonly string[];
}

export function inspectCache(hubCache: string): CacheState {
  const [wrong, temporary, dangling]: [string[], string[], string[]] = [[], [], []];
  let [right, pointers] = [0, 0];
  for (const repo of folders(hubCache).filter((name) => name.includes("--"))) {
    const blobs = join(hubCache, repo, "blobs");
    for (const name of entries(blobs)) {
      const path = join(blobs, name);
      if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(name)) temporary.push(path);
      else if (hashOf(readFileSync(path), name) === name) right++;
      else wrong.push(path);
    }
    const snapshots = join(hubCache, repo, "snapshots");
    const paths = existsSync(snapshots) ? readdirSync(snapshots, { recursive: true, encoding: "utf8" }) : [];
    for (const path of paths.map((name) => join(snapshots, name))) {
      if (lstatSync(path).isDirectory()) continue;
      if (existsSync(path) && existsSync(realpathSync(path))) pointers++;
      else dangling.push(path);
    }
  }
  return { right, wrong, temporary, pointers, dangling };
}

function hashOf(bytes: Uint8Array, name: string): string {
  const hash =
    name.length === 64
      ? createHash("sha256").update(bytes)
      : createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes);
  return hash.digest("hex");
}

function entries(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

function folders(folder: string): string[] {
  return entries(folder).filter((name) => lstatSync(join(folder, name)).isDirectory());
}
