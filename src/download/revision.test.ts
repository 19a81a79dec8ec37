import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readRevision } from "./revision.ts";

const SHA = "a".repeat(40);

describe("readRevision()", () => {
  it("reads the commit and the gate; a gate of no known kind counts as not said", () => {
    for (const gated of [false, "auto", "manual"]) {
      assert.deepEqual(readRevision({ sha: SHA, gated }, "main"), { commit: SHA, gated });
    }
    for (const gated of [true, "yes", null, undefined]) {
      assert.deepEqual(readRevision({ sha: SHA, gated }, "main"), { commit: SHA, gated: undefined });
    }
  });

  it("refuses what names no commit, and a commit that would be another path", () => {
    for (const body of [null, "text", [], {}, { sha: null }, { sha: 5 }]) {
      assert.throws(() => readRevision(body, "main"), { code: "ERR_HF_BAD_ANSWER" });
    }
    for (const sha of ["", "../x", SHA.toUpperCase(), `${SHA}\n`, SHA.slice(1)]) {
      assert.throws(() => readRevision({ sha }, "main"), { code: "ERR_HF_UNSAFE_NAME" });
    }
  });
});
