import assert from "node:assert/strict";
import { it } from "node:test";
import { parseBytes } from "./parse-bytes.ts";

it("parseBytes() reads numbers of bytes as people write them, and nothing else", () => {
  for (const [text, bytes] of [
    ["500000", 500_000],
    ["8M", 8_000_000],
    ["8mb", 8_000_000],
    [" 1.5 GB ", 1_500_000_000],
    ["0.5k", 500],
    ["10B", 10],
  ] as const) {
    assert.equal(parseBytes(text), bytes, text);
  }
  for (const text of ["", "0", "0M", "-1", "M", "1e9", "8 M B", "8Mi", "0x10", "1,5M", "9".repeat(400), "∞"]) {
    assert.equal(parseBytes(text), undefined, text);
  }
});
