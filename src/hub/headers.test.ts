import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Credential } from "../core/credential.ts";
import { Secret } from "../core/secret.ts";
import { callerHeaders, headersFor } from "./headers.ts";

const value = ["hf", "H".repeat(34)].join("_");

function credentialFor(origin: string, token = value): Credential {
  return { token: Secret.of(token), origin, source: "test" };
}

describe("headersFor()", () => {
  const credential = credentialFor("https://huggingface.co");

  it("gives the token to its own origin", () => {
    const url = new URL("https://huggingface.co:443/api/whoami-v2");
    assert.deepEqual(headersFor(url, credential), { authorization: `Bearer ${value}` });
  });

  for (const address of [
    "https://huggingface.co:444/",
    "https://cdn.huggingface.co/",
    "https://huggingface.co.evil.example/",
    "https://evil.example/https://huggingface.co/",
    "https://huggingface.co@evil.example/",
    "https://hf.co/",
    "http://huggingface.co/",
    "ftp://huggingface.co/",
  ]) {
    it(`gives nothing to ${address}`, () => assert.deepEqual(headersFor(new URL(address), credential), {}));
  }

  it("gives nothing without a credential", () => {
    assert.deepEqual(headersFor(new URL("https://huggingface.co/"), undefined), {});
  });

  it("refuses plain http to anything but loopback", () => {
    for (const origin of ["http://mirror.example", "http://127.0.0.1.example", "http://10.0.0.1:8080"]) {
      assert.throws(() => headersFor(new URL(origin), credentialFor(origin)), { code: "ERR_HF_INSECURE_ENDPOINT" });
    }
    for (const origin of ["http://localhost:8080", "http://127.0.0.1:1", "http://[::1]:1", "http://127.9.9.9"]) {
      assert.equal(Object.keys(headersFor(new URL(origin), credentialFor(origin))).length, 1);
    }
  });

  it("refuses an opaque origin", () => {
    assert.throws(() => headersFor(new URL("file:///etc/passwd"), credentialFor("null")), { name: "TokenError" });
  });

  it("refuses a token that would break the header, without showing it", () => {
    const broken = credentialFor("https://h.example", `${value}\r\nx-evil: 1`);
    assert.throws(
      () => headersFor(new URL("https://h.example"), broken),
      (error: Error) => "code" in error && error.code === "ERR_HF_TOKEN_REFUSED" && !error.message.includes("HHHH"),
    );
  });
});

describe("callerHeaders()", () => {
  it("lowers names and passes ordinary headers", () => {
    assert.deepEqual(callerHeaders({ Accept: "a", "X-Y": "b" }), { accept: "a", "x-y": "b" });
  });

  it("refuses headers that are secrets or belong to the connection", () => {
    const names = ["Authorization", "COOKIE", "proxy-authorization", "Host", "content-length", "Transfer-Encoding"];
    for (const name of names) assert.throws(() => callerHeaders({ [name]: "x" }), TypeError, name);
  });
});
