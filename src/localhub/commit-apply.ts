import type { Caller } from "./access.ts";
import type { CommitRequest, CommitStep } from "./commit-read.ts";
import type { Commit, LfsPointer } from "./git-objects.ts";
import type { FileChange, PathEntry } from "./history.ts";
import { blobInfo, changeTree, entryAt, isFolder, writeBlob, writeCommit, writePointer } from "./history.ts";
import type { Hub } from "./model.ts";
import { objectsOf } from "./model.ts";
import { badRequest, entryNotFound } from "./refusals.ts";
import type { ObjectStore } from "./storage.ts";
import type { Repo } from "./types.ts";
import { withLfsPaths } from "./upload-rules.ts";

export type Author = { name: string; email: string };

export function authorOf(caller: Caller): Author {
  if (caller.kind === "user") return { name: caller.user.name, email: caller.user.email };
  return caller.kind === "org"
    ? { name: caller.org.name, email: `${caller.org.name}@example.org` }
    : { name: "system", email: "system@example.org" };
}

/**
 * Writes the commit over `parent` and returns its id; moving a ref is up to the caller. Nothing here waits, so that
 * between looking at a branch and moving it no other commit comes in.
 * @throws Refusal when a path to delete is missing, or LFS content was never uploaded.
 */
export function applyCommit(hub: Hub, repo: Repo, parent: Commit, request: CommitRequest, author: Author): string {
  const objects = objectsOf(hub, repo);
  const changes = new Map<string, FileChange>();
  const lfs: string[] = [];
  // Deletions first: a folder may be emptied and filled again by one commit, in whatever order it is told.
  for (const step of request.steps) remove(objects, parent, step, changes);
  for (const step of request.steps) {
    if (step.kind === "delete") continue;
    const mode = modeAt(objects, parent, step.path);
    if (step.kind === "file") changes.set(step.path, { mode, id: step.blob });
    else {
      changes.set(step.path, { mode, id: writePointer(objects, storedPointer(hub, step.pointer)) });
      lfs.push(step.path);
    }
  }
  trackLfs(objects, parent, changes, lfs);
  const { summary, description } = request.header;
  return writeCommit(objects, {
    tree: changeTree(objects, parent.tree, changes),
    parents: [parent.id],
    author: { ...author, at: hub.now() },
    message: description === "" ? summary : `${summary}\n\n${description}`,
  });
}

function remove(objects: ObjectStore, parent: Commit, step: CommitStep, changes: Map<string, FileChange>): void {
  const path = step.kind === "delete" ? step.path : step.from;
  if (path === undefined) return;
  const entry = entryAt(objects, parent.tree, path);
  const wanted = step.kind !== "delete" || step.what === "file" ? "file" : step.what;
  if (!entry || (wanted !== "entry" && isFolder(entry) !== (wanted === "folder"))) {
    throw entryNotFound(undefined, `A ${wanted === "folder" ? "folder" : "file"} with this name doesn't exist`);
  }
  changes.set(path, undefined);
}

/** A file that could be run stays so; a link that is written over becomes a file. */
function modeAt(objects: ObjectStore, parent: Commit, path: string): string {
  return entryAt(objects, parent.tree, path)?.mode === "100755" ? "100755" : "100644";
}

function storedPointer(hub: Hub, pointer: LfsPointer): LfsPointer {
  const content = hub.storage.lfs.find(pointer.oid);
  if (!content) throw badRequest(`LFS pointer pointed to a file that does not exist: ${pointer.oid}`);
  if (pointer.size >= 0 && pointer.size !== content.size) {
    throw badRequest(`LFS pointer has size ${pointer.size}, the stored file has ${content.size}: ${pointer.oid}`);
  }
  return { oid: pointer.oid, size: content.size };
}

/** `.gitattributes` learns of LFS files, so that `git clone` and `git add` treat them as such. */
function trackLfs(
  objects: ObjectStore,
  parent: Commit,
  changes: Map<string, FileChange>,
  paths: readonly string[],
): void {
  const name = ".gitattributes";
  const change = changes.get(name);
  const old = changes.has(name) ? change : entryAt(objects, parent.tree, name);
  const before = textOf(objects, old);
  const after = withLfsPaths(before, paths);
  if (after !== before) changes.set(name, { mode: "100644", id: writeBlob(objects, Buffer.from(after)) });
}

/** A small text file of a commit; empty when missing. */
export function textAt(hub: Hub, repo: Repo, commit: Commit, path: string): string {
  const objects = objectsOf(hub, repo);
  return textOf(objects, entryAt(objects, commit.tree, path));
}

function textOf(objects: ObjectStore, entry: { id: string } | undefined): string {
  return entry ? (objects.read(entry.id)?.data.toString("utf8") ?? "") : "";
}

/** What a client compares its own file with: git id of a regular file, sha256 of an LFS file. */
export function contentId(objects: ObjectStore, entry: PathEntry | undefined): string | null {
  if (!entry || isFolder(entry)) return null;
  return blobInfo(objects, entry.id).lfs?.oid ?? entry.id;
}
