import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { defaultSeed } from "../src/localhub/index.ts";
import { HF, startWorld } from "./support/world.ts";
import type { World } from "./support/world.ts";

let world: World;
before(async () => {
  const seed = defaultSeed();
  const large = { id: "alice/large", commits: [{ message: "Upload", files: { "big.bin": { size: 30_000_000 } } }] };
  world = await startWorld({ seed: { ...seed, repos: [...(seed.repos ?? []), large] } });
});
after(() => world.close());
beforeEach(async () => {
  rmSync(world.home, { recursive: true, force: true });
  await world.hub.reset();
});

interface Answer {
  readonly path: string;
  readonly repoType: string;
  readonly commit: string;
  readonly files: number;
  readonly downloadedBytes: number;
  readonly fromCache: boolean;
}

const json = async (...words: string[]): Promise<Answer> => {
  const done = await world.hf(["download", ...words, "--json"]);
  assert.equal(done.exit, 0, done.stderr);
  return JSON.parse(done.stdout) as Answer;
};

const code = (stderr: string): string =>
  (JSON.parse(stderr.trim().split("\n").at(-1) ?? "") as { error: { code: string } }).error.code;

describe("hf download", () => {
  it("prints the path alone on stdout, and plain lines of progress on stderr", async () => {
    const done = await world.hf(["download", "alice/tiny-model"]);
    assert.equal(done.exit, 0, done.stderr);
    assert.ok(existsSync(join(done.stdout.trimEnd(), "config.json")));
    assert.equal(done.stdout.split("\n").length, 2);
    assert.match(done.stderr, /^Fetching 9 files, 1\.1 MB\n/);
    assert.match(done.stderr, /Fetched and verified 9 files, 1\.1 MB in/);
    assert.ok(!done.stderr.includes("\u001b"));
    const again = await world.hf(["download", "alice/tiny-model"]);
    assert.equal(again.stdout, done.stdout);
    assert.equal(again.stderr, "");
  });

  it("answers in each format", async () => {
    const answer = await json("alice/tiny-model");
    assert.deepEqual([answer.files, answer.fromCache, answer.repoType], [9, false, "model"]);
    assert.equal((await json("alice/tiny-model")).fromCache, true);
    const quiet = await world.hf(["download", "alice/tiny-model", "config.json", "-q"]);
    assert.equal(quiet.stdout, `${join(answer.path, "config.json")}\n`);
    const agent = await world.hf(["download", "alice/tiny-model", "--format", "agent"]);
    assert.match(agent.stdout, /^path=\S+ repo=alice\/tiny-model /);
  });

  it("takes one file, several, folders, patterns, revisions and kinds of repo", async () => {
    assert.match((await json("alice/tiny-model", "onnx/model.onnx")).path, /onnx\/model\.onnx$/);
    assert.equal((await json("alice/tiny-model", "config.json", "tokenizer.json")).files, 2);
    assert.equal((await json("alice/tiny-model", "onnx/")).files, 2);
    assert.equal((await json("alice/tiny-model", "--include", "*.json", "--exclude", "tok*")).files, 1);
    assert.match(
      readFileSync((await json("alice/tiny-model", "feature.txt", "--revision", "feature/one")).path, "utf8"),
      /one/,
    );
    assert.equal((await json("datasets/alice/tiny-dataset")).repoType, "dataset");
    assert.equal((await json("alice/tiny-space", "--repo-type", "space")).repoType, "space");
    assert.equal((await json("alice/tiny-model", "onnx/sub folder/ünï code #1.txt")).downloadedBytes >= 0, true);
  });

  it("puts the cache where it is told", async () => {
    const elsewhere = join(world.folder, "elsewhere");
    const { path } = await json("alice/tiny-model", "config.json", "--cache-dir", elsewhere);
    assert.ok(path.startsWith(`${elsewhere}/models--alice--tiny-model/`));
    const other = await world.hf(["download", "alice/tiny-model", "config.json", "-q"], {
      env: { HF_HUB_CACHE: join(world.folder, "third") },
    });
    assert.ok(other.stdout.startsWith(join(world.folder, "third")));
  });

  it("works offline from the cache, also with a token that can't be used, and says what is missing", async () => {
    const { path } = await json("alice/tiny-model");
    world.hub.journal.clear();
    const offline = { HF_HUB_OFFLINE: "1", HF_TOKEN: "hf_two words" };
    const done = await world.hf(["download", "alice/tiny-model", "-q"], { env: offline });
    assert.equal(done.stdout.trim(), path, done.stderr);
    const missing = await world.hf(["download", "alice/large", "--json", "--offline"]);
    assert.equal(code(missing.stderr), "ERR_HF_OFFLINE");
    assert.equal(missing.exit, 11);
    assert.deepEqual(world.hub.journal.entries, []);
  });

  const refusals: readonly { words: string[]; token?: string; code: string; exit: number }[] = [
    { words: ["acme/gated-manual"], code: "ERR_HF_GATED_SIGN_IN", exit: 3 },
    { words: ["carol/gated-model"], token: "bob-read", code: "ERR_HF_GATED_REPO", exit: 4 },
    { words: ["acme/gated-manual"], token: "carol-read", code: "ERR_HF_GATED_PENDING", exit: 4 },
    { words: ["alice/private-model"], code: "ERR_HF_PRIVATE_OR_MISSING", exit: 5 },
    { words: ["alice/nothing"], token: "alice-read", code: "ERR_HF_REPO_NOT_FOUND", exit: 5 },
    { words: ["acme/disabled-model"], token: "alice-read", code: "ERR_HF_REPO_DISABLED", exit: 4 },
    { words: ["alice/tiny-model", "no.bin"], code: "ERR_HF_ENTRY_NOT_FOUND", exit: 5 },
    { words: ["alice/tiny-model", "--revision", "nope"], code: "ERR_HF_REVISION_NOT_FOUND", exit: 5 },
    { words: ["alice/tiny-model"], token: "alice-expired", code: "ERR_HF_INVALID_TOKEN", exit: 3 },
    { words: ["no repo"], code: "ERR_HF_INVALID_REPO_ID", exit: 2 },
    { words: ["alice/tiny-model", "--max-workers", "0"], code: "ERR_HF_USAGE", exit: 2 },
    { words: ["alice/tiny-model", "--repo-type", "thing"], code: "ERR_HF_USAGE", exit: 2 },
    { words: ["datasets/a/b", "--repo-type", "space"], code: "ERR_HF_USAGE", exit: 2 },
    { words: ["alice/tiny-model", "onnx/", "--include", "*"], code: "ERR_HF_USAGE", exit: 2 },
  ];
  for (const { words, token, code: wanted, exit } of refusals) {
    it(`refuses ${words.join(" ")} as ${token ?? "nobody"} with ${wanted} and exit ${exit}`, async () => {
      const env = token === undefined ? {} : { HF_TOKEN: world.token(token) };
      const done = await world.hf(["download", ...words, "--json"], { env });
      assert.equal(code(done.stderr), wanted);
      assert.equal(done.exit, exit);
      assert.equal(done.stdout, "");
      const person = await world.hf(["download", ...words], { env });
      assert.match(person.stderr, /^Error: .*\nNext: /m);
    });
  }

  it("exits 7 for wrong bytes, 8 for a dead Hub, 9 when told to wait", async () => {
    const corrupt = world.hub.fault({ origin: "cdn", corrupt: { at: 5 } });
    assert.equal((await world.hf(["download", "alice/tiny-model"])).exit, 7);
    corrupt();
    const dead = await world.hf(["download", "alice/tiny-model"], {
      env: { HF_ENDPOINT: "http://127.0.0.1:1", HF_HOME: join(world.folder, "none") },
    });
    assert.equal(dead.exit, 8);
    world.hub.fault({ path: "/api/", status: 429, retryAfter: 600 });
    const limited = await world.hf(["download", "alice/private-model"], {
      env: { HF_TOKEN: world.token("alice-read") },
    });
    assert.equal(limited.exit, 9);
    assert.match(limited.stderr, /600 s/);
  });

  it("stops at Ctrl-C with 130 and leaves no temporary file", async () => {
    world.hub.fault({ origin: "cdn", stall: { afterBytes: 10_000_000 } });
    const child = spawn(process.execPath, [HF, "download", "alice/large"], { cwd: world.folder, env: world.env });
    let stderr = "";
    child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    const blobs = join(world.hubCache, "models--alice--large/blobs");
    const limit = Date.now() + 20_000;
    const begun = (): boolean => existsSync(blobs) && readdirSync(blobs).some((name) => name.includes("incomplete"));
    while (!begun() && Date.now() < limit) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    child.kill("SIGINT");
    assert.equal(await ended, 130);
    assert.match(stderr, /Stopped by Ctrl-C/);
    const left = existsSync(blobs) ? readdirSync(blobs) : [];
    assert.deepEqual(
      left.filter((name) => name.includes("incomplete")),
      [],
    );
  });

  it("ends quietly when nobody reads its answer", async () => {
    const done = await world.run("sh", [
      "-c",
      `"$0" "$1" download alice/tiny-model | true; exit 0`,
      process.execPath,
      HF,
    ]);
    assert.equal(done.exit, 0);
    assert.ok(!/EPIPE|at .*\.cjs/.test(done.stderr), done.stderr);
  });
});
