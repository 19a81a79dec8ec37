import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Credential } from "../core/credential.ts";
import { Secret } from "../core/secret.ts";
import { MAX_REDIRECTS, atEndpoint, firstHop, headerText, isRedirect, nextHop } from "./redirects.ts";
import type { AnswerHead, Hop } from "./redirects.ts";

const endpoint = "https://hub.example";
const credential: Credential = { token: Secret.of("a test's token"), origin: endpoint, source: "test" };

function answer(status: number, location: string | null): AnswerHead {
  return { status, headers: { get: (name) => (name === "location" ? location : null) } };
}

function start(method = "GET", body?: string): Hop {
  return firstHop(new URL(`${endpoint}/a/b?c=d`), method, body, credential);
}

function follow(location: string, status = 302, hop = start(), at = endpoint): Hop {
  return nextHop(hop, answer(status, location), at);
}

const refused = { code: "ERR_HF_REDIRECT" };

describe("nextHop()", () => {
  it("resolves as a browser does", () => {
    assert.equal(follow("e").url.href, `${endpoint}/a/e`);
    assert.equal(follow("/e?f").url.href, `${endpoint}/e?f`);
    assert.equal(follow("?x=1").url.href, `${endpoint}/a/b?x=1`);
    assert.equal(follow("//cdn.example/e#part").url.href, "https://cdn.example/e");
    assert.equal(follow("https://cdn.example/%E2%82%AC").url.href, "https://cdn.example/%E2%82%AC");
    assert.equal(follow(Buffer.from("/ü").toString("latin1")).url.href, `${endpoint}/%C3%BC`);
  });

  it("keeps the credential on its origin, drops it elsewhere, and never takes it back", () => {
    const within = follow("/next");
    assert.equal(within.credential, credential);
    const away = follow("https://evil.example/", 302, within);
    assert.equal(away.credential, undefined);
    assert.equal(follow(`${endpoint}/back`, 302, away).credential, undefined);
    assert.equal(follow("https://hub.example:8443/").credential, undefined);
  });

  it("does not give a credential to a chain that began elsewhere", () => {
    const outside = firstHop(new URL("https://other.example/"), "GET", undefined, credential);
    assert.equal(outside.credential, undefined);
    assert.equal(follow(`${endpoint}/`, 302, outside).credential, undefined);
  });

  it("keeps method and body on 307 and 308 within the origin alone", () => {
    for (const status of [307, 308]) {
      const hop = follow("/moved", status, start("POST", "body"));
      assert.deepEqual([hop.method, hop.body], ["POST", "body"]);
      for (const method of ["POST", "DELETE", "PUT"]) {
        assert.throws(() => follow("https://evil.example/", status, start(method, "body")), refused);
      }
      assert.throws(() => follow("https://evil.example/", status, start("DELETE")), refused);
      assert.equal(follow("https://cdn.example/", status, start("HEAD")).method, "HEAD");
    }
  });

  it("asks with GET and no body after 301, 302 and 303", () => {
    for (const status of [301, 302, 303]) {
      const hop = follow("https://cdn.example/x", status, start("POST", "body"));
      assert.deepEqual([hop.method, hop.body], ["GET", undefined]);
      assert.equal(follow("/x", status, start("HEAD")).method, "HEAD");
    }
  });

  it("refuses what is no plain way on", () => {
    for (const location of [
      "http://hub.example/",
      "ftp://hub.example/",
      "file:///etc/passwd",
      "javascript:alert(1)",
      "data:text/plain,x",
      "https://user:pw@hub.example/",
      "https://token@evil.example/",
      "https://evil.example/\r\nx-evil: 1",
      "https://ev\til.example/",
      "/a\nb",
      "https://",
      "",
    ]) {
      assert.throws(() => follow(location), refused, location);
    }
    assert.throws(() => nextHop(start(), answer(302, null), endpoint), refused);
  });

  it("ends after 20 redirects", () => {
    let hop = start();
    for (let count = 0; count < MAX_REDIRECTS; count++) hop = follow("/again", 302, hop);
    assert.equal(hop.number, 20);
    assert.throws(() => follow("/again", 302, hop), refused);
  });

  it("moves the public Hub's own addresses to the user's endpoint", () => {
    const mirror = "https://mirror.example/hf";
    const hop = firstHop(new URL(`${mirror}/x`), "GET");
    assert.equal(follow("https://huggingface.co/a/b?c", 307, hop, mirror).url.href, `${mirror}/a/b?c`);
  });

  it("says nothing of a secret in the address it refuses", () => {
    assert.throws(
      () => follow("https://me:hunter22@evil.example/"),
      (error: Error) => !error.message.includes("hunter22"),
    );
  });
});

describe("firstHop()", () => {
  it("refuses addresses with a user, and of other kinds", () => {
    for (const address of [
      "https://me:pw@hub.example/",
      "https://me@hub.example/",
      "ftp://hub.example/",
      "file:///x",
    ]) {
      assert.throws(() => firstHop(new URL(address), "GET"), refused, address);
    }
  });
});

describe("atEndpoint()", () => {
  it("compares origins, not beginnings", () => {
    const evil = new URL("https://huggingface.co.evil.example/x");
    assert.equal(atEndpoint(evil, "https://mirror.example"), evil);
    const port = new URL("https://huggingface.co:8443/x");
    assert.equal(atEndpoint(port, "https://mirror.example"), port);
    assert.equal(
      atEndpoint(new URL("https://huggingface.co/x"), "https://huggingface.co").href,
      "https://huggingface.co/x",
    );
  });
});

describe("headerText() and isRedirect()", () => {
  it("reads UTF-8 that came as latin1, and leaves latin1 alone", () => {
    assert.equal(headerText(Buffer.from("grüße €").toString("latin1")), "grüße €");
    assert.equal(headerText("gr\u00fc\u00dfe"), "gr\u00fc\u00dfe");
  });

  it("knows the statuses that lead on", () => {
    const on = [300, 301, 302, 303, 304, 305, 306, 307, 308, 200].filter(isRedirect);
    assert.deepEqual(on, [301, 302, 303, 307, 308]);
  });
});
