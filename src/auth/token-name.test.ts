import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { UsageError } from "../core/errors.ts";
import { formatStoredTokens, parseStoredTokens } from "./stored-tokens.ts";
import { closeNames, parseTokenName, safeTokenName } from "./token-name.ts";

describe("safeTokenName()", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["laptop", "laptop"],
    ["DEFAULT", "DEFAULT-token"],
    ["  DEFAULT ", "DEFAULT-token"],
    ["default", "default"],
    ["", "token"],
    [" \t\u00a0", "token"],
    ["a\nb", "a b"],
    ["a\r\n[b]\nhf_token = x", "a [b] hf_token = x"],
    ["  padded  ", "padded"],
    ["esc\u001b[31mred\u0000", "esc[31mred"],
    ["\u202eright\u200b", "right"],
    ["half \ud83d pair", "half \ufffd pair"],
    ["a]b]", "a]b]"],
    ["\u{1f600} 日本 %=:;#", "\u{1f600} 日本 %=:;#"],
  ];
  for (const [name, safe] of cases) {
    it(`makes ${JSON.stringify(safe)} of ${JSON.stringify(name)}`, () => assert.equal(safeTokenName(name), safe));
  }

  it("gives names that the file brings back unchanged, however hostile they were", () => {
    for (const name of [
      ...cases.map(([hostile]) => hostile),
      "]",
      "[",
      "x".repeat(5000),
      "#c",
      ";c",
      "k = v",
      "\u2028",
    ]) {
      const safe = safeTokenName(name);
      const text = formatStoredTokens([{ name: safe, fields: new Map([["hf_token", "t"]]) }], "linux");
      const parsed = parseStoredTokens(Buffer.from(text));
      assert.deepEqual(parsed.kind === "ok" ? parsed.sections.map((found) => found.name) : [], [safe]);
    }
  });

  it("makes the fallback safe too", () => {
    assert.equal(safeTokenName("\n", "oauth-a\nb"), "oauth-a b");
    assert.equal(safeTokenName("", " "), "token");
  });
});

describe("parseTokenName()", () => {
  it("takes a sound name and refuses to change another silently", () => {
    assert.equal(parseTokenName("work laptop"), "work laptop");
    for (const name of ["", "DEFAULT", "a\nb", " a", "a\u0007"]) {
      assert.throws(
        () => parseTokenName(name),
        (error) => error instanceof UsageError && error.code === "ERR_HF_TOKEN_NAME",
        JSON.stringify(name),
      );
    }
  });
});

describe("closeNames()", () => {
  it("finds slips and beginnings, the nearest first, and nothing else", () => {
    const names = ["laptop", "lap", "ci-write", "ci-read"];
    assert.deepEqual(closeNames("latpop", names), ["laptop"]);
    assert.deepEqual(closeNames("Laptop", names), ["laptop", "lap"]);
    assert.deepEqual(closeNames("ci-rwite", names), ["ci-write"]);
    assert.deepEqual(closeNames("zzz", names), []);
    assert.deepEqual(closeNames("", names), []);
  });
});
