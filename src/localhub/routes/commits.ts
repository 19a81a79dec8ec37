import { commitOf, openRepo } from "../guard.ts";
import { ancestors, peel } from "../history.ts";
import type { HubResponse } from "../http.ts";
import { decodeSegment, isTrue, json } from "../http.ts";
import { findUser, objectsOf } from "../model.ts";
import { nextLink, queryNumber } from "../paging.ts";
import { escapeText } from "../pages/markup.ts";
import type { Call, Route } from "../router.ts";
import { avatar } from "./identity.ts";

export const commitRoutes: readonly Route[] = [
  { method: "GET", pattern: "/api/:types/:repo/refs", handler: listRefs },
  { method: "GET", pattern: "/api/:types/:repo/commits/*", handler: listCommits },
];

type RefView = { name: string; ref: string; targetCommit: string };

function listRefs(call: Call): HubResponse {
  const repo = openRepo(call, { gate: false });
  const objects = objectsOf(call.hub, repo);
  const below = (prefix: string): RefView[] =>
    Object.entries(repo.refs).flatMap(([ref, id]) => {
      const commit = ref.startsWith(prefix) ? peel(objects, id) : undefined;
      return commit === undefined ? [] : [{ name: ref.slice(prefix.length), ref, targetCommit: commit }];
    });
  return json({
    branches: below("refs/heads/"),
    converts: below("refs/convert/"),
    tags: below("refs/tags/"),
    ...(isTrue(call.request.query.get("include_prs")) ? { pullRequests: below("refs/pr/") } : {}),
  });
}

function listCommits(call: Call): HubResponse {
  const { hub, request } = call;
  const repo = openRepo(call, { gate: false });
  const start = commitOf(hub, repo, call.params.rest.map(decodeSegment).join("/"));
  const all = ancestors(objectsOf(hub, repo), start.id);
  const limit = queryNumber(request, "limit", { min: 1, max: 1000, default: 50 });
  const page = queryNumber(request, "p", { min: 0, max: Number.MAX_SAFE_INTEGER, default: 0 });
  const formatted = [...request.query.getAll("expand"), ...request.query.getAll("expand[]")].includes("formatted");
  const commits = all.slice(page * limit, (page + 1) * limit).map((commit) => {
    const [title = "", ...others] = commit.message.split("\n");
    const message = others.join("\n").trim();
    const user = findUser(hub, commit.author.name)?.name ?? commit.author.name;
    const asHtml = { title: escapeText(title), message: message === "" ? "" : `<p>${escapeText(message)}</p>` };
    return {
      id: commit.id,
      title,
      message,
      authors: [{ user, avatar: avatar(hub, user) }],
      date: new Date(commit.committer.at).toISOString(),
      ...(formatted ? { formatted: asHtml } : {}),
    };
  });
  const more = (page + 1) * limit < all.length;
  return json(commits, 200, {
    "X-Total-Count": String(all.length),
    ...(more ? nextLink(request, { p: String(page + 1) }) : {}),
  });
}
