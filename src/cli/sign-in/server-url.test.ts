import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isHfError } from "../../core/errors.ts";
import { checkServerUrl } from "./server-url.ts";

const HUB = "https://huggingface.co";

describe("checkServerUrl()", () => {
  it("takes the endpoint's own addresses, and those of hf.co for huggingface.co", () => {
    assert.equal(checkServerUrl("https://huggingface.co/oauth/device", HUB), "https://huggingface.co/oauth/device");
    assert.equal(checkServerUrl("https://hf.co/oauth/device?a=1", HUB), "https://hf.co/oauth/device?a=1");
    assert.equal(checkServerUrl("http://localhost:1/x", "http://localhost:1"), "http://localhost:1/x");
    assert.equal(checkServerUrl("https://hub.acme.io/x", "https://hub.acme.io/base"), "https://hub.acme.io/x");
  });

  it("refuses every other, and repeats none of it", () => {
    for (const [text, endpoint] of [
      ["https://evil.example/oauth/device", HUB],
      ["https://huggingface.co.evil.example/", HUB],
      ["https://huggingface.co@evil.example/", HUB],
      ["https://user:words@huggingface.co/", HUB],
      ["https://huggingface.co:8443/", HUB],
      ["http://huggingface.co/oauth/device", HUB],
      ["javascript:alert(1)", HUB],
      ["file:///etc/passwd", HUB],
      ["https://hf.co/x", "https://hub.acme.io"],
      ["http://localhost:2/", "http://localhost:1"],
      ["http://127.0.0.1:1/", "http://localhost:1"],
      ["http://hub.acme.io/", "http://hub.acme.io"],
      ["/oauth/device", HUB],
      ["", HUB],
    ] as const) {
      assert.throws(
        () => checkServerUrl(text, endpoint),
        (error) => isHfError(error) && error.code === "ERR_HF_BAD_ANSWER" && !error.message.includes("evil"),
        text,
      );
    }
  });

  it("gives escape sequences and spaces no way to the screen", () => {
    const shown = checkServerUrl("https://huggingface.co/a b\u001b[31m\u202e?c=\n", HUB);
    assert.match(shown, /^[\x21-\x7e]+$/);
  });
});
