import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRedactor, mask, redact, remember } from "./redact.ts";
import { Secret } from "./secret.ts";

/** A value of a token's shape, made at run time so that no file holds one. */
function madeUpToken(letter: string): string {
  return ["hf", letter.repeat(34)].join("_");
}

/** A secret without any shape, so that only the knowledge of it can strike it. */
function shapeless(seed: string): string {
  return `pass ${seed}+(.*)[a-z]$^|\\"é/${seed}`;
}

describe("redact()", () => {
  const value = shapeless("raw");
  remember(value);

  it("strikes a known secret as it is, with every metacharacter in it", () => {
    assert.equal(redact(`before ${value} after ${value}`), "before [redacted] after [redacted]");
  });

  it("strikes it percent-encoded in either case, and every byte encoded", () => {
    const percent = encodeURIComponent(value);
    const lower = percent.replace(/%../g, (hex) => hex.toLowerCase());
    const bytes = [...Buffer.from(value)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
    for (const text of [percent, lower, bytes, bytes.toUpperCase(), percent.replaceAll("%20", "+")]) {
      assert.equal(redact(`u=${text};`), "u=[redacted];");
    }
  });

  it("strikes it in JSON, also with escaped slashes and non-ASCII letters", () => {
    const json = JSON.stringify(value);
    assert.equal(redact(json), '"[redacted]"');
    assert.equal(redact(json.replaceAll("/", "\\/")), '"[redacted]"');
    assert.equal(redact(json.replaceAll("é", "\\u00e9")), '"[redacted]"');
  });

  it("strikes it in base64 at all three alignments, in both alphabets", () => {
    for (const before of ["", "u", "us", "use", "user", "user:"]) {
      for (const encoding of ["base64", "base64url"] as const) {
        const text = redact(Buffer.from(`${before}${value}!tail`).toString(encoding));
        assert.ok(text.includes("[redacted]"), `${before} ${encoding}: ${text}`);
        const left = Buffer.from(text.replaceAll("[redacted]", ""), encoding).toString("latin1");
        assert.ok(!left.includes("raw+("), `${before} ${encoding} leaves ${left}`);
      }
    }
  });

  it("leaves no rest when one secret is the beginning of another", () => {
    remember("correct-horse");
    remember("correct-horse-battery");
    assert.equal(redact("correct-horse-battery / correct-horse"), "[redacted] / [redacted]");
  });

  it("strikes shapes of tokens that it has never seen", () => {
    const jwt = ["eyJ" + "a".repeat(12), "b".repeat(20), "c".repeat(20)].join(".");
    for (const text of [madeUpToken("Q"), madeUpToken("Q").replace("hf_", "api_org_"), `hf_oauth_${jwt}`, jwt]) {
      assert.equal(redact(`a ${text} b`), "a [redacted] b");
    }
    assert.equal(redact(`Authorization: Bearer ${"x".repeat(16)}`), "Authorization: Bearer [redacted]");
    assert.equal(redact("https://me:pw@host/p"), "https://[redacted]@host/p");
    assert.equal(redact("https://cdn/p?X-Amz-Signature=abc&x=1"), "https://cdn/p?X-Amz-Signature=[redacted]&x=1");
  });

  it("finds a JWT wherever it stands in a word", () => {
    const jwt = ["eyJ" + "a".repeat(12), "b-b_".repeat(5), "c".repeat(20)].join(".");
    for (const before of ["id-", "a-b-c_d-", "long-enough-a-word.", "a.b.c.", "eyJ.", "{", "="]) {
      assert.equal(redact(`${before}${jwt} b`), `${before}[redacted] b`);
    }
    assert.equal(redact(`${jwt} ${jwt}`), "[redacted] [redacted]");
  });

  it("leaves ordinary words alone", () => {
    const text = "Basic authentication is off; a bearer credential from hf_hub 1.2 at https://host:80/a?b=c is fine.";
    assert.equal(redact(text), text);
  });

  it("does not remember values too short to be told from words", () => {
    remember("token");
    assert.equal(redact("the token"), "the token");
  });

  it("ends on hostile text: nothing in it is quadratic", () => {
    for (const part of [" ", "bearer ", "eyJ", "://", "hf_", "?", "x:y@", "=."]) {
      const text = part.repeat(200_000);
      assert.equal(redact(`${text} end`).slice(-4), " end");
    }
  });
});

describe("mask()", () => {
  it("shows three and four characters of a long value, none of a short one", () => {
    assert.equal(mask("hf_123456789"), "hf_****6789");
    assert.equal(mask("hf_12345678"), "*".repeat(11));
    assert.equal(mask("a"), "****");
  });
});

describe("createRedactor()", () => {
  const token = Secret.of(madeUpToken("R")).expose();
  const odd = shapeless("chunks");
  remember(odd);

  function throughChunks(text: string, size: number): string {
    const redactor = createRedactor();
    const bytes = Buffer.from(text);
    const parts: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += size) parts.push(redactor.write(bytes.subarray(at, at + size)));
    return Buffer.concat([...parts, redactor.end()]).toString();
  }

  it("strikes secrets split at every place, and changes nothing else", () => {
    const unknown = madeUpToken("S");
    const text = `start ${token} ${odd} mid ${unknown}. https://u:p@h/x?sig=abcdef&y Bearer ${"k9".repeat(9)} base end`;
    const whole = redact(text);
    for (const hidden of [token, odd, unknown, "u:p@", "abcdef", "k9k9"]) assert.ok(!whole.includes(hidden));
    for (let size = 1; size < 40; size++) assert.equal(throughChunks(text, size), whole, `chunks of ${size}`);
  });

  it("shows what can't be part of a secret at once, so that a prompt is seen", () => {
    const redactor = createRedactor();
    const shown = (text: string): string => redactor.write(Buffer.from(text)).toString();
    for (const text of ["Continue? ", "50 %\r", "port 8080\n", "Choose [1/2]: ", "patch 2\n", "ffff 68\n"]) {
      assert.equal(shown(text), text);
    }
    assert.equal(shown(token.slice(0, 10)), "");
    assert.equal(shown(`${token.slice(10)}\n`), "[redacted]\n");
    assert.equal(redactor.end().toString(), "");
  });

  it("holds back a bounded amount", () => {
    const redactor = createRedactor();
    const out = redactor.write(Buffer.from(`hf_${"x".repeat(100_000)}`));
    assert.ok(out.length > 0);
  });
});
