import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { defaultSeed } from "../src/localhub/index.ts";
import { root } from "./support/root.ts";
import { startWorld } from "./support/world.ts";
import type { World } from "./support/world.ts";

const pages = [
  "README.md",
  "SECURITY.md",
  "CONTRIBUTING.md",
  ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`),
].filter((name) => name.endsWith(".md"));

interface Snippet {
  readonly name: string;
  readonly code: string;
}

const snippets: readonly Snippet[] = pages.flatMap((page) =>
  [...readFileSync(join(root, page), "utf8").matchAll(/^```ts\n(.*?)^```/gms)].map((match, at) => ({
    name: `${page.replace(/\W+/g, "-")}-${at + 1}`,
    code: match[1] ?? "",
  })),
);

// Below the checkout, so that `latchkey` means this package as it is built.
const folder = join(root, ".build", "snippets");
let world: World;

before(async () => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { name, code } of snippets) writeFileSync(join(folder, `${name}.ts`), code);
  const seed = defaultSeed();
  const files = { "config.json": '{"model_type":"tiny"}\n', "README.md": "# Tiny\n" };
  const gated = { id: "acme/gated-tiny", gated: "manual" as const, commits: [{ message: "Upload model", files }] };
  world = await startWorld({ seed: { ...seed, repos: [...(seed.repos ?? []), gated] } });
  const signIn = await world.hf(["auth", "login", "--token-stdin"], { input: world.token("alice-read") });
  assert.equal(signIn.exit, 0, signIn.stderr);
});
after(async () => {
  await world.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("the documentation", () => {
  it("has TypeScript in it that compiles as a reader's program would", () => {
    assert.ok(snippets.length >= 3);
    const flags = [
      "--ignoreConfig",
      "--strict",
      "--module",
      "nodenext",
      "--target",
      "es2022",
      "--types",
      "node",
      "--skipLibCheck",
    ];
    const files = snippets.map(({ name }) => join(folder, `${name}.ts`));
    const tsc = spawnSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), ...flags, ...files], {
      encoding: "utf8",
    });
    assert.equal(tsc.status, 0, tsc.stdout);
  });

  for (const { name } of snippets) {
    it(`has TypeScript in it that runs: ${name}`, async () => {
      const done = await world.run(process.execPath, [join(folder, `${name}.js`)]);
      assert.equal(done.exit, 0, done.stderr);
    });
  }

  it("has the five lines of the README in examples/ too", () => {
    const example = readFileSync(join(root, "examples/five-lines.ts"), "utf8");
    assert.ok(readFileSync(join(root, "README.md"), "utf8").includes(example));
  });

  it("names only commands and flags that exist", async () => {
    const text = pages.map((page) => readFileSync(join(root, page), "utf8")).join("\n");
    const lines = new Set(
      [...text.matchAll(/`(?:[A-Z_]+=\S+ )?(?:hf|huggingface-cli) ([a-z][^`]*)`/g)].map((match) => match[1] ?? ""),
    );
    assert.ok(lines.size >= 10);
    for (const line of lines) {
      const words = line.split(/\s+/);
      const isGroup = words[0] === "auth" || /^access (?:open|wait|list)\b/.test(line);
      const path = words.slice(0, isGroup ? 2 : 1);
      const help = await world.hf([...path, "--help"]);
      assert.equal(help.exit, 0, `hf ${line}`);
      for (const flag of words.filter((word) => /^--[a-z]/.test(word))) {
        assert.ok(help.stdout.includes(flag.replace(/[=,.;].*$/, "")), `hf ${line}: no ${flag}`);
      }
    }
  });
});
