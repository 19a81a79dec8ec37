import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { printError } from "../src/cli/output.ts";
import { ERRORS, errorEntry } from "../src/core/error-table.ts";
import type { HfErrorCode } from "../src/core/error-table.ts";
import { HfError } from "../src/core/errors.ts";
import { PAGES } from "./support/error-pages.ts";
import { root } from "./support/root.ts";
import { startWorld } from "./support/world.ts";
import type { World } from "./support/world.ts";

const CODES = Object.keys(ERRORS) as HfErrorCode[];

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world.close());

describe("the table of errors", () => {
  it("says of every code what it means, what is behind it, and what to do", () => {
    for (const code of CODES) {
      const { title, causes, next, exit } = errorEntry(code);
      for (const text of [title, next]) assert.match(text, /^[A-Z`].+\.$/, code);
      assert.ok(causes.length > 0 && causes.every((cause) => cause.length > 3), code);
      assert.ok(exit > 0 && exit <= 130, code);
    }
  });

  it("gives its next step to an error that has none of its own", () => {
    for (const code of CODES) {
      const { hint } = new HfError(code, "It failed.");
      assert.equal(hint, errorEntry(code).next.replaceAll("`", ""));
    }
    assert.equal(new HfError("ERR_HF_HTTP", "It failed.", { hint: "Do this." }).hint, "Do this.");
  });

  it("has exit codes that the README explains", () => {
    const readme = readFileSync(join(root, "README.md"), "utf8");
    for (const code of CODES) {
      const { exit } = errorEntry(code);
      const explained =
        exit === 126 || exit === 127 ? readme.includes(`${exit} when`) : readme.includes(`\n| ${exit} `);
      assert.ok(explained, `${code}: ${exit}`);
    }
  });

  for (const [path, page] of Object.entries(PAGES)) {
    it(`is in step with ${path}; else run node scripts/write-docs.js`, () => {
      assert.equal(readFileSync(join(root, path), "utf8"), page());
    });
  }

  // That every code is reached is played in error-codes.test.ts.
  it("leads from what people see to every code, but for mistakes in the command line and what is no trouble", () => {
    const page = readFileSync(join(root, "docs/troubleshooting.md"), "utf8");
    const missing = CODES.filter((code) => errorEntry(code).exit !== 2 && !page.includes(`[${code}]`));
    assert.deepEqual(missing, ["ERR_HF_INTERRUPTED", "ERR_HF_INTERNAL"]);
    // Every symptom of the guide that people come from, in its own words.
    const guide = [
      "huggingface-cli: command not found",
      "Access to model requires gating",
      "Invalid token",
      "401 Unauthorized",
      "Repository not found",
      "Token not persisting",
      "Models downloading to the wrong location",
    ];
    const titles = page.split("\n").filter((line) => line.startsWith("## "));
    for (const words of guide)
      assert.ok(
        titles.some((title) => title.includes(words)),
        words,
      );
  });

  it("has no code that no source makes", () => {
    const below = (folder: string): string[] =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts"))
        .map((name) => join(folder, name));
    const sources = below("src")
      .filter((path) => !path.endsWith(".test.ts") && path !== join("src", "core", "error-table.ts"))
      .map((path) => readFileSync(join(root, path), "utf8"))
      .join();
    for (const code of CODES) assert.ok(new RegExp(`${code}\\b`).test(sources), `no source makes ${code}`);
  });
});

describe("an error of a command", () => {
  it("leads to more, by its code", async () => {
    const { stderr, exit } = await world.hf(["download", "acme/gated-manual"]);
    assert.equal(exit, 3);
    assert.match(stderr, /^Error: .+\nNext: .+\nMore: hf help ERR_HF_GATED_SIGN_IN\nRequest id: .+\n$/);
    const usage = await world.hf(["download", "--no-such-flag"]);
    assert.match(usage.stderr, /^Error: .+\nNext: .+\n$/);
  });

  it("is ERR_HF_INTERNAL where nobody has thought of it, with the same parts", () => {
    let said = "";
    const printer = {
      format: "json",
      colour: false,
      out: assert.fail,
      err: (text: string) => void (said += text),
    } as const;
    assert.equal(printError(new TypeError("x is not a function"), printer, false), 1);
    const { error } = JSON.parse(said) as { error: Record<string, unknown> };
    assert.deepEqual([error["code"], error["exit"]], ["ERR_HF_INTERNAL", 1]);
    assert.match(String(error["hint"]), /--debug/);
  });
});

describe("hf help", () => {
  it("explains a code, in any case, in each format", async () => {
    const human = await world.hf(["help", "err_hf_gated_pending"]);
    const { title, next } = errorEntry("ERR_HF_GATED_PENDING");
    assert.equal(human.exit, 0, human.stderr);
    assert.equal(
      human.stdout,
      `ERR_HF_GATED_PENDING (exit code 4)\n${title}\n\nWhat can be behind it:\n  - people decide about this gate, and they have not looked\nNext: ${next.replaceAll("`", "")}\n`,
    );
    const json = await world.hf(["help", "ERR_HF_GATED_PENDING", "--json"]);
    const said = JSON.parse(json.stdout) as Record<string, unknown>;
    assert.deepEqual(
      [said["schema"], said["code"], said["title"], said["exit"]],
      [1, "ERR_HF_GATED_PENDING", title, 4],
    );
    const wrong = await world.hf(["help", "ERR_GATED"]);
    assert.deepEqual([wrong.exit, /Did you mean ERR_HF_GATED_SIGN_IN, /.test(wrong.stderr)], [2, true]);
  });

  it("is the help of a command, too", async () => {
    for (const words of [[], ["auth", "login"], ["access", "wait"]]) {
      const help = await world.hf(["help", ...words]);
      const flag = await world.hf([...words, "--help"]);
      assert.deepEqual([help.exit, help.stdout], [0, flag.stdout], words.join(" "));
    }
    const unknown = await world.hf(["help", "nonsense"]);
    assert.equal(unknown.exit, 2);
  });

  it("is named after an unknown command, and is there", async () => {
    for (const [words, help] of [
      [["acces", "alice/tiny-model"], "hf --help"],
      [["help", "nonsense"], "hf --help"],
      [["--quiet", "auht", "login"], "hf --help"],
      [["auth", "lgin"], "hf auth --help"],
      [["access", "wiat", "alice/tiny-model"], "hf access wiat --help"],
    ] as const) {
      const done = await world.hf([...words]);
      assert.equal(done.exit, 2, done.stderr);
      assert.equal(/^Next: See (.+)$/m.exec(done.stderr)?.[1], help, words.join(" "));
      assert.equal((await world.hf(help.split(" ").slice(1))).exit, 0, help);
    }
  });
});
