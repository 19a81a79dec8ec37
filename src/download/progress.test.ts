import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createProgress } from "./progress.ts";
import type { DownloadEvent } from "./types.ts";

describe("createProgress()", () => {
  it("speaks at most ten times a second, and always at the end", () => {
    let now = 0;
    const events: DownloadEvent[] = [];
    const progress = createProgress(
      { files: 2, bytes: 1000 },
      () => now,
      (event) => void events.push(event),
    );
    progress.started("a", 990);
    for (now = 0; now < 990; now++) progress.received("a", 1);
    assert.equal(events.filter((event) => event.kind === "progress").length, 10);
    progress.finished("a", 1);
    progress.flush();
    assert.deepEqual(events.at(-1), {
      kind: "progress",
      bytes: 990,
      totalBytes: 1000,
      files: 1,
      totalFiles: 2,
      active: [],
    });
  });

  it("takes back what was received in vain, and names the largest under way first", () => {
    const events: DownloadEvent[] = [];
    const progress = createProgress(
      { files: 2, bytes: 300 },
      () => 0,
      (event) => void events.push(event),
    );
    progress.started("small", 100);
    progress.started("large", 200);
    progress.received("small", 50);
    progress.received("large", 120);
    progress.received("large", -100);
    progress.flush();
    progress.dropped("small");
    progress.flush();
    const [whole, rest] = events.slice(-2);
    assert.ok(whole?.kind === "progress" && rest?.kind === "progress");
    assert.deepEqual(whole.active, [
      { path: "large", bytes: 20, size: 200 },
      { path: "small", bytes: 50, size: 100 },
    ]);
    assert.deepEqual([whole.bytes, rest.bytes], [70, 20]);
  });
});
