import assert from "node:assert/strict";
import { closeSync, mkdtempSync, openSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { platform, tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { makePipe } from "../../test/support/make-pipe.ts";
import { readRegularFileSync } from "./read-file.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-read-"));
after(() => rmSync(folder, { recursive: true }));
const MIB = 1024 * 1024;
const refused = (message: RegExp) => ({ code: "ERR_HF_DISK", message });

describe("readRegularFileSync()", () => {
  it("reads up to the limit, and nothing longer, however long it says that it is", () => {
    const path = join(folder, "file");
    writeFileSync(path, "12345");
    assert.equal(readRegularFileSync(path, 5).toString(), "12345");
    assert.throws(() => readRegularFileSync(path, 4), refused(/file \(it is longer than 4 bytes\)/));
    truncateSync(path, 2 ** 40);
    assert.throws(() => readRegularFileSync(path, MIB), refused(/it is longer than 1 MiB/));
    if (platform() === "linux") assert.match(readRegularFileSync("/proc/self/status", MIB).toString(), /^Pid:/m);
  });

  it("reads through a link, as dotfile managers make them", () => {
    writeFileSync(join(folder, "target"), "ä".repeat(100_000));
    symlinkSync(join(folder, "target"), join(folder, "link"));
    assert.equal(readRegularFileSync(join(folder, "link"), MIB).toString(), "ä".repeat(100_000));
  });

  it("passes the system's answers on", () => {
    assert.throws(() => readRegularFileSync(join(folder, "nothing"), 5), { code: "ENOENT" });
    assert.throws(() => readRegularFileSync(folder, 5), { code: "EISDIR" });
  });

  it("waits for no pipe, neither for a writer nor for its words", (test) => {
    const path = join(folder, "pipe");
    const missing = makePipe(path);
    if (missing !== undefined) return test.skip(missing);
    const options = { doing: "read the token file", code: "ERR_HF_TOKEN_FILE" } as const;
    const why = /^Could not read the token file: .*pipe \(it is a pipe, not a regular file\)$/;
    assert.throws(() => readRegularFileSync(path, 5, options), { code: "ERR_HF_TOKEN_FILE", message: why });
    const both = openSync(path, "r+");
    assert.throws(() => readRegularFileSync(path, 5), refused(/it is a pipe/));
    closeSync(both);
  });

  it("reads no socket and no device, but for the one that is empty", async (test) => {
    if (platform() === "win32") return test.skip("Windows has no devices among its files");
    assert.throws(() => readRegularFileSync("/dev/zero", 5), refused(/it is a device, not a regular file/));
    assert.equal(readRegularFileSync("/dev/null", 5).length, 0);
    const path = join(folder, "socket");
    const server = createServer().listen(path);
    test.after(() => server.close());
    await new Promise((resolve) => server.once("listening", resolve));
    // Linux refuses to open one, other systems open it.
    assert.throws(() => readRegularFileSync(path, 5), /ENXIO|EOPNOTSUPP|it is a socket/);
  });
});
