import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HfError } from "../core/errors.ts";
import { networkError, retryKind, timeoutError } from "./network-errors.ts";

const url = new URL("https://hub.example/x");

function read(code: string): HfError {
  return networkError(new TypeError("fetch failed", { cause: Object.assign(new Error("low"), { code }) }), url);
}

describe("networkError()", () => {
  for (const [code, becomes, kind] of [
    ["ENOTFOUND", "ERR_HF_NETWORK", "unreachable"],
    ["EAI_AGAIN", "ERR_HF_NETWORK", "unreachable"],
    ["ECONNREFUSED", "ERR_HF_NETWORK", "unreachable"],
    ["ENETUNREACH", "ERR_HF_NETWORK", "unreachable"],
    ["ECONNRESET", "ERR_HF_NETWORK", "network"],
    ["EPIPE", "ERR_HF_NETWORK", "network"],
    ["ETIMEDOUT", "ERR_HF_TIMEOUT", "timeout"],
    ["SELF_SIGNED_CERT_IN_CHAIN", "ERR_HF_TLS", undefined],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "ERR_HF_TLS", undefined],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "ERR_HF_TLS", undefined],
    ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "ERR_HF_TLS", undefined],
    ["CERT_HAS_EXPIRED", "ERR_HF_TLS", undefined],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "ERR_HF_TLS", undefined],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "ERR_HF_TLS", undefined],
    ["EPROTO", "ERR_HF_TLS", undefined],
    ["HPE_INVALID_CONSTANT", "ERR_HF_BAD_ANSWER", undefined],
    ["HPE_HEADER_OVERFLOW", "ERR_HF_BAD_ANSWER", undefined],
    ["Z_DATA_ERROR", "ERR_HF_BAD_ANSWER", undefined],
  ] as const) {
    it(`${code} is ${becomes}, tried again as ${kind ?? "nothing"}`, () => {
      const error = read(code);
      assert.equal(error.code, becomes);
      assert.match(error.message, /hub\.example/);
      assert.ok(error.hint);
      assert.equal(retryKind(error), kind);
    });
  }

  it("points to NODE_EXTRA_CA_CERTS for an authority that is not known, to the clock for dates", () => {
    assert.match(read("SELF_SIGNED_CERT_IN_CHAIN").hint ?? "", /NODE_EXTRA_CA_CERTS/);
    assert.match(read("CERT_NOT_YET_VALID").hint ?? "", /clock/);
    assert.match(
      read("ERR_TLS_CERT_ALTNAME_INVALID").hint ?? "",
      /that of another host: check the name in HF_ENDPOINT/,
    );
  });

  it("passes coded errors through and takes anything thrown", () => {
    const own = new HfError("ERR_HF_INTEGRITY", "x");
    assert.equal(networkError(own, url), own);
    assert.equal(networkError("text", url).code, "ERR_HF_NETWORK");
    assert.equal(networkError(undefined, url).code, "ERR_HF_NETWORK");
  });

  it("names the limit that was passed", () => {
    assert.match(timeoutError("hub.example", undefined, 10_000).message, /within 10 s/);
  });
});
