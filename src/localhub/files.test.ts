import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, beforeEach, describe, it } from "node:test";
import { bytesOf, generatedContent } from "./content.ts";
import type { Localhub } from "./server.ts";
import { startLocalhub } from "./server.ts";

describe("files of a repo", () => {
  let hub: Localhub;
  before(async () => {
    hub = await startLocalhub();
  });
  after(() => hub.close());
  beforeEach(() => hub.reset());

  const get = (path: string, token?: string, init: RequestInit = {}): Promise<Response> => {
    const auth = token === undefined ? {} : { authorization: `Bearer ${hub.tokens[token] ?? token}` };
    return fetch(hub.url + path, { redirect: "manual", ...init, headers: { ...auth, ...init.headers } });
  };

  it("sends public small files to the shared cache, others at once", async () => {
    const first = await get("/alice/tiny-model/resolve/main/config.json");
    assert.equal(first.status, 307);
    const location = first.headers.get("location") ?? "";
    assert.match(location, /^\/api\/resolve-cache\/models\/alice\/tiny-model\/[0-9a-f]{40}\/config\.json\?/);
    const second = await get(location);
    const bytes = Buffer.from(await second.arrayBuffer());
    const sha1 = createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
    assert.equal(second.headers.get("etag"), `"${sha1}"`);
    assert.equal(second.headers.get("x-repo-commit"), first.headers.get("x-repo-commit"));
    const direct = await get("/alice/private-model/resolve/main/config.json", "alice-read");
    assert.deepEqual([direct.status, direct.headers.get("accept-ranges")], [200, "bytes"]);
  });

  it("sends large files to the CDN by a link that needs no token and ends", async () => {
    const first = await get("/alice/tiny-model/resolve/main/model.safetensors", "carol-read");
    assert.equal(first.status, 302);
    const location = first.headers.get("location") ?? "";
    assert.ok(location.startsWith(`${hub.cdnUrl}/lfs/`));
    const response = await fetch(location);
    const bytes = Buffer.from(await response.arrayBuffer());
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    assert.deepEqual(bytes, await bytesOf(generatedContent(1024 * 1024 + 17, 1)));
    assert.equal(first.headers.get("x-linked-etag"), `"${sha256}"`);
    assert.equal(first.headers.get("x-linked-size"), String(bytes.length));
    assert.equal(response.headers.get("x-repo-commit"), null);
    const head = await fetch(location, { method: "HEAD" });
    assert.deepEqual([head.status, head.headers.get("content-length")], [200, String(bytes.length)]);
    const forged = await fetch(location.replace(/Expires=\d+/, "Expires=9999999999"));
    assert.equal(forged.status, 403);
    await forged.text();
    const now = hub.model.now;
    hub.model.now = () => now() + 3601_000;
    assert.equal((await fetch(location)).status, 403);
    hub.model.now = now;
  });

  it("answers ranges and conditions", async () => {
    const url = "/alice/private-model/resolve/main/README.md";
    const whole = await get(url, "alice-read");
    const text = await whole.text();
    const ranged = (range: string, more: Record<string, string> = {}): Promise<Response> =>
      get(url, "alice-read", { headers: { range, ...more } });
    const part = await ranged("bytes=2-5");
    assert.deepEqual(
      [part.status, part.headers.get("content-range"), await part.text()],
      [206, `bytes 2-5/${text.length}`, text.slice(2, 6)],
    );
    assert.equal(await (await ranged("bytes=-4")).text(), text.slice(-4));
    const beyond = await ranged(`bytes=${text.length}-`);
    assert.deepEqual([beyond.status, beyond.headers.get("content-range")], [416, `bytes */${text.length}`]);
    assert.equal((await ranged("bytes=2-5", { "if-range": '"other"' })).status, 200);
    const etag = whole.headers.get("etag") ?? "";
    assert.equal((await get(url, "alice-read", { headers: { "if-none-match": `"x", ${etag}` } })).status, 304);
    const lfs = "/alice/tiny-model/resolve/main/model.safetensors";
    const linked = (await get(lfs)).headers.get("x-linked-etag") ?? "";
    assert.equal((await get(lfs, undefined, { headers: { "if-none-match": linked } })).status, 304);
  });

  it("knows every way to name a revision", async () => {
    const commits = (await (await get("/api/models/alice/tiny-model/commits/main")).json()) as { id: string }[];
    const newest = commits[0]?.id ?? "";
    for (const revision of ["main", "HEAD", "v1.0", newest, newest.slice(0, 7), "refs%2Fheads%2Fmain"]) {
      const response = await get(`/api/models/alice/tiny-model/revision/${revision}`);
      assert.equal(((await response.json()) as { sha: string }).sha, newest, revision);
    }
    for (const revision of ["refs%2Fpr%2F1", "refs/pr/1", "feature%2Fone", "feature/one"]) {
      const response = await get(`/alice/tiny-model/resolve/${revision}/README.md`);
      assert.equal(response.status, 307, revision);
      assert.notEqual(response.headers.get("x-repo-commit"), newest, revision);
      const tree = await get(`/api/models/alice/tiny-model/tree/${revision}/onnx`);
      assert.equal(((await tree.json()) as unknown[]).length, 2, revision);
    }
  });

  it("finds names that need encoding, and gives pointers when asked for raw", async () => {
    const odd = await get(`/alice/tiny-model/resolve/main/onnx/sub%20folder/${encodeURIComponent("ünï code #1.txt")}`);
    assert.equal(await (await get(odd.headers.get("location") ?? "")).text(), "names need encoding\n");
    const raw = await (await get("/alice/tiny-model/raw/main/model.safetensors")).text();
    assert.match(raw, /^version https:\/\/git-lfs\.github\.com\/spec\/v1\noid sha256:[0-9a-f]{64}\nsize 1048593\n$/);
  });
});
