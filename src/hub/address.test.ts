import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeValues, hubAddress } from "./address.ts";
import { userAgent } from "./user-agent.ts";

describe("hubAddress()", () => {
  it("goes below an endpoint with a path, with or without a slash before", () => {
    assert.equal(hubAddress("https://m.example/hf", "api/models").href, "https://m.example/hf/api/models");
    assert.equal(hubAddress("https://m.example/hf", "/api/models").href, "https://m.example/hf/api/models");
    assert.equal(hubAddress("https://m.example", "//evil.example/x").href, "https://m.example//evil.example/x");
  });

  it("keeps percent-encoded slashes", () => {
    assert.equal(hubAddress("https://h.example", "api/tree/refs%2Fpr%2F1").pathname, "/api/tree/refs%2Fpr%2F1");
  });

  it("refuses paths that the address would read as something else", () => {
    for (const path of ["a/../b", "a/%2e%2E/b", "a/./b", "..", "a?b", "a#b", "a\\..\\b", "a b", "a\tb", "a\nb"]) {
      assert.throws(() => hubAddress("https://h.example", path), { code: "ERR_HF_USAGE" }, path);
    }
  });

  it("repeats arrays and leaves undefined out", () => {
    const query = { a: 1, b: ["x", "y z"], c: undefined, d: false };
    assert.equal(hubAddress("https://h.example", "p", query).search, "?a=1&b=x&b=y+z&d=false");
    assert.equal(encodeValues({ paths: ["a&b"] }), "paths=a%26b");
  });
});

describe("userAgent()", () => {
  it("names the program, Node and the origin that the user set", () => {
    assert.match(userAgent(), /^latchkey\/\d+\.\d+\.\d+; node\/\d+\.\d+\.\d+$/);
    assert.match(userAgent("my tool"), /; origin\/my tool$/);
  });

  it("lets no origin break the header or add a part", () => {
    assert.match(userAgent("a\r\nx-evil: 1; b/2"), /; origin\/ax-evil: 1 b\/2$/);
    assert.equal(userAgent("\r\n"), userAgent());
  });
});
