import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compareCodePoints, formatStoredTokens, parseStoredTokens } from "./stored-tokens.ts";
import type { StoredSection } from "./stored-tokens.ts";

const section = (name: string, fields: Record<string, string>): StoredSection => ({
  name,
  fields: new Map(Object.entries(fields)),
});

function read(text: string | Uint8Array): Record<string, Record<string, string>> {
  const parsed = parseStoredTokens(Buffer.from(text));
  assert.equal(parsed.kind, "ok", parsed.kind === "unparsable" ? parsed.reason : "");
  const sections = parsed.kind === "ok" ? parsed.sections : [];
  return Object.fromEntries(sections.map(({ name, fields }) => [name, Object.fromEntries(fields)]));
}

function rejected(text: string): { reason: string; line: number | undefined; looksLike: string; names: string[] } {
  const parsed = parseStoredTokens(Buffer.from(text));
  assert.equal(parsed.kind, "unparsable");
  if (parsed.kind !== "unparsable") throw new Error("unreachable");
  const { reason, line, looksLike, readable } = parsed;
  return { reason, line, looksLike, names: readable.map(({ name }) => name) };
}

describe("formatStoredTokens()", () => {
  it("writes a section as Python does, with a blank line after it", () => {
    assert.equal(formatStoredTokens([section("a", { hf_token: "t1" })], "linux"), "[a]\nhf_token = t1\n\n");
  });

  it("sorts sections by code points, where UTF-16 would order otherwise", () => {
    const sections = [section("\u{1f600}", {}), section("b", {}), section("\ue000", {}), section("a", {})];
    assert.equal(formatStoredTokens(sections, "linux"), "[a]\n\n[b]\n\n[\ue000]\n\n[\u{1f600}]\n\n");
    assert.ok(compareCodePoints("\ue000", "\u{1f600}") < 0);
    assert.ok(compareCodePoints("a", "aa") < 0);
  });

  it("keeps the order of keys, every sign of a value, and lines inside a value", () => {
    const fields = { hf_token: "50%off;#=:'\"", refresh_token: "r", expires_at: "12", note: "one\n\ntwo" };
    const text = "[a]\nhf_token = 50%off;#=:'\"\nrefresh_token = r\nexpires_at = 12\nnote = one\n\t\n\ttwo\n\n";
    assert.equal(formatStoredTokens([section("a", fields)], "linux"), text);
    assert.deepEqual(read(text), { a: fields });
  });

  it("writes no byte for an empty store, and CR LF on Windows", () => {
    assert.equal(formatStoredTokens([], "linux"), "");
    assert.equal(formatStoredTokens([section("a", { hf_token: "t" })], "win32"), "[a]\r\nhf_token = t\r\n\r\n");
  });

  it("does not write a name or value that Python could not read back", () => {
    for (const name of ["", "DEFAULT", "a\nb", "a\rb"]) {
      assert.throws(() => formatStoredTokens([section(name, {})], "linux"), TypeError, JSON.stringify(name));
    }
    assert.throws(() => formatStoredTokens([section("a", { hf_token: "a\rb" })], "linux"), TypeError);
    assert.throws(() => formatStoredTokens([section("a", { "k=": "v" })], "linux"), TypeError);
  });
});

describe("parseStoredTokens()", () => {
  it("takes any spacing, either separator, keys in any case, and CR LF", () => {
    const text = "  [x]\r\n  HF_Token:t1\r\nrefresh_token=r\r\n[y]\nhf_token   =   t2  \n";
    assert.deepEqual(read(text), { x: { hf_token: "t1", refresh_token: "r" }, y: { hf_token: "t2" } });
  });

  it("passes over whole-line comments, and takes what looks like a comment behind a value for the value", () => {
    assert.deepEqual(read("# c\n; c\n[a]\n  # c\nhf_token = t ; x # y\n"), { a: { hf_token: "t ; x # y" } });
  });

  it("reads a header up to its last bracket and ignores what follows", () => {
    assert.deepEqual(Object.keys(read("[a]b] rest\n[ c ]\n[d=e:%]\n[\u{1f600}]\n")), [
      "a]b",
      " c ",
      "d=e:%",
      "\u{1f600}",
    ]);
  });

  it("joins continuation lines, keeps blank ones between them, and drops blank ones at the end", () => {
    assert.deepEqual(read("[a]\nk = one\n  two\n\n  three\n\n\n"), { a: { k: "one\ntwo\n\nthree" } });
    assert.deepEqual(read("[a]\n  k = one\n  l = two\n"), { a: { k: "one", l: "two" } });
  });

  it("lets sections inherit [DEFAULT] and never lists it", () => {
    const text = "[DEFAULT]\nexpires_at = 1\nhf_token = d\n[a]\nhf_token = t\n[b]\n";
    assert.deepEqual(read(text), { a: { expires_at: "1", hf_token: "t" }, b: { expires_at: "1", hf_token: "d" } });
    assert.deepEqual(Object.keys(read(text)["a"] ?? {}), ["expires_at", "hf_token"]);
  });

  it("trims values as Python does: a no-break space goes, a byte order mark inside stays", () => {
    assert.deepEqual(read("[a]\nk = \u00a0v\u0085\nl = \ufeffv\n"), { a: { k: "v", l: "\ufeffv" } });
  });

  it("reads an empty file as no login", () => assert.deepEqual(read(""), {}));

  it("rejects what Python rejects, and says where", () => {
    assert.deepEqual(rejected("hf_abc\n"), {
      reason: "there is text before the first [section]",
      line: 1,
      looksLike: "other",
      names: [],
    });
    assert.match(rejected("[a]\nk = 1\n[b]\n[a]\n").reason, /\[a\] is there twice/);
    assert.deepEqual(rejected("[a]\nk = 1\n[b]\n[a]\n").names, ["a", "b"]);
    assert.equal(rejected("[a]\nk = 1\nK : 2\n").line, 3);
    assert.match(rejected("[a]\nno separator\n").reason, /no "key = value"/);
    assert.match(rejected("[a]\n= v\n").reason, /no "key = value"/);
    assert.match(rejected("[]\nhf_token = t\n").reason, /before the first/);
    assert.equal(rejected("[a]\nk = 1\nno separator\n[b]\nk = 2\n").looksLike, "ini");
  });

  it("knows a store in JSON and the logins in it", () => {
    const json = { tokens: { laptop: { token: "t1" }, ci: { token: "t2" } }, active: "laptop" };
    const { looksLike, names, line } = rejected(JSON.stringify(json, null, 2));
    assert.deepEqual({ looksLike, names, line }, { looksLike: "json", names: ["laptop", "ci"], line: undefined });
    assert.equal(rejected(`\ufeff${JSON.stringify(json)}`).looksLike, "json");
    assert.equal(rejected("{}").looksLike, "json");
    assert.deepEqual(rejected('{"tokens": {"a": {"token": 5}, "b": null, "c": {}}}').names, []);
  });

  it("reads past a byte order mark and bytes that are not UTF-8, and marks the damage", () => {
    const text = "[a]\nhf_token = t\n";
    const marked = parseStoredTokens(Buffer.from(`\ufeff${text}`));
    assert.equal(marked.kind === "ok" ? marked.damage : "", "byte-order-mark");
    const broken = Buffer.concat([Buffer.from(text), Buffer.from("[b"), Buffer.from([0xff]), Buffer.from("]\n")]);
    const lossy = parseStoredTokens(broken);
    assert.equal(lossy.kind === "ok" ? lossy.damage : "", "not-utf8");
    assert.deepEqual(Object.keys(read(broken)), ["a", "b\ufffd"]);
    const sound = parseStoredTokens(Buffer.from("[a\ufffd]\n"));
    assert.equal(sound.kind === "ok" ? sound.damage : "", undefined);
  });
});
