import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { after, before, describe, it } from "node:test";
import type { Localhub } from "./server.ts";
import { startLocalhub } from "./server.ts";
import { chunkHash, fileHash, hashBytes, treeRoot, verificationHash } from "./xet/hashes.ts";
import { encodeChunk } from "./xet/xorb.ts";

const TAG = Buffer.concat([
  Buffer.from("HFRepoMetaData\0"),
  Buffer.from([85, 105, 103, 69, 106, 123, 129, 87, 131, 165, 189, 217, 92, 205, 209, 74, 169]),
]);
const END = Buffer.concat([Buffer.alloc(32, 0xff), Buffer.alloc(16)]);

/** 48 bytes: a hash, then four numbers. */
function record(hash: string, ...numbers: number[]): Buffer {
  const rest = Buffer.alloc(16);
  numbers.forEach((number, index) => rest.writeUInt32LE(number >>> 0, index * 4));
  return Buffer.concat([hashBytes(hash), rest]);
}

type Upload = { content: Buffer; xorb: string; body: Buffer; file: string; sha256: string; shard: Buffer };

/** One file of two chunks, as a client would send it; `change` spoils what the shard claims. */
function upload(
  change: Partial<Pick<Upload, "file" | "sha256">> & { verification?: string; size?: number } = {},
): Upload {
  const chunks = [randomBytes(9000), randomBytes(12_000)];
  const content = Buffer.concat(chunks);
  const nodes = chunks.map((chunk) => ({ hash: chunkHash(chunk), size: chunk.length }));
  const xorb = treeRoot(nodes);
  const file = change.file ?? fileHash(nodes);
  const sha256 = change.sha256 ?? createHash("sha256").update(content).digest("hex");
  const header = Buffer.concat([TAG, Buffer.from([2, 0, 0, 0, 0, 0, 0, 0]), Buffer.alloc(8)]);
  const shard = Buffer.concat([
    header,
    record(file, 0xc0000000, 1),
    record(xorb, 0, change.size ?? content.length, 0, 2),
    record(change.verification ?? verificationHash(nodes)),
    record(sha256),
    END,
    record(xorb, 0, 2, content.length, 0),
    ...nodes.map(({ hash, size }, index) => record(hash, index === 0 ? 0 : 9000, size, 0, 0)),
    END,
  ]);
  const body = Buffer.concat(chunks.map((chunk) => encodeChunk(chunk, "lz4")));
  return { content, xorb, body, file, sha256, shard };
}

describe("Xet storage, uploads", () => {
  let hub: Localhub;
  before(async () => {
    hub = await startLocalhub();
  });
  after(() => hub.close());

  const token = async (scope: "read" | "write" = "write"): Promise<string> => {
    const answer = await fetch(`${hub.url}/api/models/alice/tiny-model/xet-${scope}-token/main`, {
      headers: { authorization: `Bearer ${hub.tokens["alice-write"]}` },
    });
    return ((await answer.json()) as { accessToken: string }).accessToken;
  };
  const send = async (path: string, body: Buffer, scope?: "read"): Promise<{ status: number; text: string }> => {
    const headers = { authorization: `Bearer ${await token(scope)}` };
    const answer = await fetch(hub.cdnUrl + path, { method: "POST", headers, body: new Uint8Array(body) });
    return { status: answer.status, text: await answer.text() };
  };
  const head = async (path: string): Promise<number> =>
    (await fetch(hub.cdnUrl + path, { method: "HEAD", headers: { authorization: `Bearer ${await token()}` } })).status;
  const commit = async (sha256: string, size: number): Promise<number> => {
    const lines = [
      { key: "header", value: { summary: "Upload" } },
      { key: "lfsFile", value: { path: "new.bin", algo: "sha256", oid: sha256, size } },
    ];
    const answer = await fetch(`${hub.url}/api/models/alice/tiny-model/commit/main`, {
      method: "POST",
      headers: { authorization: `Bearer ${hub.tokens["alice-write"]}`, "content-type": "application/x-ndjson" },
      body: lines.map((line) => JSON.stringify(line)).join("\n"),
    });
    return answer.status;
  };

  it("takes a xorb, then the shard, then the commit; the file is in Xet storage and comes by plain HTTP too", async () => {
    const one = upload();
    assert.equal(await commit(one.sha256, one.content.length), 400);
    assert.equal(await head(`/v1/xorbs/default/${one.xorb}`), 404);
    assert.deepEqual(await send(`/v1/xorbs/default/${one.xorb}`, one.body), {
      status: 200,
      text: '{"was_inserted":true}',
    });
    assert.deepEqual(await send(`/v1/xorbs/default/${one.xorb}`, one.body), {
      status: 200,
      text: '{"was_inserted":false}',
    });
    assert.equal(await head(`/v1/xorbs/default/${one.xorb}`), 200);
    assert.equal(await head(`/v1/files/${one.file}`), 404);
    assert.deepEqual(await send("/v1/shards", one.shard), { status: 200, text: '{"result":1}' });
    assert.deepEqual(await send("/v1/shards", one.shard), { status: 200, text: '{"result":0}' });
    assert.equal(await head(`/v1/files/${one.file}`), 200);
    assert.equal(await commit(one.sha256, one.content.length), 200);
    const answer = await fetch(`${hub.url}/alice/tiny-model/resolve/main/new.bin`, { redirect: "manual" });
    assert.equal(answer.headers.get("x-xet-hash"), one.file);
    const bytes = await (await fetch(answer.headers.get("location") ?? "")).arrayBuffer();
    assert.deepEqual(Buffer.from(bytes), one.content);
  });

  it("answers the second version line by line, and there too a refusal is the last line", async () => {
    const one = upload();
    const early = await send("/v2/shards", one.shard);
    assert.equal(early.status, 200);
    assert.match(
      early.text,
      /^\{"type":"error","message":"Invalid shard: xorb [0-9a-f]{64} was not uploaded","retryable":false\}\n$/,
    );
    await send(`/v1/xorbs/default/${one.xorb}`, one.body);
    const lines = (await send("/v2/shards", one.shard)).text.trim().split("\n");
    assert.deepEqual(JSON.parse(lines.at(-1) ?? ""), { type: "result" });
  });

  it("refuses a xorb that is not what its name says, or none at all", async () => {
    const one = upload();
    assert.match((await send(`/v1/xorbs/default/${"0".repeat(64)}`, one.body)).text, /its chunks have the hash/);
    assert.equal((await send(`/v1/xorbs/default/${one.xorb}`, one.body.subarray(1))).status, 400);
    assert.equal((await send(`/v1/xorbs/default/${one.xorb}`, Buffer.alloc(0))).status, 400);
    assert.equal((await send(`/v1/xorbs/default/nope`, one.body)).status, 400);
  });

  it("refuses a shard that claims what is not so, and keeps nothing of it", async () => {
    for (const [change, words] of [
      [{ file: "1".repeat(64) }, /chunks have another hash/],
      [{ sha256: "2".repeat(64) }, /another sha256/],
      [{ verification: "3".repeat(64) }, /not verified/],
      [{ size: 20_999 }, /another size/],
    ] as const) {
      const one = upload(change);
      await send(`/v1/xorbs/default/${one.xorb}`, one.body);
      const answer = await send("/v1/shards", one.shard);
      assert.deepEqual([answer.status, words.test(answer.text)], [400, true], answer.text);
      assert.equal(await head(`/v1/files/${one.file}`), 404);
    }
  });

  it("refuses a shard cut anywhere, and one that counts further than it goes", async () => {
    const { shard } = upload();
    for (const length of [0, 47, 48, 60, 200, shard.length - 1]) {
      assert.equal((await send("/v1/shards", shard.subarray(0, length))).status, 400, String(length));
    }
    shard.writeUInt32LE(0xffffffff, 48 + 36);
    assert.match((await send("/v1/shards", shard)).text, /ends within a segment/);
  });

  it("takes nothing from a token that only reads", async () => {
    const one = upload();
    assert.equal((await send(`/v1/xorbs/default/${one.xorb}`, one.body, "read")).status, 403);
    assert.equal((await send("/v1/shards", one.shard, "read")).status, 403);
  });

  it("offers Xet to LFS clients that know it, and plain PUTs to the others", async () => {
    const batch = async (transfers: string[], name: string) => {
      const answer = await fetch(`${hub.url}/alice/tiny-model.git/info/lfs/objects/batch`, {
        method: "POST",
        headers: { authorization: `Bearer ${hub.tokens[name]}`, "content-type": "application/json" },
        body: JSON.stringify({
          operation: "upload",
          transfers,
          ref: { name: "refs/heads/main" },
          objects: [{ oid: "a".repeat(64), size: 5 }],
        }),
      });
      const { transfer, objects } = (await answer.json()) as {
        transfer: string;
        objects: { actions: { upload: { href: string; header?: Record<string, string> } } }[];
      };
      return { transfer, upload: objects[0]?.actions.upload };
    };
    const plain = await batch(["basic", "multipart"], "alice-write");
    assert.equal(plain.transfer, "basic");
    assert.match(plain.upload?.href ?? "", /lfs-storage/);
    const xet = await batch(["basic", "multipart", "xet"], "alice-write");
    assert.equal(xet.transfer, "xet");
    assert.equal(xet.upload?.href, `${hub.url}/api/models/alice/tiny-model/xet-write-token/main`);
    assert.deepEqual(Object.keys(xet.upload?.header ?? {}), [
      "X-Xet-Cas-Url",
      "X-Xet-Access-Token",
      "X-Xet-Token-Expiration",
      "X-Xet-Session-Id",
    ]);
    const reader = await batch(["xet"], "carol-read");
    const renewed = await fetch(reader.upload?.href ?? "", {
      headers: { authorization: `Bearer ${hub.tokens["carol-read"]}` },
    });
    assert.equal(renewed.status, 200);
  });
});
