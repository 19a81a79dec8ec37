import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findHeadEnd, HEAD_LIMIT, parseHead, type ResponseHead } from "./transfer-head.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text, "latin1");
const parse = (lines: string, method: "GET" | "HEAD" = "GET") => parseHead(bytes(`${lines}\r\n\r\n`), method);

function parsed(lines: string, method: "GET" | "HEAD" = "GET"): ResponseHead {
  const head = parse(lines, method);
  if ("wrong" in head) assert.fail(head.wrong);
  return head;
}

describe("parseHead()", () => {
  it("reads status, headers in any case, and a body of a known length", () => {
    const head = parsed('HTTP/1.1 200 OK\r\nContent-LENGTH: 5\r\nETag:\t"a b" \r\nX-Empty:\r\nlink: a\r\nLink: b');
    assert.equal(head.status, 200);
    assert.deepEqual(head.framing, { kind: "length", length: 5 });
    assert.equal(head.headers.get("etag"), '"a b"');
    assert.equal(head.headers.get("x-empty"), "");
    assert.equal(head.headers.get("link"), "a, b");
    assert.equal(head.keepAlive, true);
    assert.equal(head.encoding, undefined);
  });

  it("knows which answers have no body, and which end in other ways", () => {
    assert.equal(parsed("HTTP/1.1 200 OK\r\ncontent-length: 5", "HEAD").framing.kind, "none");
    assert.equal(parsed("HTTP/1.1 204 No Content").framing.kind, "none");
    assert.equal(parsed("HTTP/1.1 304 Not Modified\r\ncontent-length: 5").framing.kind, "none");
    assert.equal(parsed("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked").framing.kind, "chunked");
    assert.equal(parsed("HTTP/1.1 200 OK").framing.kind, "close");
    assert.equal(parsed("HTTP/1.1 200").framing.kind, "close");
    assert.equal(parsed("HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-encoding: gzip").encoding, "gzip");
  });

  it("keeps a connection only where both sides may", () => {
    assert.equal(parsed("HTTP/1.1 200 OK\r\nconnection: Keep-Alive, Close").keepAlive, false);
    assert.equal(parsed("HTTP/1.0 200 OK\r\nconnection: keep-alive").keepAlive, false);
  });

  for (const [what, lines] of Object.entries({
    "another protocol": "HTTP/2 200 OK",
    "a later version": "HTTP/1.2 200 OK",
    "a status of two digits": "HTTP/1.1 20 OK",
    "two blanks before the status": "HTTP/1.1  200 OK",
    "a blank line first": "\r\nHTTP/1.1 200 OK",
    "a control character in the reason": "HTTP/1.1 200 O\x00K",
    "a blank before the colon": "HTTP/1.1 200 OK\r\ncontent-length : 5",
    "a header without a name": "HTTP/1.1 200 OK\r\n: 5",
    "a header without a colon": "HTTP/1.1 200 OK\r\ncontent-length",
    "a folded header": "HTTP/1.1 200 OK\r\netag: a\r\n b",
    "a carriage return inside a value": "HTTP/1.1 200 OK\r\netag: a\rb",
    "a NUL inside a value": "HTTP/1.1 200 OK\r\netag: a\0b",
    "two equal lengths": "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 5",
    "two lengths in one line": "HTTP/1.1 200 OK\r\ncontent-length: 5, 5",
    "a negative length": "HTTP/1.1 200 OK\r\ncontent-length: -5",
    "a signed length": "HTTP/1.1 200 OK\r\ncontent-length: +5",
    "a length in hex": "HTTP/1.1 200 OK\r\ncontent-length: 0x5",
    "an empty length": "HTTP/1.1 200 OK\r\ncontent-length:",
    "a length beyond what a number holds": "HTTP/1.1 200 OK\r\ncontent-length: 9007199254740992",
    "a length of 40 digits": `HTTP/1.1 200 OK\r\ncontent-length: ${"1".repeat(40)}`,
    "a length and a coding": "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked",
    "two locations": "HTTP/1.1 302 Found\r\nlocation: /a\r\nlocation: /b",
    "headers without end": `HTTP/1.1 200 OK${"\r\na: b".repeat(201)}`,
  })) {
    it(`refuses ${what}`, () => assert.ok("wrong" in parse(lines)));
  }
});

describe("findHeadEnd()", () => {
  it("finds the blank line wherever the bytes are split", () => {
    const whole = bytes("HTTP/1.1 200 OK\r\na: b\r\n\r\nbody\r\n\r\n");
    for (let split = 0; split <= 25; split++) {
      const first = findHeadEnd(whole, 0, split);
      assert.equal(first, split >= 25 ? 25 : "more");
      assert.equal(findHeadEnd(whole, split < 25 ? split : 0, whole.length), 25);
    }
  });

  it("ignores what an earlier answer left behind the filled part", () => {
    assert.equal(findHeadEnd(bytes("HTTP/1.1 200 OK\r\n\r\n"), 0, 17), "more");
  });

  it("refuses a bare line feed at once", () => {
    assert.deepEqual(findHeadEnd(bytes("HTTP/1.1 200 OK\n\n"), 0, 17), { wrong: "a line does not end with CR LF" });
  });

  it("refuses a head beyond the limit, ended or not", () => {
    const long = bytes(`a: ${"b".repeat(HEAD_LIMIT)}\r\n\r\n`);
    assert.ok(typeof findHeadEnd(long, 0, long.length) === "object");
    assert.ok(typeof findHeadEnd(long, 0, HEAD_LIMIT) === "object");
    assert.equal(findHeadEnd(long, 0, HEAD_LIMIT - 1), "more");
  });
});
