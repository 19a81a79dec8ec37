import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HF, type World } from "../test/support/world.ts";
import type { Contender } from "./measure.ts";
import type { Peers } from "./peers.ts";

/** What is downloaded: all files of a public repo. */
export interface Load {
  readonly repo: string;
  readonly files: readonly string[];
  readonly bytes: number;
}

/** One of ours or of Python's, with flags and variables of its own. */
export interface Variant {
  readonly name: string;
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** See {@link Contender.rounds}. */
  readonly rounds?: number;
}

/** Python over plain HTTP. It verifies no content, on any way. */
export const NO_XET: NodeJS.ProcessEnv = { HF_HUB_DISABLE_XET: "1" };

/** Our `hf download` into a cache that is empty at the start of each run. */
export function ourDownload(
  world: World,
  load: Load,
  variant: Variant = { name: "hf download (verified)" },
): Contender {
  return download(world, load, variant, process.execPath, [HF]);
}

export function pythonDownload(world: World, load: Load, pythonHf: string, variant: Variant): Contender {
  return download(world, load, variant, pythonHf, []);
}

/** What moves the bytes alone, into plain files, and checks nothing: as many of these programs as are here. */
export function plainDownloads(world: World, load: Load, peers: Peers): Contender[] {
  const url = (file: string): string => `${world.hub.url}/${load.repo}/resolve/main/${file}`;
  const list = (name: string, lines: (file: string, folder: string) => string): [string, string] => {
    const [path, folder] = [join(world.folder, `${name}.list`), join(world.folder, name)];
    writeFileSync(path, load.files.map((file) => lines(file, folder)).join(""));
    return [path, folder];
  };
  const contender = (name: string, program: string, args: readonly string[], folder: string): Contender => ({
    name,
    program,
    args,
    env: world.env,
    prepare: () => empty(folder),
    check: () => expectBytes(folder, load),
  });
  const all: Contender[] = [];
  if (peers.curl !== undefined) {
    const [config, folder] = list("curl", (file, to) => `url="${url(file)}"\noutput="${join(to, file)}"\n`);
    const parallel = load.files.length > 1 ? ["--parallel", "--parallel-max", "8"] : [];
    const args = ["--silent", "--fail", "--location", ...parallel, "--config", config];
    all.push(contender("curl -o", peers.curl, args, folder));
  }
  if (peers.wget !== undefined) {
    const [input, folder] = list("wget", (file) => `${url(file)}\n`);
    all.push(contender("wget", peers.wget, ["--quiet", "-P", folder, "-i", input], folder));
  }
  if (peers.aria2c !== undefined) {
    const [input, folder] = list("aria2c", (file) => `${url(file)}\n out=${file}\n`);
    const args = ["-q", "-x8", "-s8", "-j8", "-k1M", "--file-allocation=none", "-d", folder, "-i", input];
    all.push(contender("aria2c -x8 -s8", peers.aria2c, args, folder));
  }
  return all;
}

/** JavaScript's snapshotDownload(). It verifies nothing, and has no program of its own. */
export function jsDownload(world: World, load: Load, module: string, rounds?: number): Contender {
  const home = join(world.folder, "home");
  const options = { repo: load.repo, hubUrl: world.hub.url, cacheDir: join(home, "hub") };
  const code = `const hf = await import(${JSON.stringify(module)});
    console.debug = () => {};
    await hf.snapshotDownload(${JSON.stringify(options)});`;
  return {
    name: "@huggingface/hub",
    program: process.execPath,
    args: ["--input-type=module", "-e", code],
    env: { ...world.env, HF_HOME: home },
    prepare: () => empty(home),
    check: () => expectBytes(join(home, "hub"), load),
    ...(rounds === undefined ? {} : { rounds }),
  };
}

/** What of `peers` is missing, in words. */
export function absentOf(peers: Peers, names: readonly (keyof Peers["absent"])[]): string[] {
  return names.filter((name) => peers[name] === undefined).map((name) => peers.absent[name]);
}

/** Everybody, curl first. @param slowRounds how often those run that take ten times as long */
export function everybody(world: World, peers: Peers, load: Load, slowRounds?: number): [Contender[], string[]] {
  const slow = slowRounds === undefined ? {} : { rounds: slowRounds };
  const { pythonHf, olderHf, js } = peers;
  return [
    [
      ...plainDownloads(world, load, peers),
      ourDownload(world, load),
      ...(pythonHf === undefined
        ? []
        : [pythonDownload(world, load, pythonHf, { name: "Python's hf download", env: NO_XET, ...slow })]),
      ...(olderHf === undefined
        ? []
        : [pythonDownload(world, load, olderHf, { name: "Python's hf download (1.33.0)", env: NO_XET, ...slow })]),
      ...(js === undefined ? [] : [jsDownload(world, load, js, slowRounds)]),
    ],
    absentOf(peers, ["curl", "wget", "aria2c", "pythonHf", "olderHf", "js"]),
  ];
}

function download(
  world: World,
  load: Load,
  { name, args = [], env = {}, rounds }: Variant,
  program: string,
  before: readonly string[],
): Contender {
  const home = join(world.folder, "home");
  return {
    name,
    program,
    args: [...before, "download", load.repo, ...args],
    env: { ...world.env, ...env, HF_HOME: home },
    prepare: () => empty(home),
    check: () => expectBytes(join(home, "hub"), load),
    ...(rounds === undefined ? {} : { rounds }),
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
