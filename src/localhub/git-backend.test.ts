import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import type { Localhub } from "./server.ts";
import { startLocalhub } from "./server.ts";

const noBackend = spawnSync("git", ["http-backend"], { env: { PATH: process.env["PATH"] } }).stdout?.length
  ? false
  : "no git with http-backend on this machine";

type Ran = { code: number; output: string };

describe("git over HTTP", { skip: noBackend }, () => {
  let hub: Localhub;
  let dir: string;
  before(async () => {
    hub = await startLocalhub();
  });
  after(() => hub.close());
  beforeEach(async () => {
    await hub.reset();
    dir = await mkdtemp(join(tmpdir(), "localhub-git-"));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  /** A git that knows nothing of this machine's settings and asks nobody. */
  const git = (...args: string[]): Promise<Ran> => gitIn(dir, ...args);
  const gitIn = (cwd: string, ...args: string[]): Promise<Ran> =>
    new Promise((resolve) => {
      const env = {
        PATH: process.env["PATH"] ?? "",
        HOME: dir,
        GIT_CONFIG_NOSYSTEM: "1",
        GIT_CONFIG_GLOBAL: "/dev/null",
        GIT_TERMINAL_PROMPT: "0",
        GIT_AUTHOR_NAME: "a",
        GIT_AUTHOR_EMAIL: "a@example.org",
        GIT_COMMITTER_NAME: "a",
        GIT_COMMITTER_EMAIL: "a@example.org",
        LC_ALL: "C",
      };
      execFile("git", args, { cwd, env, maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
        resolve({ code, output: stdout + stderr });
      });
    });
  /** The address with a token in it, as the password of any name. */
  const url = (repo: string, token?: string): string => {
    const address = new URL(`${hub.url}/${repo}`);
    if (token !== undefined) {
      address.username = "anybody";
      address.password = hub.tokens[token] ?? token;
    }
    return address.href;
  };
  const ok = async (run: Promise<Ran>): Promise<string> => {
    const { code, output } = await run;
    assert.equal(code, 0, output);
    return output;
  };
  const clone = async (repo: string, token?: string): Promise<string> => {
    await ok(git("clone", "-q", url(repo, token), "work"));
    return join(dir, "work");
  };
  const commitFile = async (work: string, name: string, content: string | Buffer): Promise<void> => {
    await writeFile(join(work, name), content);
    await ok(gitIn(work, "add", "-A"));
    await ok(gitIn(work, "commit", "-q", "-m", `add ${name}`));
  };
  const text = async (path: string, token = "alice-read"): Promise<string> =>
    (await fetch(hub.url + path, { headers: { authorization: `Bearer ${hub.tokens[token]}` } })).text();

  it("clones what the API tells, ids and all", async () => {
    const work = await clone("alice/tiny-model");
    const info = (await (await fetch(`${hub.url}/api/models/alice/tiny-model`)).json()) as { sha: string };
    assert.equal((await ok(gitIn(work, "rev-parse", "HEAD"))).trim(), info.sha);
    assert.equal(
      await readFile(join(work, "config.json"), "utf8"),
      await text("/alice/tiny-model/raw/main/config.json"),
    );
    assert.match(await readFile(join(work, "model.safetensors"), "utf8"), /^version https:\/\/git-lfs/);
    const refs = await ok(gitIn(work, "ls-remote"));
    for (const ref of ["refs/heads/feature/one", "refs/tags/v1.0", "refs/pr/1"]) assert.ok(refs.includes(ref), ref);
    await ok(gitIn(work, "fsck", "--strict"));
  });

  it("clones with .git, datasets and by a former name", async () => {
    for (const [index, repo] of ["alice/tiny-model.git", "datasets/alice/tiny-dataset", "acme/old-model"].entries()) {
      await ok(git("clone", "-q", url(repo), String(index)));
      assert.ok(existsSync(join(dir, String(index), "README.md")));
    }
  });

  it("lets the credential helper answer for a private repo", async () => {
    const refused = await git("clone", "-q", url("alice/private-model"), "none");
    assert.notEqual(refused.code, 0);
    assert.match(refused.output, /could not read Username/);
    const helper = join(dir, "helper.sh");
    const answer = `#!/bin/sh\necho username=hf_user\necho password=${hub.tokens["alice-read"]}\n`;
    await writeFile(helper, answer, { mode: 0o700 });
    await ok(git("-c", `credential.helper=${helper}`, "clone", "-q", url("alice/private-model"), "work"));
    assert.ok(existsSync(join(dir, "work", "config.json")));
  });

  const service = "/info/refs?service=git-";
  const answers: [what: string, repo: string, token: string | undefined, service: string, status: number][] = [
    ["a public repo", "alice/tiny-model", undefined, "upload-pack", 200],
    ["a public repo with a bad token", "alice/tiny-model", "hf_bad", "upload-pack", 401],
    ["a private repo", "alice/private-model", undefined, "upload-pack", 401],
    ["a private repo", "alice/private-model", "carol-read", "upload-pack", 404],
    ["a private repo", "alice/private-model", "alice-fine-one-repo", "upload-pack", 200],
    ["a missing repo", "alice/none", undefined, "upload-pack", 401],
    ["a missing repo", "alice/none", "alice-read", "upload-pack", 404],
    ["a gated repo", "acme/gated-manual", undefined, "upload-pack", 401],
    ["a gated repo", "acme/gated-manual", "carol-read", "upload-pack", 403],
    ["a gated repo", "acme/gated-manual", "erin-read", "upload-pack", 200],
    ["a disabled repo", "acme/disabled-model", "bob-read", "upload-pack", 403],
    ["a public repo", "alice/tiny-model", undefined, "receive-pack", 401],
    ["a public repo", "alice/tiny-model", "alice-read", "receive-pack", 403],
    ["a public repo", "alice/tiny-model", "carol-write", "receive-pack", 403],
    ["a public repo", "alice/tiny-model", "alice-write", "receive-pack", 200],
    ["a public repo", "alice/tiny-model", "alice-write", "other", 404],
  ];
  for (const [what, repo, token, name, status] of answers) {
    it(`answers ${status} to ${token ?? "nobody"} asking for ${name} of ${what}`, async () => {
      const pair = Buffer.from(`u:${hub.tokens[token ?? ""] ?? token}`).toString("base64");
      const headers = token === undefined ? {} : { authorization: `Basic ${pair}` };
      const answer = await fetch(`${hub.url}/${repo}${service}${name}`, { headers });
      await answer.text();
      assert.equal(answer.status, status);
      if (status === 401) assert.match(answer.headers.get("www-authenticate") ?? "", /^Basic realm=/);
      if (status === 200) {
        assert.equal(answer.headers.get("content-type"), `application/x-git-${name}-advertisement`);
        assert.match(answer.headers.get("cache-control") ?? "", /no-cache/);
      }
    });
  }

  it("says to a person what the gate says", async () => {
    const { code, output } = await git("clone", "-q", url("acme/gated-manual", "carol-read"), "work");
    assert.notEqual(code, 0);
    assert.match(output, /awaiting a review from the repo authors/);
  });

  it("refuses clients that do not speak the smart protocol, and paths below the repo", async () => {
    assert.equal((await fetch(`${hub.url}/alice/tiny-model.git/info/refs`)).status, 403);
    for (const path of ["HEAD", "config", "objects/info/packs"]) {
      assert.equal((await fetch(`${hub.url}/alice/tiny-model.git/${path}`)).status, 404);
    }
  });

  it("takes over a push: branch, tags, new files", async () => {
    const work = await clone("alice/private-model", "alice-write");
    await commitFile(work, "new.txt", "from git\n");
    // Above git's own limit for one buffer, so that the body comes in chunks.
    await commitFile(work, "large.txt", randomBytes(1_500_000).toString("hex"));
    await ok(gitIn(work, "tag", "-a", "-m", "first", "v1"));
    await ok(gitIn(work, "push", "-q", "origin", "main", "HEAD~1:refs/heads/side", "v1"));
    const head = (await ok(gitIn(work, "rev-parse", "HEAD"))).trim();
    const headers = { authorization: `Bearer ${hub.tokens["alice-read"]}` };
    const info = await fetch(`${hub.url}/api/models/alice/private-model`, { headers });
    assert.equal(((await info.json()) as { sha: string }).sha, head);
    assert.equal(await text("/alice/private-model/resolve/v1/new.txt"), "from git\n");
    assert.equal((await text("/alice/private-model/resolve/main/large.txt")).length, 3_000_000);
    assert.equal(await text("/alice/private-model/resolve/side/large.txt"), "Entry not found");
    // And back: what the API adds, git fetches.
    const made = await fetch(`${hub.url}/api/models/alice/private-model/commit/main`, {
      method: "POST",
      headers: { authorization: `Bearer ${hub.tokens["alice-write"]}`, "content-type": "application/json" },
      body: JSON.stringify({ summary: "by api", files: [{ path: "api.txt", content: "api" }] }),
    });
    assert.equal(made.status, 200);
    await ok(gitIn(work, "pull", "-q", "--ff-only"));
    assert.equal(await readFile(join(work, "api.txt"), "utf8"), "api");
    await ok(gitIn(work, "push", "-q", "origin", ":side"));
    assert.match(await text("/alice/private-model/resolve/side/new.txt"), /Invalid rev id/);
  });

  it("refuses a push by a token that only reads, and one that would lose commits", async () => {
    const work = await clone("alice/tiny-model", "alice-write");
    await ok(gitIn(work, "reset", "-q", "--hard", "HEAD~1"));
    await commitFile(work, "other.txt", "x");
    const behind = await gitIn(work, "push", "-q", "origin", "main");
    assert.match(behind.output, /non-fast-forward|fetch first/);
    await ok(gitIn(work, "remote", "set-url", "origin", url("alice/tiny-model", "alice-read")));
    const reading = await gitIn(work, "push", "-q", "--force", "origin", "main");
    assert.match(reading.output, /You have read access but not the required permissions/);
    assert.match(await text("/alice/tiny-model/resolve/main/other.txt"), /Entry not found/);
  });

  it("takes branches, tags and pull requests, and no other refs; keeps main", async () => {
    const work = await clone("alice/tiny-model", "alice-write");
    await commitFile(work, "pr.txt", "x");
    await ok(gitIn(work, "push", "-q", "--force", "origin", "HEAD:refs/pr/1"));
    assert.equal(await text("/alice/tiny-model/resolve/refs%2Fpr%2F1/pr.txt"), "x");
    for (const target of ["HEAD:refs/convert/x", "HEAD:refs/other/x", ":main"]) {
      assert.notEqual((await gitIn(work, "push", "-q", "origin", target)).code, 0, target);
    }
    const refs = Object.keys(hub.model.repos.get("models/alice/tiny-model")?.refs ?? {});
    assert.ok(refs.includes("refs/heads/main") && !refs.some((ref) => /convert|other/.test(ref)));
  });

  for (const name of ["..", ".git"]) {
    it(`refuses a push with ${name} in a tree`, async () => {
      const work = await clone("alice/tiny-model", "alice-write");
      const blob = (await ok(gitIn(work, "rev-parse", "HEAD:config.json"))).trim();
      const raw = join(dir, "tree");
      await writeFile(raw, Buffer.concat([Buffer.from(`100644 ${name}\0`), Buffer.from(blob, "hex")]));
      const tree = (await ok(gitIn(work, "hash-object", "-w", "-t", "tree", "--literally", raw))).trim();
      const bad = (await ok(gitIn(work, "commit-tree", "-m", "bad", tree))).trim();
      const { code, output } = await gitIn(work, "push", "-q", "origin", `${bad}:refs/heads/bad`);
      assert.notEqual(code, 0, output);
      assert.equal(hub.model.repos.get("models/alice/tiny-model")?.refs["refs/heads/bad"], undefined);
    });
  }

  it("takes pushes and commits of the same moment, each of them", async () => {
    const work = await clone("alice/tiny-model", "alice-write");
    await commitFile(work, "side.txt", "side");
    const names = ["one", "two", "three"];
    const ends = await Promise.all([
      ...names.map((name) => ok(gitIn(work, "push", "-q", "origin", `HEAD:refs/heads/${name}`))),
      fetch(`${hub.url}/api/models/alice/tiny-model/commit/main`, {
        method: "POST",
        headers: { authorization: `Bearer ${hub.tokens["alice-write"]}`, "content-type": "application/json" },
        body: JSON.stringify({ summary: "by api", files: [{ path: "api.txt", content: "api" }] }),
      }),
    ]);
    assert.equal(ends.length, 4);
    assert.equal(await text("/alice/tiny-model/resolve/main/api.txt"), "api");
    for (const name of names) assert.equal(await text(`/alice/tiny-model/resolve/${name}/side.txt`), "side");
    assert.match(await ok(gitIn(work, "ls-remote", "origin", "main")), /refs\/heads\/main/);
  });

  it("goes on after a client that left in the middle of a push", async () => {
    await new Promise<void>((resolve) => {
      const sending = request(`${hub.url}/alice/tiny-model/git-receive-pack`, {
        method: "POST",
        headers: { authorization: `Bearer ${hub.tokens["alice-write"]}`, "content-length": "100000" },
      });
      sending.on("error", () => resolve());
      sending.write("00", () => setTimeout(() => sending.destroy(new Error("gone")), 50));
    });
    await clone("alice/tiny-model");
  });

  it("reads bodies that were zipped, and speaks the newer protocol", async () => {
    const refs = hub.model.repos.get("models/alice/tiny-model")?.refs ?? {};
    const line = (value: string): string => (value.length + 4).toString(16).padStart(4, "0") + value;
    const wants = `${line(`want ${refs["refs/heads/main"]}\n`)}0000${line("done\n")}`;
    const pack = await fetch(`${hub.url}/alice/tiny-model/git-upload-pack`, {
      method: "POST",
      headers: { "content-type": "application/x-git-upload-pack-request", "content-encoding": "gzip" },
      body: gzipSync(wants),
    });
    assert.equal(pack.headers.get("content-type"), "application/x-git-upload-pack-result");
    assert.match(await pack.text(), /^0008NAK\nPACK/);
    const two = await fetch(`${hub.url}/alice/tiny-model${service}upload-pack`, {
      headers: { "git-protocol": "version=2" },
    });
    assert.match(await two.text(), /version 2/);
  });

  it("gives the child nothing of git's from this process's environment", async () => {
    const trace = join(dir, "trace");
    const planted = { GIT_TRACE: trace, GIT_OBJECT_DIRECTORY: join(dir, "nowhere"), GIT_CONFIG_PARAMETERS: "broken" };
    Object.assign(process.env, planted);
    try {
      await clone("alice/tiny-model");
    } finally {
      for (const name of Object.keys(planted)) delete process.env[name];
    }
    assert.equal(existsSync(trace), false);
  });

  it("says so when there is no git", async () => {
    const path = process.env["PATH"];
    process.env["PATH"] = dir;
    try {
      for (const repo of ["alice/tiny-model", "alice/tiny-model.git"]) {
        const answer = await fetch(`${hub.url}/${repo}${service}upload-pack`);
        assert.equal(answer.status, 501);
        assert.match(await answer.text(), /There is no git on this machine/);
      }
      const push = await fetch(`${hub.url}/alice/tiny-model/git-receive-pack`, {
        method: "POST",
        headers: { authorization: `Bearer ${hub.tokens["alice-write"]}` },
        body: Buffer.alloc(300_000),
      });
      assert.equal(push.status, 501);
    } finally {
      process.env["PATH"] = path;
    }
  });

  it("keeps a push over a restart, and leaves nothing behind in memory mode", async () => {
    const stateDir = join(dir, "state");
    const first = await startLocalhub({ stateDir });
    const address = (one: Localhub): string =>
      one.url.replace("//", `//u:${one.tokens["alice-write"]}@`) + "/alice/private-model";
    await ok(git("clone", "-q", address(first), "work"));
    await commitFile(join(dir, "work"), "kept.txt", "kept");
    await ok(gitIn(join(dir, "work"), "push", "-q", "origin", "main"));
    await first.close();
    const second = await startLocalhub({ stateDir });
    try {
      const headers = { authorization: `Bearer ${second.tokens["alice-read"]}` };
      const got = await fetch(`${second.url}/alice/private-model/resolve/main/kept.txt`, { headers });
      assert.equal(await got.text(), "kept");
      await ok(git("clone", "-q", address(second), "again"));
    } finally {
      await second.close();
    }
    const memory = await startLocalhub();
    const spool = memory.model.storage.gitDir("x");
    await ok(git("clone", "-q", `${memory.url}/alice/tiny-model`, "third"));
    assert.equal((await readdir(join(spool, ".."))).length, 1);
    await memory.close();
    assert.equal(existsSync(join(spool, "..")), false);
  });
});
