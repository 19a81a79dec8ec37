import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { ProcessIdentity, ProcessLife } from "../core/process-life.ts";
import { createRepo } from "../core/repo.ts";
import { blobPlace } from "./blob.ts";
import { createByteRanges } from "./byte-ranges.ts";
import { KEPT_BYTES, openContent } from "./incomplete.ts";
import { findAbandoned, takeOver } from "./partial.ts";
import { blobsFolder, repoPaths } from "./paths.ts";
import type { RepoPaths } from "./paths.ts";

const content = Buffer.alloc(KEPT_BYTES + 10, "abc");
const etag = createHash("sha256").update(content).digest("hex");
const size = content.length;
const validator = '"strong"';
let cache: string;
let paths: RepoPaths;
beforeEach(() => {
  cache = fs.mkdtempSync(join(tmpdir(), "latchkey-partial-"));
  paths = repoPaths(cache, createRepo("alice/tiny"));
});
afterEach(() => fs.rmSync(cache, { recursive: true }));

const posix = { skip: process.platform === "win32" ? "Windows has no such links" : false };
const self: ProcessIdentity = { host: "here", boot: "b", namespace: "n", pid: 7, start: "1" };
/** Processes that are known to be dead, by number. */
const lifeOf = (...dead: number[]): ProcessLife => ({ self, isDead: ({ pid }) => dead.includes(pid) });
const open = (life = lifeOf(), use = true, leave = true) =>
  openContent(blobPlace(paths, etag), { size, resume: { life, use, leave } });
const blobs = (): string[] => fs.readdirSync(blobsFolder(paths)).toSorted();

/** A download that has brought so many bytes and was killed. */
function killed(bytes = KEPT_BYTES): { path: string; notePath: string } {
  const blob = open();
  blob.noteValidator(validator);
  blob.write(content.subarray(0, bytes), 0);
  fs.closeSync(blob.fd);
  return { path: blob.path, notePath: blob.path.replace(/incomplete$/, "owner.incomplete") };
}

/** The note beside a partial. */
function noteOf(path: string): Record<string, unknown> {
  const text = fs.readFileSync(path.replace(/incomplete$/, "owner.incomplete"), "utf8");
  return JSON.parse(text) as Record<string, unknown>;
}

function edit(path: string, change: (note: Record<string, unknown>) => void): void {
  const note = JSON.parse(fs.readFileSync(path, "utf8")) as Record<string, unknown>;
  change(note);
  fs.writeFileSync(path, JSON.stringify(note));
}

describe("a partial download", () => {
  it("has names that no other client uses and that Python's pruner knows, and notes of its owner and content", () => {
    const { path, notePath } = killed();
    assert.match(basename(path), new RegExp(`^${etag}\\.latchkey-[0-9a-f]{8}\\.incomplete$`));
    assert.deepEqual(blobs(), [basename(path), basename(notePath)].toSorted());
    assert.deepEqual(JSON.parse(fs.readFileSync(notePath, "utf8")), { format: 1, etag, size, validator, owner: self });
  });

  it("of a dead process is taken over under a name of its own, and published with nothing left behind", () => {
    const { path } = killed();
    const blob = open(lifeOf(7));
    assert.deepEqual(blob.begun, { there: [[0, KEPT_BYTES]], bytes: KEPT_BYTES, validator });
    assert.notEqual(blob.path, path);
    assert.equal(blobs().length, 2);
    blob.write(content.subarray(KEPT_BYTES), KEPT_BYTES);
    blob.publish(etag);
    assert.deepEqual(blobs(), [etag]);
    assert.ok(fs.readFileSync(join(blobsFolder(paths), etag)).equals(content));
  });

  it("whose bytes came in any order is believed as far as it was noted, and cut there", () => {
    const blob = open();
    blob.noteValidator(validator);
    blob.noteRanges(createByteRanges());
    blob.write(content.subarray(0, 1000), 0);
    blob.write(content.subarray(-10), KEPT_BYTES);
    blob.noteRanges(createByteRanges([[0, 1000]]));
    fs.closeSync(blob.fd);
    const anew = open(lifeOf(7));
    assert.equal(anew.begun, undefined, "nothing was noted yet: so little is not worth a note");
    anew.discard();

    const second = open();
    const there = createByteRanges();
    second.noteValidator(validator);
    second.noteRanges(there);
    const half = KEPT_BYTES / 2;
    second.write(content.subarray(half), half);
    there.add(half, size - 5);
    second.noteRanges(there);
    second.write(content.subarray(0, 1000), 0);
    there.add(0, 1000);
    second.noteRanges(there);
    fs.closeSync(second.fd);
    const third = open(lifeOf(7));
    assert.deepEqual(third.begun, { there: [[half, size - 5]], bytes: size - 5 - half, validator });
    assert.equal(fs.fstatSync(third.fd).size, size - 5);
    assert.deepEqual(noteOf(third.path)["ranges"], [[half, size - 5]], "its length says nothing");
    third.write(content.subarray(0, half), 0);
    third.write(content.subarray(-5), size - 5);
    third.publish(etag);
    assert.deepEqual(blobs(), [etag]);
  });

  it("that was kept with gaps is taken over with them, and counts by what is there", () => {
    killed(10);
    const there = createByteRanges([
      [5, 5 + KEPT_BYTES / 2],
      [10 + KEPT_BYTES / 2, size],
    ]);
    const blob = open();
    blob.noteValidator(validator);
    blob.noteRanges(there);
    blob.write(content, 0);
    assert.equal(blob.keep(there.list), true);
    const next = open(lifeOf(7));
    assert.deepEqual(next.begun?.there, there.list);
    assert.equal(blobs().length, 2, "the shorter one is gone");
  });

  it("has a note that is whole at every instant, also beside one that a killed process was writing", () => {
    const blob = open();
    blob.noteValidator(validator);
    const draft = blob.path.replace(/incomplete$/, "draft.incomplete");
    fs.writeFileSync(draft, "{");
    blob.noteRanges(createByteRanges());
    assert.deepEqual(noteOf(blob.path)["ranges"], []);
    fs.writeFileSync(draft, "{");
    blob.discard();
    assert.deepEqual(blobs(), []);
  });

  it("with more parts than a note has room for keeps the largest", () => {
    const there = createByteRanges([[1000, size]]);
    for (let at = 0; at < 200; at += 2) there.add(at, at + 1);
    const blob = open();
    blob.noteValidator(validator);
    blob.noteRanges(there);
    const ranges = noteOf(blob.path)["ranges"];
    assert.ok(Array.isArray(ranges));
    assert.deepEqual([ranges.length, ranges.at(-1)], [64, [1000, size]]);
    blob.discard();
  });

  it("of a process that may be alive is left alone: the content begins in a fresh file", () => {
    const { path } = killed();
    const blob = open(lifeOf(8));
    assert.equal(blob.begun, undefined);
    assert.equal(fs.statSync(path).size, KEPT_BYTES);
    blob.discard();
    assert.equal(blobs().length, 2);
  });

  it("that was kept is anybody's, in this process too", () => {
    const blob = open();
    blob.noteValidator(validator);
    blob.write(content.subarray(0, KEPT_BYTES), 0);
    assert.equal(blob.keep([[0, KEPT_BYTES]]), true);
    assert.equal(open().begun?.bytes, KEPT_BYTES);
  });

  it("is not kept below 16 MiB, without a strong etag, and where nobody wants it", () => {
    const small = open();
    small.noteValidator(validator);
    assert.equal(small.keep([[0, KEPT_BYTES - 1]]), false);
    const weak = open();
    weak.noteValidator(validator);
    weak.noteValidator(undefined);
    assert.equal(weak.keep([[0, KEPT_BYTES]]), false);
    const unwanted = open(lifeOf(), true, false);
    unwanted.noteValidator(validator);
    assert.equal(unwanted.keep([[0, KEPT_BYTES]]), false);
    assert.deepEqual(blobs(), []);
  });

  it("is removed where it is not to be used, and when a longer one is there", () => {
    killed(5);
    killed(KEPT_BYTES);
    killed(7);
    const blob = open(lifeOf(7));
    assert.equal(blob.begun?.bytes, KEPT_BYTES);
    assert.equal(blobs().length, 2);
    blob.discard();
    killed();
    const anew = open(lifeOf(7), false);
    assert.equal(anew.begun, undefined);
    anew.discard();
    assert.deepEqual(blobs(), []);
  });

  it("is only looked at by a plan, and its note goes with the next download when its data is gone", () => {
    fs.rmSync(killed().path);
    const place = blobPlace(paths, etag);
    const notes = blobs();
    assert.equal(notes.length, 1);
    assert.deepEqual(findAbandoned(place, size, lifeOf(7)), []);
    assert.deepEqual(blobs(), notes);
    openContent(place, { size, resume: { life: lifeOf(7), use: true, leave: false } }).discard();
    assert.deepEqual(blobs(), []);
  });

  it("goes to one of two that want it", () => {
    killed();
    const place = blobPlace(paths, etag);
    const [seen] = findAbandoned(place, size, lifeOf(7));
    assert.ok(seen);
    const first = takeOver(place, seen, self);
    assert.ok(first);
    assert.equal(takeOver(place, seen, self), undefined);
    fs.closeSync(first.fd);
    assert.equal(blobs().length, 2);
  });

  it("is not used when anything of its note is not as it should be, or of another content", () => {
    for (const change of [
      (note) => (note["format"] = 2),
      (note) => (note["size"] = size + 1),
      (note) => (note["etag"] = "0".repeat(64)),
      (note) => (note["validator"] = 'W/"weak"'),
      (note) => (note["validator"] = '"a\r\nx: y"'),
      (note) => (note["owner"] = null),
      (note) => (note["owner"] = { ...self, pid: 0 }),
      (note) => (note["owner"] = { ...self, pid: "7" }),
      (note) => (note["ranges"] = [[0, KEPT_BYTES + 1]]),
      (note) => (note["ranges"] = [[5, 1]]),
      (note) => (note["ranges"] = [[-1, 5]]),
      (note) => (note["ranges"] = [[0, 5, 6]]),
      (note) => (note["ranges"] = [[0.5, 5]]),
      (note) => (note["ranges"] = [["0", 5]]),
      (note) => (note["ranges"] = [5]),
      (note) => (note["ranges"] = Array.from({ length: 65 }, (_, at) => [at * 2, at * 2 + 1])),
    ] as ((note: Record<string, unknown>) => void)[]) {
      const { notePath } = killed();
      edit(notePath, change);
      assert.equal(open(lifeOf(7)).begun, undefined, fs.readFileSync(notePath, "utf8"));
      fs.rmSync(blobsFolder(paths), { recursive: true });
    }
    for (const ranges of [
      [[0, KEPT_BYTES - 1]],
      [
        [5, KEPT_BYTES],
        [0, 1],
      ],
      [
        [0, KEPT_BYTES - 5],
        [KEPT_BYTES - 6, KEPT_BYTES],
      ],
      [],
      "x",
    ]) {
      const { notePath } = killed();
      edit(notePath, (note) => Object.assign(note, { owner: null, ranges }));
      assert.equal(open(lifeOf(7)).begun, undefined, JSON.stringify(ranges));
      fs.rmSync(blobsFolder(paths), { recursive: true });
    }
    const { notePath } = killed();
    fs.writeFileSync(notePath, fs.readFileSync(notePath, "utf8").slice(0, -20));
    assert.equal(open(lifeOf(7)).begun, undefined);
  });

  it("is not used when its file is a link, has a second name, or is longer than the content", posix, () => {
    const outside = join(cache, "outside");
    for (const spoil of [
      (path: string) => {
        fs.renameSync(path, outside);
        fs.symlinkSync(outside, path);
      },
      (path: string) => fs.linkSync(path, outside),
      (path: string) => fs.appendFileSync(path, Buffer.alloc(20)),
      (path: string) => {
        fs.unlinkSync(path);
        fs.mkdirSync(path);
      },
    ]) {
      fs.rmSync(outside, { force: true });
      const { path } = killed();
      spoil(path);
      assert.equal(open(lifeOf(7)).begun, undefined);
      fs.rmSync(blobsFolder(paths), { recursive: true });
    }
  });

  it("that a pruner removed while it was written is published nevertheless", posix, () => {
    for (const resume of [{ life: lifeOf(), use: true, leave: true }, undefined]) {
      const blob = openContent(blobPlace(paths, etag), { size, resume });
      blob.noteValidator(validator);
      blob.write(content, 0);
      for (const name of blobs()) fs.unlinkSync(join(blobsFolder(paths), name));
      blob.publish(etag);
      assert.deepEqual(blobs(), [etag]);
      assert.ok(fs.readFileSync(join(blobsFolder(paths), etag)).equals(content));
      fs.rmSync(blobsFolder(paths), { recursive: true });
    }
  });

  it("without its data leaves no note", () => {
    const { path } = killed();
    fs.unlinkSync(path);
    open(lifeOf(7)).discard();
    assert.deepEqual(blobs(), []);
  });
});
