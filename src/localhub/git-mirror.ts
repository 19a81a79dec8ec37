import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeCommit, decodeTree, tagTarget } from "./git-objects.ts";
import type { Hub } from "./model.ts";
import { objectsOf } from "./model.ts";
import { isRefName } from "./names.ts";
import { createLooseObjects } from "./storage-folder.ts";
import type { ObjectStore, Storage } from "./storage.ts";
import type { Repo } from "./types.ts";

/**
 * What git may do in there. Only branches, tags and pull requests take a push, and no hook, no garbage collection and
 * no user of the machine has a say. Packs are taken apart (`unpackLimit`), because the hub reads loose objects; hostile
 * trees (`..`, `.git`) are refused by `fsckObjects`.
 */
const CONFIG = `[core]
\trepositoryformatversion = 0
\tbare = true
\thooksPath = /dev/null
[http]
\treceivepack = true
[receive]
\tfsckObjects = true
\tunpackLimit = 1000000000
\tmaxInputSize = 512m
\tautogc = false
\tdenyDeleteCurrent = refuse
\thideRefs = refs
\thideRefs = !refs/heads
\thideRefs = !refs/tags
\thideRefs = !refs/pr
[uploadpack]
\tallowAnySHA1InWant = true
\tallowFilter = true
[gc]
\tauto = 0
`;

type Refs = Record<string, string>;

/** One after the other in each folder: a push must not meet the hub writing refs. */
const queues = new WeakMap<Storage, Map<string, Promise<unknown>>>();

async function inTurn<Result>(hub: Hub, repo: Repo, work: () => Result | Promise<Result>): Promise<Result> {
  const all = queues.get(hub.storage) ?? new Map<string, Promise<unknown>>();
  queues.set(hub.storage, all);
  const before = all.get(repo._id) ?? Promise.resolve();
  const mine = before.then(work, work);
  all.set(repo._id, mine);
  try {
    return await mine;
  } finally {
    if (all.get(repo._id) === mine) all.delete(repo._id);
  }
}

/** Brings the bare repository up to what the hub knows and returns its folder. */
export function exportRepo(hub: Hub, repo: Repo): Promise<string> {
  return inTurn(hub, repo, () => writeMirror(hub, repo));
}

/** Runs `push` on the bare repository and takes over the refs it changed, with all that hangs on them. */
export function receiveInto<Result>(hub: Hub, repo: Repo, push: (gitDir: string) => Promise<Result>): Promise<Result> {
  return inTurn(hub, repo, async () => {
    const dir = writeMirror(hub, repo);
    const before = { ...repo.refs };
    try {
      return await push(dir);
    } finally {
      readBack(hub, repo, dir, before);
    }
  });
}

function writeMirror(hub: Hub, repo: Repo): string {
  const dir = hub.storage.gitDir(repo._id);
  if (!existsSync(join(dir, "HEAD"))) {
    for (const folder of ["objects/info", "objects/pack", "refs/heads", "refs/tags"]) {
      mkdirSync(join(dir, folder), { recursive: true });
    }
    writeFileSync(join(dir, "HEAD"), "ref: refs/heads/main\n");
  }
  writeFileSync(join(dir, "config"), CONFIG);
  const target = createLooseObjects(join(dir, "objects"));
  for (const id of Object.values(repo.refs)) copyObjects(objectsOf(hub, repo), target, id);
  writeRefs(dir, repo.refs);
  return dir;
}

/** Ids that an object needs. Commits of submodules (mode 160000) live elsewhere. */
function needs(type: string, id: string, data: Buffer): string[] {
  if (type === "tag") return [tagTarget(data)];
  if (type === "tree") return decodeTree(data).flatMap((entry) => (entry.mode === "160000" ? [] : [entry.id]));
  if (type !== "commit") return [];
  const commit = decodeCommit(id, data);
  return [commit.tree, ...commit.parents];
}

/**
 * Copies an object with all it needs. Each one is written after what it needs, so one that is there already is there
 * with everything below it, and a copy that was broken off is taken up again.
 */
function copyObjects(from: ObjectStore, to: ObjectStore, root: string): void {
  const stack: { id: string; opened: boolean }[] = [{ id: root, opened: false }];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const object = to.read(top.id) ? undefined : from.read(top.id);
    if (object && !top.opened) {
      top.opened = true;
      for (const id of needs(object.type, top.id, object.data)) stack.push({ id, opened: false });
      continue;
    }
    if (object) to.write(object.type, object.data);
    stack.pop();
  }
}

function writeRefs(dir: string, refs: Refs): void {
  const lines = Object.entries(refs).map(([ref, id]) => `${id} ${ref}\n`);
  const packed = lines.toSorted().join("");
  const path = join(dir, "packed-refs");
  if (sameRefs(readRefs(dir), refs)) return;
  writeFileSync(`${path}.new`, packed);
  renameSync(`${path}.new`, path);
  // Loose refs win over packed ones, so they go, now that all is in the one file.
  rmSync(join(dir, "refs"), { recursive: true, force: true });
  mkdirSync(join(dir, "refs/heads"), { recursive: true });
}

function sameRefs(a: Refs, b: Refs): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

/** Refs as git left them: the packed ones, and over them the loose ones. */
function readRefs(dir: string): Refs {
  const refs: Refs = {};
  const keep = (ref: string, id: string): void => {
    if (/^[0-9a-f]{40}$/.test(id) && isRefName(ref)) refs[ref] = id;
  };
  const packed = join(dir, "packed-refs");
  if (existsSync(packed)) {
    for (const line of readFileSync(packed, "utf8").split("\n")) {
      const match = /^([0-9a-f]{40}) (\S+)$/.exec(line);
      if (match) keep(match[2] ?? "", match[1] ?? "");
    }
  }
  for (const entry of readdirSync(join(dir, "refs"), { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    keep(path.slice(dir.length + 1).replaceAll("\\", "/"), readFileSync(path, "utf8").trim());
  }
  return refs;
}

/** A ref that the hub itself moved during the push stays where the hub put it. */
function readBack(hub: Hub, repo: Repo, dir: string, before: Refs): void {
  const after = readRefs(dir);
  const from = createLooseObjects(join(dir, "objects"));
  for (const ref of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const id = after[ref];
    if (id === before[ref] || repo.refs[ref] !== before[ref]) continue;
    if (id === undefined) {
      delete repo.refs[ref];
      continue;
    }
    copyObjects(from, objectsOf(hub, repo), id);
    repo.refs[ref] = id;
  }
}
