import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { printError } from "../src/cli/output.ts";
import { routes } from "../src/cli/routes.ts";
import { ERRORS, errorEntry, isErrorCode } from "../src/core/error-table.ts";
import type { HfErrorCode } from "../src/core/error-table.ts";
import { HfError } from "../src/core/errors.ts";
import { PAGES } from "./support/error-pages.ts";
import { root } from "./support/root.ts";
import { start } from "./support/running.ts";
import { nobody } from "./support/scripted-server.ts";
import { startWorld } from "./support/world.ts";
import type { Outcome, World } from "./support/world.ts";

const CODES = Object.keys(ERRORS) as HfErrorCode[];

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world.close());

/** The error that a program with --json printed last. */
function errorOf({ stderr }: Outcome): Record<string, unknown> | undefined {
  const last = stderr.trimEnd().split("\n").at(-1) ?? "";
  if (!last.startsWith("{")) return undefined;
  return (JSON.parse(last) as { error?: Record<string, unknown> }).error;
}

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

  it("has no code that no source makes and no test reaches", () => {
    const below = (folder: string): string[] =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts"))
        .map((name) => join(folder, name));
    const own = [join("src", "core", "error-table.ts"), join("test", "errors.test.ts")];
    const files = [...below("src"), ...below("test")].filter((path) => !own.includes(path));
    const text = (paths: readonly string[]): string =>
      paths.map((path) => readFileSync(join(root, path), "utf8")).join();
    const isTest = (path: string): boolean => path.endsWith(".test.ts") || path.startsWith("test");
    const sources = text(files.filter((path) => !isTest(path)));
    const tests = text(files.filter(isTest)) + [...REACHED_HERE].join();
    for (const code of CODES) {
      assert.ok(new RegExp(`${code}\\b`).test(sources), `no source makes ${code}`);
      assert.ok(new RegExp(`${code}\\b`).test(tests), `no test reaches ${code}`);
    }
  });
});

const REACHED_HERE = new Set<HfErrorCode>([
  "ERR_HF_NOT_READ_ONLY",
  "ERR_HF_COMMAND_NOT_FOUND",
  "ERR_HF_COMMAND_NOT_RUN",
  "ERR_HF_INTERRUPTED",
  "ERR_HF_INTERNAL",
]);

describe("an error of a command", () => {
  /** The words of every command there is, also of those that are hidden. */
  function leaves(map: unknown, words: readonly string[] = []): (readonly string[])[] {
    const entries = (map as { getAllEntries(): { name: { original: string }; target: unknown }[] }).getAllEntries();
    return entries.flatMap(({ name, target }) => {
      const path = [...words, name.original];
      return typeof target === "object" && target !== null && "getAllEntries" in target ? leaves(target, path) : [path];
    });
  }

  it("has a code of the table, its exit code and a next step, whatever the command and whatever is wrong", async () => {
    const commands = leaves(routes);
    assert.ok(commands.length >= 20);
    const blocked = join(world.folder, "blocked");
    writeFileSync(blocked, "a file where a folder should be");
    const dead = await nobody();
    const ways: readonly { readonly more: readonly string[]; readonly env?: NodeJS.ProcessEnv }[] = [
      { more: ["--no-such-flag"] },
      { more: [], env: { HF_ENDPOINT: "not an address" } },
      { more: ["alice/tiny-model"], env: { HF_HOME: blocked, HF_ENDPOINT: dead, HF_TOKEN: "two words" } },
      { more: ["--token-file", join(world.folder, "absent")] },
    ];
    const seen = new Set<string>();
    for (const words of commands) {
      const runs = ways.map(async ({ more, env = {} }) => {
        const all = [...words, "--json", ...more];
        const done = await world.hf(all, { env });
        if (done.exit === 0) return;
        const error = errorOf(done);
        if (error === undefined) {
          // A report whose exit code tells: its document says the same.
          assert.doesNotThrow(() => JSON.parse(done.stdout), `hf ${all.join(" ")}: ${done.stdout}${done.stderr}`);
          return;
        }
        const { code, exit, hint, message } = error;
        assert.ok(typeof code === "string" && isErrorCode(code), `hf ${all.join(" ")}: ${String(code)}`);
        assert.notEqual(code, "ERR_HF_INTERNAL", done.stderr);
        assert.deepEqual([exit, done.exit], [errorEntry(code).exit, errorEntry(code).exit], `hf ${all.join(" ")}`);
        for (const text of [hint, message]) assert.match(String(text), /\w+ \w+/, `hf ${all.join(" ")}`);
        seen.add(code);
      });
      await Promise.all(runs);
    }
    assert.ok(seen.size >= 4, [...seen].join());
  });

  it("leads to more, by its code", async () => {
    const { stderr, exit } = await world.hf(["download", "acme/gated-manual"]);
    assert.equal(exit, 3);
    assert.match(stderr, /^Error: .+\nNext: .+\nMore: hf help ERR_HF_GATED_SIGN_IN\nRequest id: .+\n$/);
    const usage = await world.hf(["download", "--no-such-flag"]);
    assert.match(usage.stderr, /^Error: .+\nNext: .+\n$/);
  });

  it("is ERR_HF_NOT_READ_ONLY, ERR_HF_COMMAND_NOT_FOUND or ERR_HF_COMMAND_NOT_RUN of hf run", async () => {
    const plain = join(world.folder, "plain.txt");
    writeFileSync(plain, "no program", { mode: 0o644 });
    const rows: readonly (readonly [HfErrorCode, readonly string[], string])[] = [
      ["ERR_HF_NOT_READ_ONLY", ["--read-only", "--", process.execPath, "-e", "0"], "alice-write"],
      ["ERR_HF_COMMAND_NOT_FOUND", ["--", "no-such-program-here"], "alice-read"],
      ["ERR_HF_COMMAND_NOT_RUN", ["--", plain], "alice-read"],
    ];
    for (const [code, words, token] of rows) {
      if (code === "ERR_HF_COMMAND_NOT_RUN" && process.platform === "win32") continue;
      const done = await world.hf(["run", "--json", ...words], { env: { HF_TOKEN: world.token(token) } });
      const error = errorOf(done);
      assert.deepEqual([error?.["code"], done.exit], [code, errorEntry(code).exit], done.stderr);
    }
  });

  it("is ERR_HF_INTERRUPTED after Ctrl-C", async () => {
    const words = ["access", "wait", "carol/gated-model", "--json"];
    const running = start(world, words, { HF_TOKEN: world.token("bob-read") });
    while (world.hub.journal.entries.filter(({ url }) => url.includes("carol")).length < 2) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    running.child.kill("SIGINT");
    const done = await running.ended;
    assert.deepEqual([errorOf(done)?.["code"], done.exit], ["ERR_HF_INTERRUPTED", 130], done.stderr);
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
});
