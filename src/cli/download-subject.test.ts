import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { downloadWords } from "./download-subject.ts";
import type { DownloadWords } from "./download-subject.ts";

const endpoint = "https://hub.acme.io/hf";
const words = (spec: string, names: string[] = [], more: { revision?: string } = {}): DownloadWords =>
  downloadWords(spec, names, { endpoint, ...more });

describe("downloadWords()", () => {
  const cases: readonly [string, string, string | undefined, readonly string[]][] = [
    ["acme/tiny", "model acme/tiny", undefined, []],
    ["datasets/acme/words", "dataset acme/words", undefined, []],
    ["hf://acme/tiny@v1/config.json", "model acme/tiny", "v1", ["config.json"]],
    ["hf://datasets/acme/words@refs/pr/1/data/", "dataset acme/words", "refs/pr/1", ["data/"]],
    ["https://huggingface.co/acme/tiny/tree/main/onnx", "model acme/tiny", "main", ["onnx/"]],
    ["https://huggingface.co/acme/tiny/blob/main/a%20b.txt", "model acme/tiny", "main", ["a b.txt"]],
    ["https://hub.acme.io/hf/spaces/acme/app", "space acme/app", undefined, []],
  ];
  for (const [spec, repo, revision, files] of cases) {
    it(`reads ${spec}`, () => {
      const read = words(spec);
      assert.deepEqual([`${read.repo.type} ${read.repo.id}`, read.revision, read.files], [repo, revision, files]);
    });
  }

  it("takes names and a revision beside what does not say them", () => {
    assert.deepEqual(words("hf://acme/tiny", ["a", "b/"], { revision: "v1" }), {
      repo: { type: "model", id: "acme/tiny" },
      revision: "v1",
      files: ["a", "b/"],
    });
  });

  it("refuses what is said twice, and the pages of other hosts", () => {
    for (const wrong of [
      () => words("hf://acme/tiny@v1", [], { revision: "v2" }),
      () => words("hf://acme/tiny/config.json", ["other.json"]),
      () => downloadWords("hf://acme/tiny", [], { endpoint, type: "dataset" }),
    ]) {
      assert.throws(wrong, { code: "ERR_HF_USAGE" });
    }
    assert.throws(() => words("https://evil.example/acme/tiny"), { code: "ERR_HF_INVALID_REPO_ID" });
  });
});
