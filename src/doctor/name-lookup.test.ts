import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { dnsServer } from "../../test/support/dns-server.ts";
import { lookUpName } from "./name-lookup.ts";

const signal = new AbortController().signal;

describe("lookUpName()", () => {
  it("takes an address, and this machine's own name, as they are", async () => {
    const none = { limitMs: 1000, signal, servers: ["127.0.0.1:9"] };
    for (const [host, address] of [
      ["192.0.2.7", "192.0.2.7"],
      ["2001:db8::1", "2001:db8::1"],
      ["localhost", "127.0.0.1"],
      ["hub.localhost", "127.0.0.1"],
    ] as const) {
      const answer = await lookUpName(host, none);
      assert.ok(answer.kind === "found", host);
      assert.equal(answer.addresses[0]?.address, address);
    }
  });

  it("asks the name servers", async (test) => {
    const server = await dnsServer(test, (name) => (name === "hub.example" ? "192.0.2.9" : "unknown"));
    const found = await lookUpName("hub.example", { limitMs: 10_000, signal, servers: [server] });
    assert.ok(found.kind === "found");
    assert.deepEqual(found.addresses, [{ address: "192.0.2.9", family: 4 }]);
    const missing = await lookUpName("hbu.example", { limitMs: 10_000, signal, servers: [server] });
    assert.deepEqual(missing, { kind: "missing", code: "ENOTFOUND", servers: [server] });
  });

  it("gives up on servers that do not answer, and when it is told to", async (test) => {
    const server = await dnsServer(test, () => "silent");
    const silent = { kind: "silent", servers: [server] };
    assert.deepEqual(await lookUpName("hub.example", { limitMs: 100, signal, servers: [server] }), silent);
    const stop = new AbortController();
    const waiting = lookUpName("hub.example", { limitMs: 600_000, signal: stop.signal, servers: [server] });
    stop.abort();
    assert.deepEqual(await waiting, silent);
  });
});
