import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { decodeCommit } from "./git-objects.ts";
import { headerSafe } from "./http.ts";
import { createJournal } from "./journal.ts";
import type { Localhub } from "./server.ts";
import { startLocalhub } from "./server.ts";
import { checkLink, sign } from "./signed-links.ts";
import { createFolderStorage } from "./storage-folder.ts";

const NAMES = ["a\r\nX-Evil: 1.txt", 'b"; filename="evil.exe', "c\u202e\u0007.bin", "..", "d\\..\\e.bin"];

describe("a hostile page or program on this machine", () => {
  let hub: Localhub;
  let dir: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "localhub-hostile-"));
    const files = Object.fromEntries(
      NAMES.flatMap((name) => [
        [`text/${name}`, "text"],
        [`large/${name}`, { text: "large", lfs: true }],
      ]),
    );
    const commits = [{ message: "Upload", files }];
    const users = [{ name: "alice" }];
    hub = await startLocalhub({
      seed: {
        users,
        tokens: [{ name: "alice", owner: "alice", role: "write" }],
        repos: [
          { id: "alice/open", commits },
          { id: "alice/hidden", private: true, commits },
        ],
      },
    });
  });
  after(async () => {
    await hub.close();
    await rm(dir, { recursive: true, force: true });
  });
  beforeEach(() => hub.journal.clear());

  /** Sends bytes as they stand and reads until the hub ends the connection. */
  const talk = (bytes: string, origin = hub.url): Promise<string> =>
    new Promise((resolve) => {
      let got = "";
      const socket = connect({ host: "127.0.0.1", port: Number(new URL(origin).port) });
      socket.setEncoding("latin1");
      socket.on("data", (part: string) => (got += part));
      socket.on("error", () => {});
      socket.on("close", () => resolve(got));
      socket.write(bytes, "latin1");
    });
  const get = (target: string, headers = "", origin = hub.url): Promise<string> =>
    talk(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${headers}\r\n`, origin);

  it("gets nothing under a foreign host name, on either origin", async () => {
    for (const origin of [hub.url, hub.cdnUrl]) {
      const { port } = new URL(origin);
      for (const host of [
        `evil.example:${port}`,
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "10.0.0.1",
        "",
      ]) {
        const answer = await talk(
          `GET /api/models/alice/open HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
          origin,
        );
        assert.match(answer, /^HTTP\/1\.1 403 /, host);
        assert.ok(!answer.includes("alice/open"));
      }
    }
    assert.deepEqual([...new Set(hub.journal.entries.map(({ status }) => status))], [403]);
    for (const host of [
      "localhost",
      `localhost:${1}`,
      "LOCALHOST",
      "127.0.0.1:8080",
      "127.1.2.3",
      "[::1]:80",
      "hub.localhost",
    ]) {
      const answer = await talk(`GET /api/models/alice/open HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      assert.match(answer, /^HTTP\/1\.1 200 /, host);
    }
    assert.match(await talk("GET /api/models/alice/open HTTP/1.0\r\n\r\n"), /^HTTP\/1\.1 200 /);
  });

  it("puts no line and no parameter into headers by a file name", async () => {
    const token = `Authorization: Bearer ${hub.tokens["alice"]}\r\n`;
    for (const name of NAMES) {
      for (const repo of ["open", "hidden"]) {
        for (const path of [`text/${encodeURIComponent(name)}`, `large/${encodeURIComponent(name)}`]) {
          let answer = await get(`/alice/${repo}/resolve/main/${path}`, token);
          for (let hops = 0; /^HTTP\/1\.1 30[27] /.test(answer) && hops < 3; hops++) {
            assert.doesNotMatch(answer, /^X-Evil/m);
            const location = /^Location: (.*)\r$/m.exec(answer)?.[1] ?? assert.fail(answer);
            const next = new URL(location, hub.url);
            answer = await get(next.pathname + next.search, token, next.origin);
          }
          assert.match(answer, /^HTTP\/1\.1 200 /, `${repo} ${path}`);
          const head = answer.slice(0, answer.indexOf("\r\n\r\n"));
          assert.doesNotMatch(head, /^X-Evil/m);
          const disposition = /^Content-Disposition: (.*)$/m.exec(head)?.[1] ?? "";
          assert.match(disposition, /^inline; filename\*=UTF-8''[^\s"';]*; filename="[^"\\]*";\r?$/);
        }
      }
    }
  });

  it("reaches no file outside by a repo id, a revision, a path or a large file's name", async () => {
    const up = "..%2f..%2f..%2f..%2f..%2fetc%2fpasswd";
    for (const target of [
      `/api/models/${up}`,
      `/api/models/alice/${up}/tree/main`,
      `/alice/open/resolve/${up}/x`,
      `/alice/open/resolve/main/${up}`,
      "/alice/open/resolve/main/../../../../../../etc/passwd",
      `/alice/open/raw/main/%2fetc%2fpasswd`,
      `/api/models/alice/open/tree/main/${up}`,
      "//etc/passwd",
      "/etc/passwd",
    ]) {
      const answer = await get(target);
      assert.match(answer, /^HTTP\/1\.1 (?:404|401|400|307) /, target);
      assert.ok(!answer.includes("root:"));
    }
    assert.match(await get(`/lfs/${up}`, "", hub.cdnUrl), /^HTTP\/1\.1 403 /);
    const storage = createFolderStorage(join(dir, "state"));
    const body = (async function* () {
      yield Buffer.from("x");
    })();
    assert.equal(await storage.lfs.receive("../../../escaped/x", 1, body), "mismatch");
    assert.deepEqual(await readdir(dir), ["state"]);
    assert.equal(storage.lfs.find("../hub"), undefined);
  });

  it(
    "keeps its state from other users of the machine",
    { skip: process.platform === "win32" && "no POSIX modes" },
    async () => {
      const stateDir = join(dir, "parent", "own");
      const own = await startLocalhub({ stateDir, seed: { users: [{ name: "alice" }] } });
      await own.close();
      assert.equal((await stat(stateDir)).mode & 0o777, 0o700);
      assert.equal((await stat(join(stateDir, "hub.json"))).mode & 0o777, 0o600);
    },
  );

  it("does not make the hub hold a large body", async () => {
    const path = "/api/models/alice/open/paths-info/main";
    const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`;
    assert.match(await talk(`${head}Content-Length: 1000000000\r\n\r\n{`), /^HTTP\/1\.1 413 /);
    const socket = connect({ host: "127.0.0.1", port: Number(new URL(hub.url).port) });
    socket.on("error", () => {});
    const closed = new Promise((resolve) => socket.once("close", resolve));
    let answer = "";
    socket.on("data", (part) => (answer += part.toString("latin1")));
    socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n`);
    const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n`;
    let sent = 0;
    while (!socket.destroyed && sent < 64 * 1024 * 1024) {
      sent += chunk.length;
      const more = socket.write(chunk);
      if (!more) await Promise.race([closed, new Promise((resolve) => socket.once("drain", resolve))]);
      else await new Promise(setImmediate);
    }
    assert.ok(sent < 32 * 1024 * 1024, `${sent} bytes went in`);
    socket.destroy();
    assert.ok(answer === "" || answer.startsWith("HTTP/1.1 413 "), answer);
  });

  it("writes no more of an upload than was announced", async () => {
    const storage = createFolderStorage(join(dir, "uploads"));
    let most = 0;
    const body = (async function* () {
      for (let times = 0; times < 64; times++) {
        yield Buffer.alloc(1024);
        for (const name of await readdir(join(dir, "uploads", "lfs"))) {
          const { size } = await stat(join(dir, "uploads", "lfs", name));
          if (name.startsWith("incoming-")) most = Math.max(most, size);
        }
      }
    })();
    assert.equal(await storage.lfs.receive("a".repeat(64), 2048, body), "mismatch");
    assert.equal(most, 2048);
  });

  it("cannot fill the journal beyond its bound", () => {
    const journal = createJournal(3, 1000);
    const entry = (url: string) => ({
      method: "GET",
      url,
      origin: "hub" as const,
      headers: {},
      status: 0,
      sent: 0,
      at: 0,
    });
    for (const url of ["a", "b", "c", "d"]) journal.add(entry(url));
    assert.deepEqual(
      journal.entries.map(({ url }) => url),
      ["b", "c", "d"],
    );
    journal.add(entry("e".repeat(999)));
    assert.deepEqual(
      journal.entries.map(({ url }) => url.length),
      [1, 999],
    );
    journal.add(entry("f".repeat(5000)));
    assert.deepEqual(
      journal.entries.map(({ url }) => url.length),
      [5000],
    );
  });

  it("cannot make a link last by moving its borders", () => {
    const oid = "a".repeat(64);
    const expires = Math.floor(Date.now() / 1000) + 60;
    const good = { filename: "x 1", Expires: String(expires), Signature: sign(hub.model, `GET ${oid} x 1 ${expires}`) };
    assert.equal(checkLink(hub.model, oid, new URLSearchParams(good)), "good");
    const moved = { ...good, filename: "x", Expires: `1 ${expires}` };
    assert.equal(checkLink(hub.model, oid, new URLSearchParams(moved)), "forged");
  });

  it("cannot make texts of its choice cost more than their length", () => {
    // Each of these takes minutes where the time grows with the square.
    assert.equal(headerSafe(`a${" ".repeat(2_000_000)}b`).length, 2_000_002);
    assert.equal(headerSafe(" a \r\n\r\n b "), "a b");
    const author = "<".repeat(2_000_000);
    const text = `tree ${"a".repeat(40)}\nauthor ${author}\ncommitter c <c> 1 +0000\n\nm`;
    assert.equal(decodeCommit("b".repeat(40), Buffer.from(text)).author.name, "");
  });
});
