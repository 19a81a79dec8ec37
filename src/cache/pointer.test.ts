import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { createRepo } from "../core/repo.ts";
import { publishSmallBlob } from "./blob.ts";
import { createContentHash } from "./hash.ts";
import { clearNoExist, isMarkedNoExist, markNoExist } from "./no-exist.ts";
import { blobPath, noExistPath, pointerPath, repoPaths } from "./paths.ts";
import type { RepoPaths } from "./paths.ts";
import { placePointer, symlinksWork } from "./pointer.ts";

const DOOR = new URL(`./index.${import.meta.url.slice(-2)}`, import.meta.url).href;
const commit = "c".repeat(40);
const posix = { skip: process.platform === "win32" ? "links need rights on Windows" : false };

let root = "";
let paths: RepoPaths;
beforeEach(() => {
  root = fs.mkdtempSync(join(tmpdir(), "latchkey-pointer-"));
  paths = repoPaths(join(root, "hub"), createRepo("acme/tiny"));
});
afterEach(() => {
  fs.rmSync(root, { recursive: true, force: true });
});

/** Publishes a blob and gives its etag. */
function blob(text: string): string {
  const bytes = Buffer.from(text);
  const hash = createContentHash("git-sha1", bytes.length);
  hash.update(bytes);
  const etag = hash.digest();
  publishSmallBlob(paths, etag, bytes);
  return etag;
}

const at = (entry: string): string => pointerPath(paths, commit, entry);
const read = (entry: string): string => fs.readFileSync(at(entry), "utf8");
/** Everything below the cache, for "nothing else was left". */
const listing = (): string[] => fs.readdirSync(paths.folder, { recursive: true }).map(String).toSorted();

describe("placePointer() with symlinks", posix, () => {
  const links = { symlinks: true };

  it("makes relative links, one more .. for each folder, and the blob is shared", () => {
    const etag = blob("x");
    assert.equal(placePointer(paths, commit, "f", etag, links), at("f"));
    placePointer(paths, commit, "a/b/f", etag, links);
    assert.equal(fs.readlinkSync(at("f")), `../../blobs/${etag}`);
    assert.equal(fs.readlinkSync(at("a/b/f")), `../../../../blobs/${etag}`);
    assert.equal(read("a/b/f"), "x");
  });

  it("leaves a right link alone", () => {
    const etag = blob("x");
    placePointer(paths, commit, "f", etag, links);
    const before = fs.lstatSync(at("f"), { bigint: true });
    placePointer(paths, commit, "f", etag, { symlinks: true, force: true });
    assert.equal(fs.lstatSync(at("f"), { bigint: true }).ctimeNs, before.ctimeNs);
  });

  it("heals a dangling link and one that leads elsewhere, and never writes through it", () => {
    const etag = blob("x");
    const outside = join(root, "outside");
    fs.writeFileSync(outside, "mine");
    for (const target of ["../../blobs/gone", outside, join(root, "nowhere")]) {
      fs.mkdirSync(dirname(at("f")), { recursive: true });
      fs.rmSync(at("f"), { force: true });
      fs.symlinkSync(target, at("f"));
      placePointer(paths, commit, "f", etag, links);
      assert.equal(fs.readlinkSync(at("f")), `../../blobs/${etag}`);
    }
    assert.equal(fs.readFileSync(outside, "utf8"), "mine");
    assert.deepEqual(fs.readdirSync(root), ["hub", "outside"]);
    assert.deepEqual(
      listing().filter((name) => name.includes(".tmp")),
      [],
    );
  });

  it("keeps a regular file unless it is told to replace it", () => {
    const etag = blob("x");
    fs.mkdirSync(dirname(at("f")), { recursive: true });
    fs.writeFileSync(at("f"), "real");
    placePointer(paths, commit, "f", etag, links);
    assert.equal(read("f"), "real");
    placePointer(paths, commit, "f", etag, { symlinks: true, force: true });
    assert.equal(fs.readlinkSync(at("f")), `../../blobs/${etag}`);
  });

  it("leaves no dangling link when the blob is gone", () => {
    assert.throws(() => placePointer(paths, commit, "f", "0".repeat(40), links), { code: "ERR_HF_DISK" });
    assert.equal(fs.lstatSync(at("f"), { throwIfNoEntry: false }), undefined);
  });

  it("refuses a folder of the snapshot that leads out of the cache", () => {
    const etag = blob("x");
    const outside = join(root, "outside");
    fs.mkdirSync(outside);
    const snapshot = dirname(at("f"));
    fs.mkdirSync(snapshot, { recursive: true });
    fs.symlinkSync(outside, join(snapshot, "sub"));
    for (const entry of ["sub/f", "sub/deeper/f"]) {
      assert.throws(() => placePointer(paths, commit, entry, etag, links), { code: "ERR_HF_DISK" });
    }
    assert.deepEqual(fs.readdirSync(outside), []);
  });

  it("looks again at a folder that it knows: a link may have taken its place", () => {
    const etag = blob("x");
    const outside = join(root, "outside");
    fs.mkdirSync(outside);
    placePointer(paths, commit, "sub/first", etag, links);
    for (const folder of [dirname(at("sub/f")), dirname(at("f"))]) {
      fs.renameSync(folder, `${folder}.aside`);
      fs.symlinkSync(outside, folder);
      assert.throws(() => placePointer(paths, commit, "sub/f", etag, links), { code: "ERR_HF_DISK" });
      fs.unlinkSync(folder);
      fs.renameSync(`${folder}.aside`, folder);
      assert.deepEqual(fs.readdirSync(outside), []);
    }
    fs.renameSync(join(paths.folder, "blobs"), join(root, "blobs"));
    fs.symlinkSync(join(root, "blobs"), join(paths.folder, "blobs"));
    assert.throws(() => blob("y"), { code: "ERR_HF_DISK" });
    assert.deepEqual(fs.readdirSync(join(root, "blobs")), [etag]);
  });

  it("refuses hostile names, and nothing outside the repo's folder changes", () => {
    const etag = blob("x");
    const before = listing();
    for (const [badCommit, entry, badEtag] of [
      ["../../..", "f", etag],
      [commit, "../../../../f", etag],
      [commit, "/f", etag],
      [commit, "f", "../../x"],
    ] as const) {
      assert.throws(() => placePointer(paths, badCommit, entry, badEtag, links), { code: "ERR_HF_UNSAFE_NAME" });
    }
    assert.deepEqual(fs.readdirSync(root), ["hub"]);
    assert.deepEqual(fs.readdirSync(join(root, "hub")), ["models--acme--tiny"]);
    assert.deepEqual(listing(), before);
  });

  it("is right when several processes make the same links at once", async () => {
    const etags = Array.from({ length: 40 }, (_, index) => blob(`content ${index}`));
    const script = `const { placePointer, repoPaths } = await import(${JSON.stringify(DOOR)});
      const paths = repoPaths(${JSON.stringify(paths.cache)}, { type: "model", id: "acme/tiny" });
      ${JSON.stringify(etags)}.forEach((etag, index) =>
        placePointer(paths, "${commit}", "d/" + (index % 3) + "/" + index, etag, { symlinks: true }));`;
    // Listening begins with the start: one child may end while another is still waited for.
    const ends = [1, 2, 3].map(() =>
      once(spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "inherit" }), "close"),
    );
    assert.deepEqual(
      await Promise.all(ends),
      [1, 2, 3].map(() => [0, null]),
    );
    etags.forEach((_, index) => assert.equal(read(`d/${index % 3}/${index}`), `content ${index}`));
    assert.ok(!listing().some((name) => name.endsWith(".tmp")));
  });
});

describe("placePointer() without symlinks", () => {
  it("moves a fresh blob, and copies one that was there", () => {
    const etag = blob("x");
    placePointer(paths, commit, "copy", etag, { symlinks: false });
    assert.equal(read("copy"), "x");
    assert.ok(fs.existsSync(blobPath(paths, etag)));
    placePointer(paths, commit, "a/moved", etag, { symlinks: false, fresh: true });
    assert.equal(read("a/moved"), "x");
    assert.deepEqual(fs.readdirSync(join(paths.folder, "blobs")), []);
    assert.ok(fs.lstatSync(at("a/moved")).isFile());
  });

  it("keeps the file that is there, and replaces it when told, without a duplicate", () => {
    placePointer(paths, commit, "f", blob("old"), { symlinks: false, fresh: true });
    const etag = blob("new");
    placePointer(paths, commit, "f", etag, { symlinks: false, fresh: true });
    assert.equal(read("f"), "old");
    placePointer(paths, commit, "f", etag, { symlinks: false, fresh: true, force: true });
    assert.equal(read("f"), "new");
    assert.deepEqual(fs.readdirSync(join(paths.folder, "blobs")), []);
  });

  it("replaces a dangling link by a file, without writing through it", posix, () => {
    const etag = blob("x");
    fs.mkdirSync(dirname(at("f")), { recursive: true });
    fs.symlinkSync(join(root, "nowhere"), at("f"));
    placePointer(paths, commit, "f", etag, { symlinks: false });
    assert.ok(fs.lstatSync(at("f")).isFile());
    assert.deepEqual(fs.readdirSync(root), ["hub"]);
  });

  it("copies what Python's shared store holds, and leaves the store whole", posix, () => {
    const etag = blob("x");
    const store = join(root, "store");
    fs.renameSync(blobPath(paths, etag), store);
    fs.symlinkSync(store, blobPath(paths, etag));
    placePointer(paths, commit, "f", etag, { symlinks: false, fresh: true });
    assert.ok(fs.lstatSync(at("f")).isFile());
    assert.equal(fs.readFileSync(store, "utf8"), "x");
  });
});

describe("the .no_exist markers", () => {
  it("are made empty, and go when the file comes", () => {
    assert.equal(markNoExist(paths, commit, "a/f"), true);
    assert.equal(isMarkedNoExist(paths, commit, "a/f"), true);
    assert.equal(fs.statSync(noExistPath(paths, commit, "a/f")).size, 0);
    placePointer(paths, commit, "a/f", blob("x"), { symlinks: false });
    assert.equal(isMarkedNoExist(paths, commit, "a/f"), false);
    assert.equal(markNoExist(paths, commit, "a/f"), false);
    assert.equal(isMarkedNoExist(paths, commit, "a/f"), false);
  });

  it("are never cleared behind a link, where the file of that name is somebody else's", posix, () => {
    const victim = join(root, "victim");
    fs.mkdirSync(victim);
    fs.writeFileSync(join(victim, "f"), "mine");
    fs.mkdirSync(paths.folder, { recursive: true });
    const markers = join(paths.folder, ".no_exist");
    fs.mkdirSync(markers);
    fs.symlinkSync(victim, join(markers, commit));
    clearNoExist(paths, commit, "f");
    fs.rmSync(markers, { recursive: true });
    fs.mkdirSync(join(victim, commit));
    fs.writeFileSync(join(victim, commit, "f"), "mine too");
    fs.symlinkSync(victim, markers);
    clearNoExist(paths, commit, "f");
    assert.equal(fs.readFileSync(join(victim, "f"), "utf8"), "mine");
    assert.equal(fs.readFileSync(join(victim, commit, "f"), "utf8"), "mine too");
  });

  it("are left out where they can't be, and clearing none is no error", () => {
    markNoExist(paths, commit, "a");
    assert.equal(markNoExist(paths, commit, "a/b"), false);
    clearNoExist(paths, commit, "other");
    assert.throws(() => markNoExist(paths, commit, "../x"), { code: "ERR_HF_UNSAFE_NAME" });
    assert.throws(() => markNoExist(paths, "../x", "f"), { code: "ERR_HF_UNSAFE_NAME" });
    assert.deepEqual(fs.readdirSync(root), ["hub"]);
  });
});

describe("symlinksWork()", () => {
  it("tries once for a repo, and leaves nothing", posix, () => {
    const made: string[] = [];
    const make = (target: string, path: string): void => {
      made.push(path);
      fs.symlinkSync(target, path);
    };
    assert.equal(symlinksWork(paths, make), true);
    assert.equal(symlinksWork(paths, make), true);
    assert.equal(made.length, 1);
    assert.match(made[0] ?? "", /models--acme--tiny.tmp\w{6,}.link$/);
    assert.deepEqual(fs.readdirSync(paths.folder), []);
  });

  it("says no where the system refuses, or makes something else of it", () => {
    const refuse = (): never => {
      throw Object.assign(new Error("privilege"), { code: "EPERM" });
    };
    assert.equal(symlinksWork(paths, refuse), false);
    const copy = (_target: string, path: string): void => fs.writeFileSync(path, "target");
    assert.equal(symlinksWork(paths, copy), false);
    assert.deepEqual(fs.readdirSync(paths.folder), []);
  });
});
