import { authorOf } from "../commit-apply.ts";
import { encodeTag } from "../git-objects.ts";
import { commitOf, openRepo } from "../guard.ts";
import { writeCommit } from "../history.ts";
import type { HubResponse } from "../http.ts";
import { decodeSegment, json, readFields } from "../http.ts";
import { objectsOf } from "../model.ts";
import { newRefName } from "../names.ts";
import { badRequest, Refusal, revisionNotFound } from "../refusals.ts";
import type { Call, Route } from "../router.ts";
import type { Repo } from "../types.ts";

export const refRoutes: readonly Route[] = [
  { method: "POST", pattern: "/api/:types/:repo/branch/*", handler: createBranch },
  { method: "DELETE", pattern: "/api/:types/:repo/branch/*", handler: deleteBranch },
  { method: "POST", pattern: "/api/:types/:repo/tag/*", handler: createTag },
  { method: "DELETE", pattern: "/api/:types/:repo/tag/*", handler: deleteTag },
  { method: "POST", pattern: "/api/:types/:repo/super-squash/*", handler: superSquash },
];

function restOf(call: Call): string {
  return call.params.rest.map(decodeSegment).join("/");
}

async function createBranch(call: Call): Promise<HubResponse> {
  const { hub } = call;
  const repo = openRepo(call, { gate: true, need: "write" });
  const fields = await readFields(call.request);
  const ref = `refs/heads/${newRefName(restOf(call), "branch")}`;
  const { startingPoint } = fields;
  if (typeof (startingPoint ?? "") !== "string") throw badRequest("Invalid startingPoint: expected string");
  const start = commitOf(hub, repo, typeof startingPoint === "string" ? startingPoint : "main");
  if (Object.hasOwn(repo.refs, ref) && fields["overwrite"] !== true) throw exists("Reference", ref);
  repo.refs[ref] = fields["emptyBranch"] === true ? emptyCommit(call, repo) : start.id;
  return json({});
}

function emptyCommit({ hub, caller }: Call, repo: Repo): string {
  const objects = objectsOf(hub, repo);
  const author = { ...authorOf(caller), at: hub.now() };
  const tree = objects.write("tree", Buffer.alloc(0));
  return writeCommit(objects, { tree, parents: [], author, message: "initial commit" });
}

function exists(what: string, ref: string): Refusal {
  return new Refusal(409, `${what} already exists: ${ref}`);
}

function deleteBranch(call: Call): HubResponse {
  const repo = openRepo(call, { gate: true, need: "write" });
  const name = restOf(call);
  const ref = `refs/heads/${name}`;
  if (!Object.hasOwn(repo.refs, ref)) throw revisionNotFound(name);
  if (name === "main") throw new Refusal(403, "The default branch cannot be deleted");
  delete repo.refs[ref];
  return json({});
}

async function createTag(call: Call): Promise<HubResponse> {
  const { hub, caller } = call;
  const repo = openRepo(call, { gate: true, need: "write" });
  const { tag, message } = await readFields(call.request);
  const name = newRefName(tag, "tag");
  const ref = `refs/tags/${name}`;
  const commit = commitOf(hub, repo, restOf(call));
  if (Object.hasOwn(repo.refs, ref)) throw exists("Tag", ref);
  const tagger = { ...authorOf(caller), at: hub.now() };
  repo.refs[ref] =
    typeof message === "string" && message !== ""
      ? objectsOf(hub, repo).write("tag", encodeTag({ object: commit.id, name, tagger, message }))
      : commit.id;
  return json({});
}

function deleteTag(call: Call): HubResponse {
  const repo = openRepo(call, { gate: true, need: "write" });
  const ref = `refs/tags/${restOf(call)}`;
  if (!Object.hasOwn(repo.refs, ref)) throw revisionNotFound(restOf(call));
  delete repo.refs[ref];
  return json({});
}

/** One commit without a past in the place of a branch's history. */
async function superSquash(call: Call): Promise<HubResponse> {
  const { hub, caller } = call;
  const repo = openRepo(call, { gate: true, need: "write" });
  const { message } = await readFields(call.request);
  const ref = `refs/heads/${restOf(call)}`;
  if (!Object.hasOwn(repo.refs, ref)) throw revisionNotFound(restOf(call));
  const { tree } = commitOf(hub, repo, ref);
  const author = { ...authorOf(caller), at: hub.now() };
  const text = typeof message === "string" && message !== "" ? message : "Super-squash branch";
  const commitId = writeCommit(objectsOf(hub, repo), { tree, parents: [], author, message: text });
  repo.refs[ref] = commitId;
  return json({ commitId });
}
