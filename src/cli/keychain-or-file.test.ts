import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Keychain } from "../auth/index.ts";
import { DiskError } from "../core/errors.ts";
import { keychainOrFile, storeOf } from "./keychain-or-file.ts";

const locked = new DiskError("ERR_HF_KEYCHAIN", "The keychain is locked.");

function keychain(works: boolean): Keychain {
  const kept = new Map<string, string>();
  return {
    backend: "fake",
    label: "the fake",
    read: async (account) => kept.get(account),
    remove: async (account) => kept.delete(account),
    async write(account, text) {
      if (!works) throw locked;
      kept.set(account, text);
    },
  };
}

const unexpected = (): never => assert.fail("nobody was to be asked or told");

describe("a keychain that was asked for", () => {
  it("is used without a question when it works", async () => {
    assert.equal(await keychainOrFile(keychain(true), { confirm: unexpected, warn: unexpected }), true);
  });

  it("becomes a file only when a person says so, who was told why", async () => {
    for (const yes of [true, false]) {
      const said: string[] = [];
      const asked = keychainOrFile(keychain(false), {
        warn: (message) => void said.push(message),
        confirm: async (question) => {
          said.push(question);
          return yes;
        },
      });
      if (yes) assert.equal(await asked, false);
      else await assert.rejects(asked, locked);
      assert.deepEqual(said, [
        "The keychain is locked.",
        "Save the login in a file instead, readable by you alone? (y/N)",
      ]);
    }
  });

  it("ends the sign-in where nobody can be asked", async () => {
    await assert.rejects(keychainOrFile(keychain(false), { confirm: undefined, warn: unexpected }), locked);
  });
});

describe("storeOf()", () => {
  it("knows two words, and the file is the usual one", () => {
    assert.deepEqual([undefined, "file", "keychain"].map(storeOf), ["file", "file", "keychain"]);
    for (const word of ["", "Keychain", "cloud"]) assert.throws(() => storeOf(word), { code: "ERR_HF_USAGE" });
  });
});
