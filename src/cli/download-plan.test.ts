import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { planReport, shortSize } from "./download-plan.ts";

describe("shortSize()", () => {
  it("says sizes as Python does", () => {
    const said = [0, 723, 1000, 999_950, 1_234_567].map(shortSize);
    assert.deepEqual(said, ["0.0", "723.0", "1.0K", "1000.0K", "1.2M"]);
  });
});

describe("planReport()", () => {
  const plan = {
    repo: { type: "model", id: "acme/tiny" },
    revision: "main",
    commit: "a".repeat(40),
    rememberedCommit: undefined,
    cacheDir: "/cache",
    single: false,
    forceDownload: false,
    path: "/cache/snapshot",
    files: [
      { path: "a.txt", size: 1234, present: false },
      { path: "b.bin", size: 9, present: true },
    ],
    totalBytes: 1243,
    missingFiles: 1,
    missingBytes: 1234,
    freeBytes: 1000,
    shortBytes: 234,
  } as const;

  it("has Python's shapes, with numbers beside", () => {
    const report = planReport(plan);
    const line = "[dry-run] Will download 1 files (out of 2) totalling 1.2K.";
    assert.deepEqual(report.human, [line, "FILE   SIZE", "a.txt  1.2K", "b.bin  -"]);
    assert.deepEqual(report.agent, [line, "file\tsize", "a.txt\t1.2K", "b.bin\t-"]);
    assert.deepEqual(report.quiet, ["a.txt", "b.bin"]);
    assert.deepEqual(report.list, [
      { file: "a.txt", size: "1.2K", bytes: 1234, present: false },
      { file: "b.bin", size: "-", bytes: 9, present: true },
    ]);
    assert.match((report.notes ?? []).join(), /That is 234 B more than is free/);
  });

  it("says that nothing was found, and nothing of space where there is enough", () => {
    const report = planReport({ ...plan, files: [], shortBytes: 0 });
    assert.deepEqual(report.human?.slice(1), ["No results found."]);
    assert.deepEqual(report.notes, []);
  });
});
