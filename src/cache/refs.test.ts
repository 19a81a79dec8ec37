import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { createRepo } from "../core/repo.ts";
import { repoPaths } from "./paths.ts";
import type { RepoPaths } from "./paths.ts";
import { readRef, writeRef } from "./refs.ts";

const DOOR = new URL(`./index.${import.meta.url.slice(-2)}`, import.meta.url).href;
const one = "1".repeat(40);
const two = "2".repeat(40);
const posix = { skip: process.platform === "win32" ? "links need rights on Windows" : false };

let cache = "";
let paths: RepoPaths;
beforeEach(() => {
  cache = fs.mkdtempSync(join(tmpdir(), "latchkey-refs-"));
  paths = repoPaths(cache, createRepo("acme/tiny"));
});
afterEach(() => {
  fs.rmSync(cache, { recursive: true, force: true });
});

const refFile = (revision: string): string => join(paths.folder, "refs", revision);
const put = (revision: string, text: string): void => {
  fs.mkdirSync(join(refFile(revision), ".."), { recursive: true });
  fs.writeFileSync(refFile(revision), text);
};

describe("readRef()", () => {
  it("takes exactly 40 hex digits, as Python does", () => {
    put("main", one);
    assert.equal(readRef(paths, "main"), one);
    for (const text of ["", `${one}\n`, ` ${one}`, `\ufeff${one}`, "A".repeat(40), "main"]) {
      put("main", text);
      assert.equal(readRef(paths, "main"), undefined, JSON.stringify(text));
    }
  });

  it("finds nothing where there is nothing, a folder, or a file on the way", () => {
    put("a", one);
    put("b/c", one);
    for (const revision of ["none", "b", "a/b"]) assert.equal(readRef(paths, revision), undefined);
  });
});

describe("writeRef()", () => {
  it("writes the 40 digits and nothing else, in nested folders too, and leaves no temp", () => {
    assert.equal(writeRef(paths, "main", one), true);
    assert.equal(writeRef(paths, "refs/pr/1", two), true);
    assert.equal(fs.readFileSync(refFile("main"), "utf8"), one);
    assert.equal(fs.readFileSync(refFile("refs/pr/1"), "utf8"), two);
    assert.deepEqual(fs.readdirSync(paths.folder), ["refs"]);
    assert.deepEqual(fs.readdirSync(join(paths.folder, "refs")), ["main", "refs"]);
  });

  it("never shows a scanner a file below refs/ that is no ref, nor a ref half written", async () => {
    writeRef(paths, "main", one);
    const script = `const { repoPaths, writeRef } = await import(${JSON.stringify(DOOR)});
      const paths = repoPaths(${JSON.stringify(cache)}, { type: "model", id: "acme/tiny" });
      process.stdout.write("ready");
      for (;;) for (const commit of ["${one}", "${two}"]) writeRef(paths, "main", commit);`;
    const writer = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      await once(writer.stdout, "data");
      for (let look = 0; look < 1000; look++) {
        assert.deepEqual(fs.readdirSync(join(paths.folder, "refs")), ["main"]);
        assert.ok([one, two].includes(readRef(paths, "main") ?? ""));
      }
    } finally {
      writer.kill("SIGKILL");
      await once(writer, "close");
    }
  });

  it("does not touch a ref that is right already, and needs none for a full commit", () => {
    writeRef(paths, "main", one);
    const before = fs.statSync(refFile("main"), { bigint: true });
    assert.equal(writeRef(paths, "main", one), false);
    assert.equal(fs.statSync(refFile("main"), { bigint: true }).ino, before.ino);
    assert.equal(writeRef(paths, "main", two), true);
    assert.equal(readRef(paths, "main"), two);
    assert.equal(writeRef(paths, one, one), false);
    assert.equal(fs.existsSync(refFile(one)), false);
  });

  it("mends a ref with a newline", () => {
    put("main", `${one}\n`);
    assert.equal(writeRef(paths, "main", one), true);
    assert.equal(readRef(paths, "main"), one);
  });

  it("replaces a stale branch that is in the way of a new one, in both directions", () => {
    writeRef(paths, "b", one);
    writeRef(paths, "b/c/d", two);
    assert.equal(readRef(paths, "b/c/d"), two);
    writeRef(paths, "b/c", one);
    assert.equal(readRef(paths, "b/c"), one);
    writeRef(paths, "b", two);
    assert.equal(readRef(paths, "b"), two);
    assert.deepEqual(fs.readdirSync(paths.folder), ["refs"]);
  });

  it("refuses hostile names and commits, and writes nothing", () => {
    for (const revision of ["../main", "a/../../x", "/x", ""]) {
      assert.throws(() => writeRef(paths, revision, one), { code: "ERR_HF_INVALID_REVISION" });
    }
    for (const commit of ["main", `${one}\n`, "../x"]) {
      assert.throws(() => writeRef(paths, "main", commit), { code: "ERR_HF_UNSAFE_NAME" });
    }
    assert.deepEqual(fs.readdirSync(cache), []);
  });

  it("takes nothing away behind a link", posix, () => {
    const victim = fs.mkdtempSync(join(tmpdir(), "latchkey-victim-"));
    fs.mkdirSync(join(victim, "main"));
    fs.writeFileSync(join(victim, "main/thesis"), "years");
    fs.writeFileSync(join(victim, "pr"), "mine");
    fs.mkdirSync(paths.folder, { recursive: true });
    fs.symlinkSync(victim, join(paths.folder, "refs"));
    assert.throws(() => writeRef(paths, "main", one));
    fs.rmSync(join(paths.folder, "refs"));
    fs.mkdirSync(join(paths.folder, "refs"));
    fs.symlinkSync(victim, join(paths.folder, "refs/refs"));
    writeRef(paths, "refs/pr/1", one);
    assert.equal(fs.readFileSync(join(victim, "main/thesis"), "utf8"), "years");
    assert.equal(fs.readFileSync(join(victim, "pr"), "utf8"), "mine");
    fs.rmSync(victim, { recursive: true });
  });

  it("refuses a refs folder that leads out of the cache, and replaces a ref that is a link", posix, () => {
    const outside = fs.mkdtempSync(join(tmpdir(), "latchkey-outside-"));
    try {
      fs.mkdirSync(paths.folder);
      fs.symlinkSync(outside, join(paths.folder, "refs"));
      for (const revision of ["main", "a/b"]) {
        assert.throws(() => writeRef(paths, revision, one), { code: "ERR_HF_DISK" });
      }
      fs.rmSync(join(paths.folder, "refs"));
      fs.mkdirSync(join(paths.folder, "refs"));
      fs.writeFileSync(join(outside, "file"), "mine");
      fs.symlinkSync(join(outside, "file"), refFile("main"));
      writeRef(paths, "main", one);
      assert.equal(fs.readFileSync(join(outside, "file"), "utf8"), "mine");
      assert.deepEqual(fs.readdirSync(outside), ["file"]);
      assert.equal(readRef(paths, "main"), one);
    } finally {
      fs.rmSync(outside, { recursive: true });
    }
  });
});
