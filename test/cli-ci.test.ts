import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { root } from "./support/root.ts";
import { startWorld } from "./support/world.ts";
import type { World } from "./support/world.ts";

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world.close());

/** A Python that has a YAML parser: huggingface_hub brings one. */
const PYTHONS = ["python3", join(root, ".conformance/python-2.0.0/bin/python")];
const python = PYTHONS.find((program) => spawnSync(program, ["-c", "import yaml"]).status === 0);
const skip = python === undefined ? "no Python with a YAML parser on this machine" : false;

function parse(yaml: string): unknown {
  const code = "import json,sys,yaml; print(json.dumps(yaml.safe_load(sys.stdin.read())))";
  const done = spawnSync(python ?? "", ["-c", code], { input: yaml, encoding: "utf8" });
  assert.equal(done.status, 0, done.stderr);
  return JSON.parse(done.stdout);
}

const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
const hf = (words: string): string => `npx --yes latchkey@${version} ${words}`;
const print = async (words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> => {
  const done = await world.hf(["auth", "ci", ...words], { env: { HF_ENDPOINT: undefined, ...env } });
  assert.equal(done.exit, 0, done.stderr);
  return done.stdout;
};

describe("hf auth ci", () => {
  it("prints a workflow of GitHub that may ask for an ID token, and nothing else", { skip }, async () => {
    const yaml = await print(["github", "--resource", "datasets/acme/words"]);
    // To this parser, as to every one of YAML 1.1, the key `on` is a truth.
    assert.deepEqual(parse(yaml), {
      name: "Hub",
      true: "workflow_dispatch",
      permissions: {},
      jobs: {
        hub: {
          "runs-on": "ubuntu-24.04",
          "timeout-minutes": 30,
          permissions: { "id-token": "write" },
          env: { HF_OIDC_RESOURCE: "datasets/acme/words" },
          steps: [{ run: hf("auth status") }, { run: hf("download acme/words --repo-type dataset") }],
        },
      },
    });
  });

  it(
    "prints a job of GitLab whose ID token is for the endpoint, in the variable that Python reads too",
    { skip },
    async () => {
      const env = { HF_ENDPOINT: "https://hub.acme.io", HF_OIDC_RESOURCE: "alice" };
      assert.deepEqual(parse(await print(["gitlab"], env)), {
        hub: {
          image: "node:22.23.3-bookworm-slim",
          timeout: "30 minutes",
          id_tokens: { HF_OIDC_ID_TOKEN: { aud: "https://hub.acme.io" } },
          variables: { HF_OIDC_RESOURCE: "alice", HF_ENDPOINT: "https://hub.acme.io" },
          script: [hf("auth status"), hf("download your-name/your-repo")],
        },
      });
    },
  );

  it("fixes every version, so that the job of tomorrow is the one that was tried", async () => {
    for (const service of ["github", "gitlab"]) {
      const yaml = await print([service]);
      assert.doesNotMatch(yaml, /latest|uses:|\bstable\b|@v\d/);
      for (const [, image = ""] of yaml.matchAll(/(?:image|runs-on): (.*)/g)) assert.match(image, /[\d.]+/);
      for (const [, at = ""] of yaml.matchAll(/latchkey(\S*)/g)) assert.equal(at, `@${version}`);
    }
  });

  it("takes names alone: nothing gets into a file that a shell runs", async () => {
    for (const resource of [
      "a/b; curl x",
      "$(id)",
      "a/b\nrun: x",
      "${{ secrets.X }}",
      "-x",
      "../a",
      "a/b/c/d",
      "'a'",
      " ",
    ]) {
      const done = await world.hf(["auth", "ci", "github", `--resource=${resource}`]);
      assert.deepEqual([done.exit, done.stdout], [2, ""], resource);
    }
    for (const words of [[], ["jenkins"]]) {
      const done = await world.hf(["auth", "ci", ...words]);
      assert.equal(done.exit, 2);
      assert.match(done.stderr, /github\|gitlab/);
    }
  });

  it("says on stderr where it belongs and what is left to do", async () => {
    const done = await world.hf(["auth", "ci", "github", "--resource", "acme/tiny"], { env: { HF_ENDPOINT: "" } });
    assert.match(done.stderr, /\.github\/workflows\/hub\.yml/);
    assert.match(done.stderr, /trusted publisher.*https:\/\/huggingface\.co\/acme\/tiny\/settings/);
    const json = JSON.parse(await print(["gitlab", "--json"])) as Record<string, unknown>;
    assert.deepEqual([json["file"], json["resource"]], [".gitlab-ci.yml", "your-name/your-repo"]);
    assert.equal(json["yaml"], await print(["gitlab"]));
  });
});
