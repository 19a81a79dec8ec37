import type { Commit, GitObject, LfsPointer, Signature, TreeEntry } from "./git-objects.ts";
import {
  decodeCommit,
  decodePointer,
  decodeTree,
  encodeCommit,
  encodePointer,
  encodeTree,
  tagTarget,
} from "./git-objects.ts";
import type { ObjectStore } from "./storage.ts";

/** One file or folder of a tree, by its whole path. */
export type PathEntry = { path: string; mode: string; id: string };

/** What a blob really holds: `size` is that of the file, not of its pointer. */
export type BlobInfo = { size: number; lfs?: LfsPointer & { pointerSize: number } };

/** A change of one path. `undefined` deletes it. */
export type FileChange = { mode: string; id: string } | undefined;

export function isFolder(entry: { mode: string }): boolean {
  return entry.mode === "40000";
}

export function readCommit(objects: ObjectStore, id: string): Commit | undefined {
  const object = objects.read(id);
  return object?.type === "commit" ? decodeCommit(id, object.data) : undefined;
}

/** Decoded trees by name, as long as the store holds their bytes: folders of thousands are asked for file by file. */
const decoded = new WeakMap<GitObject, ReadonlyMap<string, TreeEntry>>();

export function readTree(objects: ObjectStore, id: string): ReadonlyMap<string, TreeEntry> {
  const object = objects.read(id);
  if (object?.type !== "tree") return new Map();
  const known = decoded.get(object);
  if (known) return known;
  const entries = new Map(decodeTree(object.data).map((entry) => [entry.name, entry]));
  decoded.set(object, entries);
  return entries;
}

/** Follows annotated tags down to the commit. */
export function peel(objects: ObjectStore, id: string): string | undefined {
  let at = id;
  for (let hops = 0; hops < 10; hops++) {
    const object = objects.read(at);
    if (object?.type === "commit") return at;
    if (object?.type !== "tag") return undefined;
    at = tagTarget(object.data);
  }
  return undefined;
}

/** The entry at `path` below a tree; the empty path is the tree itself. */
export function entryAt(objects: ObjectStore, tree: string, path: string): PathEntry | undefined {
  let current: PathEntry = { path: "", mode: "40000", id: tree };
  if (path === "") return current;
  for (const name of path.split("/")) {
    if (!isFolder(current)) return undefined;
    const next = readTree(objects, current.id).get(name);
    if (!next) return undefined;
    current = { path: current.path === "" ? name : `${current.path}/${name}`, mode: next.mode, id: next.id };
  }
  return current;
}

/** Entries below a folder in git's order, folders before what is in them. */
export function* walk(objects: ObjectStore, tree: string, base: string, recursive: boolean): Generator<PathEntry> {
  for (const entry of readTree(objects, tree).values()) {
    const path = base === "" ? entry.name : `${base}/${entry.name}`;
    yield { path, mode: entry.mode, id: entry.id };
    if (recursive && isFolder(entry)) yield* walk(objects, entry.id, path, true);
  }
}

/** Every file of a commit's tree. */
export function filesOf(objects: ObjectStore, tree: string): PathEntry[] {
  return [...walk(objects, tree, "", true)].filter((entry) => !isFolder(entry));
}

export function blobInfo(objects: ObjectStore, id: string): BlobInfo {
  const data = objects.read(id)?.data ?? Buffer.alloc(0);
  const pointer = decodePointer(data);
  return pointer ? { size: pointer.size, lfs: { ...pointer, pointerSize: data.length } } : { size: data.length };
}

export function writeBlob(objects: ObjectStore, data: Buffer): string {
  return objects.write("blob", data);
}

export function writePointer(objects: ObjectStore, pointer: LfsPointer): string {
  return objects.write("blob", encodePointer(pointer));
}

/** Applies changes to a tree (`undefined` = empty) and returns the new tree's id. Empty folders vanish, as in git. */
export function changeTree(
  objects: ObjectStore,
  tree: string | undefined,
  changes: ReadonlyMap<string, FileChange>,
): string {
  return changeFolder(objects, tree, changes) ?? objects.write("tree", Buffer.alloc(0));
}

function changeFolder(
  objects: ObjectStore,
  tree: string | undefined,
  changes: ReadonlyMap<string, FileChange>,
): string | undefined {
  const entries = new Map<string, TreeEntry>(tree === undefined ? [] : readTree(objects, tree));
  const below = new Map<string, Map<string, FileChange>>();
  for (const [path, change] of changes) {
    const slash = path.indexOf("/");
    if (slash < 0) {
      if (change) entries.set(path, { name: path, ...change });
      else entries.delete(path);
    } else {
      const name = path.slice(0, slash);
      const inner = below.get(name) ?? new Map<string, FileChange>();
      below.set(name, inner.set(path.slice(slash + 1), change));
    }
  }
  for (const [name, inner] of below) {
    const old = entries.get(name);
    const id = changeFolder(objects, old && isFolder(old) ? old.id : undefined, inner);
    if (id) entries.set(name, { mode: "40000", name, id });
    else if (old && isFolder(old)) entries.delete(name);
  }
  return entries.size === 0 ? undefined : objects.write("tree", encodeTree([...entries.values()]));
}

export type NewCommit = { tree: string; parents: string[]; author: Signature; committer?: Signature; message: string };

export function writeCommit(objects: ObjectStore, commit: NewCommit): string {
  const message = commit.message.endsWith("\n") ? commit.message : `${commit.message}\n`;
  return objects.write("commit", encodeCommit({ committer: commit.author, ...commit, message }));
}

/** All ancestors of a commit, itself first, newest first; each once. */
export function ancestors(objects: ObjectStore, id: string): Commit[] {
  const seen = new Set<string>();
  const found: Commit[] = [];
  const queue = [id];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    if (seen.has(next)) continue;
    seen.add(next);
    const commit = readCommit(objects, next);
    if (!commit) continue;
    found.push(commit);
    queue.push(...commit.parents);
  }
  // Breadth first puts children before parents on a line; the stable sort only mixes side branches in by date.
  return found.toSorted((a, b) => b.committer.at - a.committer.at);
}

/** For each path the newest commit on the first-parent line that changed it. */
export function lastCommits(objects: ObjectStore, from: string, paths: readonly string[]): Map<string, Commit> {
  const found = new Map<string, Commit>();
  const open = new Set(paths);
  let commit = readCommit(objects, from);
  while (commit && open.size > 0) {
    const parent: Commit | undefined = commit.parents[0] ? readCommit(objects, commit.parents[0]) : undefined;
    for (const path of open) {
      const now = entryAt(objects, commit.tree, path)?.id;
      const before = parent && entryAt(objects, parent.tree, path)?.id;
      if (now === before) continue;
      found.set(path, commit);
      open.delete(path);
    }
    commit = parent;
  }
  return found;
}
