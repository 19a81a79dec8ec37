import { randomUUID } from "node:crypto";
import { isSize } from "../commit-read.ts";
import { canWrite } from "../access.ts";
import { commitOf, requireRight, openRepo } from "../guard.ts";
import type { HubResponse } from "../http.ts";
import { isRecord, json, readFields } from "../http.ts";
import type { Hub } from "../model.ts";
import { resolveRevision } from "../model.ts";
import { LINK_SECONDS, checkUploadLink, signedLink, uploadLink } from "../signed-links.ts";
import { badRequest, badToken, invalid, notFound, Refusal, signInFirst } from "../refusals.ts";
import type { Call, Route, RouteHandler } from "../router.ts";
import type { Repo } from "../types.ts";
import { xetAccess } from "./xet-hub.ts";

export const lfsRoutes: readonly Route[] = [
  { method: "POST", pattern: "/:repo.git/info/lfs/objects/batch", handler: asLfs(batch), auth: "open", bucket: "api" },
  { method: "POST", pattern: "/:repo.git/info/lfs/locks/verify", handler: asLfs(noLocks), auth: "open", bucket: "api" },
  { method: "PUT", pattern: "/api/lfs-storage/:oid", handler: asLfs(receive), auth: "open", bucket: "api" },
  { method: "POST", pattern: "/api/lfs-storage/:oid/verify", handler: asLfs(verify), auth: "open", bucket: "api" },
];

const LFS_TYPE = { "Content-Type": "application/vnd.git-lfs+json" };
const MOST_OBJECTS = 1000;

/** Refusals as git-lfs reads them; the challenge makes it ask git's credential helper. */
function asLfs(handler: RouteHandler): RouteHandler {
  return async (call) => {
    try {
      if (call.caller.kind === "invalid" && call.params.id !== "") throw badToken();
      return await handler(call);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const challenge = error.status === 401 ? { "WWW-Authenticate": BASIC, "LFS-Authenticate": BASIC } : {};
      const body = { error: error.message, message: error.message, ...error.extra };
      return json(body, error.status, { ...error.headers, ...challenge, ...LFS_TYPE });
    }
  };
}

/** What git understands as "ask for a user name and a password". */
export const BASIC = 'Basic realm="Hub", charset="UTF-8"';

type LfsObject = { oid: string; size: number };

async function batch(call: Call): Promise<HubResponse> {
  const { hub, caller } = call;
  const repo = openRepo(call, { gate: true });
  const fields = await readFields(call.request);
  const { operation, objects } = fields;
  if (operation !== "upload" && operation !== "download") {
    throw invalid('Invalid option: expected one of "upload"|"download"', "operation");
  }
  // Both spellings are sent by clients in use.
  if (!["sha256", "sha_256"].includes(String(fields["hash_algo"] ?? "sha256"))) {
    throw new Refusal(409, "Only sha256 is supported");
  }
  if (operation === "upload") {
    if (caller.kind === "anonymous") throw signInFirst();
    // Whoever may open a pull request uploads its files before there is one.
    if (repo.discussionsDisabled) requireRight(hub, caller, repo, "write");
  }
  if (!Array.isArray(objects)) throw invalid("Invalid input: expected array", "objects");
  if (objects.length > MOST_OBJECTS) throw new Refusal(413, `Too many objects: at most ${MOST_OBJECTS}`);
  const wanted = objects.map(readObject);
  const inXet = operation === "upload" && Array.isArray(fields["transfers"]) && fields["transfers"].includes("xet");
  const upload = inXet ? xetUpload(call, repo, isRecord(fields["ref"]) ? fields["ref"]["name"] : undefined) : undefined;
  const answers = wanted.map((one) => (operation === "upload" ? offer(hub, one, upload) : link(hub, one)));
  return json({ transfer: inXet ? "xet" : "basic", objects: answers, hash_algo: "sha256" }, 200, LFS_TYPE);
}

function readObject(value: unknown): LfsObject {
  const { oid, size } = isRecord(value) ? value : {};
  if (typeof oid !== "string" || !/^[0-9a-f]{64}$/.test(oid)) throw invalid("Invalid input: expected sha256", "oid");
  if (!isSize(size)) throw invalid("Invalid input: expected number", "size");
  return { oid, size };
}

/** Where the token for the Xet storage is renewed, and one to begin with. */
function xetUpload(call: Call, repo: Repo, ref: unknown): Record<string, unknown> {
  const { hub, caller } = call;
  const named = typeof ref === "string" ? ref.replace(/^refs\/heads\//, "") : "main";
  const commit = resolveRevision(hub, repo, named) ?? commitOf(hub, repo, "main");
  const asPullRequest = canWrite(hub, caller, repo) ? "" : "?create_pr=1";
  const route = `/api/${repo.type}/${repo.id}/xet-write-token/${encodeURIComponent(named)}${asPullRequest}`;
  const header = { ...xetAccess(hub, repo, commit.id, "write").headers, "X-Xet-Session-Id": randomUUID() };
  return { href: hub.origins.hub + route, header };
}

/**
 * How to upload; without actions when the content is there already.
 * @param xet the way into Xet storage, for clients that know it
 */
function offer(hub: Hub, { oid, size }: LfsObject, xet?: Record<string, unknown>): Record<string, unknown> {
  const stored = hub.storage.lfs.find(oid);
  if (stored?.size === size) return { oid, size, authenticated: true };
  if (stored) return refused({ oid, size }, 422, "Another size is stored for this oid");
  if (xet) return { oid, size, authenticated: true, actions: { upload: xet } };
  const until = { expires_in: LINK_SECONDS };
  return {
    oid,
    size,
    authenticated: true,
    actions: {
      upload: { href: uploadLink(hub, oid, size, ""), ...until },
      verify: { href: uploadLink(hub, oid, size, "/verify"), ...until },
    },
  };
}

function link(hub: Hub, { oid, size }: LfsObject): Record<string, unknown> {
  if (hub.storage.lfs.find(oid)?.size !== size)
    return refused({ oid, size }, 404, "Object does not exist on the server");
  const download = { href: signedLink(hub, oid, oid), expires_in: LINK_SECONDS };
  return { oid, size, authenticated: true, actions: { download } };
}

function refused(object: LfsObject, code: number, message: string): Record<string, unknown> {
  return { ...object, error: { code, message } };
}

/** Git-lfs takes this answer for "no locks here" and goes on. */
function noLocks(call: Call): HubResponse {
  openRepo(call, { gate: true });
  throw notFound("Locking is not supported");
}

function linkedObject(call: Call, action: "" | "/verify"): LfsObject {
  const oid = call.params.named["oid"] ?? "";
  const link = checkUploadLink(call.hub, oid, action, call.request.query);
  if (link === "good") return { oid, size: Number(call.request.query.get("size")) };
  throw new Refusal(403, link === "expired" ? "Request has expired" : "Access Denied");
}

async function receive(call: Call): Promise<HubResponse> {
  const { oid, size } = linkedObject(call, "");
  const length = call.request.headers["content-length"];
  if (length !== undefined && Number(length) !== size) {
    throw badRequest(`Expected ${size} bytes, the request has ${length}`);
  }
  const end = await call.hub.storage.lfs.receive(oid, size, atMost(call.request.body.stream(), size));
  if (end === "mismatch") throw badRequest("The content does not have the sha256 or the size that was said");
  return { status: 200, headers: { ETag: `"${oid}"` }, body: Buffer.alloc(0) };
}

/** Ends an upload that goes on beyond what was said, before it fills the disk. */
async function* atMost(body: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array> {
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > size) throw new Refusal(413, `More than the ${size} bytes that were said`);
    yield chunk;
  }
}

async function verify(call: Call): Promise<HubResponse> {
  const { oid, size } = linkedObject(call, "/verify");
  await readFields(call.request);
  if (call.hub.storage.lfs.find(oid)?.size !== size) throw notFound("Object does not exist on the server");
  return json({}, 200, LFS_TYPE);
}
