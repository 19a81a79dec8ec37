import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ERRORS, errorEntry } from "../src/core/error-table.ts";
import type { HfErrorCode } from "../src/core/error-table.ts";
import { accessSeed } from "./support/access-cases.ts";
import { ERROR_SCENARIOS } from "./support/error-scenarios.ts";
import type { Stage } from "./support/error-scenarios.ts";
import { errorOf } from "./support/printed-error.ts";
import { startWorld } from "./support/world.ts";
import type { Outcome, World } from "./support/world.ts";

/** Scenarios that run at the same time, each at a Hub of its own. */
const AT_ONCE = 4;

const codes = Object.keys(ERRORS) as HfErrorCode[];
const free: World[] = [];
const waiting: ((world: World) => void)[] = [];
before(async () => {
  const worlds = await Promise.all(Array.from({ length: AT_ONCE }, () => startWorld({ seed: accessSeed() })));
  free.push(...worlds);
});
after(() => Promise.all(free.map((world) => world.close())));

async function withWorld<T>(work: (world: World) => Promise<T>): Promise<T> {
  const world = free.pop() ?? (await new Promise<World>((resolve) => waiting.push(resolve)));
  try {
    return await work(world);
  } finally {
    const next = waiting.shift();
    if (next === undefined) free.push(world);
    else next(world);
  }
}

async function play(code: HfErrorCode): Promise<Outcome> {
  return withWorld(async (world) => {
    await world.hub.reset();
    const home = join(world.folder, code);
    mkdirSync(home);
    const ends: (() => Promise<void>)[] = [];
    const stage: Stage = {
      world,
      home,
      after: (close) => void ends.push(close),
      as: (token, words, options = {}) => {
        const end = words.includes("--") ? words.indexOf("--") : words.length;
        const env = {
          HF_HOME: home,
          ...(token === undefined ? {} : { HF_TOKEN: world.token(token) }),
          ...options.env,
        };
        return world.hf([...words.slice(0, end), "--json", ...words.slice(end)], { ...options, env });
      },
    };
    try {
      return await ERROR_SCENARIOS[code].play(stage);
    } finally {
      await Promise.all(ends.map((close) => close()));
    }
  });
}

describe("every code of the table", { concurrency: AT_ONCE }, () => {
  for (const code of codes) {
    const { when, skip = false } = ERROR_SCENARIOS[code];
    it(`${code} is what ${when} gives`, { skip }, async () => {
      const done = await play(code);
      const { exit } = errorEntry(code);
      const error = errorOf(done);
      assert.deepEqual([error?.["code"], error?.["exit"], done.exit], [code, exit, exit], done.stdout + done.stderr);
      assert.equal(done.stdout, "");
      for (const part of ["message", "hint"]) assert.match(String(error?.[part]), /^\S.*\w \w.*$/, part);
      assert.doesNotMatch(done.stderr, /\n\s+at |hf_[A-Za-z]{30}/);
    });
  }

  it("has a scenario, and no other has one", () => {
    assert.deepEqual(Object.keys(ERROR_SCENARIOS).toSorted(), codes.toSorted());
  });

  it("is explained by hf help, in the words of the table", async () => {
    await withWorld(async (world) => {
      const explain = async (code: HfErrorCode): Promise<void> => {
        const { title, next, exit } = errorEntry(code);
        const done = await world.hf(["help", code]);
        assert.equal(done.exit, 0, done.stderr);
        const lines = done.stdout.split("\n");
        assert.deepEqual(lines.slice(0, 2), [`${code} (exit code ${exit})`, title]);
        assert.ok(lines.includes(`Next: ${next.replaceAll("`", "")}`), done.stdout);
      };
      for (let at = 0; at < codes.length; at += AT_ONCE) await Promise.all(codes.slice(at, at + AT_ONCE).map(explain));
    });
  });
});
