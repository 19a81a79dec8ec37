import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PYTHON_VERSIONS } from "./environments.ts";
import type { PeerWorld } from "./peers.ts";
import type { Row } from "./table.ts";

/** Files of `alice/xet-model` in Xet storage: stored as they are, compressed, and compressed by bytes of numbers. */
const FILES = ["embeddings.bin", "model.safetensors", "vocab.txt"];

/** Bytes that came out of xorbs since the journal was cleared, and whether a Hub token went to the storage. */
function storage(world: PeerWorld): { xorbBytes: number; plain: number; tokenLeft: boolean } {
  const cdn = world.hub.journal.entries.filter((entry) => entry.origin === "cdn");
  const tokens = Object.values(world.hub.tokens);
  return {
    xorbBytes: cdn.filter(({ url }) => url.includes("/xorbs/")).reduce((sum, { sent }) => sum + sent, 0),
    plain: cdn.filter(({ url }) => url.includes("/lfs/")).length,
    tokenLeft: cdn.some(({ headers }) => tokens.some((token) => (headers["authorization"] ?? "").includes(token))),
  };
}

function sha256(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

/** What the Hub says each file must hash to. */
async function wanted(world: PeerWorld, repo: string): Promise<Record<string, string>> {
  const answer = await fetch(`${world.hub.url}/api/models/${repo}/tree/main?recursive=true`);
  const entries = (await answer.json()) as { path: string; lfs?: { oid: string }; xetHash?: string }[];
  return Object.fromEntries(
    entries.flatMap(({ path, lfs, xetHash }) => (lfs && xetHash !== undefined ? [[path, lfs.oid]] : [])),
  );
}

const MAKE_FILES = `
import random, struct
random.seed(3)
contents = {
  "noise.bin": random.randbytes(2_500_000),
  "words.bin": "".join("word%d\\n" % (i * 7919 % 20011) for i in range(150000)).encode(),
  "numbers.bin": b"".join(struct.pack("<f", 1 + (i % 1000) / 1e4) for i in range(300000)),
}`;

function rowsOf(version: string): Row[] {
  const who = `Python ${version}`;
  return [
    {
      name: "hf_xet downloads from our Xet storage, all three kinds of chunks",
      who,
      run: async (world) => {
        const code = `from huggingface_hub import snapshot_download\nprint(json.dumps(snapshot_download("alice/xet-model")))`;
        const folder = String(await world.python(version, code));
        const hashes = await wanted(world, "alice/xet-model");
        assert.deepEqual(Object.keys(hashes), FILES);
        for (const name of FILES) assert.equal(sha256(join(folder, name)), hashes[name], name);
        const { xorbBytes, plain, tokenLeft } = storage(world);
        assert.ok(xorbBytes > 300_000);
        assert.deepEqual([plain, tokenLeft], [0, false]);
      },
    },
    {
      name: "hf_xet uploads a folder to our Xet storage; it comes back by Xet, and by plain HTTP",
      who,
      run: async (world) => {
        const code = `${MAKE_FILES}
import os
from huggingface_hub import HfApi, hf_hub_download
api = HfApi(token="${world.token("alice-write")}")
api.create_repo("alice/up")
os.makedirs("folder")
for name, data in contents.items(): open("folder/" + name, "wb").write(data)
api.upload_folder(repo_id="alice/up", folder_path="folder")
print(json.dumps([open(hf_hub_download("alice/up", name), "rb").read() == data for name, data in contents.items()]))`;
        assert.deepEqual(await world.python(version, code), [true, true, true]);
        const hashes = await wanted(world, "alice/up");
        assert.equal(Object.keys(hashes).length, 3);
        assert.equal(storage(world).tokenLeft, false);
        for (const [name, hash] of Object.entries(hashes)) {
          const answer = await fetch(`${world.hub.url}/alice/up/resolve/main/${name}`);
          assert.equal(
            createHash("sha256")
              .update(Buffer.from(await answer.arrayBuffer()))
              .digest("hex"),
            hash,
          );
        }
      },
    },
    {
      name: "what hf_xet uploaded we download by Xet, and Python finds it in the cache",
      who,
      run: async (world) => {
        const code = `${MAKE_FILES}
import os
from huggingface_hub import HfApi
api = HfApi(token="${world.token("alice-write")}")
api.create_repo("alice/up")
os.makedirs("folder")
for name, data in contents.items(): open("folder/" + name, "wb").write(data)
api.upload_folder(repo_id="alice/up", folder_path="folder")
print("null")`;
        await world.python(version, code);
        world.hub.journal.clear();
        const done = await world.hf(["download", "alice/up", "--transport", "xet", "--quiet"]);
        assert.equal(done.exit, 0, done.stderr);
        const hashes = await wanted(world, "alice/up");
        for (const [name, hash] of Object.entries(hashes)) assert.equal(sha256(join(done.stdout.trim(), name)), hash);
        assert.deepEqual([Object.keys(hashes).length, storage(world).plain, storage(world).tokenLeft], [3, 0, false]);
        world.hub.journal.clear();
        const again = `from huggingface_hub import snapshot_download\nprint(json.dumps(snapshot_download("alice/up")))`;
        assert.equal(await world.python(version, again), done.stdout.trim());
        assert.equal(storage(world).xorbBytes, 0);
      },
    },
    {
      name: "hf_xet opens a pull request on somebody else's repo with a file in Xet storage",
      who,
      run: async (world) => {
        const code = `
from huggingface_hub import HfApi
api = HfApi(token="${world.token("carol-read")}")
info = api.upload_file(repo_id="alice/tiny-model", path_in_repo="new.bin", path_or_fileobj=bytes(range(256)) * 400, create_pr=True)
print(json.dumps(info.pr_url))`;
        assert.match(String(await world.python(version, code)), /\/discussions\/\d+$/);
      },
    },
  ];
}

export const xetRows: readonly Row[] = [
  ...PYTHON_VERSIONS.flatMap(rowsOf),
  {
    name: "XetBlob downloads from our Xet storage, all three kinds of chunks",
    who: "@huggingface/hub",
    run: async (world) => {
      const hashes = await wanted(world, "alice/xet-model");
      const code = `
import { createHash } from "node:crypto";
const seen = {};
for (const path of ${JSON.stringify(FILES)}) {
  const blob = await hf.downloadFile({ repo: "alice/xet-model", path, hubUrl: process.env.HUB });
  seen[path] = createHash("sha256").update(Buffer.from(await blob.arrayBuffer())).digest("hex");
}
console.log(JSON.stringify(seen));`;
      assert.deepEqual(await world.js(code), hashes);
      assert.equal(storage(world).plain, 0);
    },
  },
  {
    name: "uploadFiles goes to our Xet storage and comes back",
    who: "@huggingface/hub",
    run: async (world) => {
      const code = `
import { randomBytes } from "node:crypto";
const options = { accessToken: "${world.token("alice-write")}", hubUrl: process.env.HUB, repo: "alice/up-js" };
await hf.createRepo(options);
const words = Array.from({ length: 200000 }, (_, i) => "word" + ((i * 7919) % 20011) + "\\n").join("");
const contents = { "noise.bin": randomBytes(2_000_000), "words.bin": Buffer.from(words) };
await hf.uploadFiles({ ...options, files: Object.entries(contents).map(([path, data]) => ({ path, content: new Blob([data]) })) });
const same = [];
for (const [path, data] of Object.entries(contents)) {
  const blob = await hf.downloadFile({ ...options, path });
  same.push(Buffer.from(await blob.arrayBuffer()).equals(data));
}
console.log(JSON.stringify(same));`;
      assert.deepEqual(await world.js(code), [true, true]);
      assert.equal(Object.keys(await wanted(world, "alice/up-js")).length, 2);
      assert.ok(world.hub.journal.entries.some(({ method, url }) => method === "POST" && url.includes("/v1/shards")));
    },
  },
  {
    name: "what JavaScript uploaded by Xet we download by Xet: its blocks refer back, ours stand alone",
    who: "@huggingface/hub",
    run: async (world) => {
      await world.js(`
const options = { accessToken: "${world.token("alice-write")}", hubUrl: process.env.HUB, repo: "alice/up-js" };
await hf.createRepo(options);
const words = Array.from({ length: 200000 }, (_, i) => "word" + ((i * 7919) % 20011) + "\\n").join("");
const numbers = new Uint8Array(Float32Array.from({ length: 300000 }, (_, i) => 1 + (i % 1000) / 1e4).buffer);
const contents = { "words.bin": words, "numbers.bin": numbers };
await hf.uploadFiles({ ...options, files: Object.entries(contents).map(([path, data]) => ({ path, content: new Blob([data]) })) });
console.log("null");`);
      const done = await world.hf(["download", "alice/up-js", "--transport", "xet", "--quiet"]);
      assert.equal(done.exit, 0, done.stderr);
      const hashes = await wanted(world, "alice/up-js");
      for (const [name, hash] of Object.entries(hashes)) assert.equal(sha256(join(done.stdout.trim(), name)), hash);
      assert.deepEqual([Object.keys(hashes).length, storage(world).plain], [2, 0]);
    },
  },
  {
    name: "what JavaScript uploaded by Xet Python downloads by Xet",
    who: "@huggingface/hub",
    run: async (world) => {
      await world.js(`
const options = { accessToken: "${world.token("alice-write")}", hubUrl: process.env.HUB, repo: "alice/up-js" };
await hf.createRepo(options);
const words = Array.from({ length: 200000 }, (_, i) => "word" + ((i * 7919) % 20011) + "\\n").join("");
await hf.uploadFiles({ ...options, files: [{ path: "words.bin", content: new Blob([words]) }] });
console.log("null");`);
      const code = `
from huggingface_hub import hf_hub_download
words = "".join("word%d\\n" % (i * 7919 % 20011) for i in range(200000)).encode()
print(json.dumps(open(hf_hub_download("alice/up-js", "words.bin"), "rb").read() == words))`;
      assert.equal(await world.python(PYTHON_VERSIONS[1], code), true);
      assert.equal(storage(world).plain, 0);
    },
  },
];
