import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import { createSecretFinder, createSought } from "./find-secrets.ts";
import { formsOf } from "./secret-forms.ts";

/** What is found in a text that comes in pieces: the text with each find in `<>`. */
function find(secrets: readonly string[], text: string | Buffer, size = Infinity): string {
  const forms = secrets.map(formsOf);
  const finder = createSecretFinder(
    createSought(
      forms.flatMap(({ exact }) => exact),
      forms.flatMap(({ loose }) => loose),
    ),
  );
  const bytes = Buffer.from(text);
  let shown = "";
  let from = 0;
  const show = ({ upTo, secrets: found }: ReturnType<typeof finder.decided>): void => {
    for (const { start, end } of found) {
      shown += `${bytes.toString("latin1", from, Math.max(start, from))}<>`;
      from = end;
    }
    shown += bytes.toString("latin1", from, upTo);
    from = Math.max(from, upTo);
  };
  for (let at = 0; at < bytes.length; at += size) {
    finder.take(bytes.subarray(at, at + size));
    show(finder.decided());
  }
  finder.end();
  show(finder.decided(bytes.length));
  return shown;
}

const token = `${["h", "f"].join("")}_${randomBytes(17).toString("base64url").replaceAll(/[-_]/g, "Q")}aZ09${"x7"}`;
const longer = `${["ey", "J"].join("")}${randomBytes(900).toString("base64url")}`;
const base64 = (text: string | Buffer): string => Buffer.from(text).toString("base64");
const hex = (text: string | Buffer): string => Buffer.from(text).toString("hex");
const lines = (text: string, width: number, end = "\n"): string =>
  text.replaceAll(new RegExp(`.{${width}}`, "g"), `$&${end}`);
const utf16 = (text: string): Buffer => Buffer.from(text, "utf16le");
const each = (text: string, form: (code: number, char: string) => string): string =>
  [...text].map((char) => form(char.charCodeAt(0), char)).join("");
const pairs = (text: string, between: string, before = ""): string =>
  [...Buffer.from(text)].map((byte) => before + byte.toString(16).padStart(2, "0")).join(between);

/** How programs write a text: `base64`, `xxd -p`, `openssl`, shells, JSON, addresses, PowerShell, debuggers. */
const ENCODINGS: Readonly<Record<string, (text: string) => string | Buffer>> = {
  "as it is": (text) => text,
  "in capitals": (text) => text.toUpperCase(),
  "wrapped in lines": (text) => lines(text, 20),
  base64: (text) => base64(text),
  base64url: (text) => Buffer.from(text).toString("base64url"),
  "base64 in lines of 76": (text) => lines(base64(text), 76),
  "base64 in lines of 20": (text) => lines(base64(text), 20),
  "base64 in lines of one": (text) => lines(base64(text), 1),
  "base64 in lines with CR LF, indented": (text) => lines(base64(text), 64, "\r\n    "),
  "base64 in a JSON text of several lines": (text) => JSON.stringify(lines(base64(text), 64)),
  "base64 in a JSON text of a JSON text": (text) => JSON.stringify(JSON.stringify(lines(base64(text), 64))),
  "base64 in an address": (text) => encodeURIComponent(base64(text)),
  hex: (text) => hex(text),
  "hex in capitals": (text) => hex(text).toUpperCase(),
  "hex in lines of 60": (text) => lines(hex(text), 60),
  "hex with colons": (text) => pairs(text, ":"),
  "hex with blanks": (text) => pairs(text, " "),
  "hex with dashes, in capitals": (text) => pairs(text, "-").toUpperCase(),
  "a list of hex numbers": (text) => pairs(text, ", ", "0x"),
  "a list of numbers": (text) => JSON.stringify(Buffer.from(text)),
  "a list of numbers in lines": (text) => `[\n  ${[...Buffer.from(text)].join(",\n  ")}\n]`,
  "UTF-16": (text) => utf16(text),
  "UTF-16, big end first": (text) => utf16(text).swap16(),
  "UTF-16 in base64": (text) => base64(utf16(text)),
  "UTF-16 in hex": (text) => hex(utf16(text)),
  "every character percent-encoded": (text) => pairs(text, "", "%"),
  "every character percent-encoded, in capitals": (text) => pairs(text, "", "%").toUpperCase(),
  "every third character percent-encoded": (text) =>
    each(text, (code, char) => (code % 3 === 0 ? `%${code.toString(16)}` : char)),
  "percent-encoded twice": (text) => pairs(text, "", "%").replaceAll("%", "%25"),
  "percent-encoded three times": (text) => pairs(text, "", "%").replaceAll("%", "%2525"),
  "escapes of JSON": (text) => each(text, (code) => `\\u${code.toString(16).padStart(4, "0")}`),
  "some escapes of JSON": (text) => each(text, (code, char) => (code % 2 === 0 ? `\\u00${code.toString(16)}` : char)),
  "escapes of JSON in JSON": (text) => JSON.stringify(each(text, (code) => `\\u00${code.toString(16)}`)),
  "escapes of C": (text) => each(text, (code) => `\\x${code.toString(16)}`),
  "octal escapes": (text) => each(text, (code) => `\\${code.toString(8).padStart(3, "0")}`),
  "entities of HTML": (text) => each(text, (code) => `&#${code};`),
  "hex entities of HTML": (text) => each(text, (code) => `&#x${code.toString(16)};`),
  "base64 of base64": (text) => base64(base64(text)),
  "base64 of base64, in lines": (text) => lines(base64(base64(text)), 76),
  "base64 of hex": (text) => base64(hex(text)),
  "hex of base64": (text) => hex(base64(text)),
  "hex of hex": (text) => lines(hex(hex(text)), 60),
};

describe("createSecretFinder()", () => {
  for (const [name, encode] of Object.entries(ENCODINGS)) {
    it(`finds a token: ${name}`, () => {
      // What stands beside it moves the groups of three of base64, and the pairs of hex.
      for (const beside of ["", "u", "us", "user:", '{"t":"']) {
        for (const size of [Infinity, 1, 7]) {
          const shown = find([token, longer], encode(`${beside}${token}${beside}`), size);
          assert.match(shown, /<>/, `${beside} in pieces of ${size}`);
          // The mark is in the place of the whole: what is left has no room for a quarter of it.
          const left = shown.replaceAll("<>", "").length - encode(beside + beside).length;
          assert.ok(left <= encode("12345678").length, `${beside} in pieces of ${size} leaves ${left}: ${shown}`);
        }
      }
    });
  }

  it("finds a long token among others, in lines and in pieces", () => {
    for (const encode of [base64, hex, (text: string) => base64(base64(text)), (text: string) => text]) {
      const text = `start ${lines(encode(longer), 76)} end`;
      for (const size of [Infinity, 1, 100]) assert.ok(find([token, longer], text, size).length < 30);
    }
  });

  it("finds each of many, and leaves all else as it is", () => {
    const text = `a ${token}b ${base64(longer)} c ${hex(token)}\n${token}${token}.`;
    for (const size of [Infinity, 1, 3, 50]) {
      assert.match(find([token, longer], text, size), /^a <>b \w{0,3}<>=* c \w{0,3}<>\n<><>\.$/);
    }
  });

  it("takes nothing else for one: a part, other letters, what is far apart", () => {
    const half = token.slice(0, 20);
    for (const text of [
      half,
      base64(half),
      `${half}?${token.slice(20).replace("Z", "y")}`,
      `${half}${"-".repeat(200)}${token.slice(20)}`,
      "%%2%zz\\u00\\\\\\&#;&#x;&#99999999;\\08",
    ]) {
      for (const size of [Infinity, 1]) assert.equal(find([token], text, size), text);
    }
  });

  it("holds back no more than has begun, and gives it when it goes on otherwise", () => {
    const forms = formsOf(token);
    const finder = createSecretFinder(createSought(forms.exact, forms.loose));
    finder.take(Buffer.from(`line\n${token.slice(0, 8)}`));
    assert.equal(finder.decided().upTo, 5);
    finder.take(Buffer.from("!"));
    finder.take(Buffer.from("-".repeat(200)));
    assert.deepEqual(finder.decided(), { upTo: 214, secrets: [] });
    finder.take(Buffer.from(`${token}\n`));
    assert.deepEqual(finder.decided(), {
      upTo: 215 + token.length,
      secrets: [{ start: 214, end: 214 + token.length }],
    });
  });

  const [RED, OFF] = ["\u001b[01;31m\u001b[K", "\u001b[m\u001b[K"];
  const COLOURS: Readonly<Record<string, (text: string) => string>> = {
    "its beginning, as grep does": (text) => `${RED}${text.slice(0, 3)}${OFF}${text.slice(3)}`,
    "each letter": (text) => each(text, (_, char) => `${RED}${char}${OFF}`),
    "a part, and a change of the set of letters": (text) =>
      `${text.slice(0, 10)}\u001b(B\u001b[0;38;2;1;2;3m${text.slice(10)}`,
    "a link in its midst": (text) =>
      `${text.slice(0, 9)}\u001b]8;;https://example.org/a\u0007${text.slice(9, 20)}\u001b]8;;\u001b\\${text.slice(20)}`,
    "a sequence that another cuts off": (text) => `${text.slice(0, 9)}\u001b[3\u001b]0;tit\u001b[1m${text.slice(9)}`,
  };
  for (const [name, colour] of Object.entries(COLOURS)) {
    it(`finds a token of which a program coloured ${name}`, () => {
      for (const encode of [
        String,
        base64,
        hex,
        (text: string) => pairs(text, "", "%"),
        (text: string) => lines(text, 20),
      ]) {
        for (const size of [Infinity, 1, 7]) {
          const shown = find([token, longer], `a ${colour(encode(token))} b ${colour(encode(token))} c\n`, size);
          // oxlint-disable-next-line no-control-regex -- the sequences before the first letter and after the last
          const left = shown.replaceAll(/\u001b(?:\[[\d;]*[mK]|\(B|\]8;;\u001b\\)/g, "");
          assert.match(
            left,
            /^a [\w%=]{0,5}<>[\w%=]{0,5} b [\w%=]{0,5}<>[\w%=]{0,5} c\n$/,
            `pieces of ${size}: ${shown}`,
          );
        }
      }
    });
  }

  it("goes on with an escape in which the first colour begins", () => {
    const escaped = pairs(token, "", "\\x");
    for (const cut of [9, 10, 11]) {
      assert.equal(find([token], `${escaped.slice(0, cut)}${RED}${escaped.slice(cut)}`), "<>");
    }
  });

  it("finds a token within a control sequence, behind one without an end, and one that takes its first letter", () => {
    for (const text of [
      `\u001b]8;;https://example.org/?t=${token}\u0007link\u001b]8;;\u0007`,
      `\u001b]0;no end ${token}`,
      `\u001b[${token}`,
      `\u001b${token}`,
      each(token, (_, char) => `\u001b${char}`),
    ]) {
      for (const size of [Infinity, 1, 7]) assert.match(find([token], text, size), /^[^<]{0,40}<>/);
    }
    const endless = `\u001b]${"-".repeat(5000)} \u001b[1m${token.slice(0, 9)}\u001b]${"-".repeat(5000)}${token.slice(9)}`;
    for (const size of [Infinity, 1, 700]) assert.equal(find([token], endless, size), endless);
  });

  it("takes coloured text for none, and shows a coloured prompt to its end", () => {
    const text = `${RED}${token.slice(0, 20)}${OFF} ${each(token.slice(1), (_, char) => `${RED}${char}${OFF}`)}\n`;
    for (const size of [Infinity, 1, 7]) assert.equal(find([token], text, size), text);
    const forms = formsOf(token);
    const finder = createSecretFinder(createSought(forms.exact, forms.loose));
    const prompt = Buffer.from(`${RED}sure? y/h${OFF}`);
    finder.take(prompt);
    assert.deepEqual(finder.decided(), { upTo: prompt.length, secrets: [] });
    // What has no end is no sequence, and a secret does not go on behind it.
    const open = Buffer.from(`${token.slice(0, 9)}\u001b]${"-".repeat(5000)}`);
    finder.take(open);
    assert.deepEqual(finder.decided(), { upTo: prompt.length + open.length, secrets: [] });
  });

  it("looks at a hostile text of sequences once", () => {
    const forms = formsOf(token);
    const finder = createSecretFinder(createSought(forms.exact, forms.loose));
    const text = Buffer.from(each(token.slice(0, -1), (_, char) => `${char}\u001b[1m`).repeat(2000));
    for (let at = 0; at < text.length; at += 1000) {
      finder.take(text.subarray(at, at + 1000));
      const { upTo, secrets } = finder.decided();
      assert.deepEqual(secrets, []);
      // No more is held back than one token and its colours.
      assert.ok(Math.min(at + 1000, text.length) - upTo <= token.length * 5);
    }
  });
});
