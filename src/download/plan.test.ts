import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { planSnapshot, shortage } from "./plan.ts";
import type { Presence, WantedEntry } from "./plan.ts";

const entry = (path: string, size: number, etag: string | undefined = `etag of ${path}`): WantedEntry => ({
  path,
  size,
  etag,
});
const everything = (): boolean => true;
const paths = (entries: readonly WantedEntry[]): string[] => entries.map((one) => one.path);

describe("planSnapshot()", () => {
  it("fetches what is missing, links what is there, and leaves what is linked", () => {
    const state: Record<string, Presence> = { a: "pointer", b: "blob", c: "none" };
    const plan = planSnapshot([entry("a", 1), entry("b", 2), entry("c", 4)], {
      wants: everything,
      force: false,
      look: ({ path }) => state[path] ?? "none",
    });
    assert.deepEqual(paths(plan.entries), ["a", "b", "c"]);
    assert.deepEqual(paths(plan.toLink), ["b"]);
    assert.deepEqual(
      plan.toFetch.map(({ entries }) => paths(entries)),
      [["c"]],
    );
    assert.deepEqual([plan.totalBytes, plan.missingFiles, plan.missingBytes], [7, 1, 4]);
  });

  it("fetches equal content once, the largest first", () => {
    const plan = planSnapshot([entry("a", 1, "x"), entry("b", 9, "y"), entry("c", 1, "x")], {
      wants: everything,
      force: false,
      look: () => "none",
    });
    assert.deepEqual(
      plan.toFetch.map(({ entries }) => paths(entries)),
      [["b"], ["a", "c"]],
    );
    assert.deepEqual([plan.missingFiles, plan.missingBytes], [3, 10]);
  });

  it("refuses one hash with two sizes", () => {
    const tree = [entry("a", 1, "x"), entry("b", 2, "x")];
    assert.throws(() => planSnapshot(tree, { wants: everything, force: false, look: () => "none" }), {
      code: "ERR_HF_INTEGRITY",
    });
  });

  it("does not share what has no known hash", () => {
    const hidden = { etag: undefined };
    const plan = planSnapshot(
      [
        { ...entry("a", 1), ...hidden },
        { ...entry("b", 1), ...hidden },
      ],
      {
        wants: everything,
        force: false,
        look: () => "none",
      },
    );
    assert.equal(plan.toFetch.length, 2);
  });

  it("does not ask the cache when forced, nor about what is not wanted", () => {
    const look = (): never => assert.fail("asked");
    assert.equal(planSnapshot([entry("a", 1)], { wants: everything, force: true, look }).toFetch.length, 1);
    assert.equal(planSnapshot([entry("a", 1)], { wants: () => false, force: false, look }).entries.length, 0);
  });
});

describe("shortage()", () => {
  it("tells by how much a plan does not fit", () => {
    assert.equal(shortage({ missingBytes: 10 }, 7), 3);
    assert.equal(shortage({ missingBytes: 10 }, 10), 0);
    assert.equal(shortage({ missingBytes: 10 }, undefined), 0);
  });
});
