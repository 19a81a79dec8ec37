import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { inspect } from "node:util";
import { nobody, quickClock, serve, serveRaw } from "../../test/support/scripted-server.ts";
import type { Credential } from "../core/credential.ts";
import { RateLimitError } from "../core/errors.ts";
import { Secret } from "../core/secret.ts";
import { createHubClient } from "./client.ts";
import type { HubClient, HubClientOptions } from "./client.ts";

const value = ["hf", "C".repeat(34)].join("_");
const token = Secret.of(value);

/** A client with a token for `endpoint`, whose waits are over at once. */
function clientFor(test: TestContext, endpoint: string, more: Partial<HubClientOptions> = {}): HubClient {
  const { origin } = new URL(endpoint);
  const credential = { token, origin, source: "test" };
  const client = createHubClient({ endpoint, credential, clock: quickClock(), random: () => 1, ...more });
  test.after(() => client.close());
  return client;
}

function json(response: ServerResponse, body: unknown, status = 200, headers: Record<string, string> = {}): void {
  response
    .writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers })
    .end(JSON.stringify(body));
}

function to(response: ServerResponse, location: string, status = 302): void {
  response.writeHead(status, { location }).end();
}

describe("createHubClient(): calls", () => {
  it("sends credential, user agent and query below an endpoint with a path", async (t) => {
    const server = await serve(t, (_request, response) => json(response, { ok: true }));
    const client = clientFor(t, `${server.url}/hf`, { userAgent: "latchkey/0; node/0" });
    assert.deepEqual(await client.json("api/x", { query: { a: ["1", "2"] } }), { ok: true });
    const [seen] = server.seen;
    assert.equal(seen?.url, "/hf/api/x?a=1&a=2");
    assert.equal(seen?.headers["authorization"], `Bearer ${value}`);
    assert.equal(seen?.headers["user-agent"], "latchkey/0; node/0");
    assert.equal(seen?.headers["accept-encoding"], "gzip");
  });

  it("leaves the credential out when asked to", async (t) => {
    const server = await serve(t, (_request, response) => json(response, 1));
    await clientFor(t, server.url).json("x", { anonymous: true });
    assert.equal(server.seen[0]?.headers["authorization"], undefined);
  });

  it("asks another service with that one's credential alone, which it never renews as its own", async (t) => {
    const hub = await serve(t, (_request, response) => json(response, 1));
    const other = await serve(t, (_request, response) => json(response, 1));
    const client = clientFor(t, hub.url, { userAgent: "latchkey/0", renewCredential: assert.fail });
    const there = Secret.of(`${value}-there`);
    const origin = new URL(other.url).origin;
    await client.at(other.url, undefined).json("x");
    await client.at(other.url, { token: there, origin, source: "test", expiresAt: new Date(0) }).json("x");
    const sent = other.seen.map(({ headers }) => [headers["user-agent"], headers["authorization"]]);
    assert.deepEqual(sent, [
      ["latchkey/0", undefined],
      ["latchkey/0", `Bearer ${value}-there`],
    ]);
    assert.deepEqual(hub.seen, []);
  });

  it("asks for a credential anew in its last five minutes, and does with the old one until its end", async (t) => {
    const server = await serve(t, (_request, response) => json(response, 1));
    const { origin } = new URL(server.url);
    let now = 1_000_000_000_000;
    const end = now + 3_600_000;
    const answers: (() => Promise<Credential>)[] = [
      () => Promise.reject(new Error("away for a moment")),
      async () => ({ token: Secret.of(`${value}-2`), origin, source: "test", expiresAt: new Date(end + 3_600_000) }),
      () => Promise.reject(new Error("gone for good")),
    ];
    const client = createHubClient({
      endpoint: server.url,
      credential: { token, origin, source: "test", expiresAt: new Date(end) },
      clock: { ...quickClock(), now: () => now },
      renewCredential: () => (answers.shift() ?? assert.fail)(),
    });
    t.after(() => client.close());
    const sent = async (): Promise<string | undefined> => {
      await client.json("x");
      return server.seen.at(-1)?.headers.authorization?.slice(`Bearer ${value}`.length);
    };
    now = end - 300_001;
    assert.equal(await sent(), "");
    now = end - 300_000;
    await client.json("x", { anonymous: true });
    assert.equal(answers.length, 3);
    assert.equal(await sent(), "");
    assert.equal(await sent(), "-2");
    assert.equal(await sent(), "-2");
    now = end + 3_600_000;
    await assert.rejects(sent(), /gone for good/);
    assert.equal(answers.length, 0);
  });

  it("sends JSON, forms and lines", async (t) => {
    const server = await serve(t, (_request, response) => json(response, 1));
    const client = clientFor(t, server.url);
    await client.json("x", { json: { a: "ü" } });
    await client.json("x", { form: { paths: ["a b", "c"], expand: false } });
    await client.json("x", { ndjson: '{"a":1}\n{"b":2}', method: "put" });
    assert.deepEqual(
      server.seen.map(({ method, headers, body }) => [method, headers["content-type"], body]),
      [
        ["POST", "application/json", '{"a":"ü"}'],
        ["POST", "application/x-www-form-urlencoded", "paths=a+b&paths=c&expand=false"],
        ["PUT", "application/x-ndjson", '{"a":1}\n{"b":2}'],
      ],
    );
  });

  it("does not let a caller set the credential's header", async (t) => {
    const client = clientFor(t, await nobody());
    await assert.rejects(client.json("x", { headers: { Authorization: "Bearer x" } }), TypeError);
  });

  it("refuses to send a token over plain http to another machine", async (t) => {
    const client = clientFor(t, "http://mirror.invalid");
    await assert.rejects(client.json("x"), { code: "ERR_HF_INSECURE_ENDPOINT" });
  });

  it("opens no socket when the network is switched off", async (t) => {
    const server = await serve(t, (_request, response) => json(response, 1));
    const client = clientFor(t, server.url, { offline: true });
    const refused = { code: "ERR_HF_OFFLINE", name: "OfflineError" };
    await assert.rejects(client.json("x"), refused);
    await assert.rejects(client.open("x"), refused);
    await assert.rejects(client.openBody("x"), refused);
    await assert.rejects(client.pages("x")[Symbol.asyncIterator]().next(), refused);
    assert.equal(server.seen.length, 0);
  });

  it("gives refusals back to callers that read them", async (t) => {
    const server = await serve(t, (_request, response) => json(response, { error: "authorization_pending" }, 400));
    const answer = await clientFor(t, server.url).request("oauth/token", { refusals: "return", form: { a: "b" } });
    assert.deepEqual([answer.status, answer.json()], [400, { error: "authorization_pending" }]);
  });

  it("tells a web page and broken JSON from data, without quoting them", async (t) => {
    const server = await serve(t, (request, response) => {
      const type = request.url === "/page" ? "text/html" : "application/json";
      response.writeHead(200, { "content-type": type }).end(`<html>${value}`);
    });
    const client = clientFor(t, server.url);
    await assert.rejects(client.json("page"), { code: "ERR_HF_BAD_ANSWER", message: /web page/ });
    await assert.rejects(client.json("json"), { code: "ERR_HF_BAD_ANSWER", message: /no JSON/ });
  });

  it("shows the Hub's own warnings once for each topic", async (t) => {
    const told: string[] = [];
    const server = await serve(t, (_request, response) => {
      response.setHeader("x-hf-warning", ["Old; Use\u0009v2, or later.", "Quota; 90 % used"]);
      json(response, 1);
    });
    const client = clientFor(t, server.url, { warn: (text) => void told.push(text) });
    await client.json("x");
    await client.json("x");
    assert.deepEqual(told, ['The Hub says: "Use v2, or later."', 'The Hub says: "90 % used"']);
  });

  it("tells each exchange in one redacted line", async (t) => {
    const lines: string[] = [];
    const server = await serve(t, (_request, response) => json(response, 1, 200, { "x-request-id": "Root=1" }));
    const client = clientFor(t, server.url, { onExchange: (line) => void lines.push(line) });
    await client.json("x", { query: { q: value } });
    assert.deepEqual(lines, [`GET ${server.url}/x?q=[redacted] with a token: 200, id Root=1 (0 ms)`]);
  });

  it("leaves the body of open() on the connection", async (t) => {
    const server = await serve(t, (_request, response) => response.end("abcdef"));
    const answer = await clientFor(t, server.url).open("x");
    let text = "";
    for await (const chunk of answer.body) text += Buffer.from(chunk).toString();
    assert.equal(text, "abcdef");
  });

  it("takes any fetch", async (t) => {
    const server = await serve(t, (_request, response) => json(response, { by: "global" }));
    assert.deepEqual(await clientFor(t, server.url, { fetch: globalThis.fetch }).json("x"), { by: "global" });
    assert.equal(server.seen[0]?.headers["authorization"], `Bearer ${value}`);
  });
});

describe("createHubClient(): redirects", () => {
  it("never shows the credential to another origin, nor sends it after the chain came back", async (t) => {
    const hub = await serve(t, (request, response) => {
      if (request.url === "/start") to(response, `${other.url}/away?key=opensesame`);
      else json(response, { at: request.url });
    });
    const other = await serve(t, (_request, response) => to(response, `${hub.url}/back`));
    const lines: string[] = [];
    const client = clientFor(t, hub.url, { onExchange: (line) => void lines.push(line) });
    assert.deepEqual(await client.json("start"), { at: "/back" });
    assert.deepEqual(
      hub.seen.map(({ url, headers }) => [url, headers["authorization"]]),
      [
        ["/start", `Bearer ${value}`],
        ["/back", undefined],
      ],
    );
    assert.ok(!inspect(other.seen, { depth: 5 }).includes("CCCC"));
    assert.equal(lines.filter((line) => line.includes("anonymous")).length, 2);
    assert.equal(lines[1], `GET ${other.url}/away?… anonymous: 302 (0 ms)`);
  });

  it("takes another host name of the same machine for another origin", async (t) => {
    const hub = await serve(t, (request, response) => {
      if (request.url === "/start") to(response, `http://localhost:${new URL(hub.url).port}/end`);
      else json(response, 1);
    });
    await clientFor(t, hub.url).json("start");
    assert.equal(hub.seen[1]?.headers["authorization"], undefined);
  });

  it("keeps the credential over relative redirects, and the body over a 307", async (t) => {
    const hub = await serve(t, (request, response) => {
      if (request.url === "/old") to(response, "/new?x=1", 307);
      else json(response, 1);
    });
    await clientFor(t, hub.url).json("old", { json: { a: 1 } });
    const [, seen] = hub.seen;
    assert.deepEqual([seen?.method, seen?.url, seen?.body], ["POST", "/new?x=1", '{"a":1}']);
    assert.equal(seen?.headers["content-type"], "application/json");
    assert.equal(seen?.headers["authorization"], `Bearer ${value}`);
  });

  it("does not carry a body to another origin, in no way", async (t) => {
    const other = await serve(t, (_request, response) => json(response, 1));
    const hub = await serve(t, (request, response) => to(response, other.url, Number(request.url.slice(1))));
    const client = clientFor(t, hub.url);
    for (const status of [307, 308]) {
      await assert.rejects(client.json(String(status), { json: { secret: "x" } }), { code: "ERR_HF_REDIRECT" });
    }
    assert.equal(other.seen.length, 0);
    await client.json("303", { json: { secret: "x" } });
    assert.deepEqual([other.seen[0]?.method, other.seen[0]?.body], ["GET", ""]);
    assert.equal(other.seen[0]?.headers["content-type"], undefined);
  });

  it("follows nothing for calls with a secret in the body", async (t) => {
    const hub = await serve(t, (request, response) =>
      request.url === "/x" ? to(response, "/y", 307) : json(response, 1),
    );
    const call = clientFor(t, hub.url).json("x", { form: { refresh_token: "x" }, redirect: "refuse" });
    await assert.rejects(call, { code: "ERR_HF_REDIRECT" });
    assert.equal(hub.seen.length, 1);
  });

  it("lets go of a redirect that it does not follow, so that the process can end", async (t) => {
    const closed: Promise<void>[] = [];
    const hub = await serve(t, (request, response) => {
      closed.push(new Promise((resolve) => response.once("close", resolve)));
      response.writeHead(307, { location: request.url === "/ftp" ? "ftp://x/" : "/y", "content-length": 1e9 });
      response.write("a body that never ends");
    });
    const client = clientFor(t, hub.url);
    await assert.rejects(client.json("ftp"), { code: "ERR_HF_REDIRECT" });
    await assert.rejects(client.json("x", { redirect: "refuse" }), { code: "ERR_HF_REDIRECT" });
    await Promise.all(closed);
  });

  it("ends a loop after 20 redirects, without another try", async (t) => {
    const hub = await serve(t, (_request, response) => to(response, "loop"));
    await assert.rejects(clientFor(t, hub.url).json("loop"), { code: "ERR_HF_REDIRECT" });
    assert.equal(hub.seen.length, 21);
  });

  it("follows no Location that would split a header, hide a user or name another kind", async (t) => {
    const other = await serve(t, (_request, response) => json(response, 1));
    const { host } = new URL(other.url);
    const hub = await serveRaw(t, (socket, head) => {
      const way = Number(/^GET \/(\d+)/.exec(head)?.[1]);
      const location = [
        `http://${host}/\rx-evil: 1`,
        `http://me:pw@${host}/`,
        `http://${host}\t.example/`,
        "file:///etc/passwd",
        "gopher://x/",
        "",
      ][way];
      socket.end(`HTTP/1.1 302 Found\r\nlocation: ${location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
    });
    const client = clientFor(t, hub.url);
    for (let way = 0; way < 6; way++) {
      await assert.rejects(
        client.json(String(way)),
        (error: Error) => "code" in error && /ERR_HF_(?:REDIRECT|BAD_ANSWER)/.test(String(error.code)),
        String(way),
      );
    }
    assert.equal(other.seen.length, 0);
  });

  it("reads a folded Location as one address, or not at all", async (t) => {
    const hub = await serveRaw(t, (socket) => {
      socket.end("HTTP/1.1 302 Found\r\nlocation: /a\r\n /b\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    });
    await assert.rejects(clientFor(t, hub.url).json("x"));
  });
});

describe("createHubClient(): pages", () => {
  it("follows Link to the end, with the credential on each page", async (t) => {
    const hub = await serve(t, (request, response) => {
      const page = Number(new URL(request.url, "http://x").searchParams.get("cursor") ?? 0);
      const link = { link: `<${hub.url}/list?cursor=${page + 1}>; rel="next"` };
      json(response, [page], 200, page < 3 ? link : {});
    });
    const items: unknown[] = [];
    for await (const page of clientFor(t, hub.url).pages("list", { query: { limit: 1 } })) items.push(...page);
    assert.deepEqual(items, [0, 1, 2, 3]);
    assert.ok(hub.seen.every(({ headers }) => headers["authorization"] === `Bearer ${value}`));
    assert.equal(hub.seen[0]?.url, "/list?limit=1");
  });

  it("rewrites links of the public Hub to the endpoint", async (t) => {
    const hub = await serve(t, (request, response) => {
      const link = { link: '<https://huggingface.co/list?cursor=2>; rel="next"' };
      json(response, [request.url], 200, request.url === "/hf/list" ? link : {});
    });
    const items: unknown[] = [];
    for await (const page of clientFor(t, `${hub.url}/hf`).pages("list")) items.push(...page);
    assert.deepEqual(items, ["/hf/list", "/hf/list?cursor=2"]);
  });

  it("gives up a list of empty pages, and one that takes half an hour", async (t) => {
    let now = 0;
    const clock = { ...quickClock(), now: () => now };
    const hub = await serve(t, (request, response) => {
      const page = hub.seen.length;
      if (request.url.startsWith("/slow")) now += 60_000;
      const link = { link: `<${hub.url}${request.url.slice(0, 5)}?cursor=${page}>; rel="next"` };
      json(response, request.url.startsWith("/slow") ? [page] : [], 200, link);
    });
    const client = clientFor(t, hub.url, { clock });
    const all = async (path: string): Promise<number> => {
      let count = 0;
      for await (const page of client.pages(path)) count += page.length + 1;
      return count;
    };
    await assert.rejects(all("none"), { code: "ERR_HF_BAD_ANSWER", message: /a list of empty pages/ });
    assert.equal(hub.seen.length, 101);
    await assert.rejects(all("slow"), { code: "ERR_HF_TIMEOUT", message: /no end after half an hour/ });
    assert.equal(hub.seen.length, 101 + 31);
  });

  it("goes nowhere else, not round in circles, and takes no object for a list", async (t) => {
    const other = await serve(t, (_request, response) => json(response, ["evil"]));
    const hub = await serve(t, (request, response) => {
      if (request.url === "/object") return json(response, {});
      const target = request.url === "/circle" ? "/circle" : `${other.url}/list`;
      json(response, [1], 200, { link: `<${target}>; rel="next"` });
    });
    const client = clientFor(t, hub.url);
    const all = async (path: string): Promise<unknown[]> => {
      const items: unknown[] = [];
      for await (const page of client.pages(path)) items.push(...page);
      return items;
    };
    for (const path of ["list", "circle", "object"]) await assert.rejects(all(path), { code: "ERR_HF_BAD_ANSWER" });
    assert.equal(other.seen.length, 0);
  });
});

describe("createHubClient(): failures and retries", () => {
  it("tries again after 408, 429, 500, 502, 503, 504 and broken connections", async (t) => {
    const failures = [408, 429, 500, 502, 503];
    const hub = await serve(t, (_request, response, count) => {
      const status = failures[count - 1];
      if (status === undefined) json(response, "done");
      else response.writeHead(status).end();
    });
    const clock = quickClock();
    assert.equal(await clientFor(t, hub.url, { clock }).json("x"), "done");
    assert.deepEqual(clock.waits, [1000, 2000, 4000, 8000, 8000]);
    const cut = await serve(t, (_request, response, count) => {
      if (count < 3) response.writeHead(200, { "content-length": 10 }).write("ab", () => response.destroy());
      else json(response, "done");
    });
    assert.equal(await clientFor(t, cut.url).json("x"), "done");
    assert.equal(cut.seen.length, 3);
  });

  it("does not repeat what may have been done already, unless told that it may", async (t) => {
    const hub = await serve(t, (_request, response) => response.writeHead(503).end());
    const client = clientFor(t, hub.url);
    await assert.rejects(client.json("x", { json: 1 }), { code: "ERR_HF_HUB_DOWN" });
    assert.equal(hub.seen.length, 1);
    await assert.rejects(client.json("x", { json: 1, repeatable: true, retries: 2 }), { code: "ERR_HF_HUB_DOWN" });
    assert.equal(hub.seen.length, 4);
  });

  it("does not repeat a refusal", async (t) => {
    const hub = await serve(t, (_request, response) => json(response, { error: "no" }, 403));
    await assert.rejects(clientFor(t, hub.url).json("x"), { code: "ERR_HF_FORBIDDEN", status: 403 });
    assert.equal(hub.seen.length, 1);
  });

  it("waits as the Hub asks, and says so; beyond a minute it gives the time to the caller", async (t) => {
    const hub = await serve(t, (request, response, count) => {
      if (request.url === "/long") response.writeHead(429, { ratelimit: '"api";r=0;t=240' }).end();
      else if (count === 1) response.writeHead(429, { ratelimit: '"api";r=0;t=9' }).end();
      else json(response, "done");
    });
    const told: string[] = [];
    const clock = quickClock();
    const client = clientFor(t, hub.url, { clock, warn: (text) => void told.push(text) });
    assert.equal(await client.json("short"), "done");
    assert.deepEqual(clock.waits, [10_000]);
    assert.match(told.join(), /takes no more requests for now\. Trying again in 10 s\./);
    await assert.rejects(client.json("long"), (error) => error instanceof RateLimitError && error.retryAfter === 240);
    assert.equal(clock.waits.length, 1);
  });

  it("says soon that nobody is there", async (t) => {
    const clock = quickClock();
    const client = clientFor(t, await nobody(), { clock });
    await assert.rejects(client.json("x"), {
      code: "ERR_HF_NETWORK",
      message: /could not be reached \(ECONNREFUSED\)/,
    });
    assert.equal(clock.waits.length, 2);
  });

  it("limits the wait for the head and a body that stands still", async (t) => {
    const hub = await serve(t, (request, response) => {
      if (request.url === "/body") response.writeHead(200, { "content-length": 10 }).write("ab");
      if (request.url === "/none") response.writeHead(200, { "content-length": 10 }).flushHeaders();
    });
    const client = clientFor(t, hub.url, { requestTimeoutMs: 60, retries: 0 });
    for (const path of ["head", "body", "none"]) {
      await assert.rejects(client.json(path), { code: "ERR_HF_TIMEOUT", message: /within 0\.06 s/ });
    }
    const answer = await client.open("body");
    await assert.rejects(
      async () => {
        for await (const _chunk of answer.body);
      },
      { code: "ERR_HF_TIMEOUT" },
    );
  });

  it("does not ask again where an answer came too slowly to be meant", async (t) => {
    const hub = await serve(t, (_request, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      const timer = setInterval(() => response.write(" "), 5);
      response.on("close", () => clearInterval(timer));
    });
    const client = clientFor(t, hub.url);
    const slow = { code: "ERR_HF_TIMEOUT", message: /answers too slowly: it was not whole after 0.1 s/ };
    await assert.rejects(client.json("x", { totalMs: 100 }), slow);
    assert.equal(hub.seen.length, 1);
  });

  it("limits what it takes into memory: a body without end, a packed one, headers", async (t) => {
    const { gzipSync } = await import("node:zlib");
    const bomb = gzipSync(Buffer.alloc(5_000_000, "["));
    const hub = await serve(t, (request, response) => {
      if (request.url === "/bomb") return void response.writeHead(200, { "content-encoding": "gzip" }).end(bomb);
      const more = (): void => {
        while (response.writable && !response.destroyed && response.write("x".repeat(10_000)));
      };
      response.writeHead(request.url === "/error" ? 400 : 200, { "content-type": "text/plain" });
      response.on("drain", more);
      more();
    });
    const client = clientFor(t, hub.url);
    for (const path of ["endless", "bomb"]) {
      await assert.rejects(client.json(path, { maxBytes: 1_000_000 }), {
        code: "ERR_HF_BAD_ANSWER",
        message: /1000000/,
      });
    }
    await assert.rejects(client.json("error"), { code: "ERR_HF_HTTP" });
  });

  it("takes no answer whose values would fill the memory, though its bytes do not", async (t) => {
    const hub = await serve(t, (_request, response) => {
      response.writeHead(200, { "content-type": "application/json" }).end(`[${"{},".repeat(2_500_001)}{}]`);
    });
    const much = { code: "ERR_HF_BAD_ANSWER", message: /more than 5000000 values/ };
    await assert.rejects(clientFor(t, hub.url).json("x"), much);
  });

  it("strikes a token that the server echoes, and its escape sequences", async (t) => {
    const hub = await serve(t, (_request, response) => {
      const echo = `bad \u001b[2J header: Bearer ${value} (${Buffer.from(`user:${value}`).toString("base64")})`;
      json(response, { error: echo }, 400, { "x-request-id": `Root=${value}` });
    });
    await assert.rejects(clientFor(t, hub.url).json("x"), (error: Error) => {
      const text = inspect(error, { depth: 9, showHidden: true }) + error.stack;
      assert.ok(!text.includes("CCCC") && !text.includes("Q0NDQ0ND"), text);
      assert.match(error.message, /bad \[2J header: Bearer \[redacted\]/);
      return true;
    });
  });

  it("rejects with the signal's reason at any time, and does not try again", async (t) => {
    const hub = await serve(t, (request, response) => {
      if (request.url === "/retry") response.writeHead(503).end();
      if (request.url === "/body") response.writeHead(200, { "content-length": 10 }).write("ab");
    });
    const reason = new Error("enough");
    const clock = {
      now: () => 0,
      sleep: (_ms: number, signal?: AbortSignal): Promise<void> =>
        new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason as unknown))),
    };
    const client = clientFor(t, hub.url, { clock });
    for (const path of ["head", "body", "retry"]) {
      const stop = new AbortController();
      const call = client.json(path, { signal: stop.signal });
      setTimeout(() => stop.abort(reason), 30);
      await assert.rejects(call, reason, path);
    }
    assert.equal(hub.seen.length, 3);
    await assert.rejects(client.json("x", { signal: AbortSignal.abort(reason) }), reason);
    assert.equal(hub.seen.length, 3);
  });
});
