import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, it } from "node:test";
import {
  findCaseTwins,
  isStorePath,
  localEntryPath,
  localLockPath,
  localMetadataPath,
  localPlace,
  openLocalDir,
} from "./local-dir.ts";
import { localState, readLocalMetadata, writeLocalMetadata } from "./local-metadata.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "latchkey-metadata-")));
after(() => rmSync(folder, { recursive: true }));
const local = openLocalDir(folder);
const commit = "c".repeat(40);
const etag = "e".repeat(40);
const second = 1_000_000_000n;

describe("the places of a local dir", () => {
  it("are Python's, also for names with several endings", () => {
    assert.equal(
      localMetadataPath(local, "a/b.tar.gz"),
      join(folder, ".cache/huggingface/download/a/b.tar.gz.metadata"),
    );
    assert.equal(localLockPath(local, "x.lock"), join(folder, ".cache/huggingface/download/x.lock.lock"));
    const { temp, target } = localPlace(local, "a/config.json", etag);
    const start = join(folder, `.cache/huggingface/download/a/8_PA_wEVGiVa2goH2H4KQOQpvVY=.${etag}.`);
    assert.ok(temp.startsWith(start) && /\.[0-9a-f]{8}\.incomplete$/.test(temp), temp);
    assert.equal(target, join(folder, "a/config.json"));
    assert.throws(() => localPlace(local, "../x", etag), { code: "ERR_HF_UNSAFE_NAME" });
    assert.deepEqual(
      [".cache/huggingface/x", ".CACHE/HuggingFace", ".cache/x", "a/.cache/huggingface/x"].map(isStorePath),
      [true, true, false, false],
    );
  });
});

describe("names that a folder of the user's can't have", () => {
  it("are those of git's own folder, in every spelling that some system takes for it", () => {
    for (const name of [
      ".git/config",
      "a/.GIT/hooks/x",
      "git~1/config",
      ".g\u200cit/config",
      ".git. /x",
      ".git::$DATA",
    ]) {
      assert.throws(() => localEntryPath(local, name), { code: "ERR_HF_UNSAFE_NAME" }, name);
    }
    for (const name of [".gitattributes", ".github/x", "a.git/x", "git/x"]) localEntryPath(local, name);
  });

  it("are two that are one where capital and small letters are the same", () => {
    const names = ["a/Model.bin", "b", "A/model.BIN", "c"];
    assert.deepEqual(
      findCaseTwins(local, names, () => true),
      ["a/Model.bin", "A/model.BIN"],
    );
    assert.equal(
      findCaseTwins(local, names, () => false),
      undefined,
    );
    assert.equal(
      findCaseTwins(local, ["a", "b"], () => true),
      undefined,
    );
    assert.deepEqual(
      findCaseTwins(local, ["caf\u00e9", "cafe\u0301"], () => true),
      ["caf\u00e9", "cafe\u0301"],
    );
    // What this system says of itself.
    writeFileSync(join(folder, "probe"), "");
    assert.equal(findCaseTwins(local, names) !== undefined, existsSync(join(folder, "PROBE")));
  });
});

describe("the note on a file", () => {
  const read = (text: string) => {
    const path = localMetadataPath(local, "n");
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return readLocalMetadata(local, "n");
  };

  it("is read as Python writes it, and written so that Python reads it", () => {
    const timestampNs = 1_795_322_047n * second + 595_629_200n;
    assert.deepEqual(read(`${commit}\n${etag}\n1795322047.5956292\n`), { commit, etag, timestampNs, exact: false });
    assert.equal(read(`${commit}\r\n${etag}\r\n1795322047.0`)?.timestampNs, 1_795_322_047n * second);
    writeLocalMetadata(local, "n", { commit, etag, timestampNs });
    assert.equal(readFileSync(localMetadataPath(local, "n"), "utf8"), `${commit}\n${etag}\n1795322047.595629200\n`);
    assert.equal(readLocalMetadata(local, "n")?.exact, true);
    writeLocalMetadata(local, "n", { commit, etag, timestampNs: -5n });
    assert.equal(readLocalMetadata(local, "n")?.timestampNs, 0n);
  });

  it("is none when anything of it is not what it should be", () => {
    for (const text of ["", "x\ny\nz\n", `${commit}\n${etag}\nnan\n`, `${commit}\n${etag}\n`, `main\n${etag}\n1.0\n`]) {
      assert.equal(read(text), undefined, text);
    }
    assert.equal(readLocalMetadata(local, "nothing"), undefined);
  });
});

describe("localState()", () => {
  const file = { size: 5, modifiedNs: 100n * second };
  const wanted = { size: 5, etag };
  const note = (timestampNs: bigint, name = etag, exact = false) => ({ commit, etag: name, timestampNs, exact });

  it("trusts a note of exactly the file's time, or well after it, and hashes what is between", () => {
    assert.equal(localState(file, note(100n * second), wanted), "fresh");
    assert.equal(localState(file, note(101n * second), wanted), "fresh");
    assert.equal(localState(file, note(100n * second + 5_000_000n), wanted), "doubtful");
    assert.equal(localState(file, note(100n * second - 1n), wanted), "doubtful");
    assert.equal(localState(file, undefined, wanted), "doubtful");
    assert.equal(localState(file, note(101n * second, etag, true), wanted), "doubtful", "a file with an older time");
    assert.equal(localState(file, note(100n * second, etag, true), wanted), "fresh");
  });

  it("knows another content by its size, or by a note that can be trusted", () => {
    assert.equal(localState(undefined, note(0n), wanted), "absent");
    assert.equal(localState({ ...file, size: 4 }, note(100n * second), wanted), "stale");
    assert.equal(localState(file, note(100n * second, "f".repeat(40)), wanted), "stale");
    assert.equal(localState(file, note(99n * second, "f".repeat(40)), wanted), "doubtful");
    assert.equal(localState(file, note(100n * second), { size: 5, etag: undefined }), "stale");
  });
});
