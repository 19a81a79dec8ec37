import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { defaultSeed } from "../src/localhub/index.ts";
import { HF, startWorld } from "./support/world.ts";
import type { World } from "./support/world.ts";

const fullDevice = existsSync("/dev/full") ? false : "this system has no /dev/full";
const posix = process.platform === "win32" ? "Windows ends a process without a signal" : false;
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
    const address = `${world.hub.url}/alice/tiny-model`;
    assert.equal((await json(`${address}/tree/main/onnx`)).files, 2);
    assert.match((await json("hf://alice/tiny-model@feature%2Fone", "feature.txt")).path, /feature\.txt$/);
    assert.match((await json(`${address}/resolve/main/onnx/model.onnx`)).path, /onnx\/model\.onnx$/);
    assert.equal((await json("hf://datasets/alice/tiny-dataset@main")).repoType, "dataset");
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
    { words: ["alice/private-model"], token: "alice-expired", code: "ERR_HF_INVALID_TOKEN", exit: 3 },
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

  it("goes on without a dead token where the repo is public, and says so, or as --auth-fallback has it", async () => {
    const env = { HF_TOKEN: world.token("alice-revoked") };
    const warned = await world.hf(["download", "alice/tiny-model", "config.json", "--quiet"], { env });
    assert.equal(warned.exit, 0, warned.stderr);
    assert.match(warned.stderr, /^Warning: .*env:HF_TOKEN.* is public, so it is fetched without a token\. .+\n$/);
    const plan = ["download", "alice/tiny-model", "--dry-run", "--force-download", "--auth-fallback"];
    const silent = await world.hf([...plan, "silent"], { env });
    assert.deepEqual([silent.exit, silent.stderr], [0, ""]);
    const error = await world.hf([...plan, "error", "--json"], { env });
    assert.deepEqual([error.exit, code(error.stderr)], [3, "ERR_HF_INVALID_TOKEN"]);
    const gated = await world.hf(["download", "acme/gated-manual", "--json"], { env });
    const said = (JSON.parse(gated.stderr) as { error: Record<string, unknown> }).error;
    assert.deepEqual([gated.exit, said["code"], said["cause"]], [3, "ERR_HF_INVALID_TOKEN", "token-invalid"]);
    assert.match(String(said["hint"]), /^Set HF_TOKEN to a token of /);
    const usage = await world.hf([...plan, "quiet"], { env });
    assert.deepEqual([usage.exit, /Use one of warn, error, silent/.test(usage.stderr)], [2, true]);
  });

  for (const [signal, words] of [
    ["SIGINT", /Stopped by Ctrl-C/],
    ["SIGTERM", /Stopped by SIGTERM/],
    ["SIGHUP", /Stopped by SIGHUP/],
  ] as const) {
    it(`stops at ${signal} with 130 and leaves no temporary file`, async () => {
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
      child.kill(signal);
      assert.equal(await ended, 130);
      assert.match(stderr, words);
      const left = existsSync(blobs) ? readdirSync(blobs) : [];
      assert.deepEqual(
        left.filter((name) => name.includes("incomplete")),
        [],
      );
    });
  }

  it("says offline what of the named files is not there, though no list of the repo is kept", async () => {
    await json("alice/tiny-model", "config.json");
    assert.equal((await json("alice/tiny-model", "config.json", "--offline")).fromCache, true);
    const two = ["download", "alice/tiny-model", "config.json", "model.safetensors", "--offline", "--json"];
    const missing = await world.hf(two);
    assert.deepEqual([missing.exit, code(missing.stderr), missing.stdout], [11, "ERR_HF_OFFLINE", ""]);
    assert.match(missing.stderr, /model\.safetensors/);
    const whole = await world.hf(["download", "alice/tiny-model", "--offline"]);
    assert.equal(whole.exit, 0);
    assert.match(whole.stderr, /Warning: The cache has no list of what belongs to alice\/tiny-model/);
  });

  it("names the file whose bytes are wrong", async () => {
    world.hub.fault({ origin: "cdn", corrupt: { at: 5 } });
    const done = await world.hf(["download", "alice/tiny-model", "model.safetensors"]);
    assert.equal(done.exit, 7);
    assert.match(done.stderr, /^Error: 'model\.safetensors': /m);
  });

  it("tells what to do about a dead token by the place that it came from", async () => {
    const dead = world.token("alice-revoked");
    const byVariable = await world.hf(["download", "acme/gated-auto"], { env: { HF_TOKEN: dead } });
    assert.equal(byVariable.exit, 3);
    assert.match(byVariable.stderr, /Next: Set HF_TOKEN to a token of http\S+, or unset it/);
    mkdirSync(world.home, { recursive: true });
    writeFileSync(join(world.home, "token"), dead);
    const saved = await world.hf(["download", "acme/gated-auto"]);
    assert.equal(saved.exit, 3);
    const command = /Next: Sign in again with '(hf auth login --force [^']+)'/.exec(saved.stderr)?.[1] ?? "";
    // What the person is told to run does mend it.
    const words = [...command.split(" ").slice(1), "--token-stdin"];
    const again = await world.hf(words, { input: world.token("carol-read") });
    assert.equal(again.exit, 0, again.stderr);
  });

  it("takes ~ in --cache-dir as HF_HOME has it, and no empty folder", async () => {
    const { path } = await json("alice/tiny-model", "config.json", "--cache-dir", "~/own cache");
    assert.ok(path.startsWith(join(world.folder, "own cache", "models--alice--tiny-model")), path);
    for (const words of [["--cache-dir", ""], ["--cache-dir="]]) {
      const done = await world.hf(["download", "alice/tiny-model", ...words, "--json"]);
      assert.deepEqual([done.exit, code(done.stderr), done.stdout], [2, "ERR_HF_USAGE", ""]);
    }
    assert.ok(!existsSync(join(world.folder, "models--alice--tiny-model")));
  });

  it("answers no path where nothing matches: exit 5, and where to look", async () => {
    for (const words of [["--include", "nothing*"], ["no-folder/"]]) {
      const done = await world.hf(["download", "alice/tiny-model", ...words]);
      assert.deepEqual([done.exit, done.stdout], [5, ""]);
      assert.ok(
        done.stderr.includes(`Next: Its files are listed at ${world.hub.url}/alice/tiny-model/tree/`),
        done.stderr,
      );
    }
    const missing = await world.hf(["download", "alice/tiny-model", "a.bin", "config.json"]);
    assert.ok(
      missing.stderr.includes(`Next: See what it has: ${world.hub.url}/alice/tiny-model/tree/`),
      missing.stderr,
    );
  });

  it("names the file and the revision in the command for later", async () => {
    const done = await world.hf(["download", "alice/tiny-model", "a b.txt", "--offline", "--revision", "v1 x"]);
    assert.match(done.stderr, /run: hf download alice\/tiny-model 'a b\.txt' --revision 'v1 x'$/m);
  });

  it("says in one line that its answer could not be written", { skip: fullDevice }, async () => {
    for (const line of ["version", "auth token", "auth status --offline", "env --json", "download alice/tiny-model"]) {
      const env = { HF_TOKEN: world.token("alice-read") };
      const done = await world.run("sh", ["-c", `"$0" "$@" > /dev/full`, process.execPath, HF, ...line.split(" ")], {
        env,
      });
      assert.equal(done.exit, 6, `${line}: ${done.stderr}`);
      assert.match(done.stderr, /No space left to write the answer/, line);
      assert.ok(!/\n {4}at /.test(done.stderr), done.stderr);
    }
  });

  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    it(`keeps what came at ${signal}, and the same command goes on after it`, { skip: posix }, async () => {
      const blobs = join(world.hubCache, "models--alice--large/blobs");
      const ended = await stopAt(20_000_000, signal, [process.execPath, HF, "download", "alice/large"]);
      assert.equal(ended.code, 130, ended.stderr);
      assert.match(ended.stderr, /: 20\.0 MB are kept; the same command goes on after them\n/);
      assert.equal(readdirSync(blobs).filter((name) => name.endsWith(".incomplete")).length, 2);
      const done = await world.hf(["download", "alice/large"]);
      assert.equal(done.exit, 0, done.stderr);
      assert.match(done.stderr, /: going on after the 20\.0 MB that an earlier download left\n/);
      assert.ok(!readdirSync(blobs).some((name) => name.includes("incomplete")));
    });
  }

  it("begins anew with --no-resume, and leaves nothing", async () => {
    await stopAt(20_000_000, "SIGINT", [process.execPath, HF, "download", "alice/large"]);
    const again = await world.hf(["download", "alice/large", "--no-resume"]);
    assert.equal(again.exit, 0, again.stderr);
    assert.match(again.stderr, /Fetched and verified 1 file, 30\.0 MB/);
    assert.ok(!/kept|going on/.test(again.stderr), again.stderr);
    assert.equal(readdirSync(join(world.hubCache, "models--alice--large/blobs")).length, 2);
  });

  it("tells a program what happens, one JSON object a line, also the warnings and the error", async () => {
    const events = (stderr: string): { event: string; [name: string]: unknown }[] =>
      stderr
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as { event: string });
    const done = await world.hf(["download", "acme/gated-auto", "--progress", "ndjson", "--token", "hf_x"]);
    assert.equal(done.exit, 3);
    const [warning, error] = events(done.stderr);
    assert.deepEqual([warning?.event, error?.event], ["warning", "error"]);
    const fetched = await world.hf(["download", "alice/tiny-model", "--progress=ndjson", "--json"]);
    assert.equal(fetched.exit, 0, fetched.stderr);
    const kinds = events(fetched.stderr).map(({ event }) => event);
    assert.deepEqual([kinds[0], kinds.at(-1)], ["planned", "done"]);
    assert.ok(kinds.includes("verified") && kinds.includes("progress"));
    const planned = events(fetched.stderr)[0];
    assert.equal(planned?.["missingFiles"], 9);
    const wrong = await world.hf(["download", "--progress", "ndjson", "--no-such-flag"]);
    assert.equal(events(wrong.stderr)[0]?.event, "error");
  });

  it("shows progress as it is told to, and refuses what it does not know", async () => {
    const lines = await world.hf(["download", "alice/tiny-model", "--progress", "lines", "--quiet"]);
    assert.match(lines.stderr, /^Fetching 9 files/);
    rmSync(world.home, { recursive: true, force: true });
    const none = await world.hf(["download", "alice/tiny-model", "--progress", "none"]);
    assert.deepEqual([none.exit, none.stderr], [0, ""]);
    assert.equal((await world.hf(["download", "alice/tiny-model", "--progress", "dots"])).exit, 2);
  });

  it("keeps to a rate, and says what is none", async () => {
    const began = performance.now();
    assert.equal((await json("alice/tiny-model", "--limit-rate", "1M")).files, 9);
    // 1.1 MB can't come sooner at that rate; how much later does not matter here.
    assert.ok(performance.now() - began > 1000);
    const wrong = await world.hf(["download", "alice/tiny-model", "--limit-rate", "fast", "--json"]);
    assert.deepEqual([wrong.exit, code(wrong.stderr)], [2, "ERR_HF_USAGE"]);
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

/** Runs a download, and sends it a signal when that many bytes are on the disk; there it stands still. */
async function stopAt(
  bytes: number,
  signal: NodeJS.Signals,
  [program = "", ...args]: readonly string[],
): Promise<{ code: number | null; stderr: string }> {
  const blobs = join(world.hubCache, "models--alice--large/blobs");
  await world.hub.fault({ origin: "cdn", method: "GET", stall: { afterBytes: bytes }, times: 1 });
  const child = spawn(program, args, { cwd: world.folder, env: world.env });
  let stderr = "";
  child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const there = (name: string): boolean => statSync(join(blobs, name), { throwIfNoEntry: false })?.size === bytes;
  for (const limit = Date.now() + 20_000; !existsSync(blobs) || !readdirSync(blobs).some(there);) {
    assert.ok(Date.now() < limit && child.exitCode === null, stderr);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  child.kill(signal);
  return { code: await ended, stderr };
}
