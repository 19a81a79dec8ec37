import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HF, type World } from "../test/support/world.ts";
import type { Contender } from "./measure.ts";

/** What is downloaded: all files of a public repo. */
export interface Load {
  readonly repo: string;
  readonly files: readonly string[];
  readonly bytes: number;
}

/** Our `hf download` into a cache that is empty at the start of each run. */
export function ourDownload(world: World, load: Load): Contender {
  return download(world, load, "hf download (verified)", process.execPath, [HF], {});
}

/** Python's, over plain HTTP: what localhub serves is not in Xet storage. It verifies no content. */
export function pythonDownload(world: World, load: Load, pythonHf: string): Contender {
  return download(world, load, "Python's hf download", pythonHf, [], { HF_HUB_DISABLE_XET: "1" });
}

/** curl with the same connections, into plain files: what moving the bytes alone takes. */
export function curlDownload(world: World, load: Load, program: string): Contender {
  const folder = join(world.folder, "curl");
  const config = join(world.folder, "curl.config");
  const lines = load.files.map(
    (file) => `url="${world.hub.url}/${load.repo}/resolve/main/${file}"\noutput="${join(folder, file)}"\n`,
  );
  writeFileSync(config, lines.join(""));
  const parallel = load.files.length > 1 ? ["--parallel", "--parallel-max", "8"] : [];
  return {
    name: "curl -o",
    program,
    args: ["--silent", "--fail", "--location", ...parallel, "--config", config],
    env: world.env,
    prepare: () => empty(folder),
    check: () => expectBytes(folder, load),
  };
}

function download(
  world: World,
  load: Load,
  name: string,
  program: string,
  before: readonly string[],
  more: NodeJS.ProcessEnv,
): Contender {
  const home = join(world.folder, "home");
  return {
    name,
    program,
    args: [...before, "download", load.repo],
    env: { ...world.env, ...more, HF_HOME: home },
    prepare: () => empty(home),
    check: () => expectBytes(join(home, "hub"), load),
  };
}

function empty(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
}

function expectBytes(folder: string, load: Load): void {
  const bytes = bytesBelow(folder);
  if (bytes < load.bytes) throw new Error(`${bytes} bytes are in ${folder} where ${load.bytes} were asked for`);
}

function bytesBelow(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += bytesBelow(path);
    else if (entry.isFile()) bytes += statSync(path).size;
  }
  return bytes;
}
