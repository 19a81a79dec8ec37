import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { startLocalhub } from "./server.ts";

describe("startLocalhub({ stateDir })", () => {
  let dir = "";
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "localhub-state-"));
  });
  after(() => rm(dir, { recursive: true, force: true }));

  it("has everything again after a restart", async () => {
    const stateDir = join(dir, "hub");
    const first = await startLocalhub({ stateDir });
    const auth = { authorization: `Bearer ${first.tokens["carol-read"]}` };
    await fetch(`${first.url}/acme/gated-auto/ask-access`, { method: "POST", headers: auth, redirect: "manual" });
    await first.close();
    const second = await startLocalhub({ stateDir, seed: {} });
    try {
      assert.deepEqual(second.tokens, first.tokens);
      const load = async (path: string): Promise<number> =>
        (await (await fetch(second.url + path, { headers: auth })).arrayBuffer()).byteLength;
      assert.equal(await load("/acme/gated-auto/resolve/main/model.safetensors"), 1024 * 1024 + 17);
      assert.equal(await load("/api/models/acme/gated-auto/auth-check"), 2);
      assert.equal((await fetch(`${second.url}/old-model/resolve/main/config.json`)).status, 200);
    } finally {
      await second.close();
    }
    if (process.platform !== "win32") assert.equal((await stat(join(stateDir, "hub.json"))).mode & 0o777, 0o600);
  });

  it("refuses a folder that holds something else", async () => {
    await writeFile(join(dir, "hub.json"), '{"format":99}');
    await assert.rejects(startLocalhub({ stateDir: dir }), /hub\.json: not a state/);
  });

  it("is for one at a time; one that was killed leaves nothing in the way", async () => {
    const stateDir = join(dir, "shared");
    const first = await startLocalhub({ stateDir });
    try {
      await assert.rejects(
        startLocalhub({ stateDir }),
        new RegExp(`in use by another localhub \\(process ${process.pid}\\)`),
      );
    } finally {
      await first.close();
    }
    const gone = spawnSync(process.execPath, ["-e", ""]);
    await writeFile(join(stateDir, "localhub.pid"), `${gone.pid}\n`);
    await (await startLocalhub({ stateDir })).close();
    await assert.rejects(stat(join(stateDir, "localhub.pid")), { code: "ENOENT" });
  });
});
