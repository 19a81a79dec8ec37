import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { bytesOf, generatedContent } from "./content.ts";
import type { Seed } from "./seed.ts";
import { defaultSeed } from "./seed.ts";
import type { Localhub } from "./server.ts";
import { startLocalhub } from "./server.ts";
import { decodeChunk } from "./xet/xorb.ts";

type Range = { start: number; end: number };
type Plan = {
  offset_into_first_range: number;
  terms: { hash: string; unpacked_length: number; range: Range }[];
  xorbs: Record<string, { url: string; ranges: { chunks: Range; bytes: Range }[] }[]>;
};

const SIZE = 3_000_000;

/** One file of equal blocks, whose chunks repeat, over several small xorbs. */
function seed(): Seed {
  const base = defaultSeed();
  const files = { "big.bin": { size: SIZE, seed: 5, xet: { xorbBytes: 400_000 } } };
  const more = (id: string, gated: false | "manual") => ({ id, gated, commits: [{ message: "Upload", files }] });
  return { ...base, repos: [...(base.repos ?? []), more("alice/big", false), more("acme/big-gated", "manual")] };
}

describe("Xet storage, reading", () => {
  let now = Date.UTC(2026, 0, 1);
  let hub: Localhub;
  before(async () => {
    hub = await startLocalhub({ seed: seed(), now: () => now });
  });
  after(() => hub.close());
  beforeEach(() => hub.journal.clear());

  const get = (path: string, token?: string, headers: Record<string, string> = {}): Promise<Response> => {
    const auth = token === undefined ? {} : { authorization: `Bearer ${hub.tokens[token] ?? token}` };
    return fetch(new URL(path, hub.url), { redirect: "manual", headers: { ...auth, ...headers } });
  };
  const casToken = async (repo = "alice/big", token = "alice-read"): Promise<string> => {
    const answer = await get(`/api/models/${repo}/xet-read-token/main`, token);
    assert.equal(answer.status, 200, await answer.clone().text());
    return ((await answer.json()) as { accessToken: string }).accessToken;
  };
  const hashOf = async (repo = "alice/big", path = "big.bin"): Promise<string> =>
    (await get(`/${repo}/resolve/main/${path}`, "alice-read")).headers.get("x-xet-hash") ?? "";
  const plan = async (range?: string): Promise<Plan> => {
    const headers = range === undefined ? {} : { range };
    const answer = await get(`${hub.cdnUrl}/v2/reconstructions/${await hashOf()}`, await casToken(), headers);
    assert.equal(answer.status, 200, await answer.clone().text());
    return (await answer.json()) as Plan;
  };
  /** As a client does it: fetch the ranges, cut them into chunks, decode, put the terms together. */
  const rebuild = async ({ offset_into_first_range, terms, xorbs }: Plan, length: number): Promise<Buffer> => {
    const parts: Buffer[] = [];
    for (const { hash, range, unpacked_length } of terms) {
      const entry = xorbs[hash]?.find(
        ({ ranges: [one] }) => one && one.chunks.start <= range.start && range.end <= one.chunks.end,
      );
      const [one] = entry?.ranges ?? [];
      assert.ok(entry && one && entry.ranges.length === 1);
      const answer = await fetch(entry.url, { headers: { range: `bytes=${one.bytes.start}-${one.bytes.end}` } });
      assert.equal(answer.status, 206);
      let rest = Buffer.from(await answer.arrayBuffer());
      const chunks: Buffer[] = [];
      while (rest.length > 0) {
        const end = 8 + rest.readUIntLE(1, 3);
        chunks.push(decodeChunk(rest.subarray(0, end)) ?? assert.fail("a chunk that cannot be decoded"));
        rest = rest.subarray(end);
      }
      assert.equal(chunks.length, one.chunks.end - one.chunks.start);
      const term = Buffer.concat(chunks.slice(range.start - one.chunks.start, range.end - one.chunks.start));
      assert.equal(term.length, unpacked_length);
      parts.push(term);
    }
    return Buffer.concat(parts).subarray(offset_into_first_range, offset_into_first_range + length);
  };

  it("says where a file is: by headers, by the tree, and to those who ask for nothing else", async () => {
    const answer = await get("/alice/big/resolve/main/big.bin");
    const hash = answer.headers.get("x-xet-hash") ?? "";
    const commit = answer.headers.get("x-repo-commit");
    assert.equal(answer.status, 302);
    assert.match(hash, /^[0-9a-f]{64}$/);
    const token = `${hub.url}/api/models/alice/big/xet-read-token/${commit}`;
    assert.equal(
      answer.headers.get("link"),
      `<${token}>; rel="xet-auth", <${hub.cdnUrl}/v1/reconstructions/${hash}>; rel="xet-reconstruction-info"`,
    );
    assert.equal(answer.headers.get("x-xet-refresh-route"), token);
    const info = await get("/alice/big/resolve/main/big.bin", undefined, {
      accept: "application/vnd.xet-fileinfo+json, */*",
      range: "bytes=0-0",
    });
    assert.deepEqual([info.status, info.headers.get("x-xet-hash")], [200, hash]);
    assert.equal(info.headers.get("x-linked-size"), String(SIZE));
    const tree = (await (await get("/api/models/alice/big/tree/main")).json()) as { path: string; xetHash?: string }[];
    assert.deepEqual(
      tree.map((entry) => [entry.path, entry.xetHash]),
      [
        [".gitattributes", undefined],
        ["big.bin", hash],
      ],
    );
  });

  it("serves the same file to clients that know nothing of Xet", async () => {
    const location = (await get("/alice/big/resolve/main/big.bin")).headers.get("location") ?? "";
    const bytes = Buffer.from(await (await fetch(location)).arrayBuffer());
    assert.deepEqual(bytes, await bytesOf(generatedContent(SIZE, 5)));
  });

  it("rebuilds the whole file from xorbs, equal chunks stored once", async () => {
    const whole = await plan();
    assert.deepEqual(await rebuild(whole, SIZE), await bytesOf(generatedContent(SIZE, 5)));
    assert.ok(Object.keys(whole.xorbs).length > 2);
    const stored = Object.values(whole.xorbs).flatMap((entries) =>
      entries.flatMap(({ ranges }) => ranges.map(({ bytes }) => bytes.end - bytes.start + 1)),
    );
    assert.ok(stored.reduce((sum, size) => sum + size, 0) < SIZE / 2);
  });

  it("rebuilds any range of it, and refuses what lies beyond the end", async () => {
    const bytes = await bytesOf(generatedContent(SIZE, 5));
    for (const [start, end] of [
      [0, 1],
      [1_234_567, 1_300_000],
      [SIZE - 1, SIZE],
      [70_000, 2_900_001],
    ] as const) {
      const some = await plan(`bytes=${start}-${end - 1}`);
      assert.deepEqual(await rebuild(some, end - start), bytes.subarray(start, end));
    }
    const beyond = await get(`${hub.cdnUrl}/v2/reconstructions/${await hashOf()}`, await casToken(), {
      range: `bytes=${SIZE}-`,
    });
    assert.equal(beyond.status, 416);
  });

  it("answers the first version with the same facts", async () => {
    const second = await plan();
    const answer = await get(`${hub.cdnUrl}/v1/reconstructions/${await hashOf()}`, await casToken());
    const first = (await answer.json()) as {
      terms: unknown;
      fetch_info: Record<string, { range: Range; url_range: Range }[]>;
    };
    assert.deepEqual(first.terms, second.terms);
    const [name = "", entries] = Object.entries(second.xorbs)[0] ?? [];
    const { chunks, bytes } = entries?.[0]?.ranges[0] ?? assert.fail("no range");
    const [info] = first.fetch_info[name] ?? [];
    const { range, url_range } = info ?? assert.fail("no address");
    assert.deepEqual([range, url_range], [chunks, bytes]);
  });

  it("tells a token in headers and body alike, to those who may read", async () => {
    const answer = await get("/api/models/alice/big/xet-read-token/main");
    const body = (await answer.json()) as { accessToken: string; exp: number; casUrl: string };
    assert.equal(body.casUrl, hub.cdnUrl);
    assert.equal(answer.headers.get("x-xet-access-token"), body.accessToken);
    assert.equal(answer.headers.get("x-xet-token-expiration"), String(body.exp));
    assert.equal(answer.headers.get("x-xet-cas-url"), body.casUrl);
    const statuses = async (path: string, ...tokens: (string | undefined)[]) =>
      Promise.all(tokens.map(async (token) => (await get(path, token)).status));
    assert.deepEqual(
      await statuses("/api/models/acme/big-gated/xet-read-token/main", undefined, "carol-read", "bob-read"),
      [401, 403, 200],
    );
    assert.deepEqual(
      await statuses(
        "/api/models/alice/big/xet-write-token/main",
        undefined,
        "carol-write",
        "alice-read",
        "alice-write",
      ),
      [401, 403, 403, 200],
    );
    assert.deepEqual(await statuses("/api/models/alice/big/xet-write-token/None?create_pr=1", "carol-read"), [200]);
    assert.deepEqual(await statuses("/api/models/alice/big/xet-read-token/nope", "alice-read"), [404]);
  });

  it("takes no other token for the storage: none, the Hub's own, a forged, an old, one for another repo", async () => {
    const url = `${hub.cdnUrl}/v2/reconstructions/${await hashOf()}`;
    const good = await casToken();
    const forged = good.replace(/\.[0-9a-f]/, (found) => (found === ".0" ? ".1" : ".0"));
    for (const [token, status] of [
      [undefined, 401],
      [hub.tokens["alice-read"], 401],
      [forged, 401],
      [await casToken("alice/tiny-model"), 404],
      [good, 200],
    ] as const) {
      assert.equal((await get(url, token)).status, status, String(token));
    }
    now += 3601_000;
    assert.equal((await get(url, good)).status, 401);
  });

  it("gives the bytes that an address was signed for, and no others", async () => {
    const { xorbs } = await plan();
    const [entry] = Object.values(xorbs)[0] ?? [];
    const { start, end } = entry?.ranges[0]?.bytes ?? assert.fail("no range");
    const url = entry?.url ?? "";
    const status = async (address: string, range?: string) =>
      (await fetch(address, { headers: range === undefined ? {} : { range } })).status;
    assert.equal(await status(url, `bytes=${start}-${end}`), 206);
    assert.equal(await status(url, `bytes=${start}-${end + 1}`), 403);
    assert.equal(await status(url), 403);
    assert.equal(await status(url.replace(`-${end}`, `-${end + 1}`), `bytes=${start}-${end + 1}`), 403);
    now += 3601_000;
    assert.equal(await status(url, `bytes=${start}-${end}`), 403);
  });

  it("hides the hash from those before the gate", async () => {
    const tree = await get("/api/models/acme/big-gated/tree/main", "carol-read");
    const entry = ((await tree.json()) as { path: string; xetHash?: string }[]).find(({ path }) => path === "big.bin");
    assert.equal(entry?.xetHash, "*".repeat(64));
  });

  it("knows of no chunk, and of no other version", async () => {
    const token = await casToken();
    assert.equal((await get(`${hub.cdnUrl}/v1/chunks/default/${"0".repeat(64)}`, token)).status, 404);
    assert.equal((await get(`${hub.cdnUrl}/v3/reconstructions/${await hashOf()}`, token)).status, 404);
  });
});

describe("Xet storage in a folder", () => {
  it("is there after a restart", async () => {
    const stateDir = mkdtempSync(join(tmpdir(), "localhub-test-"));
    try {
      const first = await startLocalhub({ stateDir, seed: seed() });
      await first.close();
      const second = await startLocalhub({ stateDir });
      const oid = createHash("sha256")
        .update(await bytesOf(generatedContent(SIZE, 5)))
        .digest("hex");
      const file = second.model.storage.xet.fileBySha256(oid);
      assert.ok(file);
      const content = second.model.storage.xet.fileContent(file);
      assert.deepEqual(await bytesOf(content), await bytesOf(generatedContent(SIZE, 5)));
      const part = Buffer.concat(await collect(content.read(65_000, 200_001)));
      assert.deepEqual(part, (await bytesOf(generatedContent(SIZE, 5))).subarray(65_000, 200_001));
      await second.close();
    } finally {
      rmSync(stateDir, { recursive: true, force: true });
    }
  });
});

async function collect(bytes: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const parts: Uint8Array[] = [];
  for await (const part of bytes) parts.push(Buffer.from(part));
  return parts;
}
