import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { startLocalhub } from "../localhub/index.ts";
import type { Localhub } from "../localhub/index.ts";
import { noLocks } from "../../test/support/locks.ts";

let hub: Localhub;
let cacheDir: string;
before(async () => {
  const files = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`data/${i}.txt`, `file number ${i}\n`]));
  const weights = { "a.safetensors": { size: 3_000_000, seed: 1 }, "b.safetensors": { size: 2_000_000, seed: 2 } };
  hub = await startLocalhub({
    seed: {
      users: [{ name: "alice" }],
      repos: [{ id: "alice/many", commits: [{ message: "Upload", files: { ...files, ...weights } }] }],
    },
  });
});
after(() => hub.close());
beforeEach(() => {
  hub.journal.clear();
  cacheDir = join(realpathSync(mkdtempSync(join(tmpdir(), "latchkey-processes-"))), "hub");
});
afterEach(() => rmSync(join(cacheDir, ".."), { recursive: true, force: true }));

const blobs = (): string => join(cacheDir, "models--alice--many/blobs");

function start(env: NodeJS.ProcessEnv = process.env): {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; stderr: string }>;
} {
  const here = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href);
  const code = `
    import { createHubClient } from ${here("../hub/index.js")};
    import { fetchSnapshot } from ${here("./index.js")};
    const hub = createHubClient({ endpoint: ${JSON.stringify(hub.url)} });
    const done = await fetchSnapshot(hub, { type: "model", id: "alice/many" }, { cacheDir: ${JSON.stringify(cacheDir)} });
    process.stdout.write(String(done.files.length));`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stderr = "";
  child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
  return { child, ended: new Promise((resolve) => child.once("close", (exit) => resolve({ code: exit, stderr }))) };
}

/** Every published blob has the hash that is its name. Answers how many there are. */
function provedBlobs(): number {
  const names = existsSync(blobs()) ? readdirSync(blobs()).filter((name) => !name.endsWith(".incomplete")) : [];
  for (const name of names) {
    const bytes = readFileSync(join(blobs(), name));
    const hash =
      name.length === 64
        ? createHash("sha256").update(bytes)
        : createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes);
    assert.equal(hash.digest("hex"), name);
  }
  return names.length;
}

describe("downloads in many processes", () => {
  it("leave one whole copy, and fetch each content once", { skip: noLocks }, async () => {
    const runs = [start(), start(), start()];
    for (const { ended } of runs) {
      const { code, stderr } = await ended;
      assert.equal(code, 0, stderr);
    }
    assert.equal(provedBlobs(), 63);
    assert.ok(!readdirSync(blobs()).some((name) => name.endsWith(".incomplete")));
    const gets = hub.journal.entries.filter((entry) => entry.method === "GET" && entry.url.includes("/resolve/"));
    assert.equal(gets.length, 63);
  });

  it("leave one whole copy also where nothing can lock", async () => {
    // Without a program on the PATH that calls flock, downloads go on unlocked: only bandwidth may be lost.
    const runs = [start({ PATH: "" }), start({ PATH: "" }), start({ PATH: "" })];
    for (const { ended } of runs) {
      const { code, stderr } = await ended;
      assert.equal(code, 0, stderr);
    }
    assert.equal(provedBlobs(), 63);
    assert.ok(!readdirSync(blobs()).some((name) => name.endsWith(".incomplete")));
  });

  it("leaves a cache without a wrong byte when it is killed at any moment, and the next run finishes it", async () => {
    for (let round = 0; round < 6; round++) {
      const { child, ended } = start();
      // Later in each round: before the first file, among the small ones, within the large ones.
      const limit = Date.now() + 20_000;
      while (hub.journal.entries.length < 2 + round * 11 && Date.now() < limit && child.exitCode === null) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      child.kill("SIGKILL");
      await ended;
      provedBlobs();
      const ref = join(cacheDir, "models--alice--many/refs/main");
      if (existsSync(ref)) assert.match(readFileSync(ref, "utf8"), /^[0-9a-f]{40}$/);
      if (existsSync(join(cacheDir, "models--alice--many"))) {
        assert.ok(existsSync(join(cacheDir, "models--alice--many/snapshots")), "Python calls such a repo corrupted");
      }
      hub.journal.clear();
    }
    const { code, stderr } = await start().ended;
    assert.equal(code, 0, stderr);
    assert.equal(provedBlobs(), 63);
  });
});
