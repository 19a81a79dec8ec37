import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ensureFolder, replaceFile, writeFileAtomic, writeFileAtomicSync } from "./atomic-write.ts";
import type { WriteHost } from "./atomic-write.ts";

const MODULE = new URL(`./atomic-write.${import.meta.url.slice(-2)}`, import.meta.url).href;
const posix = { skip: process.platform === "win32" ? "Windows has no POSIX modes" : false };

let folder = "";
before(() => {
  folder = fs.mkdtempSync(join(tmpdir(), "latchkey-write-"));
});
after(() => {
  fs.rmSync(folder, { recursive: true, force: true });
});

function fresh(name: string): string {
  const path = join(folder, name);
  fs.mkdirSync(path);
  return path;
}

const failure = (code: string): Error => Object.assign(new Error(code), { code });

/** A machine whose file calls fail where the test says so, and are real elsewhere. */
function host(system: NodeJS.Platform, overrides: Partial<WriteHost["fs"]>): WriteHost & { readonly pauses: number[] } {
  const pauses: number[] = [];
  return { platform: system, fs: { ...fs, ...overrides }, pause: (ms) => void pauses.push(ms), pauses };
}

describe("writeFileAtomic()", () => {
  it("writes bytes and text, over what was there, and leaves nothing else", async () => {
    const at = fresh("plain");
    await writeFileAtomic(join(at, "a"), "ä", { mode: 0o644 });
    await writeFileAtomic(join(at, "a"), new Uint8Array([1, 2]), { mode: 0o644, fsync: false });
    assert.deepEqual([...fs.readFileSync(join(at, "a"))], [1, 2]);
    assert.deepEqual(fs.readdirSync(at), ["a"]);
  });

  it("gives the mode from the first byte on, whatever the umask allows", posix, () => {
    const at = fresh("modes");
    const modes: number[] = [];
    const watching = host("linux", {
      writeFileSync: (file, data) => {
        if (typeof file === "number") modes.push(fs.fstatSync(file).mode & 0o777);
        fs.writeFileSync(file, data);
      },
    });
    const umask = process.umask(0);
    try {
      writeFileAtomicSync(join(at, "secret"), "x", { mode: 0o600, host: watching });
      process.umask(0o027);
      writeFileAtomicSync(join(at, "shared"), "x", { mode: 0o666, host: watching });
    } finally {
      process.umask(umask);
    }
    assert.deepEqual(modes, [0o600, 0o640]);
    assert.equal(fs.statSync(join(at, "secret")).mode & 0o777, 0o600);
  });

  it("narrows a file that was open to others", posix, async () => {
    const at = fresh("narrow");
    fs.writeFileSync(join(at, "token"), "old", { mode: 0o644 });
    await writeFileAtomic(join(at, "token"), "new", { mode: 0o600 });
    assert.equal(fs.statSync(join(at, "token")).mode & 0o777, 0o600);
  });

  it("replaces a link instead of writing through it", posix, async () => {
    const at = fresh("link");
    fs.writeFileSync(join(at, "target"), "outside");
    fs.symlinkSync("target", join(at, "a"));
    await writeFileAtomic(join(at, "a"), "new", { mode: 0o644 });
    assert.equal(fs.readFileSync(join(at, "target"), "utf8"), "outside");
    assert.ok(fs.lstatSync(join(at, "a")).isFile());
  });

  it("makes its temp in the folder it is told", async () => {
    const at = fresh("temp");
    fs.mkdirSync(join(at, "refs"));
    const temps: string[] = [];
    const watching = host(process.platform, {
      renameSync: (from, to) => {
        temps.push(String(from));
        fs.renameSync(from, to);
      },
    });
    const path = join(at, "refs", "main");
    writeFileAtomicSync(path, "x", { mode: 0o666, tempFolder: at, host: watching });
    assert.equal(temps.length, 1);
    assert.ok(temps[0]?.startsWith(join(at, "main.")));
    assert.equal(fs.readFileSync(path, "utf8"), "x");
  });

  for (const [step, code, expected] of [
    ["openSync", "EACCES", "ERR_HF_DISK"],
    ["writeFileSync", "ENOSPC", "ERR_HF_NO_SPACE"],
    ["fsyncSync", "EDQUOT", "ERR_HF_NO_SPACE"],
    ["renameSync", "EROFS", "ERR_HF_DISK"],
  ] as const) {
    it(`keeps the old file and no temp when ${step} fails with ${code}`, async () => {
      const at = fresh(`fails-${step}`);
      const path = join(at, "token");
      fs.writeFileSync(path, "old");
      const broken = host("linux", {
        [step]: () => {
          throw failure(code);
        },
      });
      await assert.rejects(
        writeFileAtomic(path, "new", { mode: 0o600, doing: "write the token file", host: broken }),
        (error: Error & { code?: string }) => {
          assert.equal(error.code, expected);
          assert.ok(error.message.includes(path));
          assert.match(error.message, /write the token file/);
          return true;
        },
      );
      assert.deepEqual(fs.readdirSync(at), ["token"]);
      assert.equal(fs.readFileSync(path, "utf8"), "old");
    });
  }

  it("names the folder that is missing", async () => {
    await assert.rejects(writeFileAtomic(join(folder, "none", "a"), "x", { mode: 0o600 }), { code: "ERR_HF_DISK" });
  });

  it("leaves a whole file, old or new, when the process is killed while it writes again and again", async () => {
    const at = fresh("killed");
    const path = join(at, "token");
    const sizes = [100_000, 200_000];
    const script = `const { writeFileAtomicSync } = await import(${JSON.stringify(MODULE)});
      const write = (size) => writeFileAtomicSync(${JSON.stringify(path)}, "x".repeat(size), { mode: 0o600, fsync: false });
      write(${sizes[0]});
      process.stdout.write("ready");
      for (;;) for (const size of ${JSON.stringify(sizes)}) write(size);`;
    const writer = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(writer.stdout, "data");
    for (let reads = 0; reads < 200; reads++) assert.ok(sizes.includes(fs.readFileSync(path).length));
    writer.kill("SIGKILL");
    await once(writer, "close");
    assert.ok(sizes.includes(fs.readFileSync(path).length));
    for (const name of fs.readdirSync(at)) assert.match(name, /^token(\.[0-9a-f]{8}\.tmp)?$/);
  });
});

describe("replaceFile()", () => {
  it("tries again on Windows while a scanner has the file open", () => {
    const at = fresh("windows");
    fs.writeFileSync(join(at, "new"), "new");
    fs.writeFileSync(join(at, "old"), "old");
    const codes = ["EPERM", "EACCES", "EBUSY"];
    const busy = host("win32", {
      renameSync: (from, to) => {
        const code = codes.shift();
        if (code !== undefined) throw failure(code);
        fs.renameSync(from, to);
      },
    });
    replaceFile(join(at, "new"), join(at, "old"), busy);
    assert.equal(fs.readFileSync(join(at, "old"), "utf8"), "new");
    assert.deepEqual(busy.pauses, [5, 10, 20]);
  });

  it("gives up after a second, and at once for another reason or on another system", () => {
    const stuck = (system: NodeJS.Platform, code: string): WriteHost & { readonly pauses: number[] } =>
      host(system, {
        renameSync: () => {
          throw failure(code);
        },
      });
    const cases = [
      [stuck("win32", "EPERM"), 1000],
      [stuck("win32", "ENOENT"), 0],
      [stuck("linux", "EPERM"), 0],
    ] as const;
    for (const [at, waited] of cases) {
      assert.throws(() => replaceFile("a", "b", at));
      assert.equal(
        at.pauses.reduce((sum, ms) => sum + ms, 0),
        waited,
      );
    }
  });
});

describe("ensureFolder()", () => {
  it("gives the mode to every folder it makes, and to no other", posix, async () => {
    const at = fresh("folders");
    fs.chmodSync(at, 0o775);
    const made = await ensureFolder(join(at, "a", "b"), { mode: 0o700 });
    assert.equal(made, join(at, "a"));
    for (const each of [join(at, "a"), join(at, "a", "b")]) assert.equal(fs.statSync(each).mode & 0o777, 0o700);
    assert.equal(fs.statSync(at).mode & 0o777, 0o775);
    assert.equal(await ensureFolder(at, { mode: 0o700 }), undefined);
    assert.equal(fs.statSync(at).mode & 0o777, 0o775);
  });

  it("says what is in the way", async () => {
    const at = fresh("obstacle");
    fs.writeFileSync(join(at, "file"), "");
    for (const path of [join(at, "file"), join(at, "file", "below")]) {
      await assert.rejects(ensureFolder(path), (error: Error & { code?: string }) => {
        assert.equal(error.code, "ERR_HF_DISK");
        assert.ok(error.message.includes(path));
        return true;
      });
    }
  });
});
