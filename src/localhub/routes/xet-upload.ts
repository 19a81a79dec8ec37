import type { HubResponse } from "../http.ts";
import { json } from "../http.ts";
import { badRequest, notFound } from "../refusals.ts";
import type { Call, Route } from "../router.ts";
import { registerShard } from "../xet/register.ts";
import { LARGEST_SHARD, parseShard } from "../xet/shard.ts";
import { LARGEST_XORB, parseXorb } from "../xet/xorb.ts";
import { cas, grantOf, hashIn } from "./xet-cas.ts";

export const xetUploadRoutes: readonly Route[] = [
  cas("POST", "/v1/xorbs/default/:hash", receiveXorb),
  cas("GET", "/v1/xorbs/default/:hash", hasXorb),
  cas("POST", "/v1/shards", receiveShard),
  cas("POST", "/v2/shards", receiveShardV2),
  cas("GET", "/v1/files/:hash", hasFile),
];

/** A footer may follow the chunks; it holds what they say already. */
const FOOTER = 2 * 1024 * 1024;

async function receiveXorb(call: Call): Promise<HubResponse> {
  grantOf(call, "write");
  const hash = hashIn(call);
  const { xet } = call.hub.storage;
  const bytes = await call.request.body.bytes(LARGEST_XORB + FOOTER);
  const parsed = parseXorb(bytes);
  if (typeof parsed === "string") throw badRequest(`Invalid xorb: ${parsed}`);
  if (parsed.hash !== hash) throw badRequest(`Invalid xorb: its chunks have the hash ${parsed.hash}`);
  return json({ was_inserted: xet.keepXorb(hash, parsed.chunks, bytes) });
}

/** For HEAD: whether it is there, and how large. Its bytes are to be had by a signed address alone. */
function hasXorb(call: Call): HubResponse {
  grantOf(call, "read");
  const xorb = call.hub.storage.xet.xorb(hashIn(call));
  if (!xorb || call.request.method !== "HEAD") throw notFound("Xorb not found");
  return { status: 200, headers: { "Content-Length": String(xorb.size) } };
}

function hasFile(call: Call): HubResponse {
  grantOf(call, "read");
  const file = call.hub.storage.xet.file(hashIn(call));
  if (!file || call.request.method !== "HEAD") throw notFound("File not found");
  return { status: 200, headers: { "Content-Length": String(file.size) } };
}

/** Files that the shard brought, or why it is refused. */
async function register(call: Call): Promise<number | string> {
  grantOf(call, "write");
  const shard = parseShard(await call.request.body.bytes(LARGEST_SHARD));
  return typeof shard === "string" ? shard : registerShard(call.hub.storage.xet, shard);
}

async function receiveShard(call: Call): Promise<HubResponse> {
  const done = await register(call);
  if (typeof done === "string") throw badRequest(`Invalid shard: ${done}`);
  return json({ result: done === 0 ? 0 : 1 });
}

/** Lines that tell how far it is. The last one is the answer, with status 200 also when it is a refusal. */
async function receiveShardV2(call: Call): Promise<HubResponse> {
  const done = await register(call);
  const lines =
    typeof done === "string"
      ? [{ type: "error", message: `Invalid shard: ${done}`, retryable: false }]
      : [
          { type: "validating", verified: done, total: done },
          { type: "committing", stage: "uploading" },
          { type: "committing", stage: "syncing" },
          { type: "result" },
        ];
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  return { status: 200, headers: { "Content-Type": "application/x-ndjson" }, body: Buffer.from(text) };
}
