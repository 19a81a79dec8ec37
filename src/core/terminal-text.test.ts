import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { plainText } from "./terminal-text.ts";

describe("plainText()", () => {
  it("takes escape sequences, bells and other controls away", () => {
    assert.equal(plainText("a\u001b[31mred\u001b]0;title\u0007b\u009b2Jc\u0000\u007f"), "a[31mred]0;titleb2Jc");
  });

  it("takes bidi overrides, zero-width characters and tags away", () => {
    assert.equal(plainText("a\u202eb\u2066c\u200bd\ufeffe\u{e0041}f\u00adg\u2060h"), "abcdefgh");
  });

  it("makes line breaks and tabs one blank", () => {
    assert.equal(plainText("\n one\r\n\ttwo\u2028three \n"), "one two three");
  });

  it("keeps other letters and signs", () => {
    assert.equal(plainText("Grüße 你好 👩‍💻".replaceAll("\u200d", "")), "Grüße 你好 👩💻");
  });

  it("cuts at the given length", () => {
    assert.equal(plainText("abcdef", 4), "abc…");
    assert.equal(plainText("abcd", 4), "abcd");
  });
});
