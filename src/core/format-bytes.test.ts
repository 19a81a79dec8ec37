import assert from "node:assert/strict";
import { it } from "node:test";
import { formatBytes } from "./format-bytes.ts";

it("formatBytes() counts in thousands, and never shows 1000 of a unit", () => {
  assert.deepEqual([0, 723, 1000, 1_234_567, 999_949, 999_950, 30e9].map(formatBytes), [
    "0 B",
    "723 B",
    "1.0 KB",
    "1.2 MB",
    "999.9 KB",
    "1.0 MB",
    "30.0 GB",
  ]);
});
