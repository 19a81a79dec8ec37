import assert from "node:assert/strict";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { after, before, beforeEach, describe, it } from "node:test";
import { gunzipSync } from "node:zlib";
import type { FaultRule } from "./fault-rule.ts";
import type { Localhub } from "./server.ts";
import { startLocalhub } from "./server.ts";

/** What came through a socket, byte for byte. */
type Talk = { raw: Buffer; error: string | undefined };
type Head = { status: number; headers: Record<string, string>; body: Buffer };

function send(url: string, method: string, headers: Record<string, string>): Socket {
  const { host, port, pathname, search } = new URL(url);
  const socket = connect({ host: "127.0.0.1", port: Number(port) });
  const lines = Object.entries({ Host: host, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`${method} ${pathname}${search} HTTP/1.1\r\n${lines.join("")}\r\n`);
  return socket;
}

/** Reads to the end of the connection. */
function listen(socket: Socket): Promise<Talk> {
  const parts: Buffer[] = [];
  let error: string | undefined;
  socket.on("data", (part) => parts.push(part));
  socket.on("error", (problem: Error & { code?: string }) => (error = problem.code));
  return new Promise((resolve) => {
    socket.on("close", () => resolve({ raw: Buffer.concat(parts), error }));
  });
}

function split({ raw }: Talk): Head {
  const end = raw.indexOf("\r\n\r\n");
  assert.ok(end >= 0, `no head in ${raw.toString("latin1").slice(0, 200)}`);
  const [first = "", ...lines] = raw.toString("latin1", 0, end).split("\r\n");
  const pairs = lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.replace(/^[^:]*: ?/, "")]);
  return { status: Number(first.split(" ")[1]), headers: Object.fromEntries(pairs), body: raw.subarray(end + 4) };
}

/** Waits until so many bytes of the body have come, and leaves the socket open. */
async function receive(socket: Socket, bodyBytes: number): Promise<Buffer> {
  let raw = Buffer.alloc(0);
  for await (const part of socket.iterator({ destroyOnReturn: false })) {
    raw = Buffer.concat([raw, part as Buffer]);
    const end = raw.indexOf("\r\n\r\n");
    if (end >= 0 && raw.length >= end + 4 + bodyBytes) break;
  }
  return raw;
}

describe("what a fault rule does on the wire", () => {
  let hub: Localhub;
  let config: Buffer;
  let weights: string;
  before(async () => {
    hub = await startLocalhub();
    config = (await talk(FILE)).body;
    weights = (await talk("/alice/tiny-model/resolve/main/model.safetensors")).headers["location"] ?? "";
  });
  after(() => hub.close());
  beforeEach(() => hub.reset());

  const FILE = "/alice/tiny-model/raw/main/config.json";
  const address = (path: string): string => (path.startsWith("/") ? hub.url + path : path);
  const listenTo = (path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Talk> =>
    listen(send(address(path), method, { Connection: "close", ...headers }));
  const talk = async (path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Head> =>
    split(await listenTo(path, headers, method));
  const spoiled = (rule: FaultRule, path = FILE, headers: Record<string, string> = {}): Promise<Head> => {
    hub.fault({ times: 1, ...rule });
    return talk(path, headers);
  };

  it("delay: the head comes after the wait, and what the request did is done before", async () => {
    hub.fault({ delay: 60_000, method: "POST" });
    const socket = send(`${hub.url}/acme/gated-auto/ask-access`, "POST", {
      Authorization: `Bearer ${hub.tokens["carol-read"]}`,
      "Content-Length": "0",
    });
    const repo = [...hub.model.repos.values()].find(({ id }) => id === "acme/gated-auto");
    while (!repo?.access.some(({ user }) => user === "carol")) await new Promise(setImmediate);
    // A whole other request has time to be answered, this one has not.
    assert.equal((await talk(FILE)).status, 200);
    assert.equal(socket.bytesRead, 0);
    const ended = listen(socket);
    socket.destroy();
    await ended;
    assert.deepEqual((await spoiled({ delay: 1 })).body, config);
  });

  it("stall: silence before the head, after bytes, for a time and for ever", async () => {
    hub.fault({ stall: {}, method: "HEAD" });
    const silent = send(hub.url + FILE, "HEAD", {});
    hub.fault({ stall: { afterBytes: 7 }, method: "GET", times: 1 });
    const socket = send(hub.url + FILE, "GET", {});
    const raw = await receive(socket, 7);
    assert.deepEqual(split({ raw, error: undefined }).body, config.subarray(0, 7));
    assert.equal(socket.readableLength, 0);
    while (!hub.journal.entries.some(({ method }) => method === "HEAD")) await new Promise(setImmediate);
    assert.equal((await talk(FILE)).status, 200);
    assert.equal(silent.bytesRead, 0);
    socket.destroy();
    silent.destroy();
    for (const afterBytes of [0, 7, config.length]) {
      assert.deepEqual((await spoiled({ stall: { afterBytes, ms: 5 } })).body, config);
    }
    assert.deepEqual((await spoiled({ stall: { ms: 5 } })).body, config);
  });

  it("cut: nothing, the head alone, or exactly so many bytes; closed or reset", async () => {
    hub.fault({ cut: {}, times: 1 });
    assert.deepEqual(await listenTo(FILE), { raw: Buffer.alloc(0), error: undefined });
    hub.fault({ cut: { reset: true }, times: 1 });
    assert.deepEqual(await listenTo(FILE), { raw: Buffer.alloc(0), error: "ECONNRESET" });
    for (const afterBytes of [0, 1, 20]) {
      const { status, headers, body } = await spoiled({ cut: { afterBytes } });
      assert.deepEqual([status, headers["content-length"]], [200, String(config.length)]);
      assert.deepEqual(body, config.subarray(0, afterBytes));
    }
    hub.fault({ origin: "cdn", cut: { afterBytes: 700_001 }, times: 1 });
    assert.equal((await talk(weights)).body.length, 700_001);
    hub.fault({ cut: { afterBytes: 10, reset: true }, times: 1 });
    assert.equal((await listenTo(FILE)).error, "ECONNRESET");
  });

  it("corrupt: wrong bytes of the right size, at their place in the file also in a range", async () => {
    const { body } = await spoiled({ corrupt: { at: 3, bytes: 2 } });
    const wrong = [...body.keys()].filter((at) => body[at] !== config[at]);
    assert.deepEqual([body.length, wrong], [config.length, [3, 4]]);
    const good = (await talk(weights)).body;
    const far = (await spoiled({ corrupt: { at: 500_000 } }, weights)).body;
    assert.deepEqual([far.length, far.findIndex((byte, at) => byte !== good[at])], [good.length, 500_000]);
    const range = { Range: "bytes=499990-500009" };
    const part = (await spoiled({ corrupt: { at: 500_000 } }, weights, range)).body;
    assert.deepEqual([part.length, part.findIndex((byte, at) => byte !== good[499_990 + at])], [20, 10]);
    assert.deepEqual((await talk(weights)).body, good);
  });

  it("slowBody: little by little, and whole in the end", async () => {
    hub.fault({ slowBody: 1000, times: 1 });
    const socket = send(hub.url + FILE, "GET", { Connection: "close" });
    const parts: number[] = [];
    socket.on("data", (part) => parts.push(part.length));
    const seen = await listen(socket);
    assert.deepEqual(split(seen).body, config);
    assert.ok(parts.length > 1, `all in ${parts.length} part`);
  });

  it("wrongLength: more than there is, and less", async () => {
    const more = await spoiled({ wrongLength: 10 });
    assert.deepEqual([more.headers["content-length"], more.body], [String(config.length + 10), config]);
    const less = await spoiled({ wrongLength: -10 });
    assert.deepEqual([less.headers["content-length"], less.body], [String(config.length - 10), config]);
    const none = await spoiled({ wrongLength: -100_000 });
    assert.equal(none.headers["content-length"], "0");
    // Without the client's wish: too long a promise is ended, too short a one leaves its rest in the way.
    hub.fault({ wrongLength: 10, times: 1 });
    const ended = await listen(send(hub.url + FILE, "GET", {}));
    assert.equal(split(ended).headers["connection"], "close");
    hub.fault({ wrongLength: -1, times: 1 });
    const socket = send(hub.url + FILE, "GET", {});
    assert.equal(
      split({ raw: await receive(socket, config.length), error: undefined }).headers["connection"],
      "keep-alive",
    );
    socket.destroy();
  });

  it("status: 429 with its headers in every form, 5xx, as JSON and as text", async () => {
    const limited = await spoiled(
      { status: 429, retryAfter: 7, rateLimit: { reset: 33 }, message: "Slow down" },
      "/api/whoami-v2",
    );
    assert.equal(limited.status, 429);
    assert.equal(limited.headers["retry-after"], "7");
    assert.equal(limited.headers["ratelimit"], '"api";r=0;t=33');
    assert.deepEqual(JSON.parse(limited.body.toString()), { error: "Slow down" });
    assert.equal(limited.headers["x-error-message"], "Slow down");
    const resolvers = { reset: 1, left: 2, bucket: "resolvers" as const };
    const other = await spoiled({ status: 429, retryAfter: "soon", rateLimit: resolvers });
    assert.deepEqual([other.headers["retry-after"], other.headers["ratelimit"]], ["soon", '"resolvers";r=2;t=1']);
    const { headers } = await spoiled({ status: 503, retryAfter: { dateIn: 3600 } });
    assert.match(headers["retry-after"] ?? "", /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/);
    assert.ok(Math.abs(Date.parse(headers["retry-after"] ?? "") - Date.now() - 3_600_000) < 60_000);
    const bare = await spoiled({ status: 502 });
    assert.deepEqual([bare.status, bare.body.toString(), bare.headers["retry-after"]], [502, "Bad Gateway", undefined]);
    assert.equal((await spoiled({ status: 204 })).body.length, 0);
  });

  it("redirect: anywhere, with the headers about the file", async () => {
    const resolve = "/alice/tiny-model/resolve/main/model.safetensors";
    const away = await spoiled({ redirect: "http://evil.example/x" }, resolve);
    assert.deepEqual([away.status, away.headers["location"]], [302, "http://evil.example/x"]);
    assert.match(away.headers["x-repo-commit"] ?? "", /^[0-9a-f]{40}$/);
    assert.match(away.headers["x-linked-etag"] ?? "", /^"[0-9a-f]{64}"$/);
    for (const status of [301, 302, 303, 307, 308] as const) {
      const { headers, ...rest } = await spoiled({ redirect: { to: "../there?a=b", status } });
      assert.deepEqual([rest.status, headers["location"], headers["etag"]], [status, "../there?a=b", undefined]);
    }
    const loop = await spoiled({ redirect: "{base}{target}" }, `${FILE}?x=1`);
    assert.equal(loop.headers["location"], `${hub.url}${FILE}?x=1`);
    const cdn = await spoiled({ origin: "cdn", redirect: `${hub.url}{target}` }, weights);
    assert.equal(cdn.headers["location"], weights.replace(hub.cdnUrl, hub.url));
    // The refusal's own headers would say something else.
    const hidden = await spoiled({ redirect: "/x" }, "/alice/private-model/resolve/main/config.json");
    assert.deepEqual([hidden.status, hidden.headers["x-error-code"]], [302, undefined]);
  });

  it("etag, commit, linkedEtag, linkedSize, link, setHeader, dropHeader: as they stand", async () => {
    const { headers } = await spoiled({
      etag: '"../../../x"',
      commit: "..",
      linkedEtag: 'W/"a/b\\c"',
      linkedSize: -1,
      link: '<{base}{target}>; rel="next"',
      setHeader: { "x-REQUEST-id": "mine", "X-Odd": "caf\u00e9" },
      dropHeader: ["CONTENT-disposition"],
    });
    assert.equal(headers["etag"], '"../../../x"');
    assert.equal(headers["x-repo-commit"], "..");
    assert.equal(headers["x-linked-etag"], 'W/"a/b\\c"');
    assert.equal(headers["x-linked-size"], "-1");
    assert.equal(headers["link"], `<${hub.url}${FILE}>; rel="next"`);
    assert.equal(headers["x-request-id"], "mine");
    assert.equal(headers["x-odd"], "caf\u00e9");
    assert.equal("content-disposition" in headers, false);
    assert.equal(headers["content-length"], String(config.length));
    const lying = await spoiled({ setHeader: { "Content-Length": "5" } });
    assert.equal(lying.headers["content-length"], "5");
  });

  it("dropHeader Content-Length: the end of the connection ends the body", async () => {
    hub.fault({ dropHeader: ["Content-Length"], times: 1 });
    const { headers, body } = split(await listen(send(hub.url + FILE, "GET", {})));
    assert.deepEqual([headers["content-length"], headers["transfer-encoding"]], [undefined, undefined]);
    assert.deepEqual(body, config);
  });

  it("treePath: another name in trees, path lists and infos", async () => {
    const rule = { treePath: { from: "config.json", to: "../../evil" } };
    const names = (body: Buffer): string[] => {
      const value = JSON.parse(body.toString()) as { path: string }[] | { siblings: { rfilename: string }[] };
      return Array.isArray(value) ? value.map(({ path }) => path) : value.siblings.map(({ rfilename }) => rfilename);
    };
    for (const path of ["/api/models/alice/tiny-model/tree/main", "/api/models/alice/tiny-model"]) {
      const before = names((await talk(path)).body);
      const hostile = names((await spoiled(rule, path)).body);
      assert.ok(before.includes("config.json"));
      assert.deepEqual(
        hostile,
        before.map((name) => (name === "config.json" ? "../../evil" : name)),
      );
    }
  });

  it("chunked and gzip: other framing, the same content", async () => {
    const chunked = await spoiled({ chunked: true });
    assert.deepEqual([chunked.headers["transfer-encoding"], chunked.headers["content-length"]], ["chunked", undefined]);
    assert.equal(chunked.body.toString(), `${config.length.toString(16)}\r\n${config.toString()}\r\n0\r\n\r\n`);
    hub.fault({ gzip: true, times: 1 });
    const zipped = await (await fetch(hub.url + FILE, { headers: { "accept-encoding": "identity" } })).text();
    assert.equal(zipped, config.toString());
    const error = await spoiled({ gzip: true }, "/api/nothing/here");
    assert.equal(error.headers["content-encoding"], "gzip");
    assert.equal(error.headers["content-length"], String(error.body.length));
    assert.match(gunzipSync(error.body).toString(), /can't find the page/);
  });

  it("garbage: no HTTP at all, or any bytes", async () => {
    hub.fault({ garbage: true, times: 1 });
    const { raw } = await listenTo(FILE);
    assert.ok(raw.length > 0 && !raw.includes("HTTP/"));
    const evil = 'HTTP/1.1 200 OK\r\nETag: "a\0b"\rX: y\r\n\r\n\u00ff';
    hub.fault({ garbage: evil, times: 1 });
    assert.equal((await listenTo(FILE)).raw.toString("latin1"), evil);
  });

  it("htmlBody: a captive portal's page", async () => {
    const portal = await spoiled({ htmlBody: true }, "/api/whoami-v2");
    assert.deepEqual([portal.status, portal.headers["content-type"]], [200, "text/html; charset=utf-8"]);
    assert.match(portal.body.toString(), /^<!doctype html>/);
    assert.equal(portal.headers["x-request-id"], undefined);
    const own = await spoiled({ htmlBody: "<p>pay", status: 511 });
    assert.deepEqual([own.status, own.body.toString()], [511, "<p>pay"]);
  });

  it("endlessHeaders: more and more of them, until the client has enough", async () => {
    hub.fault({ endlessHeaders: true, times: 1 });
    const socket = send(hub.url + FILE, "GET", {});
    const ended = listen(socket);
    socket.on("data", () => {
      if (socket.bytesRead > 1_000_000) socket.destroy();
    });
    const { raw } = await ended;
    assert.ok(raw.toString("latin1").startsWith("HTTP/1.1 200 OK\r\n"));
    assert.equal(raw.includes("\r\n\r\n"), false);
  });

  it("connectionClose: keep-alive is promised and not kept", async () => {
    hub.fault({ connectionClose: true, times: 1 });
    const { headers, body } = split(await listen(send(hub.url + FILE, "GET", {})));
    assert.deepEqual([headers["connection"], body], ["keep-alive", config]);
  });

  it("ignoreRange and wrongContentRange: for requests with a range alone", async () => {
    const range = { Range: "bytes=5-9" };
    hub.fault({ ignoreRange: true, times: 1 });
    assert.equal((await talk(FILE)).status, 200);
    const whole = await talk(FILE, range);
    assert.deepEqual([whole.status, whole.headers["content-range"], whole.body], [200, undefined, config]);
    assert.equal((await talk(FILE, range)).status, 206);
    const shifted = await spoiled({ wrongContentRange: 1 }, FILE, range);
    assert.equal(shifted.headers["content-range"], `bytes 6-10/${config.length}`);
    assert.deepEqual(shifted.body, config.subarray(5, 10));
    const odd = await spoiled({ wrongContentRange: "bytes 5-9/1" }, FILE, range);
    assert.equal(odd.headers["content-range"], "bytes 5-9/1");
  });

  it("echoCredential: the error repeats what was sent", async () => {
    const credential = "Bearer secret-of-this-test";
    const { status, headers, body } = await spoiled({ echoCredential: true }, "/api/whoami-v2", {
      Authorization: credential,
    });
    assert.equal(status, 401);
    const { error } = JSON.parse(body.toString()) as { error: string };
    assert.ok(error.includes(credential) && error.includes(Buffer.from("secret-of-this-test").toString("base64")));
    assert.equal(headers["x-error-message"], error);
    assert.equal((await spoiled({ echoCredential: true, status: 500 })).status, 500);
  });

  it("works on both origins, and keeps to the one it names", async () => {
    hub.fault({ origin: "cdn", status: 500 });
    assert.equal((await talk(weights)).status, 500);
    assert.equal((await talk(FILE)).status, 200);
    await hub.reset();
    weights = (await talk("/alice/tiny-model/resolve/main/model.safetensors")).headers["location"] ?? "";
    hub.fault({ origin: "hub", status: 500 });
    assert.equal((await talk(weights)).status, 200);
    assert.equal((await talk(FILE)).status, 500);
  });

  it("lets several faults of several rules work on one answer", async () => {
    hub.fault({ corrupt: { at: 0 }, etag: '"x"' });
    hub.fault({ corrupt: { at: 2 }, stall: { afterBytes: 3, ms: 1 } });
    hub.fault({ cut: { afterBytes: 5 }, delay: 1 });
    const { headers, body } = await talk(FILE);
    const wrong = [...body.keys()].filter((at) => body[at] !== config[at]);
    assert.deepEqual([headers["etag"], body.length, wrong], ['"x"', 5, [0, 2]]);
  });

  it("does not keep close() from ending, however it holds a connection", async () => {
    const own = await startLocalhub();
    const rules: FaultRule[] = [
      { stall: {} },
      { stall: { afterBytes: 3 } },
      { delay: 2 ** 31 - 1 },
      { slowBody: 1 },
      { endlessHeaders: true },
    ];
    const sockets = rules.map((rule, index) => {
      own.fault({ ...rule, path: `n=${index}` });
      const socket = send(`${own.url}${FILE}?n=${index}`, "GET", {}).on("error", () => {});
      // The last one is never read: its writer waits for room.
      return index === 4 ? socket.pause() : socket.resume();
    });
    const isWriting = (index: number): boolean => (sockets[index]?.bytesRead ?? 0) > 0;
    while (own.journal.entries.length < rules.length || !isWriting(1) || !isWriting(3)) await new Promise(setImmediate);
    await own.close();
    for (const socket of sockets) socket.destroy();
  });
});
