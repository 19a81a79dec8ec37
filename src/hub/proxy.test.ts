import assert from "node:assert/strict";
import { createServer } from "node:http";
import { connect, createServer as createTcpServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { nobody, serve } from "../../test/support/scripted-server.ts";
import { redact } from "../core/redact.ts";
import { createNodeFetch } from "./node-fetch.ts";
import { openTunnel, proxyFor, proxyHeaders, readProxySettings } from "./proxy.ts";

describe("proxyFor()", () => {
  const settings = {
    https: "http://p.example:3128",
    http: "q.example",
    no: "a.example, .b.example *.c.example d:8443",
  };
  const proxy = (address: string): string | undefined => proxyFor(new URL(address), settings)?.host;

  it("chooses by the scheme", () => {
    assert.equal(proxy("https://hub.example/"), "p.example:3128");
    assert.equal(proxy("http://hub.example/"), "q.example");
    assert.equal(proxyFor(new URL("https://hub.example/"), {}), undefined);
  });

  it("leaves out the hosts of NO_PROXY and their subdomains", () => {
    for (const host of ["a.example", "x.a.example", "b.example", "x.b.example", "y.c.example"]) {
      assert.equal(proxy(`https://${host}/`), undefined, host);
    }
    assert.equal(proxy("https://nota.example/"), "p.example:3128");
    assert.equal(proxy("https://d:8443/"), undefined);
    assert.equal(proxy("https://d/"), "p.example:3128");
    assert.equal(proxyFor(new URL("https://hub.example/"), { ...settings, no: "*" }), undefined);
    assert.equal(proxyFor(new URL("https://[2001:db8::1]/"), { ...settings, no: "2001:db8::1" }), undefined);
    assert.equal(proxyFor(new URL("https://10.1.2.3/"), { ...settings, no: "10.1.2.3" }), undefined);
  });

  it("never hands loopback to a proxy, which would read a token on plain http", () => {
    for (const host of ["localhost:8080", "127.0.0.1", "[::1]:1"]) assert.equal(proxy(`http://${host}/`), undefined);
  });

  it("refuses proxies of another kind without repeating a password", () => {
    for (const https of ["socks5://me:hunter22@p.example", "https://me:hunter22@p.example", "http://"]) {
      assert.throws(
        () => proxyFor(new URL("https://hub.example/"), { https }),
        (error: Error) => "code" in error && error.code === "ERR_HF_USAGE" && !error.message.includes("hunter22"),
      );
    }
  });
});

describe("readProxySettings()", () => {
  it("reads both spellings, and ALL_PROXY for what is not named", () => {
    assert.deepEqual(readProxySettings({}), {});
    assert.deepEqual(
      readProxySettings({ HTTPS_PROXY: "a", https_proxy: "b", ALL_PROXY: "c", no_proxy: "d", HTTP_PROXY: "" }),
      {
        https: "b",
        http: "c",
        no: "d",
      },
    );
  });
});

describe("proxyHeaders()", () => {
  it("is for proxies with a user only, and its secrets are struck from texts", () => {
    assert.deepEqual(proxyHeaders(new URL("http://p.example")), {});
    const { "proxy-authorization": header = "" } = proxyHeaders(new URL("http://me:a%20long%20pass@p.example"));
    assert.equal(Buffer.from(header.slice(6), "base64").toString(), "me:a long pass");
    assert.ok(!redact(`sent ${header.slice(6)} / a long pass`).includes("long"));
    const { "proxy-authorization": odd = "" } = proxyHeaders(new URL("http://me:100%zz@p.example"));
    assert.equal(Buffer.from(odd.slice(6), "base64").toString(), "me:100%zz");
  });
});

describe("openTunnel()", () => {
  it("tells the proxy host, port and its own user, and gives the connection", async (t) => {
    const echo = await tcp(t, (socket) => socket.pipe(socket));
    const heads: string[] = [];
    const proxy = await connectProxy(t, heads, echo);
    const socket = await openTunnel(new URL(`http://me:open%20sesame@${proxy}`), "hub.example", 443);
    t.after(() => socket.destroy());
    socket.write("ping");
    assert.equal(String(await new Promise((resolve) => socket.once("data", resolve))), "ping");
    const basic = Buffer.from("me:open sesame").toString("base64");
    assert.deepEqual(heads, [`CONNECT hub.example:443 hub.example:443 Basic ${basic}`]);
  });

  it("is given up with its request: a proxy that is silent keeps no connection", async (t) => {
    const closed: Promise<void>[] = [];
    const reason = new Error("enough");
    const stop = new AbortController();
    const silent = await tcp(t, (socket) => {
      closed.push(new Promise((resolve) => socket.once("close", () => resolve())));
      // The request to the proxy is here, and nothing comes back.
      socket.once("data", () => stop.abort(reason));
    });
    const fetch = createNodeFetch({ proxy: { https: `http://${silent}` } });
    t.after(() => fetch.close());
    const call = fetch("https://hub.example/", { method: "GET", headers: {}, redirect: "manual", signal: stop.signal });
    await assert.rejects(call, reason);
    await Promise.all(closed);
    assert.equal(closed.length, 1);
  });

  it("says what a proxy that refuses wants", async (t) => {
    const server = createServer();
    server.on("connect", (request, socket) => {
      const status = request.url === "pw.example:443" ? "407 Proxy Authentication Required" : "403 Forbidden";
      socket.end(`HTTP/1.1 ${status}\r\ncontent-length: 0\r\n\r\n`);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => void server.close());
    const proxy = new URL(`http://me:secret-pass@127.0.0.1:${(server.address() as AddressInfo).port}`);
    await assert.rejects(openTunnel(proxy, "pw.example", 443), {
      code: "ERR_HF_PROXY",
      message: /\(407\)/,
      hint: /user, colon, password/,
    });
    await assert.rejects(
      openTunnel(proxy, "no.example", 443),
      (error: Error) => !error.message.includes("secret-pass"),
    );
    const gone = new URL(await nobody());
    await assert.rejects(openTunnel(gone, "x.example", 443), { code: "ERR_HF_PROXY", message: /ECONNREFUSED/ });
  });
});

describe("createNodeFetch() with a proxy", () => {
  it("asks for https through a tunnel: the target's headers are inside of it", async (t) => {
    const heads: string[] = [];
    const bytes: Buffer[] = [];
    const target = await tcp(t, (socket) => {
      socket.on("data", (chunk) => void bytes.push(chunk));
      setTimeout(() => socket.destroy(), 50);
    });
    const proxy = await connectProxy(t, heads, target);
    const fetch = createNodeFetch({ proxy: { https: `http://${proxy}` } });
    t.after(() => fetch.close());
    const init = { method: "GET", headers: { "x-secret": "for-the-target" }, redirect: "manual" } as const;
    await assert.rejects(fetch("https://hub.example/path", init));
    assert.deepEqual(heads, ["CONNECT hub.example:443 hub.example:443 undefined"]);
    const sent = Buffer.concat(bytes);
    assert.equal(sent[0], 0x16, "a TLS handshake begins");
    assert.ok(!sent.toString("latin1").includes("for-the-target"));
  });

  it("asks for plain http in absolute form", async (t) => {
    const proxy = await serve(t, (_request, response) => response.end("through"));
    const fetch = createNodeFetch({ proxy: { http: proxy.url.replace("//", "//me:open%20sesame@") } });
    t.after(() => fetch.close());
    await fetch("http://hub.example/p?q=1", { method: "GET", headers: {}, redirect: "manual" });
    const [seen] = proxy.seen;
    assert.equal(seen?.url, "http://hub.example/p?q=1");
    assert.equal(seen?.headers.host, "hub.example");
    assert.equal(seen?.headers["proxy-authorization"], `Basic ${Buffer.from("me:open sesame").toString("base64")}`);
  });
});

async function tcp(test: TestContext, onSocket: (socket: Socket) => void): Promise<string> {
  const server = createTcpServer((socket) => {
    socket.on("error", () => {});
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  test.after(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A proxy that leads every CONNECT to `target`, and keeps what it was told. */
async function connectProxy(test: TestContext, heads: string[], target: string): Promise<string> {
  const server = createServer();
  server.on("connect", (request, socket) => {
    heads.push(`CONNECT ${request.url} ${request.headers.host} ${request.headers["proxy-authorization"]}`);
    const [host, port] = target.split(":");
    const onward = connect(Number(port), host);
    onward.on("error", () => socket.destroy());
    onward.on("close", () => socket.destroy());
    socket.on("error", () => onward.destroy());
    socket.on("close", () => onward.destroy());
    socket.write("HTTP/1.1 200 OK\r\n\r\n");
    socket.pipe(onward).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  test.after(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
