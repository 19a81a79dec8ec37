import { gateReason } from "../access.ts";
import type { Commit } from "../git-objects.ts";
import { commitOf, openRepo, splitRevision } from "../guard.ts";
import type { PathEntry } from "../history.ts";
import { blobInfo, entryAt, isFolder, lastCommits, walk } from "../history.ts";
import type { HubResponse } from "../http.ts";
import { decodeSegment, isTrue, json, readFields } from "../http.ts";
import { objectsOf } from "../model.ts";
import { pageOf, queryNumber } from "../paging.ts";
import { entryNotFound, invalid } from "../refusals.ts";
import type { Call, Route } from "../router.ts";
import type { Repo } from "../types.ts";

export const treeRoutes: readonly Route[] = [
  { method: "GET", pattern: "/api/:types/:repo/tree/*", handler: listTree },
  { method: "POST", pattern: "/api/:types/:repo/paths-info/*", handler: pathsInfo },
  { method: "GET", pattern: "/api/:types/:repo/treesize/*", handler: treeSize },
];

const PAGE = 1000;
const EXPANDED_PAGE = 50;
const MOST_PATHS = 2000;

/** What stands for a sha256 when the caller has not passed the gate: visibly no hash. */
export const MASKED_HASH = "*".repeat(64);

/** Scans never run here. Both inner reports must be there: a client indexes them. */
const SAFE = {
  status: "safe",
  avScan: { status: "safe", message: null },
  pickleImportScan: { status: "unscanned", pickleImports: [], message: null },
};

function listTree(call: Call): HubResponse {
  const { hub, request } = call;
  const repo = openRepo(call, { gate: false });
  const { revision, path } = splitRevision(hub, repo, call.params.rest);
  const commit = commitOf(hub, repo, revision);
  const objects = objectsOf(hub, repo);
  const folder = entryAt(objects, commit.tree, path);
  if (!folder || !isFolder(folder)) throw entryNotFound(commit.id, `${path} does not exist on "${revision}"`);
  const expand = isTrue(request.query.get("expand"));
  const most = expand ? EXPANDED_PAGE : PAGE;
  const limit = queryNumber(request, "limit", { min: 1, max: most, default: most });
  const all = [...walk(objects, folder.id, path, isTrue(request.query.get("recursive")))];
  const { page, headers } = pageOf(request, all, limit);
  return json(describe(call, repo, commit, page, expand), 200, { "X-Repo-Commit": commit.id, ...headers });
}

async function pathsInfo(call: Call): Promise<HubResponse> {
  const { hub } = call;
  const repo = openRepo(call, { gate: false });
  const commit = commitOf(hub, repo, call.params.rest.map(decodeSegment).join("/"));
  const fields = await readFields(call.request);
  const raw = fields["paths"];
  const paths = Array.isArray(raw) ? raw : raw === undefined ? [] : [raw];
  if (paths.length > MOST_PATHS) throw invalid(`Too big: expected array to have <=${MOST_PATHS} items`, "paths");
  const objects = objectsOf(hub, repo);
  const entries = paths.flatMap((path) => {
    if (typeof path !== "string") throw invalid("Invalid input: expected string", "paths");
    // A path that is not there is left out; that is how clients ask whether it is.
    return path === "" ? [] : (entryAt(objects, commit.tree, path.replace(/\/$/, "")) ?? []);
  });
  const expand = fields["expand"] === true || isTrue(String(fields["expand"]));
  return json(describe(call, repo, commit, entries, expand));
}

function treeSize(call: Call): HubResponse {
  const { hub } = call;
  const repo = openRepo(call, { gate: false });
  const { revision, path } = splitRevision(hub, repo, call.params.rest);
  const commit = commitOf(hub, repo, revision);
  const objects = objectsOf(hub, repo);
  const folder = entryAt(objects, commit.tree, path);
  if (!folder) throw entryNotFound(commit.id);
  const files = isFolder(folder) ? [...walk(objects, folder.id, path, true)] : [folder];
  const size = files.reduce((sum, entry) => sum + (isFolder(entry) ? 0 : blobInfo(objects, entry.id).size), 0);
  return json({ path: `/${path}`, size });
}

function describe(
  call: Call,
  repo: Repo,
  commit: Commit,
  entries: readonly PathEntry[],
  expand: boolean,
): Record<string, unknown>[] {
  const objects = objectsOf(call.hub, repo);
  const masked = gateReason(call.hub, call.caller, repo) !== undefined;
  const paths = entries.map((entry) => entry.path);
  const last = expand ? lastCommits(objects, commit.id, paths) : new Map<string, Commit>();
  return entries.map((entry) => {
    const lastCommit = last.get(entry.path);
    const changed = lastCommit && {
      lastCommit: {
        id: lastCommit.id,
        title: lastCommit.message.split("\n", 1)[0],
        date: new Date(lastCommit.committer.at).toISOString(),
      },
    };
    if (isFolder(entry)) return { type: "directory", oid: entry.id, size: 0, path: entry.path, ...changed };
    const { size, lfs } = blobInfo(objects, entry.id);
    const xet = lfs && call.hub.storage.xet.fileBySha256(lfs.oid);
    return {
      type: "file",
      oid: entry.id,
      size,
      path: entry.path,
      ...(lfs ? { lfs: { oid: masked ? MASKED_HASH : lfs.oid, size, pointerSize: lfs.pointerSize } } : {}),
      ...(xet ? { xetHash: masked ? MASKED_HASH : xet.hash } : {}),
      ...changed,
      ...(expand ? { securityFileStatus: SAFE } : {}),
    };
  });
}
