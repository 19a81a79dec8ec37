import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { quickClock, serve } from "../../test/support/scripted-server.ts";
import { Secret } from "../core/secret.ts";
import { createHubClient } from "./client.ts";
import type { HubClient, HubClientOptions } from "./client.ts";
import { askFile, openFile } from "./open-file.ts";
import type { OpenedFile } from "./open-file.ts";

const value = ["hf", "F".repeat(34)].join("_");
const commit = "0123456789".repeat(4);

function clientFor(test: TestContext, endpoint: string, more: Partial<HubClientOptions> = {}): HubClient {
  const credential = { token: Secret.of(value), origin: new URL(endpoint).origin, source: "test" };
  const client = createHubClient({ endpoint, credential, clock: quickClock(), random: () => 1, ...more });
  test.after(() => client.close());
  return client;
}

async function text(file: OpenedFile): Promise<string> {
  const chunks: Buffer[] = [];
  await file.receive((bytes) => void chunks.push(Buffer.from(bytes)));
  return Buffer.concat(chunks).toString();
}

/** The same promises over both ways that bytes can take. */
const ways: readonly [string, Partial<HubClientOptions>][] = [
  ["from the socket", {}],
  ["over fetch", { fetch: globalThis.fetch }],
];

for (const [way, more] of ways) {
  describe(`openFile(), ${way}`, () => {
    it("takes facts from the Hub's answers and bytes from the storage host, which sees no credential", async (t) => {
      const cdn = await serve(t, (_request, response) => {
        const lies = { etag: '"md5-of-the-storage"', "x-repo-commit": "f".repeat(40), "x-linked-size": "1" };
        response.writeHead(200, { ...lies, "content-length": 5 }).end("hello");
      });
      const hub = await serve(t, (_request, response) => {
        const facts = { "x-repo-commit": commit, "x-linked-etag": '"abc"', "x-linked-size": "5", "x-xet-hash": "e" };
        response.writeHead(302, { ...facts, location: `${cdn.url}/blob?Signature=1` }).end();
      });
      const file = await openFile(clientFor(t, hub.url, more), "acme/tiny/resolve/main/model.safetensors");
      const { status, commit: at, etag, size, xetHash, length, url } = file;
      assert.deepEqual([status, at, etag, size, xetHash, length], [200, commit, "abc", 5, "e", 5]);
      assert.equal(url.origin, cdn.url);
      assert.equal(await text(file), "hello");
      assert.equal(hub.seen[0]?.headers["authorization"], `Bearer ${value}`);
      assert.equal(hub.seen[0]?.headers["accept-encoding"], "identity");
      assert.equal(cdn.seen[0]?.headers["authorization"], undefined);
    });

    it("believes nothing that the storage host says about the file, also where the Hub is silent", async (t) => {
      const cdn = await serve(t, (_request, response) => {
        const lies = { etag: '"md5"', "x-repo-commit": commit, "x-linked-etag": '"sha"', "x-xet-hash": "e" };
        response.writeHead(200, { ...lies, "content-length": 5 }).end("hello");
      });
      const hub = await serve(t, (_request, response) => {
        response.writeHead(302, { location: cdn.url, "content-length": 0 }).end();
      });
      const file = await openFile(clientFor(t, hub.url, more), "acme/tiny/resolve/main/model.safetensors");
      assert.deepEqual([file.commit, file.etag, file.xetHash, file.size], [undefined, undefined, undefined, 5]);
      file.cancel();
    });

    it("reads a small file that comes straight, after a redirect within the Hub", async (t) => {
      const hub = await serve(t, (request, response) => {
        if (request.url.startsWith("/acme")) {
          response.writeHead(307, { location: "/api/resolve-cache/x?etag=1", "x-repo-commit": commit }).end("moved");
        } else response.writeHead(200, { etag: 'W/"git"', "content-length": 2 }).end("{}");
      });
      const file = await openFile(clientFor(t, hub.url, more), "acme/tiny/resolve/main/config.json");
      assert.deepEqual([file.commit, file.etag, file.size, await text(file)], [commit, "git", 2, "{}"]);
      assert.equal(hub.seen[1]?.headers["authorization"], `Bearer ${value}`);
    });

    it("asks for a range on every hop, with If-Range", async (t) => {
      const hub = await serve(t, (request, response) => {
        if (request.url === "/a/b") return void response.writeHead(302, { location: "/c", "content-length": 0 }).end();
        response.writeHead(206, { "content-range": "bytes 2-4/5", "content-length": 3 }).end("llo");
      });
      const client = clientFor(t, hub.url, more);
      const file = await openFile(client, "a/b", { range: { start: 2 }, ifRange: '"abc"' });
      assert.deepEqual([file.status, file.size, await text(file)], [206, 5, "llo"]);
      assert.deepEqual(
        hub.seen.map(({ headers }) => [headers["range"], headers["if-range"]]),
        [
          ["bytes=2-", '"abc"'],
          ["bytes=2-", '"abc"'],
        ],
      );
      (await openFile(client, "c", { range: { start: 0, end: 9 } })).cancel();
      assert.equal(hub.seen[2]?.headers["range"], "bytes=0-9");
    });

    it("asks for the head alone", async (t) => {
      const hub = await serve(t, (_request, response) => {
        response.writeHead(200, { "content-length": 7, "x-repo-commit": commit, etag: '"e"' }).end();
      });
      const file = await openFile(clientFor(t, hub.url, more), "a/b", { method: "HEAD" });
      assert.deepEqual([file.size, file.commit, await text(file)], [7, commit, ""]);
      assert.equal(hub.seen[0]?.method, "HEAD");
    });

    it("gives refusals as the client does, by the Hub and by the storage host", async (t) => {
      const cdn = await serve(t, (_request, response) => response.writeHead(403).end("<Error>expired</Error>"));
      const hub = await serve(t, (request, response) => {
        if (request.url === "/acme/tiny/resolve/main/cdn")
          return void response.writeHead(302, { location: cdn.url }).end();
        if (request.url === "/acme/tiny/resolve/main/range") return void response.writeHead(416).end();
        response.writeHead(403, { "x-error-code": "GatedRepo", "x-error-message": "is awaiting a review" }).end();
      });
      const client = clientFor(t, hub.url, more);
      await assert.rejects(openFile(client, "acme/tiny/resolve/main/x"), { code: "ERR_HF_GATED_PENDING", status: 403 });
      await assert.rejects(openFile(client, "acme/tiny/resolve/main/cdn"), {
        code: "ERR_HF_HTTP",
        message: /storage host/,
      });
      const range = { range: { start: 9 } };
      await assert.rejects(openFile(client, "acme/tiny/resolve/main/range", range), { status: 416 });
    });

    it("refuses a part where the whole was asked for, and an answer without content", async (t) => {
      const hub = await serve(t, (request, response) => {
        response.writeHead(request.url === "/part" ? 206 : 204, { "content-range": "bytes 0-0/5" });
        response.end(request.url === "/part" ? "h" : undefined);
      });
      const client = clientFor(t, hub.url, more);
      for (const path of ["part", "none"]) await assert.rejects(openFile(client, path), { code: "ERR_HF_BAD_ANSWER" });
    });

    it("tries again until the head is there", async (t) => {
      const hub = await serve(t, (_request, response, count) => {
        if (count < 3) response.writeHead(503).end();
        else response.end("ok");
      });
      assert.equal(await text(await openFile(clientFor(t, hub.url, more), "x")), "ok");
      assert.equal(hub.seen.length, 3);
      await assert.rejects(
        openFile(clientFor(t, hub.url, more), "x", { signal: AbortSignal.abort(new Error("no")) }),
        /no/,
      );
    });

    it("fails when the body ends early or stands still", async (t) => {
      const hub = await serve(t, (request, response) => {
        response.writeHead(200, { "content-length": 10 }).write("abc", () => {
          if (request.url === "/cut") response.destroy();
        });
      });
      const client = clientFor(t, hub.url, { ...more, transferTimeoutMs: 100 });
      await assert.rejects(text(await openFile(client, "cut")), { code: "ERR_HF_NETWORK" });
      await assert.rejects(text(await openFile(client, "still")), { code: "ERR_HF_TIMEOUT" });
    });
  });
}

describe("askFile()", () => {
  it("reads the facts of a redirect to the storage host, which is not asked", async (t) => {
    const cdn = await serve(t, (_request, response) => response.end());
    const hub = await serve(t, (request, response) => {
      if (request.url === "/a/b") return void response.writeHead(307, { location: "/c", "content-length": 0 }).end();
      const facts = { "x-repo-commit": commit, "x-linked-etag": '"abc"', "x-linked-size": "5" };
      response.writeHead(302, { ...facts, location: cdn.url, "content-length": 0 }).end();
    });
    const facts = await askFile(clientFor(t, hub.url), "a/b");
    assert.deepEqual(facts, { commit, etag: "abc", size: 5, xetHash: undefined });
    assert.deepEqual(
      hub.seen.map(({ method, url }) => `${method} ${url}`),
      ["HEAD /a/b", "HEAD /c"],
    );
    assert.equal(cdn.seen.length, 0);
  });

  it("gives refusals, and follows no redirect that nobody may follow", async (t) => {
    const hub = await serve(t, (request, response) => {
      if (request.url === "/away")
        return void response.writeHead(302, { location: "ftp://x/", "content-length": 0 }).end();
      response.writeHead(404, { "x-error-code": "EntryNotFound", "content-length": 0 }).end();
    });
    const client = clientFor(t, hub.url);
    await assert.rejects(askFile(client, "none"), { code: "ERR_HF_ENTRY_NOT_FOUND" });
    await assert.rejects(askFile(client, "away"), { code: "ERR_HF_REDIRECT" });
  });
});
