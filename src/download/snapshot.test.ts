import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  lchownSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  mkdirSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import type { HfErrorCode } from "../core/errors.ts";
import { isHfError } from "../core/errors.ts";
import { createRepo } from "../core/repo.ts";
import type { Repo } from "../core/repo.ts";
import { Secret } from "../core/secret.ts";
import { createHubClient } from "../hub/index.ts";
import type { HubClient } from "../hub/index.ts";
import { serve } from "../../test/support/scripted-server.ts";
import { startLocalhub } from "../localhub/index.ts";
import type { Localhub } from "../localhub/index.ts";
import { fetchFile } from "./file.ts";
import { fetchSnapshot } from "./snapshot.ts";
import type { DownloadEvent, DownloadResult, SnapshotOptions } from "./types.ts";

let hub: Localhub;
let cacheDir: string;
before(async () => {
  hub = await startLocalhub();
});
after(() => hub.close());
beforeEach(async () => {
  await hub.reset();
  cacheDir = join(realpathSync(mkdtempSync(join(tmpdir(), "latchkey-download-"))), "hub");
});
afterEach(() => rmSync(join(cacheDir, ".."), { recursive: true, force: true }));

const asRoot = process.geteuid?.() === 0 ? false : "only root can make a link of another user";
const TINY = createRepo("alice/tiny-model");
const FOLDER = "models--alice--tiny-model";

function client(tokenName?: string, more: Partial<Parameters<typeof createHubClient>[0]> = {}): HubClient {
  const token = tokenName === undefined ? undefined : Secret.of(hub.tokens[tokenName] ?? "");
  const credential =
    token === undefined ? {} : { credential: { token, origin: new URL(hub.url).origin, source: "test" } };
  return createHubClient({ endpoint: hub.url, ...credential, ...more });
}

const snapshot = (options: Partial<SnapshotOptions> = {}, repo: Repo = TINY, who?: string): Promise<DownloadResult> =>
  fetchSnapshot(client(who), repo, { cacheDir, ...options });

const file = (path: string, options: Partial<SnapshotOptions> = {}, repo: Repo = TINY, who?: string) =>
  fetchFile(client(who), repo, path, { cacheDir, ...options });

/** Requests since the last look: `GET /api/…`, without the address. */
function requests(): string[] {
  const seen = hub.journal.entries.map((entry) => `${entry.method} ${new URL(entry.url).pathname}`);
  hub.journal.clear();
  return seen;
}

const refusal = (code: HfErrorCode) => (error: unknown) => {
  assert.ok(isHfError(error), String(error));
  assert.equal(error.code, code, error.message);
  assert.ok((error.hint ?? "").length > 0, `${code} has no hint`);
  return true;
};

/** Everything below the cache but the locks: path to what it is. */
function disk(folder = cacheDir, prefix = ""): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(join(folder, prefix), { withFileTypes: true })) {
    const path = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
    if (path === ".locks") continue;
    if (entry.isDirectory()) Object.assign(found, disk(folder, path));
    else found[path] = entry.isSymbolicLink() ? `-> ${readlinkSync(join(folder, path))}` : "file";
  }
  return found;
}

function sha256(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

describe("fetchSnapshot()", () => {
  it("lays a repo out as Python does: blobs by hash, relative links, a ref without a line break, the listing", async () => {
    const { path, commit, fromCache, files } = await snapshot();
    assert.equal(fromCache, false);
    assert.equal(path, join(cacheDir, FOLDER, "snapshots", commit));
    assert.equal(readFileSync(join(cacheDir, FOLDER, "refs/main"), "utf8"), commit);
    const there = disk();
    assert.equal(
      there[`${FOLDER}/snapshots/${commit}/model.safetensors`],
      `-> ../../blobs/${sha256(join(path, "model.safetensors"))}`,
    );
    assert.match(
      there[`${FOLDER}/snapshots/${commit}/onnx/sub folder/ünï code #1.txt`] ?? "",
      /^-> \.\.\/\.\.\/\.\.\/\.\.\/blobs\/[0-9a-f]{40}$/,
    );
    assert.equal(there["CACHEDIR.TAG"], "file");
    const tree = JSON.parse(readFileSync(join(cacheDir, FOLDER, "trees", `${commit}.json`), "utf8")) as {
      files: object;
    };
    assert.deepEqual(Object.keys(tree.files).toSorted(), files.map((one) => one.path).toSorted());
    assert.deepEqual(
      Object.keys(there).filter((name) => /incomplete|tmp/.test(name)),
      [],
    );
    assert.equal(readFileSync(join(path, "empty.txt"), "utf8"), "");
    assert.equal(statSync(join(cacheDir, ".locks", FOLDER)).isDirectory(), true);
  });

  it("makes one GET for each content, by commit, none of them a HEAD", async () => {
    const { commit, files } = await snapshot();
    const seen = requests().filter((line) => line.includes("/resolve/"));
    assert.ok(seen.every((line) => line.startsWith("GET") && line.includes(commit)));
    const contents = new Set(files.map((one) => realpathSync(one.pointerPath)));
    assert.equal(seen.length, contents.size);
  });

  it("makes one request for a branch that has not moved, none for a commit or offline", async () => {
    const first = await snapshot();
    requests();
    const again = await snapshot();
    assert.equal(again.path, first.path);
    assert.equal(again.fromCache, true);
    assert.deepEqual(requests(), ["GET /api/models/alice/tiny-model/revision/main"]);
    await snapshot({ revision: first.commit });
    await snapshot({ offline: true });
    assert.deepEqual(requests(), []);
  });

  it("offline: takes a commit's folder as it is where the listing is gone, and says what is missing where it is there", async () => {
    const { commit, path } = await snapshot();
    rmSync(join(path, "config.json"));
    await assert.rejects(snapshot({ offline: true }), refusal("ERR_HF_OFFLINE"));
    assert.equal((await snapshot({ offline: true, exclude: "config.json" })).path, path);
    rmSync(join(cacheDir, FOLDER, "trees"), { recursive: true });
    const kept = await snapshot({ offline: true, revision: commit });
    assert.equal(kept.path, path);
    assert.ok(!kept.files.some((one) => one.path === "config.json"));
    await assert.rejects(snapshot({ offline: true, revision: "v0.9" }), refusal("ERR_HF_OFFLINE"));
  });

  it("uses the cached branch, with a warning, while the Hub is down", async () => {
    const { path } = await snapshot();
    const warnings: string[] = [];
    const options = { cacheDir, warn: (words: string) => void warnings.push(words) };
    const down = createHubClient({ endpoint: "http://127.0.0.1:1", retries: 0 });
    assert.equal((await fetchSnapshot(down, TINY, options)).path, path);
    assert.match(warnings.join(), /cached copy of alice\/tiny-model/);
    await assert.rejects(fetchSnapshot(down, createRepo("alice/other"), options), refusal("ERR_HF_NETWORK"));
  });

  it("uses a cached commit without a listing while the Hub is down, and says that it may lack files", async () => {
    const { path, commit } = await snapshot({ include: "config.json" });
    rmSync(join(cacheDir, FOLDER, "trees"), { recursive: true });
    const warnings: string[] = [];
    const options = { cacheDir, revision: commit, warn: (words: string) => void warnings.push(words) };
    const down = createHubClient({ endpoint: "http://127.0.0.1:1", retries: 0 });
    const kept = await fetchSnapshot(down, TINY, options);
    assert.equal(kept.path, path);
    assert.deepEqual(
      kept.files.map((one) => one.path),
      ["config.json"],
    );
    assert.match(warnings.join(), /may lack files/);
    await assert.rejects(fetchSnapshot(down, TINY, { ...options, forceDownload: true }), refusal("ERR_HF_NETWORK"));
  });

  it("takes branches, tags, short commits and pull requests", async () => {
    for (const revision of ["dev", "feature/one", "v0.9", "refs/pr/1"]) {
      const { commit } = await snapshot({ revision, include: ["config.json", "README.md"] });
      assert.equal(readFileSync(join(cacheDir, FOLDER, "refs", revision), "utf8"), commit);
    }
    const { commit } = await snapshot({ revision: "dev", include: "config.json" });
    assert.equal((await snapshot({ revision: commit.slice(0, 8), include: "config.json" })).commit, commit);
  });

  it("shares the blobs of two revisions", async () => {
    await snapshot();
    const before = requests().length;
    assert.ok(before > 0);
    const { downloadedBytes } = await snapshot({ revision: "dev" });
    assert.ok(downloadedBytes < 1000, `${downloadedBytes} bytes for a changed config.json`);
  });

  it("takes what the patterns say, folders too, and refuses a name that is not there", async () => {
    const names = async (options: Partial<SnapshotOptions>) =>
      (await snapshot(options)).files.map((one) => one.path).toSorted();
    assert.deepEqual(await names({ include: "*.json" }), ["config.json", "tokenizer.json"]);
    assert.deepEqual(await names({ include: "*.json", exclude: ["tok*"] }), ["config.json"]);
    assert.deepEqual(await names({ files: ["onnx/"] }), ["onnx/model.onnx", "onnx/sub folder/ünï code #1.txt"]);
    assert.deepEqual(await names({ include: "*.nothing" }), []);
    await assert.rejects(snapshot({ files: ["config.json", "nope.bin"] }), refusal("ERR_HF_ENTRY_NOT_FOUND"));
  });

  it("writes nothing when nothing matches: a listing and a ref alone are a corrupted repo to Python", async () => {
    assert.deepEqual((await snapshot({ include: "*.nothing" })).files, []);
    assert.throws(() => statSync(join(cacheDir, FOLDER)));
  });

  it("keeps one blob, untouched, for a file of two branches", async () => {
    const one = await snapshot({ include: "model.safetensors" });
    const blob = realpathSync(join(one.path, "model.safetensors"));
    const { mtimeNs } = statSync(blob, { bigint: true });
    const two = await snapshot({ include: "model.safetensors", revision: "dev" });
    assert.notEqual(two.commit, one.commit);
    assert.equal(realpathSync(join(two.path, "model.safetensors")), blob);
    assert.equal(statSync(blob, { bigint: true }).mtimeNs, mtimeNs);
    assert.equal(two.downloadedBytes, 0);
  });

  it("works with many workers as with few", async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on("warning", onWarning);
    await snapshot({ maxWorkers: 64 });
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", onWarning);
    assert.deepEqual(warnings, []);
    await assert.rejects(snapshot({ maxWorkers: 0 }), refusal("ERR_HF_USAGE"));
  });

  it("brings datasets and spaces into folders of their kind", async () => {
    await snapshot({}, createRepo("alice/tiny-dataset", "dataset"));
    await snapshot({}, createRepo("alice/tiny-space", "space"));
    const there = Object.keys(disk());
    assert.ok(there.some((name) => name.startsWith("datasets--alice--tiny-dataset/snapshots/")));
    assert.ok(there.some((name) => name.startsWith("spaces--alice--tiny-space/snapshots/")));
  });

  it("fetches again when forced, and replaces a file that stands for a pointer", async () => {
    const { path } = await snapshot();
    rmSync(join(path, "config.json"));
    writeFileSync(join(path, "config.json"), "mine");
    requests();
    const forced = await snapshot({ forceDownload: true });
    assert.equal(forced.fromCache, false);
    assert.match(readFileSync(join(path, "config.json"), "utf8"), /TinyModel/);
    assert.ok(requests().length > 5);
  });

  it("gives what a cache has that can't be brought up to date, with a warning", async () => {
    const { path } = await snapshot();
    const refs = join(cacheDir, FOLDER, "refs");
    rmSync(refs, { recursive: true });
    symlinkSync(join(cacheDir, ".."), refs);
    const warnings: string[] = [];
    const options = { warn: (words: string) => void warnings.push(words) };
    assert.equal((await snapshot(options)).path, path);
    assert.equal((await file("config.json", options)).path, join(path, "config.json"));
    assert.match(warnings.join(), /could not be brought up to date/);
  });

  it("heals a dangling pointer", async () => {
    const { path } = await snapshot();
    rmSync(realpathSync(join(path, "config.json")));
    await snapshot();
    assert.match(readFileSync(join(path, "config.json"), "utf8"), /TinyModel/);
  });

  it("puts files instead of links where links are not wanted", async () => {
    const { path } = await snapshot({ disableSymlinks: true });
    assert.ok(statSync(join(path, "model.safetensors")).isFile());
    assert.ok(!Object.values(disk()).some((what) => what.startsWith("->")));
    assert.equal((await snapshot({ disableSymlinks: true })).fromCache, true);
  });

  it("keeps the folder of the id that was asked for when the repo has a new name", async () => {
    const { path } = await snapshot({}, createRepo("acme/old-model"));
    assert.match(path, /models--acme--old-model/);
  });

  it("tells what happens, in order, with the whole at the end", async () => {
    const events: DownloadEvent[] = [];
    await snapshot({ onEvent: (event) => void events.push(event) });
    assert.equal(events[0]?.kind, "planned");
    const done = events.at(-1);
    const planned = events[0];
    assert.ok(done?.kind === "done" && planned?.kind === "planned");
    assert.equal(done.downloadedBytes, planned.missingBytes);
    const progress = events.findLast((event) => event.kind === "progress");
    assert.ok(progress?.kind === "progress");
    assert.deepEqual([progress.bytes, progress.files], [planned.missingBytes, planned.missingFiles]);
  });

  const refusals: readonly { repo: string; who?: string; revision?: string; code: HfErrorCode }[] = [
    { repo: "acme/gated-manual", code: "ERR_HF_GATED_SIGN_IN" },
    { repo: "carol/gated-model", who: "bob-read", code: "ERR_HF_GATED_REPO" },
    { repo: "acme/gated-manual", who: "carol-read", code: "ERR_HF_GATED_PENDING" },
    { repo: "alice/private-model", code: "ERR_HF_PRIVATE_OR_MISSING" },
    { repo: "alice/private-model", who: "carol-read", code: "ERR_HF_REPO_NOT_FOUND" },
    { repo: "alice/nothing-here", who: "carol-read", code: "ERR_HF_REPO_NOT_FOUND" },
    { repo: "alice/tiny-model", revision: "no-such-branch", code: "ERR_HF_REVISION_NOT_FOUND" },
    { repo: "acme/disabled-model", who: "alice-read", code: "ERR_HF_REPO_DISABLED" },
    { repo: "alice/tiny-model", who: "alice-revoked", code: "ERR_HF_INVALID_TOKEN" },
  ];
  for (const { repo, who, revision, code } of refusals) {
    it(`refuses ${repo}${revision === undefined ? "" : `@${revision}`} to ${who ?? "nobody"} once, as ${code}, and leaves nothing`, async () => {
      const options = revision === undefined ? {} : { revision };
      await assert.rejects(snapshot(options, createRepo(repo), who), refusal(code));
      assert.ok(requests().filter((line) => line.includes("/resolve/")).length <= 1);
      assert.throws(() => statSync(join(cacheDir, `models--${repo.replace("/", "--")}`)));
    });
  }
});

describe("fetchSnapshot() from a Hub that goes wrong", () => {
  it("publishes no wrong bytes: asks twice, then says integrity", async () => {
    hub.fault({ origin: "cdn", corrupt: { at: 1000 } });
    await assert.rejects(snapshot({ include: "model.safetensors" }), refusal("ERR_HF_INTEGRITY"));
    assert.deepEqual(
      Object.keys(disk()).filter((name) => name.includes("/blobs/")),
      [],
    );
    assert.equal(requests().filter((line) => line.includes("/resolve/")).length, 2);
  });

  it("mends wrong bytes that come once", async () => {
    hub.fault({ origin: "cdn", corrupt: { at: 0 }, times: 1 });
    const { path } = await snapshot({ include: "model.safetensors" });
    assert.equal(
      readlinkSync(join(path, "model.safetensors")),
      `../../blobs/${sha256(join(path, "model.safetensors"))}`,
    );
  });

  it("goes on from the last byte when the connection breaks", async () => {
    hub.fault({ origin: "cdn", cut: { afterBytes: 400_000 }, times: 1 });
    const retries: DownloadEvent[] = [];
    const { path } = await snapshot({
      include: "model.safetensors",
      onEvent: (event) => event.kind === "retry" && retries.push(event),
    });
    assert.equal(retries.length, 1);
    const ranges = hub.journal.entries.map((entry) => entry.headers["range"]).filter((range) => range !== undefined);
    assert.ok(ranges.length > 0 && ranges.every((range) => /^bytes=\d{5,}-$/.test(range)));
    assert.equal(
      readlinkSync(join(path, "model.safetensors")),
      `../../blobs/${sha256(join(path, "model.safetensors"))}`,
    );
  });

  it("begins anew when the answer to a range is the whole", async () => {
    hub.fault({ origin: "cdn", cut: { afterBytes: 400_000 }, times: 1 });
    hub.fault({ origin: "cdn", ignoreRange: true });
    const { path } = await snapshot({ include: "model.safetensors" });
    assert.equal(statSync(join(path, "model.safetensors")).size, 1024 * 1024 + 17);
  });

  it("refuses an answer of another length", async () => {
    hub.fault({ origin: "cdn", wrongLength: -5 });
    await assert.rejects(snapshot({ include: "model.safetensors" }), refusal("ERR_HF_INTEGRITY"));
  });

  for (const name of ["../evil.txt", "/etc/evil", "a/../../evil", "C:\\evil", "nul\u0000byte", ".."]) {
    it(`writes nothing for a hostile name: ${JSON.stringify(name)}`, async () => {
      hub.fault({ path: "/tree/", treePath: { from: "config.json", to: name } });
      await assert.rejects(snapshot(), refusal("ERR_HF_UNSAFE_NAME"));
      assert.throws(() => statSync(cacheDir));
    });
  }

  it("does not take a commit that is a path", async () => {
    const answer = JSON.stringify({ sha: "../../../evil", gated: false });
    const hostile = client(undefined, {
      fetch: async () => ({
        status: 200,
        headers: { get: () => null },
        body: (async function* () {
          yield Buffer.from(answer);
        })(),
      }),
    });
    await assert.rejects(fetchSnapshot(hostile, TINY, { cacheDir }), refusal("ERR_HF_UNSAFE_NAME"));
    assert.throws(() => statSync(cacheDir));
  });

  it("writes nothing through a link in the repo's folder", async () => {
    const outside = join(cacheDir, "..", "outside");
    mkdirSync(outside);
    mkdirSync(join(cacheDir, FOLDER), { recursive: true });
    symlinkSync(outside, join(cacheDir, FOLDER, "blobs"));
    await assert.rejects(snapshot());
    assert.deepEqual(readdirSync(outside), []);
  });

  it("stops at once when told, and leaves no temporary file", async () => {
    hub.fault({ origin: "cdn", stall: { afterBytes: 300_000 } });
    const stop = new AbortController();
    const work = snapshot({
      include: "model.safetensors",
      signal: stop.signal,
      onEvent: (event) => event.kind === "progress" && event.bytes > 0 && stop.abort(new Error("enough")),
    });
    await assert.rejects(work, /enough/);
    assert.ok(!Object.keys(disk()).some((name) => name.includes("incomplete")));
  });
});

describe("fetchFile()", () => {
  it("brings one file, and answers with its pointer", async () => {
    const { path, commit } = await file("model.safetensors");
    assert.equal(path, join(cacheDir, FOLDER, "snapshots", commit, "model.safetensors"));
    assert.equal(statSync(path).size, 1024 * 1024 + 17);
    assert.equal(readFileSync(join(cacheDir, FOLDER, "refs/main"), "utf8"), commit);
  });

  it("makes one request when it is there, none for a commit or offline", async () => {
    const { commit } = await file("model.safetensors");
    requests();
    assert.equal((await file("model.safetensors")).fromCache, true);
    assert.deepEqual(requests(), ["HEAD /alice/tiny-model/resolve/main/model.safetensors"]);
    await file("model.safetensors", { revision: commit });
    await file("model.safetensors", { offline: true });
    assert.deepEqual(requests(), []);
    await assert.rejects(file("config.json", { offline: true }), refusal("ERR_HF_OFFLINE"));
  });

  it("remembers that a file is not there", async () => {
    const { commit } = await file("config.json");
    await assert.rejects(file("missing.json"), refusal("ERR_HF_ENTRY_NOT_FOUND"));
    assert.equal(statSync(join(cacheDir, FOLDER, ".no_exist", commit, "missing.json")).size, 0);
  });

  it("leaves a repo that Python can scan when the first file asked for is not there", async () => {
    await assert.rejects(file("missing.json"), refusal("ERR_HF_ENTRY_NOT_FOUND"));
    assert.deepEqual(readdirSync(join(cacheDir, FOLDER)).toSorted(), [".no_exist", "snapshots"]);
  });

  it("refuses names that are none, and gated files with their code", async () => {
    for (const name of ["../x", "/etc/x", "", "a//b", "C:x"]) await assert.rejects(file(name));
    await assert.rejects(file("config.json", {}, createRepo("acme/gated-manual")), refusal("ERR_HF_GATED_SIGN_IN"));
    const readme = await file("README.md", {}, createRepo("acme/gated-manual"));
    assert.match(readFileSync(readme.path, "utf8"), /acme\/gated-manual/);
  });

  it("takes an etag that is a path for what it is", async () => {
    hub.fault({ path: "/resolve", linkedEtag: '"../../../evil"', etag: '"../../../evil"' });
    await assert.rejects(file("model.safetensors"), refusal("ERR_HF_UNSAFE_NAME"));
  });
});

describe("a size that the Hub hid in its listing", () => {
  it("is held against the free space when it is known, before a byte is asked for", async (test) => {
    const commit = "c".repeat(40);
    const server = await serve(test, (request, response) => {
      const type = { "content-type": "application/json" };
      if (request.url.includes("/revision/")) return response.writeHead(200, type).end(JSON.stringify({ sha: commit }));
      if (request.url.includes("/tree/")) {
        const lfs = { oid: "*".repeat(64), size: 10, pointerSize: 100 };
        const entry = { type: "file", path: "model.bin", oid: "a".repeat(40), size: 10, lfs };
        return response.writeHead(200, type).end(JSON.stringify([entry]));
      }
      const facts = {
        "x-repo-commit": commit,
        "x-linked-etag": `"${"d".repeat(64)}"`,
        "x-linked-size": String(2 ** 49),
      };
      response.writeHead(200, facts).end();
    });
    const hidden = createHubClient({ endpoint: server.url });
    test.after(() => hidden.close());
    await assert.rejects(fetchSnapshot(hidden, TINY, { cacheDir }), refusal("ERR_HF_NO_SPACE"));
    const asked = server.seen.filter(({ url }) => url.includes("/resolve/"));
    assert.ok(asked.length > 0 && asked.every(({ method }) => method === "HEAD"));
  });
});

describe("the folder of the locks", () => {
  it("is not used where it is a link of another user", { skip: asRoot }, async () => {
    const outside = join(cacheDir, "..", "outside");
    mkdirSync(outside);
    mkdirSync(cacheDir);
    symlinkSync(outside, join(cacheDir, ".locks"));
    lchownSync(join(cacheDir, ".locks"), 54_321, 54_321);
    await assert.rejects(snapshot(), refusal("ERR_HF_DISK"));
    await assert.rejects(file("config.json"), refusal("ERR_HF_DISK"));
    assert.deepEqual(readdirSync(outside), []);
  });

  it("may be a link of one's own, to a disk that has locks", { skip: process.platform === "win32" }, async () => {
    const outside = join(cacheDir, "..", "outside");
    mkdirSync(outside);
    mkdirSync(cacheDir);
    symlinkSync(outside, join(cacheDir, ".locks"));
    await snapshot();
    assert.deepEqual(readdirSync(outside), [FOLDER]);
  });
});

describe("a snapshot without its listing", () => {
  it("is listed without what folders behind links hold", { skip: process.platform === "win32" }, async () => {
    const { path, commit } = await snapshot();
    rmSync(join(cacheDir, FOLDER, "trees"), { recursive: true });
    symlinkSync("/", join(path, "everything"));
    symlinkSync(".", join(path, "self"));
    symlinkSync("circle", join(path, "circle"));
    const { files } = await snapshot({ revision: commit, offline: true });
    assert.deepEqual(
      files.filter((one) => /^(?:everything|self|circle)/.test(one.path)),
      [],
    );
    assert.ok(files.some((one) => one.path === "onnx/sub folder/ünï code #1.txt"));
  });
});
