import { accessSync, constants } from "node:fs";
import { delimiter, dirname, isAbsolute, join, posix, relative, resolve, win32 } from "node:path";
import type { Environment } from "../core/ports.ts";
import type { ProgramEvidence, ProgramOnPath } from "./evidence.ts";
import { lookAt, readStart, realPath } from "./look.ts";

export interface ProgramOptions {
  readonly env: Environment;
  readonly platform: NodeJS.Platform;
  readonly cwd: string;
  /** Home folder of the user, without links. */
  readonly home: string;
  /** Of Node, as `20.19.1`. */
  readonly nodeVersion: string;
  /** The program as it was started. */
  readonly script: string;
}

const NAMES = ["hf", "huggingface-cli"] as const;
const MOST_ENTRIES = 500;
/** What Windows starts by a name without an ending, where PATHEXT does not say. */
const PATHEXT = ".COM;.EXE;.BAT;.CMD";

export function collectProgram(options: ProgramOptions): ProgramEvidence {
  const { env, platform, cwd, home, nodeVersion, script } = options;
  const realScript = realPath(script);
  const entries = pathEntries(env, platform);
  const folders = [...new Set(entries.filter((entry) => isAbsolute(entry)).map((entry) => resolve(entry)))];
  const onPath = folders.flatMap((folder) =>
    NAMES.flatMap((name): ProgramOnPath[] => {
      const path = findExecutable(folder, name, endings(env, platform));
      return path === undefined ? [] : [{ name, path, kind: kindOf(path, realScript, platform) }];
    }),
  );
  const binFolder = binFolderOf(realScript, platform);
  return {
    nodeVersion,
    script,
    realScript,
    onPath,
    binFolder,
    binOnPath: binFolder !== undefined && folders.some((folder) => realPath(folder) === realPath(binFolder)),
    relativePath: entries.filter((entry) => isOfFolder(entry, cwd, home)),
  };
}

function pathEntries(env: Environment, platform?: NodeJS.Platform): readonly string[] {
  const text = env["PATH"] ?? env["Path"] ?? "";
  const between = platform === undefined ? delimiter : platform === "win32" ? win32.delimiter : posix.delimiter;
  return text === "" ? [] : text.split(between).slice(0, MOST_ENTRIES);
}

/** Endings of programs, in the order in which the system tries them in each folder. */
function endings(env: Environment, platform: NodeJS.Platform): readonly string[] {
  if (platform !== "win32") return [""];
  const text = env["PATHEXT"] ?? env["Pathext"] ?? "";
  // Windows knows no case of letters; programs are installed with small ones.
  const known = (text === "" ? PATHEXT : text).toLowerCase().split(win32.delimiter);
  return known.map((ending) => ending.trim()).filter((ending) => /^\.\w{1,10}$/.test(ending));
}

/**
 * The environment for a program that is started in, or for, the current folder: no entry of its PATH lies in that
 * folder, so nothing of a project is run in place of the program that was meant.
 */
export function safeEnvironment(env: Environment, cwd: string, home: string): Environment {
  const kept = pathEntries(env).filter((entry) => !isOfFolder(entry, cwd, home) && !isOfProject(entry));
  const { Path: _, ...rest } = env;
  return { ...rest, PATH: kept.join(delimiter) };
}

/** npm puts this folder of a project, and of the folders above it, in front of the PATH of what it starts. */
function isOfProject(entry: string): boolean {
  return /[/\\]node_modules[/\\]\.bin[/\\]?$/.test(entry);
}

/** True when every program that is looked up by its name comes from outside the current folder. */
export function isSafePath(env: Environment, cwd: string, home: string): boolean {
  return pathEntries(env).every((entry) => !isOfFolder(entry, cwd, home) && !isOfProject(entry));
}

/**
 * True for an entry of the PATH that means the current folder or one in it. The home folder, and a folder above it, is
 * no project: what is whole and lies below, as `~/.local/bin`, is the user's own from wherever it is looked at.
 */
function isOfFolder(entry: string, cwd: string, home: string): boolean {
  return !isAbsolute(entry) || (isInside(entry, cwd) && !(isAbsolute(home) && isInside(home, cwd)));
}

function isInside(entry: string, cwd: string): boolean {
  // At the root everything is below.
  if (dirname(cwd) === cwd) return resolve(entry) === cwd;
  const way = relative(cwd, entry);
  return way === "" || (!way.startsWith("..") && !isAbsolute(way));
}

function findExecutable(folder: string, name: string, endings: readonly string[]): string | undefined {
  return endings.map((ending) => join(folder, name + ending)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    if (lookAt(path).kind !== "file") return false;
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whose program it is, by where it leads and how it begins. It is never started: that would run whatever it is. */
function kindOf(path: string, realScript: string, platform: NodeJS.Platform): ProgramOnPath["kind"] {
  const real = realPath(path);
  if (real === realScript) return "ours";
  const start = readStart(real, 4096, { followLinks: true })?.toString("latin1") ?? "";
  if (/[/\\](?:latchkey|dist[/\\]bin)[/\\].{0,40}hf\.cjs$/.test(real)) return "latchkey";
  if (platform === "win32" && /latchkey[/\\]dist[/\\]bin[/\\]hf\.cjs/.test(start)) {
    return start.includes(relative(dirname(path), realScript)) ? "ours" : "latchkey";
  }
  if (/^#!.{0,200}python|huggingface_hub|^'''exec' /m.test(start)) return "python";
  return platform === "win32" && path.endsWith(".exe") && isStartOfPython(real) ? "python" : "other";
}

/** pip's and uv's programs for Windows are a small starter, with the way to python.exe at its end. */
function isStartOfPython(path: string): boolean {
  const text = readStart(path, 512 * 1024, { followLinks: true })?.toString("latin1") ?? "";
  return /pythonw?\.exe|huggingface_hub/i.test(text);
}

/** npm installs to `<prefix>/lib/node_modules` and links in `<prefix>/bin`; on Windows both are the prefix itself. */
function binFolderOf(realScript: string, platform: NodeJS.Platform): string | undefined {
  const prefix = /^(.*?)[/\\](?:lib[/\\])?node_modules[/\\]latchkey[/\\]dist[/\\]bin[/\\]hf\.cjs$/s.exec(
    realScript,
  )?.[1];
  if (prefix === undefined || /[/\\]_npx[/\\]/.test(realScript)) return undefined;
  if (platform === "win32") return prefix;
  return /[/\\]lib[/\\]node_modules[/\\]/.test(realScript) ? join(prefix, "bin") : undefined;
}
