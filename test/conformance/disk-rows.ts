import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startLocalhub } from "../../src/localhub/index.ts";
import { HF } from "../support/world.ts";
import { PYTHON_VERSIONS } from "./environments.ts";
import type { PeerWorld } from "./peers.ts";
import type { Row } from "./table.ts";

const REPO = "alice/tiny-model";
const FOLDER = "models--alice--tiny-model";

const SCAN = `
from huggingface_hub import scan_cache_dir
info = scan_cache_dir()
print(json.dumps([[str(w) for w in info.warnings], sorted(r.repo_id for r in info.repos)]))`;

async function login(world: PeerWorld, tokenName: string, ...more: string[]): Promise<void> {
  const done = await world.hf(["auth", "login", "--token-stdin", "--force", ...more], {
    input: world.token(tokenName),
  });
  assert.equal(done.exit, 0, done.stderr);
}

/** Requests for content since the journal was cleared: resolve and CDN. */
function transfers(world: PeerWorld): string[] {
  return world.hub.journal.entries
    .filter((entry) => entry.method === "GET" && (entry.origin === "cdn" || /\/resolve(?:-cache)?\//.test(entry.url)))
    .map((entry) => entry.url);
}

async function scan(world: PeerWorld, version: string): Promise<void> {
  const [warnings, repos] = (await world.python(version, SCAN)) as [string[], string[]];
  assert.deepEqual(warnings, []);
  assert.deepEqual(repos, [REPO]);
}

/** Every blob of the repo has the hash that its name says, and nothing unfinished lies about. */
function assertIntact(world: PeerWorld): void {
  const blobs = join(world.hubCache, FOLDER, "blobs");
  for (const name of readdirSync(blobs)) {
    assert.doesNotMatch(name, /incomplete/);
    const bytes = readFileSync(join(blobs, name));
    const sum =
      name.length === 64
        ? createHash("sha256").update(bytes).digest("hex")
        : createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
    assert.equal(sum, name);
  }
}

function rowsOf(version: string): Row[] {
  const who = `Python ${version}`;
  return [
    {
      name: "our login is Python's login: get_token, get_stored_tokens, auth list",
      who,
      run: async (world) => {
        await login(world, "bob-read");
        await login(world, "alice-read");
        const code = `
from huggingface_hub import get_token
from huggingface_hub.utils._auth import get_stored_tokens
print(json.dumps([get_token(), get_stored_tokens()]))`;
        const [token, stored] = (await world.python(version, code)) as [string, Record<string, unknown>];
        assert.equal(token, world.token("alice-read"));
        assert.deepEqual(Object.keys(stored), ["alice-read", "bob-read"]);
        const list = await world.pythonHf(version, ["auth", "list"]);
        assert.match(list.stdout, /\*\s+alice-read/);
      },
    },
    {
      name: "Python switches and logs out of our logins; we see it",
      who,
      run: async (world) => {
        await login(world, "bob-read");
        await login(world, "alice-read");
        const switched = await world.pythonHf(version, ["auth", "switch", "--token-name", "bob-read"]);
        assert.equal(switched.exit, 0, switched.stderr);
        const token = await world.hf(["auth", "token"]);
        assert.equal(token.stdout.trim(), world.token("bob-read"));
        const out = await world.pythonHf(version, ["auth", "logout"]);
        assert.equal(out.exit, 0, out.stderr);
        assert.equal((await world.hf(["auth", "token"])).exit, 3);
      },
    },
    {
      name: "a login by Python is ours: token, list, switch, logout",
      who,
      run: async (world) => {
        for (const name of ["bob-read", "alice-read"]) {
          const done = await world.pythonHf(version, ["auth", "login", "--force", "--token", world.token(name)]);
          assert.equal(done.exit, 0, done.stderr);
        }
        assert.equal((await world.hf(["auth", "token"])).stdout.trim(), world.token("alice-read"));
        const list = JSON.parse((await world.hf(["auth", "list", "--json"])).stdout) as {
          logins: { name: string; active: boolean }[];
        };
        assert.deepEqual(
          list.logins.map((one) => [one.name, one.active]),
          [
            ["alice-read", true],
            ["bob-read", false],
          ],
        );
        const switched = await world.hf(["auth", "switch", "bob-read"]);
        assert.equal(switched.exit, 0, switched.stderr);
        const code = `from huggingface_hub import get_token\nprint(json.dumps(get_token()))`;
        assert.equal(await world.python(version, code), world.token("bob-read"));
        const out = await world.hf(["auth", "logout"]);
        assert.equal(out.exit, 0, out.stderr);
        assert.equal(await world.python(version, code), null);
      },
    },
    {
      name: "our snapshot is a cache hit for Python, online without a transfer, and offline; no scan warning",
      who,
      run: async (world) => {
        const done = await world.hf(["download", REPO, "--quiet"]);
        assert.equal(done.exit, 0, done.stderr);
        world.hub.journal.clear();
        const code = `
from huggingface_hub import snapshot_download, hf_hub_download
print(json.dumps([snapshot_download("${REPO}"), hf_hub_download("${REPO}", "config.json")]))`;
        const [folder, file] = (await world.python(version, code)) as [string, string];
        assert.equal(folder, done.stdout.trim());
        assert.equal(file, join(folder, "config.json"));
        assert.deepEqual(transfers(world), []);
        const offline = await world.python(version, code, { env: { HF_HUB_OFFLINE: "1" } });
        assert.deepEqual(offline, [folder, file]);
        await scan(world, version);
      },
    },
    {
      name: "Python's snapshot is a cache hit for us: one request for a branch, none offline or for a commit",
      who,
      run: async (world) => {
        const code = `from huggingface_hub import snapshot_download\nprint(json.dumps(snapshot_download("${REPO}")))`;
        const folder = String(await world.python(version, code));
        world.hub.journal.clear();
        const again = await world.hf(["download", REPO, "--quiet"]);
        assert.equal(again.stdout.trim(), folder, again.stderr);
        assert.equal(world.hub.journal.entries.length, 1);
        world.hub.journal.clear();
        const offline = await world.hf(["download", REPO, "--quiet"], { env: { HF_HUB_OFFLINE: "1" } });
        assert.equal(offline.stdout.trim(), folder, offline.stderr);
        const commit = folder.split("/").at(-1) ?? "";
        const exact = await world.hf(["download", REPO, "--revision", commit, "--quiet"]);
        assert.equal(exact.stdout.trim(), folder, exact.stderr);
        assert.equal(world.hub.journal.entries.length, 0);
      },
    },
    {
      name: "a local dir of ours moves no content for Python's hf download --local-dir, nor a single file of it",
      who,
      run: async (world) => {
        const dir = join(world.folder, `ours-${version}`);
        const done = await world.hf(["download", REPO, "--local-dir", dir, "--quiet"]);
        assert.equal(done.exit, 0, done.stderr);
        assert.equal(done.stdout.trim(), dir);
        world.hub.journal.clear();
        const before = readFileSync(join(dir, "model.safetensors"));
        for (const words of [[], ["onnx/model.onnx"]]) {
          const python = await world.pythonHf(version, ["download", REPO, ...words, "--local-dir", dir, "--quiet"]);
          assert.equal(python.exit, 0, python.stderr);
        }
        assert.deepEqual(transfers(world), []);
        assert.ok(before.equals(readFileSync(join(dir, "model.safetensors"))));
        // And ours again, on what Python has made of the notes.
        const again = await world.hf(["download", REPO, "--local-dir", dir, "--quiet"]);
        assert.equal(again.exit, 0, again.stderr);
        assert.deepEqual(transfers(world), []);
      },
    },
    {
      name: "a local dir of Python's moves no content for ours, and a changed file is fetched again by both",
      who,
      run: async (world) => {
        const dir = join(world.folder, `python-${version}`);
        const python = await world.pythonHf(version, ["download", REPO, "--local-dir", dir, "--quiet"]);
        assert.equal(python.exit, 0, python.stderr);
        world.hub.journal.clear();
        const ours = await world.hf(["download", REPO, "--local-dir", dir, "--quiet"]);
        assert.equal(ours.exit, 0, ours.stderr);
        assert.deepEqual(transfers(world), []);
        const right = readFileSync(join(dir, "config.json"));
        writeFileSync(join(dir, "config.json"), Buffer.alloc(right.length, 32));
        assert.equal((await world.hf(["download", REPO, "--local-dir", dir, "--quiet"])).exit, 0);
        assert.ok(right.equals(readFileSync(join(dir, "config.json"))));
        rmSync(join(dir, "config.json"));
        const again = await world.pythonHf(version, ["download", REPO, "--local-dir", dir, "--quiet"]);
        assert.equal(again.exit, 0, again.stderr);
        assert.ok(right.equals(readFileSync(join(dir, "config.json"))));
      },
    },
    {
      name: "a killed download of ours is gone on with beside Python's partial file; its download and its prune do not mind ours",
      who,
      run: async (world) => {
        const large = await startLocalhub({
          seed: {
            users: [{ name: "alice" }],
            repos: [
              { id: "alice/large", commits: [{ message: "one", files: { "a.bin": { size: 30_000_000, seed: 3 } } }] },
            ],
          },
        });
        const env = {
          HF_ENDPOINT: large.url,
          HF_HUB_DISABLE_XET: "1",
          HF_HOME: join(world.folder, `resume-${version}`),
        };
        const blobs = join(env.HF_HOME, "hub/models--alice--large/blobs");
        const words = ["download", "alice/large", "a.bin", "--quiet"];
        const partials = (): string[] => readdirSync(blobs).filter((name) => name.endsWith(".incomplete"));
        const sent = (): number => large.journal.entries.reduce((sum, entry) => sum + entry.sent, 0);
        /** Ours, killed with 20 MB. */
        const killOurs = async (): Promise<void> => {
          await large.fault({ origin: "cdn", method: "GET", stall: { afterBytes: 20_000_000 }, times: 1 });
          const child = spawn(process.execPath, [HF, ...words], { env: { ...world.env, ...env }, stdio: "ignore" });
          const ended = new Promise((resolve) => child.once("close", resolve));
          const there = (): boolean =>
            existsSync(blobs) && partials().some((name) => statSync(join(blobs, name)).size === 20_000_000);
          for (const limit = Date.now() + 30_000; !there(); await sleep(20)) assert.ok(Date.now() < limit);
          child.kill("SIGKILL");
          await ended;
          large.journal.clear();
        };
        try {
          // Python's file of a killed process, in its form.
          await killOurs();
          const etag = partials()[0]?.slice(0, 64) ?? "";
          const theirs = join(blobs, `${etag}.0123abcd.incomplete`);
          writeFileSync(theirs, "Python's");
          const resumed = await world.hf(words, { env });
          assert.equal(resumed.exit, 0, resumed.stderr);
          assert.ok(sent() < 10_000_000 + 16 * 1024 * 1024);
          assert.deepEqual(partials(), [`${etag}.0123abcd.incomplete`]);
          assert.equal(readFileSync(theirs, "utf8"), "Python's");
          rmSync(env.HF_HOME, { recursive: true });

          // Python fetches beside our partial, prunes it, and ours needs nothing of it.
          await killOurs();
          const python = await world.pythonHf(version, words, { env });
          assert.equal(python.exit, 0, python.stderr);
          assert.equal(partials().length, 2);
          const [warnings, repos] = (await world.python(version, SCAN, { env })) as [string[], string[]];
          assert.deepEqual([warnings, repos], [[], ["alice/large"]]);
          const pruned = await world.pythonHf(version, ["cache", "prune", "--yes"], { env });
          assert.equal(pruned.exit, 0, pruned.stderr);
          assert.deepEqual(partials(), []);
          large.journal.clear();
          const ours = await world.hf(words, { env });
          assert.equal(ours.exit, 0, ours.stderr);
          assert.equal(sent() < 1000, true);

          // A prune while ours is at work: it ends well nevertheless.
          rmSync(env.HF_HOME, { recursive: true });
          await large.fault({ origin: "cdn", method: "GET", stall: { afterBytes: 20_000_000, ms: 4000 }, times: 1 });
          const running = world.hf(words, { env });
          for (const limit = Date.now() + 30_000; !existsSync(blobs) || partials().length < 2; await sleep(20)) {
            assert.ok(Date.now() < limit);
          }
          const during = await world.pythonHf(version, ["cache", "prune", "--yes"], { env });
          assert.equal(during.exit, 0, during.stderr);
          const finished = await running;
          assert.equal(finished.exit, 0, finished.stderr);
          assert.deepEqual(readdirSync(blobs), [etag]);
          const sum = createHash("sha256")
            .update(readFileSync(join(blobs, etag)))
            .digest("hex");
          assert.equal(sum, etag);
        } finally {
          await large.close();
        }
      },
    },
    {
      name: "8 processes at once, half Python and half ours, leave one intact copy",
      who,
      run: async (world) => {
        const code = `from huggingface_hub import snapshot_download\nprint(json.dumps(snapshot_download("${REPO}")))`;
        const paths = await Promise.all(
          [0, 1, 2, 3].flatMap(() => [
            world.python(version, code).then(String),
            world.hf(["download", REPO, "--quiet"]).then((done) => {
              assert.equal(done.exit, 0, done.stderr);
              return done.stdout.trim();
            }),
          ]),
        );
        assert.equal(new Set(paths).size, 1, [...new Set(paths)].join("\n"));
        assertIntact(world);
        const folder = paths[0] ?? "";
        for (const name of readdirSync(folder)) assert.ok(existsSync(join(folder, name)), name);
        assert.equal(statSync(join(folder, "model.safetensors")).size, 1024 * 1024 + 17);
        await scan(world, version);
      },
    },
  ];
}

export const diskRows: readonly Row[] = PYTHON_VERSIONS.flatMap(rowsOf);
