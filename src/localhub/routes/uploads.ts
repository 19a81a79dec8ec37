import { createHash } from "node:crypto";
import { applyCommit, authorOf, contentId, textAt } from "../commit-apply.ts";
import type { CommitStep } from "../commit-read.ts";
import { isSize, readCommitRequest } from "../commit-read.ts";
import { LFS_ABOVE } from "../gitattributes.ts";
import { commitOf } from "../guard.ts";
import { entryAt, writeBlob } from "../history.ts";
import type { HubResponse } from "../http.ts";
import { decodeSegment, isRecord, isTrue, json, readFields } from "../http.ts";
import type { Hub } from "../model.ts";
import { objectsOf } from "../model.ts";
import { safePath } from "../names.ts";
import { openForUpload, openPullRequest } from "../pull-requests.ts";
import { invalid, Refusal } from "../refusals.ts";
import type { Call, Route } from "../router.ts";
import type { Repo } from "../types.ts";
import { webPrefix } from "../types.ts";
import { ignoredPaths, lfsPaths, uploadMode } from "../upload-rules.ts";

export const uploadRoutes: readonly Route[] = [
  { method: "POST", pattern: "/api/:types/:repo/preupload/*", handler: preupload },
  { method: "POST", pattern: "/api/:types/:repo/commit/*", handler: commit },
];

const MOST_FILES = 1000;

function revisionOf(call: Call): string {
  return call.params.rest.map(decodeSegment).join("/");
}

async function preupload(call: Call): Promise<HubResponse> {
  const { hub, request } = call;
  const { repo, base } = openForUpload(call, revisionOf(call), isTrue(request.query.get("create_pr")));
  const fields = await readFields(request);
  const { files, gitAttributes, gitIgnore } = fields;
  if (!Array.isArray(files)) throw invalid("Invalid input: expected array", "files");
  if (files.length > MOST_FILES) throw invalid(`Too big: expected array to have <=${MOST_FILES} items`, "files");
  const text = (sent: unknown, name: string): string =>
    typeof sent === "string" ? sent : textAt(hub, repo, base, name);
  const isLfs = lfsPaths(text(gitAttributes, ".gitattributes"));
  const isIgnored = ignoredPaths(text(gitIgnore, ".gitignore"));
  const objects = objectsOf(hub, repo);
  return json({
    files: files.map((file: unknown, index) => {
      const { path, size, sample } = isRecord(file) ? file : {};
      if (!isSize(size)) throw invalid("Invalid input: expected number", `files[${index}].size`);
      if (typeof (sample ?? "") !== "string") throw invalid("Invalid input: expected string", `files[${index}].sample`);
      const name = safePath(path);
      const start = Buffer.from(typeof sample === "string" ? sample : "", "base64");
      return {
        path: name,
        uploadMode: uploadMode(isLfs, name, size, start),
        shouldIgnore: isIgnored(name),
        oid: contentId(objects, entryAt(objects, base.tree, name)),
      };
    }),
  });
}

async function commit(call: Call): Promise<HubResponse> {
  const { hub, caller, request } = call;
  const createPr = isTrue(request.query.get("create_pr"));
  const revision = revisionOf(call);
  // Before the body is read: nobody uploads without permission.
  const { repo } = openForUpload(call, revision, createPr);
  const wanted = await readCommitRequest(request, (path, data, from) => keepFile(hub, repo, path, data, from));
  // And again after it, for the branch may have moved meanwhile. From here on nothing waits.
  const { base, ref } = openForUpload(call, revision, createPr);
  const parent = wanted.header.parentCommit;
  const start = createPr && parent !== undefined ? commitOf(hub, repo, parent) : base;
  if (parent !== undefined && !start.id.startsWith(parent)) {
    throw new Refusal(412, "A commit has happened since. Please refresh and try again.");
  }
  const id = applyCommit(hub, repo, start, wanted, authorOf(caller));
  if (ref !== undefined) repo.refs[ref] = id;
  return json({
    success: true,
    commitOid: id,
    commitUrl: `${hub.origins.hub}/${webPrefix(repo.type)}${repo.id}/commit/${id}`,
    hookOutput: "",
    ...(createPr ? { pullRequestUrl: openPullRequest(hub, repo, id, caller) } : {}),
  });
}

/** Small files become blobs. Large ones that a client sent inside the commit are kept like any other large file. */
async function keepFile(
  hub: Hub,
  repo: Repo,
  path: string,
  data: Buffer,
  from: string | undefined,
): Promise<CommitStep> {
  if (data.length <= LFS_ABOVE) return { kind: "file", path, blob: writeBlob(objectsOf(hub, repo), data), from };
  const oid = createHash("sha256").update(data).digest("hex");
  async function* once(): AsyncGenerator<Uint8Array> {
    yield data;
  }
  await hub.storage.lfs.receive(oid, data.length, once());
  return { kind: "lfs", path, pointer: { oid, size: data.length }, from };
}
