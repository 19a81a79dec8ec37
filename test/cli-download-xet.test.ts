import assert from "node:assert/strict";
import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { defaultSeed } from "../src/localhub/index.ts";
import { startWorld } from "./support/world.ts";
import type { World } from "./support/world.ts";

const SIZE = 17_000_000;

let world: World;
before(async () => {
  const seed = defaultSeed();
  const files = { "big.bin": { size: SIZE, xet: true } };
  const large = { id: "alice/large-xet", commits: [{ message: "Upload", files }] };
  world = await startWorld({ seed: { ...seed, repos: [...(seed.repos ?? []), large] } });
});
after(() => world.close());
const undo: (() => void)[] = [];
beforeEach(() => {
  undo.splice(0).forEach((one) => one());
  rmSync(world.home, { recursive: true, force: true });
  world.hub.journal.clear();
});

const asked = (part: string): number => world.hub.journal.entries.filter(({ url }) => url.includes(part)).length;

describe("hf download --transport", () => {
  it("takes Xet storage for a large file without being told, and plain HTTP where a switch says so", async () => {
    const done = await world.hf(["download", "alice/large-xet"]);
    assert.equal(done.exit, 0, done.stderr);
    assert.equal(statSync(join(done.stdout.trim(), "big.bin")).size, SIZE);
    assert.ok(asked("/xorbs/") > 0 && asked("/lfs/") === 0);
    for (const [more, env] of [
      [["--transport", "http"], {}],
      [[], { HF_HUB_DISABLE_XET: "1" }],
    ] as const) {
      world.hub.journal.clear();
      const plain = await world.hf(["download", "alice/large-xet", "--force-download", ...more], { env });
      assert.equal(plain.exit, 0, plain.stderr);
      assert.deepEqual([asked("reconstructions"), asked("/lfs/")], [0, 1]);
    }
    world.hub.journal.clear();
    const flag = ["download", "alice/large-xet", "--force-download", "--transport", "xet", "--json"];
    const back = await world.hf(flag, { env: { HF_HUB_DISABLE_XET: "1" } });
    assert.equal(back.exit, 0, back.stderr);
    assert.ok(asked("/xorbs/") > 0);
  });

  it("says which file Xet did not bring, and why, and brings it", async () => {
    undo.push(world.hub.fault({ origin: "cdn", path: "reconstructions", status: 404 }));
    const why =
      /big\.bin: Xet did not bring it; fetching it by plain HTTP\. The Xet storage at 127\.0\.0\.1:\d+ answered 404\./;
    // Also to who wants to see no progress.
    for (const more of [[], ["--quiet"], ["--json"], ["--progress", "none"]]) {
      const done = await world.hf(["download", "alice/large-xet", "--force-download", ...more]);
      assert.equal(done.exit, 0, done.stderr);
      assert.match(done.stderr, why);
      const path = more[0] === "--json" ? (JSON.parse(done.stdout) as { path: string }).path : done.stdout.trim();
      assert.equal(statSync(join(path, "big.bin")).size, SIZE);
    }
    const program = await world.hf(["download", "alice/large-xet", "--force-download", "--progress", "ndjson"]);
    const events = program.stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const ways = events
      .filter(({ event }) => event === "transport")
      .map(({ transport, reason }) => [transport, reason]);
    assert.deepEqual(
      ways.map(([way]) => way),
      ["xet", "http"],
    );
    assert.match(String(ways[1]?.[1]), /answered 404/);
    assert.deepEqual(
      events.filter(({ event }) => event === "warning"),
      [],
    );
  });

  it("fails with the way out where Xet alone was asked for", async () => {
    undo.push(world.hub.fault({ origin: "cdn", path: "reconstructions", status: 404 }));
    const done = await world.hf(["download", "alice/large-xet", "--transport", "xet"]);
    assert.equal(done.exit, 1, done.stderr);
    assert.match(done.stderr, /--transport http/);
    assert.equal(asked("/lfs/"), 0);
  });

  it("knows three ways", async () => {
    const done = await world.hf(["download", "alice/large-xet", "--transport", "pigeon"]);
    assert.equal(done.exit, 2);
    assert.match(done.stderr, /--transport takes auto, xet or http, not 'pigeon'/);
    assert.deepEqual(world.hub.journal.entries, []);
  });
});
