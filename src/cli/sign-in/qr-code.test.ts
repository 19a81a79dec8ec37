import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { qrLines } from "./qr-code.ts";

const URL = "https://hf.co/oauth/device";
const PIXELS: Record<string, string> = { "█": "..", "▀": ".#", "▄": "#.", " ": "##" };

describe("qrLines()", () => {
  it("draws the corners of a code, two rows a line, with light around it", () => {
    const lines = qrLines(URL, 80, false) ?? assert.fail("no code");
    const rows = lines.flatMap((line) => {
      const cells = [...line].map((block) => PIXELS[block] ?? assert.fail(`unknown block ${block}`));
      return [cells.map((cell) => cell[0]).join(""), cells.map((cell) => cell[1]).join("")];
    });
    const size = rows[0]?.length ?? 0;
    // Version 2 has 25 modules, and two light ones stand on each side.
    assert.equal(size, 29);
    const corner = ["#######", "#.....#", "#.###.#", "#.###.#", "#.###.#", "#.....#", "#######"];
    const part = (row: number, column: number): string[] =>
      rows.slice(row, row + 7).map((line) => line.slice(column, column + 7));
    assert.deepEqual(part(2, 2), corner);
    assert.deepEqual(part(2, size - 9), corner);
    assert.deepEqual(part(size - 9, 2), corner);
    assert.equal(rows[0], ".".repeat(size));
    assert.ok(rows.slice(0, size).every((row) => row.startsWith("..") && row.endsWith("..")));
  });

  it("draws none where the terminal is too narrow, and paints it dark on light where there are colours", () => {
    assert.equal(qrLines(URL, 28, false), undefined);
    const [first] = qrLines(URL, 29, true) ?? [];
    assert.match(first ?? "", /^\u001b\[97;40m█+\u001b\[0m$/);
  });
});
