import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { afterEach, describe, it } from "node:test";
import { makeCertificate } from "../../test/support/certificate.ts";
import { startRawPeer, type RawPeer } from "../../test/support/raw-peer.ts";
import { TransferError } from "./transfer-error.ts";
import { createTransfer, type Transfer } from "./transfer.ts";

const { key, cert } = makeCertificate();
const ca = [cert];
const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

async function peer(answer: (head: string, socket: Socket) => void): Promise<RawPeer> {
  const started = await startRawPeer(answer, { key, cert });
  open.push(started);
  return started;
}

function transfer(): Transfer {
  const made = createTransfer();
  open.unshift(made);
  return made;
}

const sha = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function send(socket: Socket, content: Uint8Array): void {
  socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${content.length}\r\n\r\n`);
  socket.write(content);
}

describe("openBody() over TLS", () => {
  it("trusts the authorities it is given, and no other", async () => {
    const { url } = await peer((_, socket) => send(socket, Buffer.from("hello")));
    const { openBody } = transfer();
    const body = await openBody(url, {}, { ca });
    assert.equal(await body.receive((bytes) => assert.equal(String(Buffer.from(bytes)), "hello")), 5);
    for (const options of [{}, { ca: [makeCertificate().cert] }]) {
      await assert.rejects(openBody(url, {}, options), (error) => {
        assert.ok(error instanceof TransferError, String(error));
        assert.equal(error.code, "ERR_HF_TLS");
        return true;
      });
    }
  });

  it("refuses a certificate of another name", async () => {
    const wrong = makeCertificate([127, 0, 0, 2]);
    const started = await startRawPeer(() => assert.fail("a request came"), wrong);
    open.push(started);
    await assert.rejects(transfer().openBody(started.url, {}, { ca: [wrong.cert] }), (error) => {
      return error instanceof TransferError && error.code === "ERR_HF_TLS";
    });
  });

  // The socket's records that were read already are still decrypted and delivered after it was told to wait.
  it("never writes over bytes that a slow consumer still reads", async () => {
    const content = randomBytes(24 * 1024 * 1024 + 5);
    const { url } = await peer((_, socket) => send(socket, content));
    const body = await transfer().openBody(url, {}, { ca });
    const hash = createHash("sha256");
    let order = Promise.resolve();
    let at = 0;
    const count = await body.receive((bytes) => {
      const expected = content.subarray(at, (at += bytes.length));
      order = order
        .then(() => later(1))
        .then(() => {
          assert.equal(Buffer.compare(bytes, expected), 0);
          hash.update(bytes);
        });
      return order;
    });
    assert.equal(count, content.length);
    assert.equal(hash.digest("hex"), sha(content));
  });

  it("loses nothing of what comes before anybody receives, also when that is all", async () => {
    for (const size of [60_000, 66_000, 80_000, 100_000, 130_000, 400_000, 3_000_000]) {
      const content = randomBytes(size);
      const started = await peer((_, socket) => send(socket, content));
      const { openBody } = transfer();
      for (let time = 0; time < 2; time++) {
        const body = await openBody(started.url, {}, { ca });
        await later(20);
        const parts: Buffer[] = [];
        assert.equal(await body.receive((bytes) => void parts.push(Buffer.from(bytes))), size);
        assert.equal(sha(Buffer.concat(parts)), sha(content));
      }
      assert.equal(started.connections, 1, "the connection was kept");
    }
  });
});
