import { canSee, gateReason } from "../access.ts";
import type { Commit } from "../git-objects.ts";
import { commitOf, openRepo } from "../guard.ts";
import { blobInfo, filesOf } from "../history.ts";
import type { HubRequest, HubResponse } from "../http.ts";
import { decodeSegment, isTrue, json, text } from "../http.ts";
import type { Hub } from "../model.ts";
import { objectsOf, resolveRevision } from "../model.ts";
import { pageOf, queryNumber } from "../paging.ts";
import type { Call, Route } from "../router.ts";
import type { Repo } from "../types.ts";
import { ownerOf } from "../types.ts";
import { MASKED_HASH } from "./tree.ts";

export const infoRoutes: readonly Route[] = [
  { method: "GET", pattern: "/api/:types", handler: listRepos },
  { method: "GET", pattern: "/api/:types/:repo", handler: repoInfo },
  { method: "GET", pattern: "/api/:types/:repo/revision/*", handler: repoInfo },
  { method: "GET", pattern: "/api/:types/:repo/auth-check", handler: authCheck },
  { method: "GET", pattern: "/api/:types/:repo/auth-check/write", handler: authCheckWrite },
];

function authCheck(call: Call): HubResponse {
  openRepo(call, { gate: true });
  return text("OK");
}

function authCheckWrite(call: Call): HubResponse {
  openRepo(call, { gate: true, need: "write" });
  return text("OK");
}

function repoInfo(call: Call): HubResponse {
  const { hub, request } = call;
  const repo = openRepo(call, { gate: false });
  const wanted = call.params.rest.map(decodeSegment).join("/");
  // Without a revision an empty repo still has an answer.
  const commit = wanted === "" ? resolveRevision(hub, repo, "main") : commitOf(hub, repo, wanted);
  const view = describeRepo(call, repo, commit, isTrue(request.query.get("blobs")));
  const expand = expandOf(request);
  if (expand.length > 0) return json(pick(view, ["_id", "id", ...expand]));
  const security = isTrue(request.query.get("securityStatus"))
    ? { securityRepoStatus: { scansDone: true, filesWithIssues: [] } }
    : {};
  return json({ ...view, ...security });
}

function expandOf(request: HubRequest): string[] {
  return [...request.query.getAll("expand"), ...request.query.getAll("expand[]")].flatMap((one) => one.split(","));
}

function pick(view: Record<string, unknown>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.flatMap((name) => (view[name] === undefined ? [] : [[name, view[name]]])));
}

function describeRepo(call: Call, repo: Repo, commit: Commit | undefined, blobs: boolean): Record<string, unknown> {
  const { hub } = call;
  const objects = objectsOf(hub, repo);
  const files = commit ? filesOf(objects, commit.tree) : [];
  const masked = gateReason(hub, call.caller, repo) !== undefined;
  let usedStorage = 0;
  const siblings = files.map((entry) => {
    const { size, lfs } = blobInfo(objects, entry.id);
    usedStorage += lfs ? size : 0;
    if (!blobs) return { rfilename: entry.path };
    const linked = lfs && { lfs: { size, sha256: masked ? MASKED_HASH : lfs.oid, pointerSize: lfs.pointerSize } };
    return { rfilename: entry.path, size, blobId: entry.id, ...linked };
  });
  const head = {
    _id: repo._id,
    id: repo.id,
    private: repo.private,
    tags: repo.tags,
    downloads: repo.downloads,
    likes: repo.likes,
  };
  const middle = {
    author: ownerOf(repo.id),
    ...(commit ? { sha: commit.id, lastModified: lastModified(commit) } : {}),
    gated: repo.gated,
    disabled: repo.disabled,
  };
  const tail = {
    ...(repo.cardData ? { cardData: repo.cardData } : {}),
    siblings,
    createdAt: new Date(repo.createdAt).toISOString(),
    usedStorage,
  };
  switch (repo.type) {
    case "datasets":
      return { ...head, ...middle, description: "", citation: null, paperswithcode_id: null, ...tail };
    case "spaces":
      return { ...head, ...middle, ...spaceFields(hub, repo), ...tail, models: [], datasets: [] };
    default:
      return {
        ...head,
        modelId: repo.id,
        ...middle,
        "model-index": null,
        config: repo.config ?? {},
        ...(repo.libraryName === undefined ? {} : { library_name: repo.libraryName }),
        ...(repo.pipelineTag === undefined ? {} : { pipeline_tag: repo.pipelineTag }),
        ...tail,
        spaces: [],
      };
  }
}

function spaceFields(hub: Hub, repo: Repo): Record<string, unknown> {
  const subdomain = repo.id.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  const runtime = { stage: "RUNNING", hardware: { current: "cpu-basic", requested: "cpu-basic" } };
  return { sdk: repo.sdk ?? "static", subdomain, host: `${hub.origins.hub}/spaces/${repo.id}`, runtime };
}

function lastModified(commit: Commit): string {
  return new Date(commit.committer.at).toISOString();
}

/** Repos of one type that the caller can see. */
function listRepos(call: Call): HubResponse {
  const { hub, request, caller, params } = call;
  const author = request.query.get("author")?.toLowerCase();
  const search = request.query.get("search")?.toLowerCase();
  const filters = request.query.getAll("filter").flatMap((one) => one.split(","));
  const found = [...hub.repos.values()].filter(
    (repo) =>
      repo.type === params.type &&
      !repo.disabled &&
      canSee(hub, caller, repo) &&
      (author === undefined || ownerOf(repo.id).toLowerCase() === author) &&
      (search === undefined || repo.id.toLowerCase().includes(search)) &&
      filters.every((tag) => repo.tags.includes(tag) || repo.pipelineTag === tag || repo.libraryName === tag),
  );
  found.sort(comparator(hub, request.query.get("sort"), request.query.get("direction")));
  const limit = queryNumber(request, "limit", { min: 1, max: 1000, default: 1000 });
  const { page, headers } = pageOf(request, found, limit);
  return json(
    page.map((repo) => listView(call, repo)),
    200,
    headers,
  );
}

const ALWAYS = ["_id", "id", "likes", "private", "downloads", "tags", "createdAt"];
const LISTED: Record<string, readonly string[]> = {
  models: [...ALWAYS, "pipeline_tag", "library_name", "modelId"],
  datasets: [...ALWAYS, "author", "disabled", "gated", "lastModified", "description", "paperswithcode_id", "sha"],
  spaces: [...ALWAYS, "sdk"],
  kernels: ALWAYS,
};
const FULL = ["author", "gated", "disabled", "lastModified", "sha", "siblings"];

function listView(call: Call, repo: Repo): Record<string, unknown> {
  const { query } = call.request;
  const view = describeRepo(call, repo, resolveRevision(call.hub, repo, "main"), false);
  const expand = expandOf(call.request);
  if (expand.length > 0) return pick(view, ["_id", "id", ...expand]);
  return pick(view, [
    ...(LISTED[repo.type] ?? ALWAYS),
    ...(isTrue(query.get("full")) ? FULL : []),
    ...(isTrue(query.get("cardData")) || isTrue(query.get("full")) ? ["cardData"] : []),
    ...(isTrue(query.get("config")) ? ["config"] : []),
  ]);
}

function comparator(hub: Hub, sort: string | null, direction: string | null): (a: Repo, b: Repo) => number {
  const value = (repo: Repo): number => {
    if (sort === "likes") return repo.likes;
    if (sort === "downloads") return repo.downloads;
    if (sort === "createdAt" || sort === "created_at") return repo.createdAt;
    if (sort === "lastModified" || sort === "last_modified") {
      return resolveRevision(hub, repo, "main")?.committer.at ?? repo.createdAt;
    }
    return 0;
  };
  const sign = direction === "1" ? 1 : -1;
  return (a, b) => sign * (value(a) - value(b)) || (a.id < b.id ? -1 : 1);
}
