import assert from "node:assert/strict";
import { createServer as createHttpServer } from "node:http";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { makeCertificate } from "../../test/support/certificate.ts";
import { dnsServer } from "../../test/support/dns-server.ts";
import { nobody, serveRaw } from "../../test/support/scripted-server.ts";
import { failedHop } from "./checks-network.ts";
import type { Route } from "./evidence.ts";
import { walkRoute } from "./route.ts";
import type { RouteOptions } from "./route.ts";

function walk(address: string, more: Partial<RouteOptions> = {}): Promise<Route> {
  const signal = new AbortController().signal;
  return walkRoute(new URL(address), { proxy: undefined, ca: undefined, limitMs: 60_000, signal, ...more });
}

/** Every step's name, and the code of the one that failed. */
function steps(route: Route): string {
  return route.hops.map(({ hop, failure }) => (failure === undefined ? hop : `${hop}: ${failure.code}`)).join(", ");
}

async function listen(test: TestContext, server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  test.after(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

const { key, cert } = makeCertificate();

async function tlsServer(
  test: TestContext,
): Promise<{ readonly port: number; readonly received: string[]; readonly names: string[] }> {
  const received: string[] = [];
  const names: string[] = [];
  const server = createTlsServer(
    { key, cert, SNICallback: (name, done) => (names.push(name), done(null)) },
    (socket) => {
      socket.on("error", () => {});
      socket.on("data", (bytes) => received.push(String(bytes)));
    },
  );
  return { port: await listen(test, server), received, names };
}

describe("walkRoute()", () => {
  it("waits for a first word over http where it is asked to", async (test) => {
    const spoken = await serveRaw(test, (socket) => socket.end("HTTP/1.1 404 Not Found\r\n\r\n"));
    assert.equal(steps(await walk(spoken.url, { hears: true })), "name, connection, answer");
    const shut = await serveRaw(test, (socket) => socket.end());
    assert.equal(steps(await walk(shut.url, { hears: true })), "name, connection, answer: no-answer");
    assert.equal(steps(await walk(shut.url)), "name, connection");
  });

  it("names the step at which a dead port ends it", async () => {
    const route = await walk(await nobody());
    assert.equal(steps(route), "name, connection: host-unreachable");
    assert.match(failedHop(route)?.failure.message ?? "", /could not be reached \(ECONNREFUSED\)/);
  });

  it("ends at a name that is not known, and at name servers that are silent", async (test) => {
    const unknown = await dnsServer(test, () => "unknown");
    assert.equal(steps(await walk("https://hub.example", { dnsServers: [unknown] })), "name: name-not-found");
    const silent = await dnsServer(test, () => "silent");
    const limitMs = 200;
    assert.equal(
      steps(await walk("https://hub.example", { dnsServers: [silent], limitMs })),
      "name: name-servers-silent",
    );
  });

  it("tells a private authority by its name, and trusts it once it is named", async (test) => {
    const { port, received } = await tlsServer(test);
    const address = `https://127.0.0.1:${port}`;
    const route = await walk(address);
    assert.equal(steps(route), "name, connection, tls: tls-untrusted");
    assert.match(failedHop(route)?.detail ?? "", /certificate by localhost/);
    assert.match(failedHop(route)?.failure.hint ?? "", /NODE_EXTRA_CA_CERTS/);
    const trusted = await walk(address, { ca: [cert] });
    assert.equal(steps(trusted), "name, connection, tls");
    assert.deepEqual(received, [], "nothing is sent over it");
  });

  it("takes a certificate for another name for none", async (test) => {
    const { port, names } = await tlsServer(test);
    const server = await dnsServer(test, () => "127.0.0.1");
    assert.deepEqual(names, []);
    const route = await walk(`https://hub.example:${port}`, { ca: [cert], dnsServers: [server] });
    assert.equal(steps(route), "name, connection, tls: tls-untrusted");
    assert.deepEqual(names, ["hub.example"]);
  });

  it("gives up on a peer that takes the connection and says nothing", async (test) => {
    const port = await listen(test, createServer());
    const end = new AbortController();
    const walking = walk(`https://127.0.0.1:${port}`, {
      signal: end.signal,
      onName: () => setTimeout(() => end.abort(), 300),
    });
    assert.equal(steps(await walking), "name, connection, tls: no-answer");
  });

  it("goes through a proxy, and says when that refuses", async (test) => {
    const { port } = await tlsServer(test);
    const proxyServer = createHttpServer();
    let answer = "200 Connection established";
    proxyServer.on("connect", (request, socket) => {
      const [host = "", target] = (request.url ?? "").split(":");
      if (!answer.startsWith("200")) return socket.end(`HTTP/1.1 ${answer}\r\n\r\n`);
      const onward = connect(Number(target), host, () => {
        socket.write(`HTTP/1.1 ${answer}\r\n\r\n`);
        onward.pipe(socket);
        socket.pipe(onward);
      });
      onward.on("error", () => {});
    });
    const proxy = new URL(`http://127.0.0.1:${await listen(test, proxyServer)}`);
    const through = await walk(`https://127.0.0.1:${port}`, { proxy, ca: [cert] });
    assert.equal(steps(through), "name, connection, proxy, tls");
    assert.equal(through.proxy, proxy.host);
    answer = "407 Proxy Authentication Required";
    const refused = await walk(`https://127.0.0.1:${port}`, { proxy });
    assert.equal(steps(refused), "name, connection, proxy: proxy-refuses");
    assert.match(failedHop(refused)?.failure.hint ?? "", /user and a password/);
  });
});
