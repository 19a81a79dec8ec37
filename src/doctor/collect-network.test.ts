import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { openSession } from "../api/index.ts";
import { resolveToken } from "../auth/index.ts";
import type { Environment } from "../core/ports.ts";
import { readSettings } from "../core/settings.ts";
import { startLocalhub } from "../localhub/index.ts";
import type { Localhub } from "../localhub/index.ts";
import { systemClock } from "../core/clock.ts";
import { dnsServer } from "../../test/support/dns-server.ts";
import { nobody, serve, serveRaw } from "../../test/support/scripted-server.ts";
import { failedHop } from "./checks-network.ts";
import { collectNetwork, walkLate } from "./collect-network.ts";
import type { NetworkOptions } from "./collect-network.ts";
import type { NetworkEvidence } from "./evidence.ts";

let hub: Localhub;
const home = mkdtempSync(join(tmpdir(), "latchkey-network-"));
before(async () => {
  hub = await startLocalhub();
});
afterEach(() => hub.reset());
after(async () => {
  await hub.close();
  rmSync(home, { recursive: true });
});

type Asked = Extract<NetworkEvidence, { kind: "asked" }>;

/** Long enough for a busy machine; what is to be cut short gets less. */
const LONG = 60_000;

async function look(more: Environment, options: Partial<NetworkOptions> = {}): Promise<NetworkEvidence> {
  const env = { HF_HOME: home, HF_ENDPOINT: hub.url, ...more };
  const machine = { platform: process.platform, home, cwd: home, userHome: () => undefined };
  const session = openSession({ settings: readSettings(env, machine), env, platform: machine.platform });
  const resolution = await resolveToken(session.sources());
  return collectNetwork({ session, env, clock: systemClock, resolution, limitMs: LONG, ...options });
}

async function ask(more: Environment = {}, options: Partial<NetworkOptions> = {}): Promise<Asked> {
  const network = await look(more, options);
  assert.ok(network.kind === "asked");
  return network;
}

const failure = (network: Asked): string => failedHop(network.endpoint)?.failure.code ?? "none";
const steps = (network: Asked): string => network.endpoint.hops.map(({ hop }) => hop).join(", ");

describe("collectNetwork()", () => {
  it("goes to the Hub and its storage, and asks whose token it is", async () => {
    const network = await ask({ HF_TOKEN: hub.tokens["alice-read"] }, { storage: [hub.cdnUrl] });
    assert.equal(failure(network), "none");
    assert.equal(steps(network), "name, connection, answer");
    assert.ok(network.identity.kind === "known");
    assert.equal(network.identity.identity.name, "alice");
    assert.equal(network.storage[0]?.hops.length, 2);
    assert.ok(network.hubTime !== undefined);
    assert.ok(Math.abs(network.hubTime.theirs - network.hubTime.ours) < 60_000);
  });

  it("tells a token that the Hub does not know from nobody", async () => {
    const dead = await ask({ HF_TOKEN: `hf_${"n".repeat(34)}` });
    assert.ok(dead.identity.kind === "failed");
    assert.equal(dead.identity.error.code, "ERR_HF_INVALID_TOKEN");
    assert.equal(failure(dead), "none");
    assert.equal((await ask()).identity.kind, "anonymous");
  });

  it("opens no socket when the network is switched off", async () => {
    assert.deepEqual(await look({ HF_HUB_OFFLINE: "1" }), { kind: "off", why: "offline" });
    assert.equal(hub.journal.entries.length, 0);
  });

  it("sends no token where certificates are not checked", async () => {
    const network = await ask({ HF_TOKEN: hub.tokens["alice-read"], NODE_TLS_REJECT_UNAUTHORIZED: "0" });
    assert.equal(network.identity.kind, "not-asked");
    assert.ok(hub.journal.entries.every(({ url }) => !url.includes("whoami")));
  });

  it("tells a dead port, a page of a hotel, a broken Hub and a silent one apart", async () => {
    assert.equal(failure(await ask({ HF_ENDPOINT: await nobody() })), "host-unreachable");
    hub.fault({ path: "/api/models", htmlBody: true });
    assert.equal(failure(await ask()), "not-a-hub");
    await hub.reset();
    hub.fault({ path: "/api/models", status: 503 });
    assert.equal(failure(await ask()), "hub-down");
    await hub.reset();
    hub.fault({ path: "/api/models", garbage: true });
    assert.equal(failure(await ask()), "not-a-hub");
    await hub.reset();
    hub.fault({ path: "/api/", stall: {} });
    const silent = await ask({ HF_TOKEN: hub.tokens["alice-read"] }, { limitMs: 500 });
    assert.equal(failure(silent), "no-answer");
    assert.equal(silent.identity.kind, "failed");
  });

  it("asks nobody by a name that the name servers do not know", async (test) => {
    const server = await dnsServer(test, () => "unknown");
    const network = await ask({ HF_ENDPOINT: "https://hub.example", HF_TOKEN: "x" }, { dnsServers: [server] });
    assert.equal(failure(network), "name-not-found");
    assert.equal(network.identity.kind, "not-asked");
  });

  it("finds a storage host that is cut off while the Hub answers", async () => {
    const network = await ask({}, { storage: [await nobody()] });
    assert.equal(failure(network), "none");
    assert.equal(network.storage[0] && failedHop(network.storage[0])?.failure.code, "host-unreachable");
  });

  it("looks for the storage of another endpoint where its redirects lead", async () => {
    const network = await ask();
    assert.deepEqual(
      network.storage.map(({ host, hops }) => [`http://${host}`, hops.map(({ failure: why }) => why)]),
      [[hub.cdnUrl, [undefined, undefined, undefined]]],
    );
    const asked = hub.journal.entries.filter(({ url }) => url.includes("/resolve/"));
    assert.deepEqual(
      asked.map(({ method, headers }) => [method, headers["authorization"]]),
      [["HEAD", undefined]],
    );
    await hub.reset();
    hub.fault({ path: "/resolve/", redirect: `${await nobody()}/file` });
    const cut = await ask();
    assert.equal(failure(cut), "none");
    assert.equal(cut.storage[0] && failedHop(cut.storage[0])?.failure.code, "host-unreachable");
    await hub.reset();
    hub.fault({ path: "/resolve/", status: 500 });
    assert.deepEqual((await ask()).storage, []);
  });

  it("finds a storage host that takes connections and never answers, by http and by https", async (test) => {
    const silent = await serveRaw(test, () => {});
    for (const address of [silent.url, silent.url.replace("http:", "https:")]) {
      hub.fault({ path: "/resolve/", redirect: `${address}/file` });
      // The whole time passes; what comes before it has room on a busy machine.
      const network = await ask({}, { limitMs: 3000 });
      assert.equal(failure(network), "none");
      assert.equal(network.storage[0] && failedHop(network.storage[0])?.failure.code, "no-answer");
      assert.deepEqual(network.unclearStorage, []);
      await hub.reset();
    }
  });

  it("says nothing against a host that had no time, and keeps what was found before the end", async () => {
    const hop = { hop: "connection", to: "x", ms: 1, detail: "" } as const;
    const failed = { code: "no-answer", message: "No.", hint: "Wait." } as const;
    const late = async (ended: boolean, leftMs: number, why: typeof failed | undefined) => {
      const routeTo = async (url: URL) => ({
        host: url.host,
        proxy: undefined,
        hops: [{ ...hop, failure: why }],
      });
      const signal = ended ? AbortSignal.abort() : new AbortController().signal;
      return (await walkLate("https://x", { routeTo, signal, leftMs, limitMs: 2000 })).cut;
    };
    assert.equal(await late(true, 100, failed), true);
    assert.equal(await late(true, 100, undefined), false);
    assert.equal(await late(false, 100, failed), false);
    assert.equal(await late(true, 600, failed), false);
  });

  it("reads the other side's clock, less the age of a copy", async (test) => {
    const date = "Tue, 01 Jan 2030 00:00:00 GMT";
    const other = await serve(test, (_request, response) => {
      response.writeHead(200, { "content-type": "application/json", date, age: "60" }).end("[]");
    });
    const network = await ask({ HF_ENDPOINT: other.url });
    assert.equal(network.hubTime?.theirs, Date.parse(date) + 60_500);
  });

  it("takes a proxy that is none for no network", async () => {
    const proxied = { HF_ENDPOINT: "https://hub.example", HTTPS_PROXY: "socks5://127.0.0.1:1" };
    assert.deepEqual(await look(proxied), { kind: "off", why: "proxy" });
  });
});
