import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect, format } from "node:util";
import { redact } from "./redact.ts";
import { Secret } from "./secret.ts";

const value = ["hf", "T".repeat(34)].join("_");
const secret = Secret.of(value);

describe("Secret", () => {
  it("gives its value through expose() alone", () => {
    assert.equal(secret.expose(), value);
    assert.ok(secret.equals(Secret.of(value)));
    assert.ok(!secret.equals(Secret.of(`${value}x`)));
  });

  it("is [redacted] however it becomes text", () => {
    const error = Object.assign(new Error("with a secret", { cause: secret }), { secret });
    const texts: readonly string[] = [
      String(secret),
      `${secret}`,
      "" + secret,
      [secret, secret].join(),
      JSON.stringify({ secret, list: [secret] }),
      inspect(secret),
      inspect({ deep: { er: [secret, new Map([["k", secret]]), new Set([secret])] } }, { depth: 9, showHidden: true }),
      inspect(error, { depth: 9, showHidden: true }),
      format("%s %o %O %j", secret, secret, secret, secret),
      JSON.stringify(Object.entries(secret)),
      JSON.stringify(structuredCloneOf(secret)),
    ];
    for (const text of texts) assert.ok(!text.includes("TTTT"), text);
    assert.equal(JSON.stringify({ secret }), '{"secret":"[redacted]"}');
  });

  it("is struck from later text", () => {
    const other = Secret.of("a plain pass phrase");
    assert.equal(redact(`x ${other.expose()}`), "x [redacted]");
  });

  it("can't be empty", () => {
    assert.throws(() => Secret.of(""), TypeError);
  });
});

function structuredCloneOf(thing: object): unknown {
  return structuredClone({ ...thing });
}
