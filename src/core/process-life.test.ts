import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { platform, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, describe, it } from "node:test";
import { createProcessLife } from "./process-life.ts";
import type { LifeHost, ProcessIdentity } from "./process-life.ts";

const proc = mkdtempSync(join(tmpdir(), "latchkey-proc-"));
after(() => rmSync(proc, { recursive: true }));
const gone = Object.assign(new Error("no such process"), { code: "ESRCH" });
const present = new Set([10, 11, 12, 13]);
const host: LifeHost = {
  platform: "linux",
  pid: 10,
  proc,
  signal: (pid) => {
    if (!present.has(pid)) throw gone;
  },
};

/** The line of a process whose name is made to be misread. */
function stat(pid: number, state: string, start: number): void {
  const fields = Array.from({ length: 18 }, (_, at) => (at === 0 ? 1 : 0));
  mkdirSync(join(proc, `${pid}/task/${pid}`), { recursive: true });
  writeFileSync(join(proc, `${pid}/stat`), `${pid} (a) Z 1 (b) ${state} ${fields.join(" ")} ${start} 0 0\n`);
}

describe("createProcessLife()", () => {
  mkdirSync(join(proc, "10/ns"), { recursive: true });
  mkdirSync(join(proc, "sys/kernel/random"), { recursive: true });
  writeFileSync(join(proc, "sys/kernel/random/boot_id"), "boot-1\n");
  symlinkSync("10", join(proc, "self"));
  symlinkSync("pid:[1]", join(proc, "10/ns/pid"));
  stat(10, "R", 100);
  stat(11, "S", 110);
  stat(12, "Z", 120);
  stat(13, "Z", 130);
  mkdirSync(join(proc, "13/task/131"));
  const life = createProcessLife(host);
  const one = (pid: number, start: string, more: Partial<ProcessIdentity> = {}): ProcessIdentity => ({
    host: "here",
    boot: "boot-1",
    namespace: "pid:[1]",
    pid,
    start,
    ...more,
  });

  it("knows itself, a process that runs, and one that is gone or whose number another one has", () => {
    assert.deepEqual({ ...life.self, host: "here" }, one(10, "100"));
    assert.equal(life.isDead(one(10, "100")), false);
    assert.equal(life.isDead(one(11, "110")), false);
    assert.equal(life.isDead(one(11, "99")), true);
    assert.equal(life.isDead(one(12, "120")), true, "a zombie has no open files");
    assert.equal(life.isDead(one(13, "130")), false, "its first thread alone has ended");
    assert.equal(life.isDead(one(14, "140")), true);
  });

  it("says nothing of another machine, another start of it, another container, or one that /proc hides", () => {
    assert.equal(life.isDead(one(14, "140", { boot: "boot-2" })), false);
    assert.equal(life.isDead(one(14, "140", { namespace: "pid:[2]" })), false);
    present.add(14);
    assert.equal(life.isDead(one(14, "140")), false);
    present.delete(14);
  });

  it("knows nobody where /proc is another namespace's", () => {
    const lost = createProcessLife({ ...host, pid: 11 });
    assert.equal(lost.self, undefined);
    assert.equal(lost.isDead(one(14, "140")), false);
  });

  it("asks by a signal where there is no /proc, and takes a number that is in use for alive", () => {
    const elsewhere = createProcessLife({ ...host, platform: "darwin" });
    const { self } = elsewhere;
    // A machine without a network has no name that nobody else has.
    if (self === undefined) return assert.equal(elsewhere.isDead(one(14, "140")), false);
    assert.equal(elsewhere.isDead({ ...self, pid: 11 }), false);
    assert.equal(elsewhere.isDead({ ...self, pid: 14 }), true);
    assert.equal(elsewhere.isDead({ ...self, pid: 14, host: "another" }), false);
    assert.equal(elsewhere.isDead(one(14, "140")), false);
  });

  it("on this machine: sees a child alive, and dead after it was killed", async () => {
    const real = createProcessLife();
    if (platform() === "linux") assert.equal(real.self?.pid, process.pid);
    if (real.self === undefined) return;
    assert.equal(real.isDead(real.self), false);
    const code = `import { createProcessLife } from ${JSON.stringify(new URL("./process-life.js", import.meta.url).href)};
      process.stdout.write(JSON.stringify(createProcessLife().self)); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", code], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const identity = await new Promise<ProcessIdentity>((resolve) =>
      child.stdout.once("data", (text: Buffer) => resolve(JSON.parse(text.toString()) as ProcessIdentity)),
    );
    assert.equal(real.isDead(identity), false);
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("exit", resolve));
    assert.equal(real.isDead(identity), true);
  });
});
