import { gateReason } from "../access.ts";
import { bufferContent } from "../content.ts";
import type { Commit } from "../git-objects.ts";
import { commitOf, openRepo, splitRevision } from "../guard.ts";
import type { PathEntry } from "../history.ts";
import { blobInfo, isFolder } from "../history.ts";
import type { HubResponse } from "../http.ts";
import { encodePath, json, redirect } from "../http.ts";
import { findEntry, findRepo, objectsOf } from "../model.ts";
import { entryNotFound, pageNotFound } from "../refusals.ts";
import type { Call, Route } from "../router.ts";
import { disposition, matchesEtag, serveContent } from "../serve-content.ts";
import { signedLink } from "../signed-links.ts";
import type { Repo } from "../types.ts";
import { xetHeaders } from "./xet-hub.ts";

export const resolveRoutes: readonly Route[] = [
  { method: "GET", pattern: "/:repo/resolve/*", handler: resolveFile },
  { method: "GET", pattern: "/:repo/raw/*", handler: rawFile },
  { method: "GET", pattern: "/api/resolve-cache/:types/:repo/*", handler: resolveCache },
];

/** What a gate never hides, at the root only. */
export const OPEN_FILES = new Set(["README.md", "LICENSE", "LICENSE.md", "LICENSE.txt"]);

/** Asked for by clients that would rather know where the content is than be sent there. */
const XET_INFO = "application/vnd.xet-fileinfo+json";

type Target = { repo: Repo; commit: Commit; entry: PathEntry };

function findTarget(call: Call, openFiles: boolean): Target {
  const { hub, params } = call;
  // The path is needed before the checks: the gate lets a few files through, and is asked before the revision.
  const known = findRepo(hub, params.type, params.id);
  const path = known ? splitRevision(hub, known.repo, params.rest).path : "";
  const repo = openRepo(call, { gate: !(openFiles && OPEN_FILES.has(path)) });
  const commit = commitOf(hub, repo, splitRevision(hub, repo, params.rest).revision);
  const entry = findEntry(hub, repo, commit, path);
  if (!entry || isFolder(entry)) throw entryNotFound(commit.id);
  return { repo, commit, entry };
}

function resolveFile(call: Call): HubResponse {
  const { hub, request } = call;
  const { repo, commit, entry } = findTarget(call, true);
  const { size, lfs } = blobInfo(objectsOf(hub, repo), entry.id);
  const headers = { "X-Repo-Commit": commit.id };
  if (lfs) {
    const xet = hub.storage.xet.fileBySha256(lfs.oid);
    const linked = {
      ...headers,
      "X-Linked-Size": String(size),
      "X-Linked-ETag": `"${lfs.oid}"`,
      ...(xet && xetHeaders(hub, repo, commit.id, xet.hash)),
    };
    if (xet && (request.headers["accept"] ?? "").includes(XET_INFO)) {
      return json({ hash: xet.hash, size }, 200, { ...linked, ETag: `"${lfs.oid}"`, "Content-Type": XET_INFO });
    }
    if (matchesEtag(request.headers["if-none-match"], `"${lfs.oid}"`)) {
      return { status: 304, headers: { ...linked, ETag: `"${lfs.oid}"` } };
    }
    const name = entry.path.slice(entry.path.lastIndexOf("/") + 1);
    return redirect(302, signedLink(hub, lfs.oid, name), { ...linked, "Accept-Ranges": "bytes" });
  }
  // Shared caches may keep what everybody may read; the rest is answered on the spot.
  // So is a name with dot segments, which would not survive in a Location.
  const hostile = entry.path.split("/").some((name) => name === "." || name === "..");
  if (repo.private || repo.gated !== false || hostile) return serveBlob(call, repo, entry, headers);
  const etag = `"${entry.id}"`;
  if (matchesEtag(request.headers["if-none-match"], etag)) return { status: 304, headers: { ...headers, ETag: etag } };
  return redirect(307, cacheLocation(call, repo, commit, entry), {
    ...headers,
    "X-Linked-Size": String(size),
    "X-Linked-ETag": etag,
  });
}

function cacheLocation(call: Call, repo: Repo, commit: Commit, entry: PathEntry): string {
  const original = encodeURIComponent(call.request.target.split("?", 1)[0] ?? "");
  const path = `${repo.type}/${repo.id}/${commit.id}/${encodePath(entry.path)}`;
  return `/api/resolve-cache/${path}?${original}=&etag=%22${entry.id}%22`;
}

function resolveCache(call: Call): HubResponse {
  const { repo, commit, entry } = findTarget(call, true);
  if (call.params.rest[0] !== commit.id || gateReason(call.hub, call.caller, repo)) throw pageNotFound();
  return serveBlob(call, repo, entry, { "X-Repo-Commit": commit.id, "Cache-Control": "public, max-age=604800" });
}

/** The text as git holds it: for an LFS file its pointer. */
function rawFile(call: Call): HubResponse {
  const { repo, commit, entry } = findTarget(call, false);
  return serveBlob(call, repo, entry, { "X-Repo-Commit": commit.id });
}

function serveBlob(call: Call, repo: Repo, entry: PathEntry, headers: Record<string, string>): HubResponse {
  const data = objectsOf(call.hub, repo).read(entry.id)?.data ?? Buffer.alloc(0);
  // Always text: a page of the repo must never run as a page of the hub.
  return serveContent(call.request, bufferContent(data), `"${entry.id}"`, {
    "Content-Type": "text/plain; charset=utf-8",
    "X-Content-Type-Options": "nosniff",
    "Content-Disposition": disposition(entry.path),
    ...headers,
  });
}
