import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { checkSpace } from "./space.ts";

const warnings: string[] = [];
const run = { allowLowSpace: false, warn: (message: string) => void warnings.push(message) };

it("checkSpace() refuses what does not fit, with both figures, also for a folder that is not there yet", () => {
  checkSpace(tmpdir(), 1, run);
  checkSpace(tmpdir(), 8e18, run, () => 8e18);
  assert.throws(() => checkSpace(join(tmpdir(), "not/made/yet"), 9e18, run), {
    code: "ERR_HF_NO_SPACE",
    message: /needs 9000\.0 PB: \d+\.\d [KMGTP]B more than is free in \S+not\/made\/yet$/,
  });
});

it("checkSpace() warns alone where the caller wants to try", () => {
  checkSpace(tmpdir(), 9e18, { ...run, allowLowSpace: true });
  assert.match(warnings.join(), /needs 9000\.0 PB/);
});
