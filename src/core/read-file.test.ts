import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { readRegularFileSync } from "./read-file.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-read-"));
after(() => rmSync(folder, { recursive: true }));
const unix = process.platform === "win32" ? "Windows has no pipes and devices among its files" : false;

describe("readRegularFileSync()", () => {
  it("reads up to the limit, and nothing longer", () => {
    const path = join(folder, "file");
    writeFileSync(path, "12345");
    assert.equal(readRegularFileSync(path, 5).toString(), "12345");
    assert.throws(() => readRegularFileSync(path, 4), { code: "ERR_HF_DISK", message: /longer than 4/ });
  });

  it("passes the system's answers on", () => {
    assert.throws(() => readRegularFileSync(join(folder, "nothing"), 5), { code: "ENOENT" });
    assert.throws(() => readRegularFileSync(folder, 5), { code: "EISDIR" });
  });

  it("waits for no pipe, and reads no device", { skip: unix }, () => {
    execFileSync("mkfifo", [join(folder, "pipe")]);
    assert.throws(() => readRegularFileSync(join(folder, "pipe"), 5), { code: "ERR_HF_DISK", message: /regular/ });
    assert.throws(() => readRegularFileSync("/dev/zero", 5), { code: "ERR_HF_DISK", message: /regular/ });
  });
});
