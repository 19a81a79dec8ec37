import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Socket } from "node:net";
import { afterEach, describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { startRawPeer, type RawPeer } from "../../test/support/raw-peer.ts";
import { isHfError } from "../core/errors.ts";
import { TransferError } from "./transfer-error.ts";
import { createTransfer, type Transfer } from "./transfer.ts";
import type { OpenedBody } from "./transfer-types.ts";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

async function peer(answer: (head: string, socket: Socket, number: number) => void): Promise<RawPeer> {
  const started = await startRawPeer(answer);
  open.push(started);
  return started;
}

function transfer(connections?: number): Transfer {
  const made = createTransfer(connections === undefined ? {} : { connections });
  open.unshift(made);
  return made;
}

const head = (length: number, more = ""): string => `HTTP/1.1 200 OK\r\ncontent-length: ${length}\r\n${more}\r\n`;

async function bytesOf(body: OpenedBody): Promise<Buffer> {
  const parts: Buffer[] = [];
  const count = await body.receive((bytes) => void parts.push(Buffer.from(bytes)));
  const whole = Buffer.concat(parts);
  assert.equal(count, whole.length);
  return whole;
}

const sha = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

function transferFault(code: string, received?: number) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof TransferError, String(error));
    assert.equal(error.code, code);
    if (received !== undefined) assert.equal(error.received, received);
    return true;
  };
}

/** Waits until a number that grows has stopped growing. */
async function steady(read: () => number): Promise<void> {
  for (let before = 0; before === 0 || before !== read(); await new Promise((resolve) => setTimeout(resolve, 50))) {
    before = read();
  }
}

describe("openBody()", () => {
  it("sends the headers as handed in, and gives status, headers and bytes", async () => {
    const { url, requests } = await peer((_, socket) => socket.write(`${head(5, 'ETag: "x"\r\n')}hello`));
    const body = await transfer().openBody(new URL("/a%20b?c=d", url), { "X-One": "1", range: "bytes=0-" });
    assert.equal(body.status, 200);
    assert.equal(body.headers.get("eTAG"), '"x"');
    assert.equal(body.headers.get("none"), null);
    assert.equal(body.length, 5);
    assert.equal(String(await bytesOf(body)), "hello");
    assert.deepEqual(requests[0]?.split("\r\n"), [
      "GET /a%20b?c=d HTTP/1.1",
      `host: ${url.host}`,
      "accept-encoding: identity",
      "x-one: 1",
      "range: bytes=0-",
    ]);
  });

  it("refuses headers that would break the request, and addresses with a user", async () => {
    const { openBody } = transfer();
    const url = new URL("http://127.0.0.1:9/");
    await assert.rejects(openBody(url, { a: "b\r\nc: d" }), TypeError);
    await assert.rejects(openBody(url, { "a b": "c" }), TypeError);
    await assert.rejects(openBody(url, { Host: "c" }), TypeError);
    await assert.rejects(openBody(new URL("ftp://127.0.0.1/"), {}), TypeError);
    await assert.rejects(openBody(new URL("http://u:p@127.0.0.1:9/"), {}), transferFault("ERR_HF_REDIRECT"));
  });

  it("delivers a long body whole and in order, while its consumer is slow", async () => {
    const content = randomBytes(20 * 1024 * 1024 + 7);
    const { url } = await peer((_, socket) => void (socket.write(head(content.length)), socket.write(content)));
    const body = await transfer().openBody(url, {});
    const hash = createHash("sha256");
    let outstanding = 0;
    let most = 0;
    let order = Promise.resolve();
    const count = await body.receive((bytes) => {
      most = Math.max(most, ++outstanding);
      // Reads the memory late: a buffer that was filled again too early would show.
      order = order.then(() => turn()).then(() => turn());
      return order.then(() => {
        hash.update(bytes);
        outstanding--;
      });
    });
    assert.equal(count, content.length);
    assert.equal(hash.digest("hex"), sha(content));
    assert.ok(most > 1, "several buffers were in flight");
  });

  it("stops reading while every buffer is in use", async () => {
    const content = randomBytes(64 * 1024 * 1024);
    let drained = false;
    const { url } = await peer((_, socket) => {
      socket.write(head(content.length));
      socket.write(content, () => (drained = true));
    });
    const body = await transfer().openBody(url, {});
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    let seen = 0;
    const hash = createHash("sha256");
    const received = body.receive((bytes) => {
      seen += bytes.length;
      return gate.then(() => void hash.update(bytes));
    });
    await steady(() => seen);
    assert.ok(seen < 8 * 1024 * 1024, `${seen} bytes were taken without room for them`);
    assert.equal(drained, false);
    go();
    assert.equal(await received, content.length);
    assert.equal(hash.digest("hex"), sha(content));
  });

  it("keeps connections, at most as many as it was told", async () => {
    const started = await peer((_, socket) => socket.write(`${head(2)}ok`));
    const { openBody } = transfer(3);
    await Promise.all(Array.from({ length: 40 }, async () => bytesOf(await openBody(started.url, {}))));
    assert.equal(started.requests.length, 40);
    assert.ok(started.connections <= 3, `${started.connections} connections`);
  });

  it("uses a connection again after a long body, a HEAD, and a short body that nobody wanted", async () => {
    const content = randomBytes(1024 * 1024);
    const started = await peer((text, socket) => {
      socket.write(text.startsWith("HEAD") ? head(5) : head(content.length));
      if (!text.startsWith("HEAD")) socket.write(content);
    });
    const { openBody } = transfer();
    const first = await openBody(started.url, { range: "x" }, { method: "HEAD" });
    assert.equal(first.length, 0);
    assert.equal((await bytesOf(first)).length, 0);
    assert.equal(first.headers.get("content-length"), "5");
    assert.deepEqual(await bytesOf(await openBody(started.url, {})), content);
    (await openBody(started.url, {}, { method: "HEAD" })).cancel();
    assert.deepEqual(await bytesOf(await openBody(started.url, {})), content);
    assert.equal(started.connections, 1);
  });

  it("sends again on a fresh connection when a kept one was closed without a byte", async () => {
    const started = await peer((_, socket, number) => {
      if (number === 1) socket.destroy();
      else socket.write(`${head(2)}ok`);
    });
    const { openBody } = transfer();
    await bytesOf(await openBody(started.url, {}));
    assert.equal(String(await bytesOf(await openBody(started.url, {}))), "ok");
    assert.equal(started.requests.length, 3);
    assert.equal(started.connections, 2);
  });

  it("asks on a connection of its own where that is wished for", async () => {
    const sockets: Socket[] = [];
    const { url } = await peer((_head, socket) => {
      sockets.push(socket);
      socket.write(`${head(2)}ok`);
    });
    const { openBody } = transfer();
    for (const fresh of [false, false, true, true]) await bytesOf(await openBody(url, {}, { fresh }));
    assert.equal(sockets[1], sockets[0]);
    assert.equal(new Set(sockets).size, 3);
  });

  it("does not send again when a fresh connection is closed, or an answer had begun", async () => {
    const started = await peer((_, socket, number) => {
      if (number === 1) socket.end("HTTP/1.1 20");
      else if (number === 2) socket.destroy();
      else socket.write(`${head(2)}ok`);
    });
    const { openBody } = transfer();
    await bytesOf(await openBody(started.url, {}));
    await assert.rejects(openBody(started.url, {}), transferFault("ERR_HF_NETWORK"));
    await assert.rejects(openBody(started.url, {}), transferFault("ERR_HF_NETWORK"));
    assert.equal(started.requests.length, 3);
  });

  it("skips informational answers, and refuses a change of protocol", async () => {
    const { url } = await peer((_, socket, number) => {
      if (number === 0)
        socket.write(`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n${head(2)}ok`);
      else socket.write("HTTP/1.1 101 Switching Protocols\r\n\r\n");
    });
    const { openBody } = transfer();
    const body = await openBody(url, {});
    assert.equal(body.headers.get("link"), null);
    assert.equal(String(await bytesOf(body)), "ok");
    await assert.rejects(openBody(url, {}), transferFault("ERR_HF_BAD_ANSWER"));
  });

  it("takes no more than the announced bytes, and not the connection that sent more", async () => {
    const content = randomBytes(300 * 1024);
    for (const body of [Buffer.from("ok"), content]) {
      const started = await peer((_, socket) =>
        socket.write(Buffer.concat([Buffer.from(head(body.length)), body, Buffer.from("HTTP/1.1 200 evil")])),
      );
      const { openBody } = transfer();
      for (let time = 0; time < 3; time++) assert.deepEqual(await bytesOf(await openBody(started.url, {})), body);
      assert.equal(started.connections, 3);
    }
  });

  for (const [what, length, sent] of [
    ["short", 5, 3],
    ["long", 3_000_000, 2_222_222],
  ] as const) {
    it(`delivers what came of a ${what} body that was cut, and says how much`, async () => {
      const content = randomBytes(sent);
      const { url } = await peer((_, socket) => void (socket.write(head(length)), socket.end(content)));
      const body = await transfer().openBody(url, {});
      const parts: Buffer[] = [];
      const received = body.receive((bytes) => void parts.push(Buffer.from(bytes)));
      await assert.rejects(received, transferFault("ERR_HF_NETWORK", sent));
      assert.deepEqual(Buffer.concat(parts), content);
    });
  }

  it("says so when no head comes in time, and when a body stands still", async () => {
    const { url } = await peer((_, socket, number) => {
      if (number === 1) socket.write(`${head(100)}12345`);
      if (number === 2) socket.write(head(3_000_000) + "x".repeat(100_000));
    });
    const { openBody } = transfer();
    const times = { headTimeoutMs: 5_000, idleTimeoutMs: 100 };
    await assert.rejects(openBody(url, {}, { headTimeoutMs: 100 }), transferFault("ERR_HF_TIMEOUT"));
    await assert.rejects(bytesOf(await openBody(url, {}, times)), transferFault("ERR_HF_TIMEOUT", 5));
    await assert.rejects(bytesOf(await openBody(url, {}, times)), transferFault("ERR_HF_TIMEOUT", 100_000));
  });

  it("does not blame the peer for the time its consumer takes", async () => {
    const content = randomBytes(8 * 1024 * 1024);
    const { url } = await peer((_, socket) => void (socket.write(head(content.length)), socket.write(content)));
    const body = await transfer().openBody(url, {}, { idleTimeoutMs: 100 });
    const pause = new Promise<void>((resolve) => setTimeout(resolve, 400));
    const count = await body.receive(() => pause);
    assert.equal(count, content.length);
  });

  it("rejects with the signal's reason at every step", async () => {
    const { url } = await peer((text, socket) => {
      if (!text.startsWith("GET /silent")) socket.write(head(3_000_000) + "x".repeat(200_000));
    });
    const { openBody } = transfer(1);
    const reason = new Error("enough");
    await assert.rejects(openBody(url, {}, { signal: AbortSignal.abort(reason) }), reason);
    const abort = new AbortController();
    const waitsForHead = openBody(new URL("/silent", url), {}, { signal: abort.signal });
    const waitsForRoom = openBody(url, {}, { signal: abort.signal });
    setImmediate(() => abort.abort(reason));
    await assert.rejects(waitsForHead, reason);
    await assert.rejects(waitsForRoom, reason);
    const later = new AbortController();
    const body = await openBody(url, {}, { signal: later.signal });
    await assert.rejects(
      body.receive(() => later.abort(reason)),
      reason,
    );
  });

  it("gives the consumer's own failure back, thrown or rejected, and frees the connection", async () => {
    const { url } = await peer((_, socket) => socket.write(head(3_000_000) + "x".repeat(3_000_000)));
    const { openBody } = transfer(1);
    const full = new Error("disk full");
    const first = await openBody(url, {});
    await assert.rejects(
      first.receive(() => {
        throw full;
      }),
      full,
    );
    const second = await openBody(url, {});
    await assert.rejects(
      second.receive(async () => {
        await turn();
        throw full;
      }),
      full,
    );
    assert.equal((await bytesOf(await openBody(url, {}))).length, 3_000_000);
  });

  it("gives a long body up when cancelled, before and while it is received", async () => {
    const started = await peer((_, socket) => socket.write(head(3_000_000) + "x".repeat(200_000)));
    const { openBody } = transfer(1);
    const first = await openBody(started.url, {});
    first.cancel();
    first.cancel();
    const second = await openBody(started.url, {});
    const received = second.receive(() => second.cancel());
    await assert.rejects(received, (error) => isHfError(error) || error instanceof Error);
    await assert.rejects(first.receive(() => undefined));
    (await openBody(started.url, {})).cancel();
    assert.equal(started.connections, 3);
  });

  it("says which host could not be reached", async () => {
    const gone = await startRawPeer(() => undefined);
    await gone.close();
    await assert.rejects(transfer().openBody(gone.url, {}), (error) => {
      assert.ok(transferFault("ERR_HF_NETWORK")(error));
      return String(error).includes(gone.url.host);
    });
  });

  it("answers that are not HTTP are refused", async () => {
    const { url } = await peer((_, socket) => socket.write("SSH-2.0-x\r\n\r\n"));
    await assert.rejects(transfer().openBody(url, {}), transferFault("ERR_HF_BAD_ANSWER"));
  });
});

describe("openBody() with what the narrow path does not speak", () => {
  const text = Buffer.from("what was meant ".repeat(10_000));
  const chunk = (bytes: Buffer): Buffer =>
    Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n0\r\n\r\n")]);

  for (const [what, answer] of Object.entries({
    chunks: Buffer.concat([Buffer.from("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"), chunk(text)]),
    "a body that ends with the connection": Buffer.concat([Buffer.from("HTTP/1.0 200 OK\r\n\r\n"), text]),
    "a gzipped body": Buffer.concat([
      Buffer.from(head(gzipSync(text).length, "content-encoding: gzip\r\n")),
      gzipSync(text),
    ]),
    "gzip in chunks": Buffer.concat([
      Buffer.from("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-encoding: gzip\r\n\r\n"),
      chunk(gzipSync(text)),
    ]),
  })) {
    it(`reads ${what}`, async () => {
      const started = await peer((_, socket) =>
        what.includes("ends with") ? socket.end(answer) : socket.write(answer),
      );
      const { openBody } = transfer();
      for (let time = 0; time < 2; time++) {
        const body = await openBody(started.url, { "X-One": "1" });
        assert.equal(body.length, undefined);
        assert.deepEqual(await bytesOf(body), text);
      }
      // Once to find out, then it is known.
      assert.equal(started.requests.length, 3);
      assert.match(started.requests[2] ?? "", /x-one: 1/);
    });
  }

  it("does not take a cut chunked body for a whole one", async () => {
    const { url } = await peer((_, socket) => {
      socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n");
      setImmediate(() => socket.destroy());
    });
    await assert.rejects(bytesOf(await transfer().openBody(url, {})), transferFault("ERR_HF_NETWORK", 5));
  });

  it("refuses an encoding it can't undo, and an encoded range", async () => {
    const { url } = await peer((_, socket, number) => {
      const encoding = number < 2 ? "zstd" : "gzip";
      const status = number < 2 ? "200 OK" : "206 Partial Content";
      socket.end(`HTTP/1.1 ${status}\r\ncontent-length: 3\r\ncontent-encoding: ${encoding}\r\n\r\nabc`);
    });
    const { openBody } = transfer();
    await assert.rejects(openBody(url, {}), transferFault("ERR_HF_BAD_ANSWER"));
    await assert.rejects(openBody(url, {}), transferFault("ERR_HF_BAD_ANSWER"));
  });

  it("watches time and signal there too", async () => {
    const { url } = await peer((_, socket, number) => {
      if (number === 2) return;
      socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n");
    });
    const { openBody } = transfer();
    const body = await openBody(url, {}, { idleTimeoutMs: 100 });
    await assert.rejects(bytesOf(body), transferFault("ERR_HF_TIMEOUT", 5));
    await assert.rejects(openBody(url, {}, { headTimeoutMs: 100 }), transferFault("ERR_HF_TIMEOUT"));
    const abort = new AbortController();
    const reason = new Error("enough");
    const last = await openBody(url, {}, { signal: abort.signal });
    await assert.rejects(
      last.receive(() => abort.abort(reason)),
      reason,
    );
  });
});

it("a program ends by itself while connections are kept", async () => {
  const started = await peer((_, socket) => socket.write(`${head(2)}ok`));
  const { spawn } = await import("node:child_process");
  const code = `const { createTransfer } = await import(${JSON.stringify(new URL("./transfer.js", import.meta.url).href)});
    const body = await createTransfer().openBody(new URL(${JSON.stringify(started.url.href)}), {});
    const n = await body.receive(() => {});
    process.stdout.write("got " + n + process.getActiveResourcesInfo().filter((name) => name.startsWith("TCP")));`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  let out = "";
  child.stdout.on("data", (bytes: Buffer) => (out += String(bytes)));
  const [exit] = await once(child, "exit");
  assert.equal(exit, 0);
  assert.equal(out, "got 2");
});
