import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { startWorld } from "./support/world.ts";
import type { World } from "./support/world.ts";

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world.close());

describe("hf download --dry-run", () => {
  it("answers in each format as Python does, with numbers for programs, and makes no folder", async () => {
    const dry = (...words: string[]) => world.hf(["download", "alice/tiny-model", "--dry-run", ...words]);
    const human = await dry();
    assert.equal(human.exit, 0, human.stderr);
    assert.match(
      human.stdout,
      /^\[dry-run\] Will download 9 files \(out of 9\) totalling 1\.1M\.\nFILE +SIZE\n.*\nconfig\.json +\d/s,
    );
    const agent = await dry("--format", "agent");
    assert.match(agent.stdout, /^\[dry-run\] .*\nfile\tsize\n.*\nmodel\.safetensors\t1\.0M\n/s);
    const list = JSON.parse((await dry("--json")).stdout) as { file: string; size: string; bytes: number }[];
    assert.deepEqual(
      list.filter(({ file }) => file === "model.safetensors"),
      [{ file: "model.safetensors", size: "1.0M", bytes: 1024 * 1024 + 17, present: false }],
    );
    const quiet = await dry("config.json", "-q");
    assert.equal(quiet.stdout, "config.json\n");
    assert.ok(!existsSync(world.home));
    assert.deepEqual(
      world.hub.journal.entries.filter(({ origin }) => origin === "cdn"),
      [],
    );
  });
});

describe("hf download --local-dir", () => {
  it("prints the folder, or the file of it, and refuses a second place", async () => {
    const dir = join(world.folder, "here");
    const done = await world.hf(["download", "alice/tiny-model", "--local-dir", "here"]);
    assert.equal(done.stdout, `${dir}\n`, done.stderr);
    assert.match(done.stderr, /Fetched and verified 9 files/);
    const one = await world.hf(["download", "alice/tiny-model", "onnx/model.onnx", "--local-dir", dir]);
    assert.equal(one.stdout, `${join(dir, "onnx/model.onnx")}\n`);
    const dry = await world.hf(["download", "alice/tiny-model", "--local-dir", dir, "--dry-run"]);
    assert.match(dry.stdout, /Will download 0 files \(out of 9\) totalling 0\.0\./);
    assert.ok(!existsSync(world.home));
    const both = await world.hf(["download", "alice/tiny-model", "--local-dir", dir, "--cache-dir", dir]);
    assert.equal(both.exit, 2);
  });
});
