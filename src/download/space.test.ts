import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { checkSpace } from "./space.ts";

it("checkSpace() refuses what does not fit, with both figures, also for a folder that is not there yet", () => {
  checkSpace(tmpdir(), 1);
  assert.throws(() => checkSpace(join(tmpdir(), "not/made/yet"), 9e18), {
    code: "ERR_HF_NO_SPACE",
    message: /needs 9000\.0 PB, and \d+\.\d [KMGTP]B of that is not free in \S+not\/made\/yet$/,
  });
});
