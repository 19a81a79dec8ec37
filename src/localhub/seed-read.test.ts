import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { loadSeed, parseSeed } from "./seed-read.ts";
import { defaultSeed } from "./seed.ts";
import { startLocalhub } from "./server.ts";

describe("loadSeed()", () => {
  let dir = "";
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "localhub-seed-"));
    await mkdir(join(dir, "datasets/bob/things/sub"), { recursive: true });
    await writeFile(join(dir, "datasets/bob/things/sub/a.txt"), "from a folder");
    await writeFile(join(dir, "datasets/bob/things/b.bin"), "large by its name");
  });
  after(() => rm(dir, { recursive: true, force: true }));

  it("makes repos of folders, beside the default accounts", async () => {
    const hub = await startLocalhub({ seed: await loadSeed(dir) });
    try {
      const url = `${hub.url}/datasets/bob/things/resolve/main`;
      assert.equal(await (await fetch(`${url}/sub/a.txt`)).text(), "from a folder");
      const large = await fetch(`${url}/b.bin`);
      assert.ok(large.url.startsWith(hub.cdnUrl));
      assert.equal(await large.text(), "large by its name");
      assert.ok(hub.tokens["alice-read"]);
    } finally {
      await hub.close();
    }
  });

  it("reads a JSON file, its paths relative to it", async () => {
    const file = join(dir, "one.json");
    const files = { "a.txt": { file: "datasets/bob/things/sub/a.txt" }, "b.txt": { base64: "aGk=" } };
    const seed = { users: [{ name: "zoe" }], repos: [{ id: "zoe/m", commits: [{ message: "x", files }] }] };
    await writeFile(file, JSON.stringify(seed));
    const hub = await startLocalhub({ seed: await loadSeed(file) });
    try {
      assert.equal(await (await fetch(`${hub.url}/zoe/m/resolve/main/a.txt`)).text(), "from a folder");
      assert.equal(await (await fetch(`${hub.url}/zoe/m/resolve/main/b.txt`)).text(), "hi");
    } finally {
      await hub.close();
    }
  });

  it("says which field is wrong", () => {
    assert.throws(
      () => parseSeed({ repos: [{ id: "a/b", gatd: "auto" }] }, "x.json"),
      /^Error: x\.json\.repos\[0\]\.gatd: unknown field$/,
    );
    assert.throws(() => parseSeed({ repos: [{ gated: "auto" }] }), /seed\.repos\[0\]\.id: expected a value/);
    assert.throws(
      () => parseSeed({ tokens: [{ name: "t", owner: "a", role: "god" }] }),
      /role: expected one of "read"/,
    );
    assert.throws(() => parseSeed([]), /seed: expected an object/);
  });

  it("accepts the default seed written as JSON", () => {
    assert.deepEqual(parseSeed(JSON.parse(JSON.stringify(defaultSeed()))), defaultSeed());
  });
});

describe("startLocalhub({ seed })", () => {
  it("refuses tokens and requests of nobody", async () => {
    await assert.rejects(startLocalhub({ seed: { tokens: [{ name: "t", owner: "zed" }] } }), /nobody is called zed/);
    const access = [{ user: "zed", status: "pending" as const }];
    await assert.rejects(startLocalhub({ seed: { repos: [{ id: "a/b", access }] } }), /zed, who is no user/);
  });

  it("serves hostile names as the seed has them", async () => {
    const files = { "../up.txt": "1", "a\\b": "2", "con.": "3" };
    const hub = await startLocalhub({ seed: { repos: [{ id: "a/b", commits: [{ message: "x", files }] }] } });
    try {
      const response = await fetch(`${hub.url}/api/models/a/b/tree/main?recursive=true`);
      const paths = ((await response.json()) as { path: string }[]).map((entry) => entry.path);
      assert.deepEqual(paths.toSorted(), ["..", "../up.txt", ".gitattributes", "a\\b", "con."]);
      assert.equal((await fetch(`${hub.url}/a/b/resolve/main/..%2Fup.txt`)).status, 200);
    } finally {
      await hub.close();
    }
  });
});
