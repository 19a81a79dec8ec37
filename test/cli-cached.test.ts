import assert from "node:assert/strict";
import { existsSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { startWorld } from "./support/world.ts";
import type { World } from "./support/world.ts";

const REPO = "alice/tiny-model";
let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world.close());
beforeEach(async () => {
  rmSync(world.home, { recursive: true, force: true });
  await world.hub.reset();
});

/** Downloads with the Hub, and forgets that. */
async function bring(...words: string[]): Promise<string> {
  const done = await world.hf(["download", REPO, "--quiet", ...words]);
  assert.equal(done.exit, 0, done.stderr);
  world.hub.journal.clear();
  return done.stdout.trim();
}

function requests(): string[] {
  const seen = world.hub.journal.entries.map(({ method, url }) => `${method} ${new URL(url).pathname}`);
  world.hub.journal.clear();
  return seen;
}

describe("hf download --prefer-offline", () => {
  it("asks nobody for what is there, whatever the token, and the Hub for what is not", async () => {
    const words = ["download", REPO, "--quiet", "--prefer-offline"];
    const first = await world.hf(words);
    assert.equal(first.exit, 0, first.stderr);
    assert.ok(requests().length > 0);
    // A token that nobody may use, and a login that would have to be renewed, are not looked at.
    const env = { HF_TOKEN: "two words" };
    const again = await world.hf(words, { env });
    assert.equal(again.stdout, first.stdout, again.stderr);
    assert.equal((await world.hf([...words, "config.json"], { env })).exit, 0);
    assert.equal((await world.hf([...words, "--dry-run"], { env })).exit, 0);
    assert.deepEqual(requests(), []);

    const blob = realpathSync(join(first.stdout.trim(), "config.json"));
    rmSync(blob);
    const mended = await world.hf(words);
    assert.equal(mended.exit, 0, mended.stderr);
    assert.ok(existsSync(blob));
    assert.ok(requests().some((one) => one.endsWith("/config.json")));
    assert.equal((await world.hf([...words, "--force-download"])).exit, 0);
    assert.ok(requests().length > 0);
    const other = await world.hf([...words, "--revision", "nothing"]);
    assert.equal(other.exit, 5, other.stderr);
  });

  it("asks where nothing tells whether the copy is whole", async () => {
    const path = await bring();
    rmSync(join(path, "../../trees"), { recursive: true });
    assert.equal((await world.hf(["download", REPO, "--quiet", "--offline"])).exit, 0);
    assert.deepEqual(requests(), []);
    assert.equal((await world.hf(["download", REPO, "--quiet", "--prefer-offline"])).exit, 0);
    assert.ok(requests().length > 0);
  });

  it("does the same in a folder of one's own for a full commit, and never takes one branch for another", async () => {
    const commit = (await bring()).slice(-40);
    rmSync(world.home, { recursive: true });
    const words = ["download", REPO, "--quiet", "--prefer-offline", "--local-dir", "mine"];
    const env = { HF_TOKEN: "two words" };
    assert.equal((await world.hf(words)).exit, 0);
    world.hub.journal.clear();
    for (const more of [[], ["onnx/model.onnx"]]) {
      const done = await world.hf([...words, ...more, "--revision", commit], { env });
      assert.equal(done.exit, 0, done.stderr);
      assert.deepEqual(requests(), []);
      assert.equal((await world.hf([...words, ...more, "--revision", "nothing"])).exit, 5);
      world.hub.journal.clear();
    }
    rmSync(join(world.folder, "mine/config.json"));
    assert.equal((await world.hf(words)).exit, 0);
    assert.ok(existsSync(join(world.folder, "mine/config.json")));
  });
});

describe("a cached branch that can't be asked about", () => {
  it("is used as it is, with a warning, also with a token that is dead", async () => {
    const path = await bring();
    await world.hub.fault({ origin: "hub", status: 401 });
    for (const env of [{ HF_ENDPOINT: "http://127.0.0.1:9" }, { HF_TOKEN: world.token("alice-read") }]) {
      const done = await world.hf(["download", REPO], { env });
      assert.equal(done.exit, 0, done.stderr);
      assert.equal(done.stdout.trim(), path);
      assert.match(done.stderr, /Warning: .*The cached copy of alice\/tiny-model is used\./);
    }
  });
});

describe("hf cache ready", () => {
  // The flag makes the whole program answer, in place of the quick way.
  for (const slow of [[], ["--no-color"]]) {
    const ready = (...words: string[]) =>
      world.hf(["cache", "ready", ...words, ...slow], { env: { HF_ENDPOINT: "http://127.0.0.1:9" } });

    it(`answers by the exit code, with the path or the reason, without the network ${slow.join()}`, async () => {
      const before = await ready(REPO);
      assert.deepEqual([before.exit, before.stdout], [11, ""]);
      assert.equal(
        before.stderr,
        "The cache has nothing of model alice/tiny-model at 'main'. Fetch it with: hf download alice/tiny-model\n",
      );
      assert.ok(!existsSync(world.home));
      const path = await bring();
      const commit = path.slice(-40);
      for (const spec of [REPO, `${REPO}@main`, `${REPO}@${commit}`, `models/${REPO}`]) {
        assert.deepEqual(await ready(spec), { exit: 0, stdout: `${path}\n`, stderr: "" }, spec);
      }
      assert.equal((await ready(`${REPO}@v9`)).exit, 11);
      assert.equal((await ready(`datasets/${REPO}`)).exit, 11);
      const json = await ready(REPO, "--json");
      assert.deepEqual(JSON.parse(json.stdout), {
        schema: 1,
        ready: true,
        repo: REPO,
        repoType: "model",
        revision: "main",
        commit,
        path,
        missing: [],
      });

      rmSync(realpathSync(join(path, "config.json")));
      const lacking = await ready(REPO);
      assert.deepEqual([lacking.exit, lacking.stdout], [11, ""]);
      assert.match(lacking.stderr, /lacks 1 of the files of model alice\/tiny-model at 'main': config\.json/);
      assert.deepEqual((JSON.parse((await ready(REPO, "--json")).stdout) as { missing: unknown }).missing, [
        "config.json",
      ]);
      assert.equal((await ready(REPO, "-q")).stderr, "");
      rmSync(join(path, "../../trees"), { recursive: true });
      assert.match((await ready(REPO)).stderr, /no listing that tells what it lacks/);
      assert.deepEqual(requests(), []);
    });
  }

  it("answers for some files, another cache and another kind of repo, and explains mistakes", async () => {
    await bring("config.json", "onnx/model.onnx");
    const ready = (...words: string[]) => world.hf(["cache", "ready", ...words]);
    assert.equal((await ready(REPO)).exit, 11);
    assert.equal((await ready(REPO, "config.json", "onnx/model.onnx")).exit, 0);
    assert.match((await ready(REPO, "config.json", "nothing.txt")).stderr, /lacks 1 of the files .*: nothing\.txt/);
    assert.equal((await ready(REPO, "--cache-dir", join(world.home, "hub"), "config.json")).exit, 0);
    assert.equal((await ready(REPO, "config.json", "--cache-dir", "elsewhere")).exit, 11);
    assert.equal((await ready(REPO, "--repo-type", "dataset")).exit, 11);
    for (const words of [["not a repo"], [`${REPO}@../x`], [], [REPO, "--nonsense"]]) {
      const wrong = await ready(...words);
      assert.equal(wrong.exit, 2, wrong.stderr);
      assert.match(wrong.stderr, /\S/);
    }
    assert.ok(readdirSync(world.home).includes("hub"));
  });
});
