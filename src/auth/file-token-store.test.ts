import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { lstat, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { systemClock } from "../core/clock.ts";
import { HfError } from "../core/errors.ts";
import { acquireFileLock } from "../core/file-lock.ts";
import type { Clock } from "../core/ports.ts";
import { Secret } from "../core/secret.ts";
import { createFileTokenStore } from "./file-token-store.ts";
import type { FileStoreOptions } from "./file-token-store.ts";
import { logout, logoutAll, switchTo } from "./login.ts";
import { planLogin } from "./store-plans.ts";
import type { OnUnreadable, StoreContents, TokenStore } from "./token-store.ts";
import { trustEndpoint } from "./trust.ts";
import { noLocks } from "../../test/support/locks.ts";

const posix = process.platform !== "win32";
const secret = (text: string): Secret => Secret.of(`hf_${text.padEnd(34, "q")}`);
const a = secret("a");
const b = secret("b");

let home: string;
let paths: { token: string; stored: string; lock: string; record: string };

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "latchkey-store-"));
  paths = pathsIn(home);
});
afterEach(() => rm(home, { recursive: true, force: true }));

function pathsIn(folder: string): typeof paths {
  const at = (name: string): string => join(folder, name);
  return {
    token: at("token"),
    stored: at("stored_tokens"),
    lock: at("stored_tokens.lock"),
    record: at("latchkey.json"),
  };
}

function storeAt(more: Partial<FileStoreOptions> = {}): TokenStore {
  const { token: tokenPath, stored: storedTokensPath } = paths;
  return createFileTokenStore({ tokenPath, storedTokensPath, platform: process.platform, clock: systemClock, ...more });
}

async function save(
  name: string,
  token: Secret,
  { origin = "https://huggingface.co", onUnreadable }: { origin?: string; onUnreadable?: OnUnreadable } = {},
): Promise<string | undefined> {
  const login = { name, token, origin };
  return (await storeAt().write((now) => planLogin(now, login, onUnreadable), { onUnreadable })).copy;
}

/** A link that another user has made, to the user whose number is given back: undefined is this one. */
function foreignLink(target: string, path: string): number | undefined {
  symlinkSync(target, path);
  const me = process.geteuid?.() ?? 0;
  if (me !== 0) return me + 1;
  lchownSync(path, 54_321, 54_321);
  return undefined;
}

const text = (path: string): string => readFileSync(path, "utf8");
const mode = (path: string): number => statSync(path).mode & 0o777;
const coded =
  (code: string, pattern = /./) =>
  (error: unknown): boolean =>
    error instanceof HfError && error.code === code && pattern.test(`${error.message} ${error.hint}`);

const names = (now: StoreContents): string[] =>
  now.saved.kind === "ok" ? now.saved.logins.map((login) => login.name) : [now.saved.error.code];

describe("the file token store", () => {
  it("writes what Python writes: a bare token, and a section with a blank line", async () => {
    await save("a", a);
    assert.equal(text(paths.token), a.expose());
    assert.equal(text(paths.stored), `[a]\nhf_token = ${a.expose()}\n\n`);
    assert.deepEqual(readdirSync(home).toSorted(), ["stored_tokens", "stored_tokens.lock", "token"]);
  });

  it("keeps the files from other users", { skip: posix ? false : "Windows has no modes" }, async () => {
    writeFileSync(paths.token, "old", { mode: 0o644 });
    await save("a", a, { origin: "https://hub.acme.io" });
    assert.deepEqual([paths.token, paths.stored, paths.record].map(mode), [0o600, 0o600, 0o600]);
  });

  it(
    "makes a missing folder private and leaves the mode of one that is there",
    {
      skip: posix ? false : "Windows has no modes",
    },
    async () => {
      chmodSync(home, 0o2775);
      await save("a", a);
      assert.equal(statSync(home).mode & 0o7777, 0o2775);
      paths = pathsIn(join(home, "new", "home"));
      await save("a", a);
      assert.deepEqual([join(home, "new"), join(home, "new", "home")].map(mode), [0o700, 0o700]);
    },
  );

  it("writes through a link instead of replacing it", { skip: posix ? false : "needs links" }, async () => {
    const elsewhere = join(home, "secret");
    writeFileSync(elsewhere, "");
    symlinkSync(elsewhere, paths.token);
    await save("a", a);
    assert.ok((await lstat(paths.token)).isSymbolicLink());
    assert.equal(text(elsewhere), a.expose());
  });

  it(
    "writes through no link of another user, says so, and shows it",
    { skip: posix ? false : "needs links" },
    async () => {
      const elsewhere = join(home, "theirs");
      writeFileSync(elsewhere, "");
      const uid = foreignLink(elsewhere, paths.token);
      const login = { name: "a", token: a, origin: "https://huggingface.co" };
      await assert.rejects(
        storeAt({ uid }).write((now) => planLogin(now, login)),
        coded("ERR_HF_DISK", /token is a link that another user has made/),
      );
      assert.equal(text(elsewhere), "");
      const { tokenFile } = await storeAt({ uid }).describe();
      assert.equal(tokenFile.unsafe, "is a link that another user has made");
    },
  );

  it("removes what its links lead to in a full logout", { skip: posix ? false : "needs links" }, async () => {
    const [dot, elsewhere, logins] = ["dot", "dot/secret", "logins"].map((name) => join(home, name));
    mkdirSync(String(dot));
    symlinkSync("dot/secret", paths.token);
    symlinkSync("../hop", String(elsewhere));
    symlinkSync(String(logins), paths.stored);
    writeFileSync(join(home, "hop"), "");
    writeFileSync(String(logins), "");
    await save("a", a);
    assert.equal(text(join(home, "hop")), a.expose());
    assert.match(text(String(logins)), /\[a\]/);
    assert.deepEqual(await logoutAll(storeAt()), { removed: true, names: ["a"], left: [], kept: [] });
    for (const name of ["hop", "logins", "token", "stored_tokens"]) assert.equal(existsSync(join(home, name)), false);
    assert.throws(() => lstatSync(paths.token), { code: "ENOENT" });
  });

  it(
    "removes a link of another user, not what it leads to, and says so",
    { skip: posix ? false : "needs links" },
    async () => {
      const elsewhere = join(home, "theirs");
      writeFileSync(elsewhere, a.expose());
      const uid = foreignLink(elsewhere, paths.token);
      const { removed, kept } = await logoutAll(storeAt({ uid }));
      assert.equal(removed, true);
      assert.match(kept[0]?.message ?? "", /another user has made/);
      assert.equal(text(elsewhere), a.expose());
      assert.throws(() => lstatSync(paths.token), { code: "ENOENT" });
    },
  );

  it("takes temps of killed writers away in a full logout, and names the copies that were kept", async () => {
    await save("a", a);
    for (const name of ["token.0123abcd.tmp", "stored_tokens.0123abcd.tmp"])
      writeFileSync(join(home, name), a.expose());
    writeFileSync(join(home, "token.other.tmp"), "mine");
    const copy = `${paths.stored}.unreadable-2026-01-01T00-00-00`;
    writeFileSync(copy, "{}");
    const { kept } = await logoutAll(storeAt());
    assert.deepEqual(readdirSync(home).toSorted(), [
      "stored_tokens.lock",
      "stored_tokens.unreadable-2026-01-01T00-00-00",
      "token.other.tmp",
    ]);
    assert.match(kept[0]?.message ?? "", /could not be read is at .*unreadable-2026/);
    assert.equal(kept.length, 1);
  });

  it("saves a second login without touching the fields of the first", async () => {
    const other = `[other]\nhf_token = ${b.expose()}\nrefresh_token = r-12345678\nexpires_at = 12\nx = y\n\n`;
    writeFileSync(paths.stored, other);
    await save("mine", a);
    assert.equal(text(paths.stored), `[mine]\nhf_token = ${a.expose()}\n\n${other}`);
    await logout(storeAt(), "mine");
    assert.equal(text(paths.stored), other);
    assert.equal(existsSync(paths.token), false);
  });

  it("bakes the keys of [DEFAULT] into the sections, as Python's next save does", async () => {
    writeFileSync(paths.stored, `[DEFAULT]\nk = v\n[z]\nhf_token = ${b.expose()}\n`);
    await save("a", a);
    assert.equal(text(paths.stored), `[a]\nhf_token = ${a.expose()}\n\n[z]\nk = v\nhf_token = ${b.expose()}\n\n`);
  });

  it("switches by the token file alone", async () => {
    await save("a", a);
    await save("b", b);
    const before = text(paths.stored);
    const report = await switchTo(storeAt(), "a", { HF_TOKEN: b.expose() });
    assert.equal(text(paths.token), a.expose());
    assert.equal(text(paths.stored), before);
    assert.equal(report.overriddenBy, "env:HF_TOKEN");
  });

  it("changes no file for an unknown name", async () => {
    await save("laptop", a);
    const before = [text(paths.token), text(paths.stored)];
    await assert.rejects(switchTo(storeAt(), "lapto", {}), coded("ERR_HF_TOKEN_NAME", /Did you mean 'laptop'/));
    await assert.rejects(logout(storeAt(), "x"), coded("ERR_HF_TOKEN_NAME"));
    assert.deepEqual([text(paths.token), text(paths.stored)], before);
  });

  it("leaves an empty file after the last named logout", async () => {
    await save("a", a);
    assert.equal((await logout(storeAt(), "a")).wasActive, true);
    assert.equal(text(paths.stored), "");
    assert.equal(existsSync(paths.token), false);
  });

  it("removes both files and its record in a full logout, and keeps the lock file", async () => {
    await save("a", a, { origin: "https://hub.acme.io" });
    assert.deepEqual(await logoutAll(storeAt()), { removed: true, names: ["a"], left: [], kept: [] });
    assert.deepEqual(readdirSync(home), ["stored_tokens.lock"]);
    assert.deepEqual(await logoutAll(storeAt()), { removed: false, names: [], left: [], kept: [] });
  });

  it("makes no folder for a logout", async () => {
    paths = pathsIn(join(home, "never"));
    assert.equal((await logoutAll(storeAt())).removed, false);
    assert.equal(existsSync(join(home, "never")), false);
  });

  it("keeps trusted endpoints apart from logins", async () => {
    assert.deepEqual(await trustEndpoint(storeAt(), "https://mirror.example/"), {
      origin: "https://mirror.example",
      changed: true,
    });
    assert.equal((await trustEndpoint(storeAt(), "https://mirror.example")).changed, false);
    assert.equal((await trustEndpoint(storeAt(), "https://huggingface.co")).changed, false);
    await assert.rejects(trustEndpoint(storeAt(), "http://mirror.example"), coded("ERR_HF_INSECURE_ENDPOINT"));
    await logoutAll(storeAt());
    assert.match(text(paths.record), /mirror\.example/);
  });

  it("waits for its lock, and gives up after a limit", { skip: noLocks }, async () => {
    const lock = await acquireFileLock(paths.lock);
    try {
      const waits: string[] = [];
      const store = storeAt({ lockTimeoutMs: 100, onWait: (path) => waits.push(path) });
      await assert.rejects(switchTo(store, "a", {}), coded("ERR_HF_LOCK_TIMEOUT"));
      if (lock.held) assert.deepEqual(waits, [paths.lock]);
    } finally {
      lock.release();
    }
  });

  it("frees its lock when a decision throws", async () => {
    await assert.rejects(switchTo(storeAt(), "nobody", {}));
    const lock = await acquireFileLock(paths.lock, { timeoutMs: 0 });
    lock.release();
  });

  it(
    "describes its files and what is unsafe about them",
    { skip: posix ? false : "Windows has no modes" },
    async () => {
      await save("a", a);
      chmodSync(paths.token, 0o644);
      chmodSync(paths.stored, 0o662);
      chmodSync(home, 0o777);
      const { source, tokenFile, storedTokens, record, folder } = await storeAt().describe();
      assert.equal(source, `file:${paths.token}`);
      assert.match(tokenFile.unsafe ?? "", /read by other users \(mode 644\)/);
      assert.match(storedTokens.unsafe ?? "", /written by other users \(mode 662\)/);
      assert.match(folder.unsafe ?? "", /written by other users \(mode 777\)/);
      assert.equal(record.exists, false);
      assert.deepEqual(
        [tokenFile.mend, storedTokens.mend, folder.mend],
        [`chmod 600 ${paths.token}`, `chmod 600 ${paths.stored}`, `chmod go-w ${home}`],
      );
      chmodSync(paths.token, 0o600);
      chmodSync(home, 0o1777);
      const safe = await storeAt({ uid: statSync(home).uid }).describe();
      assert.deepEqual([safe.tokenFile.unsafe, safe.folder.unsafe], [undefined, undefined]);
    },
  );
});

describe("reading the token file", () => {
  const active = async (bytes: string | Uint8Array) => {
    writeFileSync(paths.token, bytes);
    return (await storeAt().read()).active;
  };

  it("cleans what it finds", async () => {
    for (const [bytes, warns] of [
      [`${a.expose()}\r\n`, false],
      [`\ufeff${a.expose()}`, false],
      [`  ${a.expose()}\n`, true],
    ] as const) {
      const found = await active(bytes);
      assert.ok(found.kind === "found" && found.token.equals(a), bytes);
      assert.equal(found.warning !== undefined, warns);
    }
  });

  it("takes blanks alone for no token", async () => assert.equal((await active(" \n\u00a0\n")).kind, "absent"));

  it("refuses bytes that are no token, without quoting them", async () => {
    const refused = await active(Buffer.from([0x68, 0x66, 0x5f, 0xff, 0xfe]));
    assert.ok(refused.kind === "refused" && coded("ERR_HF_TOKEN_REFUSED", /not ASCII/)(refused.error));
    assert.ok(refused.kind === "refused" && !refused.error.message.includes("hf_"));
  });

  it("says so when a folder is in its place, or a file in the place of its folder", async () => {
    mkdirSync(paths.token);
    const folder = (await storeAt().read()).active;
    assert.ok(folder.kind === "refused" && coded("ERR_HF_TOKEN_FILE", /it is a folder/)(folder.error));
    writeFileSync(join(home, "file"), "");
    paths = pathsIn(join(home, "file"));
    const below = (await storeAt().read()).active;
    assert.ok(below.kind === "refused" && coded("ERR_HF_TOKEN_FILE", /ENOTDIR/)(below.error));
  });

  it("reads once more when another tool has just emptied the file", async () => {
    writeFileSync(paths.token, "");
    const sleeps: number[] = [];
    const clock: Clock = {
      now: () => 0,
      sleep: async (ms) => {
        sleeps.push(ms);
        writeFileSync(paths.token, a.expose());
      },
    };
    const { active: found } = await storeAt({ clock }).read();
    assert.ok(found.kind === "found" && found.token.equals(a));
    assert.ok(sleeps.includes(50));
  });

  it("reads once more before a change that would lose what an empty file held a moment ago", async () => {
    writeFileSync(paths.stored, "");
    const half = `[b]\nhf_token = ${b.expose()}\n\n`;
    const clock: Clock = { now: () => 0, sleep: async () => writeFileSync(paths.stored, half) };
    const login = { name: "a", token: a, origin: "https://huggingface.co" };
    await storeAt({ clock }).write((now) => planLogin(now, login));
    assert.deepEqual(names(await storeAt().read()), ["a", "b"]);
  });

  it("reads a half store once more", async () => {
    writeFileSync(paths.stored, "hf_tok");
    const clock: Clock = {
      now: () => 0,
      sleep: async () => writeFileSync(paths.stored, `[a]\nhf_token = ${a.expose()}\n\n`),
    };
    assert.deepEqual(names(await storeAt({ clock }).read()), ["a"]);
  });

  describe("between the two writes of a renewal", () => {
    const expiring = "refresh_token = r2\nexpires_at = 2000000000\n\n";
    const halfRenewed = (more = ""): void => {
      writeFileSync(paths.token, a.expose());
      writeFileSync(paths.stored, `[oauth]\nhf_token = ${b.expose()}\n${expiring}${more}`);
    };
    /** Counts the waits; at the second one the other tool comes to its second write. */
    function clockOf(later = 0): { clock: Clock; waits: () => number } {
      let waits = 0;
      const sleep = async (): Promise<void> => {
        if (++waits === 2) writeFileSync(paths.token, b.expose());
      };
      return { clock: { now: () => Date.now() + later, sleep }, waits: () => waits };
    }
    const read = async (clock: Clock): Promise<string> => {
      const { active } = await storeAt({ clock }).read();
      return active.kind === "found" ? active.token.expose() : active.kind;
    };

    it("waits for the second, or the old token would be taken for one without a login", async () => {
      halfRenewed();
      const { clock, waits } = clockOf();
      assert.deepEqual([await read(clock), waits()], [b.expose(), 2]);
    });

    it("waits for the first as well: saved logins that are emptied hold none for a moment", async () => {
      const written = `[oauth]\nhf_token = ${b.expose()}\n${expiring}`;
      writeFileSync(paths.token, a.expose());
      writeFileSync(paths.stored, "");
      let waits = 0;
      const sleep = async (): Promise<void> => {
        waits++;
        if (waits === 2) writeFileSync(paths.stored, written);
        if (waits === 3) writeFileSync(paths.token, b.expose());
      };
      assert.deepEqual([await read({ now: Date.now, sleep }), waits], [b.expose(), 3]);
      writeFileSync(paths.stored, "");
      const older = clockOf(3000);
      assert.deepEqual([await read(older.clock), older.waits()], [b.expose(), 0]);
    });

    it("waits for a token file that is emptied until it is filled, and for one that stays empty no longer than once", async () => {
      halfRenewed();
      writeFileSync(paths.token, "");
      let waits = 0;
      const sleep = async (): Promise<void> => {
        if (++waits === 4) writeFileSync(paths.token, b.expose());
      };
      assert.deepEqual([await read({ now: Date.now, sleep }), waits], [b.expose(), 4]);
      writeFileSync(paths.token, "");
      const never: Clock = { now: Date.now, sleep: async () => void waits++ };
      assert.equal(await read(never), "absent");
      waits = 0;
      assert.deepEqual([await read({ ...never, now: () => Date.now() + 3000 }), waits], ["absent", 1]);
    });

    it("does not wait where the files are older, or the token belongs to a login, or no login is renewed", async () => {
      halfRenewed();
      const older = clockOf(3000);
      assert.deepEqual([await read(older.clock), older.waits()], [a.expose(), 0]);
      halfRenewed(`[other]\nhf_token = ${a.expose()}\n\n`);
      const known = clockOf();
      assert.deepEqual([await read(known.clock), known.waits()], [a.expose(), 0]);
      writeFileSync(paths.stored, `[pasted]\nhf_token = ${b.expose()}\n\n`);
      const pasted = clockOf();
      assert.deepEqual([await read(pasted.clock), pasted.waits()], [a.expose(), 0]);
    });

    it("gives up in the end", async () => {
      halfRenewed();
      const clock: Clock = { now: Date.now, sleep: async () => undefined };
      assert.equal(await read(clock), a.expose());
    });
  });

  it("reads no more than a megabyte", async () => {
    const huge = await active("x".repeat(1024 * 1024 + 1));
    assert.ok(huge.kind === "refused" && /1 MiB/.test(huge.error.message));
  });
});

describe("a file of saved logins that Python can't read", () => {
  const login = `[work]\nhf_token = ${b.expose()}\n`;
  const json = JSON.stringify({ tokens: { rust: { token: b.expose() } }, active: "rust" });
  const broken: readonly (readonly [string, string | Uint8Array, RegExp])[] = [
    ["JSON", json, /JSON.*another tool.*'rust'/],
    ["a byte order mark", `\ufeff${login}`, /byte order mark/],
    ["a section twice", `${login}${login}`, /\[work\] is there twice \(line 3\)/],
    ["a key twice", `${login}HF_TOKEN = x\n`, /'hf_token' twice/],
    ["text before the first header", `oops\n${login}`, /before the first \[section\] \(line 1\)/],
    ["a line without a separator", `${login}oops\n`, /no "key = value"/],
    ["bytes that are not UTF-8", Buffer.concat([Buffer.from(login), Buffer.from([0xff, 0x0a])]), /UTF-8|key = value/],
  ];
  for (const [what, bytes, reason] of broken) {
    it(`is never overwritten: ${what}`, async () => {
      writeFileSync(paths.stored, bytes);
      await assert.rejects(save("new", a), coded("ERR_HF_STORE_UNREADABLE", reason));
      await assert.rejects(logout(storeAt(), "work"), coded("ERR_HF_STORE_UNREADABLE"));
      assert.deepEqual(readFileSync(paths.stored), Buffer.from(bytes));
      assert.equal(existsSync(paths.token), false);
      assert.deepEqual(readdirSync(home).toSorted(), ["stored_tokens", "stored_tokens.lock"]);
    });

    it(`is kept beside when the user says so: ${what}`, async () => {
      writeFileSync(paths.stored, bytes, { mode: 0o644 });
      const copy = await save("new", a, { onUnreadable: "keep-copy" });
      assert.match(copy ?? "", /stored_tokens\.unreadable-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d$/);
      assert.deepEqual(readFileSync(copy ?? ""), Buffer.from(bytes));
      if (posix) assert.equal(mode(copy ?? ""), 0o600);
      assert.ok(names(await storeAt().read()).includes("new"));
      assert.equal(text(paths.token), a.expose());
    });
  }

  it("keeps every copy, also of the same second", async () => {
    const clock: Clock = { ...systemClock, now: () => 1_767_225_600_000 };
    const copies: (string | undefined)[] = [];
    for (const content of ["one", "two"]) {
      writeFileSync(paths.stored, content);
      const plan = (now: StoreContents) => planLogin(now, { name: "a", token: a, origin: "https://huggingface.co" });
      copies.push((await storeAt({ clock }).write(plan, { onUnreadable: "keep-copy" })).copy);
    }
    assert.deepEqual(
      copies.map((path) => text(path ?? "")),
      ["one", "two"],
    );
  });

  it("gives its logins over when asked", async () => {
    writeFileSync(paths.stored, json);
    await save("new", a, { onUnreadable: "import" });
    assert.deepEqual(names(await storeAt().read()), ["new", "rust"]);
  });

  it("stays in a full logout, which says so", async () => {
    writeFileSync(paths.stored, json);
    writeFileSync(paths.token, a.expose());
    const { removed, kept } = await logoutAll(storeAt());
    assert.equal(removed, true);
    assert.deepEqual(
      kept.map(({ code }) => code),
      ["ERR_HF_STORE_UNREADABLE"],
    );
    assert.equal(text(paths.stored), json);
    assert.equal(existsSync(paths.token), false);
  });

  it("does not hide the active token", async () => {
    writeFileSync(paths.stored, json);
    writeFileSync(paths.token, a.expose());
    assert.equal((await storeAt().read()).active.kind, "found");
  });
});
