import assert from "node:assert/strict";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { makeCertificate } from "../../test/support/certificate.ts";
import { nobody, serve, serveRaw } from "../../test/support/scripted-server.ts";
import { systemCode } from "../core/errors.ts";
import type { FetchInit, FetchResponse } from "../core/ports.ts";
import { createNodeFetch } from "./node-fetch.ts";
import type { NodeFetch, NodeFetchOptions } from "./node-fetch.ts";

const GET: FetchInit = { method: "GET", headers: {}, redirect: "manual" };

function client(test: TestContext, options: NodeFetchOptions = {}): NodeFetch {
  const fetch = createNodeFetch(options);
  test.after(() => fetch.close());
  return fetch;
}

async function text(response: FetchResponse): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body ?? []) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

const withCode =
  (code: string) =>
  (error: unknown): boolean => {
    assert.equal(systemCode(error), code);
    return true;
  };

describe("createNodeFetch()", () => {
  it("sends method, headers and body as given, and follows nothing", async (t) => {
    const server = await serve(t, (_request, response) => {
      response.writeHead(307, { location: "/elsewhere", "x-a": ["1", "2"] }).end("moved");
    });
    const fetch = client(t);
    const response = await fetch(`${server.url}/p?q=1#part`, {
      ...GET,
      method: "POST",
      headers: { "x-mine": "yes" },
      body: "grüße",
    });
    assert.equal(response.status, 307);
    assert.equal(response.headers.get("Location"), "/elsewhere");
    assert.equal(response.headers.get("x-a"), "1, 2");
    assert.equal(response.headers.get("x-b"), null);
    assert.equal(await text(response), "moved");
    assert.deepEqual(
      server.seen.map(({ method, url, body }) => [method, url, body]),
      [["POST", "/p?q=1", "grüße"]],
    );
    assert.equal(server.seen[0]?.headers["x-mine"], "yes");
    assert.equal(server.seen[0]?.headers["content-length"], "7");
    assert.equal(server.seen[0]?.headers["authorization"], undefined);
  });

  it("makes no credential of a user in the address", async (t) => {
    const server = await serve(t, (_request, response) => response.end());
    await text(await client(t)(server.url.replace("//", "//me:pw@"), GET));
    assert.equal(server.seen[0]?.headers["authorization"], undefined);
  });

  it("uses a connection again", async (t) => {
    const ports = new Set<number | undefined>();
    const server = await serve(t, (_request, response) => {
      ports.add(response.socket?.remotePort);
      response.end("ok");
    });
    const fetch = client(t);
    for (let count = 0; count < 3; count++) assert.equal(await text(await fetch(server.url, GET)), "ok");
    assert.equal(ports.size, 1);
  });

  it("asks again when a kept connection was closed under it, but for reads only", async (t) => {
    let requests = 0;
    const server = await serveRaw(t, (socket) => {
      requests++;
      if (requests % 2 === 1) socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
      else socket.resetAndDestroy();
    });
    const fetch = client(t);
    assert.equal(await text(await fetch(server.url, GET)), "ok");
    assert.equal(await text(await fetch(server.url, GET)), "ok");
    assert.equal(requests, 3);
    await assert.rejects(fetch(server.url, { ...GET, method: "POST" }), withCode("ECONNRESET"));
    assert.equal(requests, 4);
  });

  for (const [encoding, encode] of [
    ["gzip", gzipSync],
    ["deflate", deflateSync],
    ["br", brotliCompressSync],
  ] as const) {
    it(`decodes ${encoding}, and does not tell the length of what it decoded`, async (t) => {
      const body = encode("x".repeat(100_000));
      const server = await serve(t, (_request, response) => {
        response.writeHead(200, { "content-encoding": encoding, "content-length": body.length }).end(body);
      });
      const response = await client(t)(server.url, GET);
      assert.equal(response.headers.get("content-length"), null);
      assert.equal(response.headers.get("content-encoding"), null);
      assert.equal((await text(response)).length, 100_000);
    });
  }

  it("fails on a broken or cut encoding", async (t) => {
    const body = gzipSync("x".repeat(100_000));
    const server = await serve(t, (request, response) => {
      const bytes = request.url === "/cut" ? body.subarray(0, 50) : Buffer.from("no gzip at all");
      response.writeHead(200, { "content-encoding": "gzip" }).end(bytes);
    });
    const fetch = client(t);
    for (const path of ["/cut", "/broken"]) await assert.rejects(text(await fetch(server.url + path, GET)));
  });

  it("has no body for HEAD, 204 and 304", async (t) => {
    const server = await serve(t, (request, response) => {
      response.writeHead(request.url === "/" ? 200 : Number(request.url.slice(1)), { "content-length": 5 });
      response.end(request.method === "HEAD" ? undefined : "");
    });
    const fetch = client(t);
    const head = await fetch(server.url, { ...GET, method: "HEAD" });
    assert.deepEqual([head.status, head.body, head.headers.get("content-length")], [200, null, "5"]);
    assert.equal((await fetch(`${server.url}/304`, GET)).body, null);
  });

  it("takes an offer of another protocol for no answer, and lives on", async (t) => {
    const server = await serveRaw(t, (socket) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\nmore");
    });
    const fetch = createNodeFetch();
    const init = { method: "GET", headers: {}, redirect: "manual" } as const;
    await assert.rejects(fetch(server.url, init), { code: "ERR_HF_BAD_ANSWER" });
    await new Promise((resolve) => setImmediate(resolve));
  });

  it("fails when the body ends early", async (t) => {
    const server = await serveRaw(t, (socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc"));
    const response = await client(t)(server.url, GET);
    await assert.rejects(text(response), withCode("ECONNRESET"));
  });

  it("limits the head", async (t) => {
    const server = await serveRaw(t, (socket) => {
      socket.write("HTTP/1.1 200 OK\r\n");
      const more = (): void => {
        while (socket.writable && socket.write(`x-${"y".repeat(1000)}: z\r\n`));
      };
      socket.on("drain", more);
      more();
    });
    await assert.rejects(client(t)(server.url, GET), withCode("HPE_HEADER_OVERFLOW"));
  });

  it("refuses an answer that is no HTTP, and one with two lengths", async (t) => {
    const server = await serveRaw(t, (socket, head) => {
      socket.end(
        head.startsWith("GET /two") ? "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab" : "hello\n",
      );
    });
    const fetch = client(t);
    for (const path of ["/none", "/two"]) {
      await assert.rejects(fetch(server.url + path, GET), (error) => systemCode(error)?.startsWith("HPE_") === true);
    }
  });

  it("rejects with the signal's reason: before, while waiting, and in the body", async (t) => {
    const server = await serve(t, (request, response) => {
      if (request.url === "/body") response.writeHead(200, { "content-length": 10 }).write("abc");
    });
    const fetch = client(t);
    const reason = new Error("enough");
    await assert.rejects(fetch(server.url, { ...GET, signal: AbortSignal.abort(reason) }), reason);
    const waiting = new AbortController();
    const pending = fetch(server.url, { ...GET, signal: waiting.signal });
    setTimeout(() => waiting.abort(reason), 20);
    await assert.rejects(pending, reason);
    const reading = new AbortController();
    const response = await fetch(`${server.url}/body`, { ...GET, signal: reading.signal });
    setTimeout(() => reading.abort(reason), 20);
    await assert.rejects(text(response), reason);
  });

  it("gives the system's code when nobody listens", async (t) => {
    await assert.rejects(client(t)(await nobody(), GET), withCode("ECONNREFUSED"));
  });

  it("trusts only whom it is told to", async (t) => {
    const pair = makeCertificate();
    const address = await serveTls(t, pair);
    await assert.rejects(client(t)(address, GET), withCode("DEPTH_ZERO_SELF_SIGNED_CERT"));
    const trusting = client(t, { ca: [pair.cert] });
    assert.equal(await text(await trusting(address, GET)), "ok");
    assert.equal(await text(await trusting(address, GET)), "ok");
    await assert.rejects(trusting((await nobody()).replace("http:", "https:"), GET), withCode("ECONNREFUSED"));
  });

  it("does not take a trusted certificate of another machine", async (t) => {
    const pair = makeCertificate([10, 0, 0, 1]);
    const address = await serveTls(t, pair);
    await assert.rejects(client(t, { ca: [pair.cert] })(address, GET), withCode("ERR_TLS_CERT_ALTNAME_INVALID"));
  });
});

async function serveTls(test: TestContext, pair: { readonly key: string; readonly cert: string }): Promise<string> {
  const server = createTlsServer(pair, (_request, response) => void response.end("ok"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
