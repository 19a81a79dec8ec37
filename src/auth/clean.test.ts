import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cleanToken } from "./clean.ts";

const token = `hf_${"x".repeat(34)}`;

function cleanedValue(raw: string): string | undefined {
  const cleaned = cleanToken(raw);
  return cleaned.kind === "clean" ? cleaned.token.expose() : undefined;
}

describe("cleanToken()", () => {
  const kept: readonly (readonly [string, string, RegExp | undefined])[] = [
    ["nothing to do", token, undefined],
    ["a final line break, which every editor adds", `${token}\n`, undefined],
    ["a final CR LF", `${token}\r\n`, undefined],
    ["a line break inside", `hf_${"x".repeat(10)}\n${"x".repeat(24)}\n`, /line breaks/],
    ["CR LF inside, within quotes", `"hf_${"x".repeat(30)}\r\n${"x".repeat(4)}"`, /line breaks/],
    ["an empty line before it", `\n\n${token}\n`, /blanks/],
    ["blanks at both ends", ` \t${token}  `, /had blanks around it, which were removed/],
    ["no-break spaces", `\u00a0${token}\u00a0`, /blanks/],
    ["zero-width spaces of a copied page", `\u200b${token}\u200b`, /blanks/],
    ["a byte order mark", `\ufeff${token}`, /blanks/],
    ["a pasted scheme", `Bearer ${token}`, /had the word Bearer, which was removed/],
    ["a pasted header", `Authorization: bearer  ${token}`, /Bearer/],
    ["double quotes", `"${token}"`, /quotes/],
    ["single quotes around a scheme", `'Bearer ${token}'`, /quotes around it and the word Bearer/],
    ["typographic quotes", `\u201c${token}\u201d`, /quotes/],
  ];
  for (const [what, raw, warning] of kept) {
    it(`gives the bare token for ${what}`, () => {
      const cleaned = cleanToken(raw);
      assert.equal(cleaned.kind, "clean");
      assert.equal(cleanedValue(raw), token);
      const words = cleaned.kind === "clean" ? cleaned.warning : undefined;
      if (warning === undefined) assert.equal(words, undefined);
      else assert.match(words ?? "", warning);
    });
  }

  for (const raw of ["", " ", "\n", "\r\n", "\u00a0", "''", '" "', "\ufeff", "Bearer  "]) {
    it(`calls ${JSON.stringify(raw)} empty`, () => assert.equal(cleanToken(raw).kind, "empty"));
  }

  const refused: readonly (readonly [string, string, RegExp])[] = [
    ["a blank inside", "hf_aaa bbb", /blank in the middle/],
    ["a no-break space inside", "hf_aaa\u00a0bbb", /blank in the middle/],
    ["two lines that are no tokens", "TOK_A\nTOK_B\n", /^holds more than one line/],
    ["two tokens", `${token}\n${token}\n`, /^holds more than one line/],
    ["two tokens after each other, the first cut off", `hf_aaa\n${token}\n`, /^holds more than one line/],
    ["a token and a note", `${token}\r\nlaptop\r\n`, /^holds more than one line/],
    ["a part of a token and a word", "hf_aaa\nlaptop", /^holds more than one line/],
    ["a key of another service below", `hf_oauth_${"a".repeat(30)}\nsk-${"a".repeat(30)}`, /^holds more than one line/],
    ["a NUL", "hf_aaa\u0000bbb", /control character/],
    ["an escape sequence", "hf_\u001b[31mred", /control character/],
    ["a letter outside ASCII", "hf_\u00e4\u00f6\u00fc", /not ASCII/],
    ["bytes that were no UTF-8", "hf_aaa\ufffd", /not ASCII/],
    ["GitHub's", `ghp_${"a".repeat(36)}`, /^begins like a key of GitHub, not of the Hub$/],
    ["OpenAI's, with what was pasted around it", ` Bearer "sk-proj-${"a".repeat(36)}"`, /OpenAI/],
    ["a file of JSON", '{"access_token":"hf_aaa"}\n', /^holds JSON/],
    ["a whole file", "x".repeat(9000), /longer than/],
  ];
  for (const [what, raw, reason] of refused) {
    it(`refuses ${what} and does not quote it`, () => {
      const cleaned = cleanToken(raw);
      assert.equal(cleaned.kind, "refused");
      if (cleaned.kind !== "refused") return;
      assert.match(cleaned.reason, reason);
      assert.doesNotMatch(cleaned.reason, /hf_/);
    });
  }
});
