import { blobInfo, filesOf, readCommit } from "../history.ts";
import type { HubResponse } from "../http.ts";
import { json } from "../http.ts";
import type { Hub } from "../model.ts";
import { objectsOf } from "../model.ts";
import { badRequest, notFound, Refusal } from "../refusals.ts";
import type { Call, Route, RouteHandler } from "../router.ts";
import { parseRange, serveContent } from "../serve-content.ts";
import { checkXorbLink, xorbLink } from "../signed-links.ts";
import { isXetHash } from "../xet/hashes.ts";
import type { Reconstruction } from "../xet/reconstruction.ts";
import { reconstruct } from "../xet/reconstruction.ts";
import type { XetFile } from "../xet/store.ts";
import type { XetGrant } from "../xet/tokens.ts";
import { requireGrant } from "../xet/tokens.ts";

/** The storage lives on the CDN's origin: another host than the hub's, as the real one. */
export const cas = (method: string, pattern: string, handler: RouteHandler): Route => ({
  method,
  pattern,
  handler: asCas(handler),
  origin: "cdn",
  auth: "open",
});

export const xetCasRoutes: readonly Route[] = [
  cas("GET", "/v2/reconstructions/:hash", reconstructV2),
  cas("GET", "/v1/reconstructions/:hash", reconstructV1),
  cas("GET", "/v1/chunks/:prefix/:hash", noKnownChunk),
  cas("GET", "/xorbs/default/:hash", serveXorb),
];

/** Refusals as JSON, for a storage has no pages. */
export function asCas(handler: RouteHandler): RouteHandler {
  return async (call) => {
    try {
      return await handler(call);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return json({ error: error.message }, error.status);
    }
  };
}

export function hashIn(call: Call): string {
  const hash = call.params.named["hash"] ?? "";
  if (!isXetHash(hash)) throw badRequest("Invalid hash");
  return hash;
}

export function grantOf({ hub, request }: Call, need: "read" | "write"): XetGrant {
  return requireGrant(hub, request.headers["authorization"], need);
}

/** Ranges of a file: the part that was asked for, by the file's own offsets. */
function planFor(call: Call): Reconstruction {
  const grant = grantOf(call, "read");
  const file = call.hub.storage.xet.file(hashIn(call));
  if (!file || !isInRepo(call.hub, grant, file)) throw notFound("File not found");
  const range = parseRange(call.request.headers["range"], file.size);
  if (range === "beyond") throw new Refusal(416, "Range not satisfiable");
  const { start, end } = range === "whole" ? { start: 0, end: file.size } : range;
  return reconstruct(call.hub.storage.xet, file, start, end);
}

function reconstructV2(call: Call): HubResponse {
  const plan = planFor(call);
  const xorbs = [...plan.fetches].map(([hash, fetches]) => [
    hash,
    // One range for each address: clients ask for several at once only where the storage can answer that.
    fetches.map((fetch) => ({
      url: xorbLink(call.hub, hash, fetch.bytes.start, fetch.bytes.end),
      ranges: [{ chunks: fetch.chunks, bytes: fetch.bytes }],
    })),
  ]);
  return json({ ...head(plan), xorbs: Object.fromEntries(xorbs) });
}

function reconstructV1(call: Call): HubResponse {
  const plan = planFor(call);
  const info = [...plan.fetches].map(([hash, fetches]) => [
    hash,
    fetches.map((fetch) => ({
      range: fetch.chunks,
      url: xorbLink(call.hub, hash, fetch.bytes.start, fetch.bytes.end),
      url_range: fetch.bytes,
    })),
  ]);
  return json({ ...head(plan), fetch_info: Object.fromEntries(info) });
}

function head({ offset, terms }: Reconstruction): Record<string, unknown> {
  return {
    offset_into_first_range: offset,
    terms: terms.map(({ xorb, start, end, size }) => ({ hash: xorb, unpacked_length: size, range: { start, end } })),
  };
}

/** Sha256 of the files of a commit, by repo and commit: a commit never changes. */
const contents = new WeakMap<Hub, Map<string, ReadonlySet<string>>>();

/** A token is for one repo: hashes that somebody heard of elsewhere open nothing. */
function isInRepo(hub: Hub, { repo: key, commit }: XetGrant, file: XetFile): boolean {
  const repo = hub.repos.get(key);
  if (!repo) return false;
  const known = contents.get(hub) ?? new Map<string, ReadonlySet<string>>();
  contents.set(hub, known);
  const at = `${repo._id} ${commit}`;
  let hashes = known.get(at);
  if (!hashes) {
    const objects = objectsOf(hub, repo);
    const tree = readCommit(objects, commit)?.tree;
    const files = tree === undefined ? [] : filesOf(objects, tree);
    hashes = new Set(files.flatMap(({ id }) => blobInfo(objects, id).lfs?.oid ?? []));
    known.set(at, hashes);
  }
  return hashes.has(file.sha256);
}

/** The storage knows chunks of everybody; that it tells nobody is a valid answer. */
function noKnownChunk(call: Call): HubResponse {
  grantOf(call, "read");
  hashIn(call);
  throw notFound("Chunk not found");
}

/** Bytes of a xorb for whoever has the address: exactly those that were signed for, and no token is asked for. */
function serveXorb(call: Call): HubResponse {
  const { hub, request } = call;
  const hash = hashIn(call);
  const link = checkXorbLink(hub, hash, request.query, request.headers["range"]);
  if (link !== "good") throw new Refusal(403, link === "expired" ? "Request has expired" : "Access Denied");
  const xorb = hub.storage.xet.xorb(hash);
  if (!xorb) throw notFound("Xorb not found");
  return serveContent(request, hub.storage.xet.xorbContent(xorb), `"${hash}"`, {
    "Content-Type": "application/octet-stream",
    "Cache-Control": "public, max-age=31536000",
  });
}
