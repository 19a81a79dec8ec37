import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import { shellWord } from "./shell-word.ts";

describe("shellWord()", () => {
  it("leaves a plain word as it is", () => {
    for (const word of ["work", "v1.0", "refs/pr/1", "https://huggingface.co", "a@b"])
      assert.equal(shellWord(word), word);
  });

  it("gives words that a shell reads back, and nothing runs", (test) => {
    const words = [
      "",
      "two words",
      "$(id)",
      "`id`",
      "a'b",
      "'",
      "a;id",
      "a\nb",
      "!!",
      "*",
      "~",
      "a\\",
      '"',
      "#x",
      "日本",
      "&",
    ];
    const text = `printf '%s\\0' ${words.map(shellWord).join(" ")}`;
    const done = spawnSync("sh", ["-c", text], { encoding: "utf8" });
    if (done.error !== undefined) return test.skip(`no sh here: ${done.error.message}`);
    assert.deepEqual(done.stdout.split("\0").slice(0, -1), words);
  });
});
