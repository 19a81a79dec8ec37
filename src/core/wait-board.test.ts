import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { createWaitBoard } from "./wait-board.ts";

let folder: string;
let path: string;
let time = 1_000_000;
const open = () => createWaitBoard({ path, now: () => time });
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "latchkey-waits-"));
  path = join(folder, "waits.json");
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("createWaitBoard()", () => {
  it("tells other processes of a wait, and itself at once, until it is over", () => {
    const [one, other] = [open(), open()];
    assert.equal(other.until("hub"), 0);
    one.note("hub", time + 9000);
    one.note("hub", time + 5000);
    assert.equal(one.until("hub"), time + 9000);
    time += 600;
    assert.equal(other.until("hub"), time + 8400);
    assert.equal(other.until("another"), 0);
    time += 8400;
    assert.equal(other.until("hub"), 0);
    if (process.platform !== "win32") assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it("believes no wait of more than a quarter of an hour, and nothing that is not its own form", () => {
    open().note("hub", time + 1e9);
    assert.equal(open().until("hub"), time + 900_000);
    for (const text of [`{"format":1,"waits":{"hub":${time + 1e9}}}`, `{"format":1,"waits":{"hub":"x"}}`, "[]", "{"]) {
      writeFileSync(path, text);
      assert.equal(open().until("hub"), 0, text);
    }
  });

  it("goes on where it can't write, and makes no folder", () => {
    path = join(folder, "not/there.json");
    const board = open();
    board.note("hub", time + 5000);
    assert.equal(board.until("hub"), time + 5000);
    assert.ok(!existsSync(join(folder, "not")));
  });

  it("keeps what others noted of other hosts", () => {
    open().note("a", time + 5000);
    open().note("b", time + 6000);
    assert.deepEqual(JSON.parse(readFileSync(path, "utf8")), { format: 1, waits: { a: time + 5000, b: time + 6000 } });
  });
});
