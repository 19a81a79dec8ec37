import assert from "node:assert/strict";
import { readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { startWorld } from "./support/world.ts";
import type { World } from "./support/world.ts";
import { inspectCache } from "./torture/check.ts";
import { FAULTS } from "./torture/faults.ts";
import { runKills } from "./torture/kills.ts";
import { runCase } from "./torture/matrix.ts";
import { createRandom } from "./torture/random.ts";
import { KINDS, TORTURE_SEED } from "./torture/repos.ts";

// The part of `npm run torture` that takes seconds and needs nothing of the machine.
let world: World;
before(async () => {
  world = await startWorld({ seed: TORTURE_SEED });
});
after(() => world.close());

describe("a download under faults", () => {
  for (const fault of FAULTS.filter(({ slow }) => slow !== true)) {
    it(`publishes nothing wrong, and ends well after it: ${fault.name}`, async () => {
      assert.deepEqual((await runCase(world, fault, "mixed", 8)).faults, []);
    });
  }

  for (const name of ["none", "cut in the body", "no ranges after the first", "another etag after some"]) {
    it(`publishes nothing wrong of a file that comes over several connections: ${name}`, async () => {
      const fault = FAULTS.find((one) => one.name === name);
      assert.ok(fault !== undefined);
      const { faults, ranges } = await runCase(world, fault, "ranged", 8);
      assert.deepEqual(faults, []);
      assert.ok((ranges ?? 0) > 0, "it came over one connection alone");
    });
  }

  it("is whole after 4 kills over several connections", async () => {
    const { faults } = await runKills(world, { kills: 4, random: createRandom(8), span: 3000, kind: "ranged" });
    assert.deepEqual(faults, []);
  });

  it("fetches files of every name", async () => {
    const [none] = FAULTS;
    assert.ok(none !== undefined);
    assert.deepEqual((await runCase(world, none, "names", 1)).faults, []);
  });

  it("is whole after 12 kills", async () => {
    const { faults, exits } = await runKills(world, { kills: 12, random: createRandom(7), span: 900 });
    assert.deepEqual(faults, []);
    assert.ok(exits.includes(-1), "some kill came in time");
  });

  it("is judged by what is on the disk: a wrong byte, a dangling pointer and a temporary file are seen", async () => {
    rmSync(world.home, { recursive: true, force: true });
    await world.hf(["download", KINDS.small, "--quiet"]);
    const [first] = inspectCache(world.hubCache).temporary;
    assert.equal(first, undefined);
    const blobs = join(world.hubCache, "models--torture--small/blobs");
    writeFileSync(join(blobs, "a".repeat(40)), "wrong");
    writeFileSync(join(blobs, "b.incomplete"), "");
    const snapshots = join(world.hubCache, "models--torture--small/snapshots");
    symlinkSync("../../blobs/none", join(snapshots, readdirSync(snapshots)[0] ?? "", "nowhere"));
    const { wrong, temporary, dangling } = inspectCache(world.hubCache);
    assert.deepEqual([wrong.length, temporary.length, dangling.length], [1, 1, 1]);
  });
});
