import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, openSync, closeSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { makePipe } from "../../test/support/make-pipe.ts";
import type { Clock } from "../core/ports.ts";
import { systemClock } from "../core/clock.ts";
import { readNamedFile } from "./read-named-file.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-named-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const options = { doing: "read the token file", clock: systemClock, signal: new AbortController().signal };

/** A clock that goes forward as fast as somebody waits on it. */
function fastClock(): Clock {
  let now = 0;
  return {
    now: () => now,
    sleep: async (ms) => {
      now += ms;
    },
  };
}

describe("readNamedFile()", () => {
  it("reads a file, and refuses a large one, a device and a folder", async () => {
    const path = join(folder, "file");
    writeFileSync(path, "word\n");
    assert.equal(await readNamedFile(path, options), "word\n");
    truncateSync(path, 65_537);
    await assert.rejects(readNamedFile(path, options), { code: "ERR_HF_DISK", message: /longer than 65536 bytes/ });
    await assert.rejects(readNamedFile("/dev/zero", options), { code: "ERR_HF_DISK" });
    await assert.rejects(readNamedFile(folder, options), { code: "ERR_HF_DISK", message: /EISDIR/ });
    await assert.rejects(readNamedFile(join(folder, "none"), options), { code: "ERR_HF_DISK", message: /ENOENT/ });
  });

  it("reads a pipe to its end, whoever comes first and however the words come", async (test) => {
    const path = join(folder, "pipe");
    const missing = makePipe(path);
    if (missing !== undefined) return test.skip(missing);
    const reading = readNamedFile(path, options);
    const writer = spawn("sh", ["-c", `exec > "$1"; printf one; sleep 0.2; printf two`, "sh", path]);
    test.after(() => writer.kill());
    assert.equal(await reading, "onetwo");
  });

  it("waits for no pipe longer than its limit", async (test) => {
    const path = join(folder, "silent");
    const missing = makePipe(path);
    if (missing !== undefined) return test.skip(missing);
    const limited = { ...options, clock: fastClock(), limitMs: 60_000 };
    const late = { code: "ERR_HF_DISK", message: /silent \(nobody ended it within 60 s\)/ };
    await assert.rejects(readNamedFile(path, limited), late);
    const writer = openSync(path, "r+");
    test.after(() => closeSync(writer));
    writeFileSync(writer, "begun");
    await assert.rejects(readNamedFile(path, { ...limited, clock: fastClock() }), late);
  });

  it("takes no more than 64 KiB from a pipe, and stops when told", async (test) => {
    const path = join(folder, "endless");
    const missing = makePipe(path);
    if (missing !== undefined) return test.skip(missing);
    const stop = new AbortController();
    const waiting = readNamedFile(path, { ...options, signal: stop.signal });
    stop.abort(new Error("stopped"));
    await assert.rejects(waiting, /stopped/);
    const writer = spawn("sh", ["-c", `cat /dev/zero > "$1"`, "sh", path], { stdio: "ignore" });
    test.after(() => writer.kill());
    await assert.rejects(readNamedFile(path, options), { code: "ERR_HF_DISK", message: /more than 64 KiB/ });
  });
});
