import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { plainJson, plainLine, plainText } from "./terminal-text.ts";

describe("plainText()", () => {
  it("takes escape sequences, bells and other controls away", () => {
    assert.equal(plainText("a\u001b[31mred\u001b]0;title\u0007b\u009b2Jc\u0000\u007f"), "a[31mred]0;titleb2Jc");
  });

  it("takes bidi overrides, zero-width characters and tags away", () => {
    assert.equal(plainText("a\u202eb\u2066c\u200bd\ufeffe\u{e0041}f\u00adg\u2060h"), "abcdefgh");
  });

  it("takes all away that no terminal shows: fillers, joiners, selectors, shorthand and musical controls", () => {
    const hidden = [
      0x34f, 0x115f, 0x1160, 0x17b4, 0x180b, 0x180e, 0x206a, 0x3164, 0xfe00, 0xffa0, 0xfff0, 0xfff9, 0x1bca0,
    ];
    for (const code of [...hidden, 0x1d173, 0xe0001, 0xe0100, 0xe01ef]) {
      assert.equal(plainText(`a${String.fromCodePoint(code)}b`), "ab", code.toString(16));
    }
    assert.equal(plainText("\u2764\ufe0f"), "\u2764\ufe0f");
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

describe("plainLine()", () => {
  it("keeps the blanks of a line that was laid out, and its length", () => {
    assert.equal(plainLine("  a\u001b  b\tc\n "), "  a  b\tc  ");
    assert.equal(plainLine("x".repeat(5000)).length, 5000);
  });
});

describe("plainJson()", () => {
  it("escapes what a terminal would act on, also above 16 bits, and means the same", () => {
    const value = { "a\u009b": ["\u007f\u202e\u{e0041}", "ü 你 👩"] };
    assert.equal(plainJson(value), '{"a\\u009b":["\\u007f\\u202e\\udb40\\udc41","ü 你 👩"]}');
    assert.deepEqual(JSON.parse(plainJson(value)), value);
  });
});
