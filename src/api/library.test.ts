import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import type { HfErrorCode } from "../core/errors.ts";
import { isHfError } from "../core/errors.ts";
import type { Environment } from "../core/ports.ts";
import { Secret } from "../core/secret.ts";
import { startLocalhub } from "../localhub/index.ts";
import type { Localhub } from "../localhub/index.ts";
import { createHub, downloadFile, downloadSnapshot, resolveToken, whoami } from "./library.ts";
import type { HubOptions } from "./library.ts";

let hub: Localhub;
let home: string;
before(async () => {
  hub = await startLocalhub();
});
after(() => hub.close());
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "latchkey-library-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const env = (more: Environment = {}): Environment => ({ HF_HOME: home, HF_ENDPOINT: hub.url, ...more });
const token = (name: string): string => hub.tokens[name] ?? "";
const value = (text: string): string => `hf_${text.padEnd(34, "s")}`;

async function outcome(options: HubOptions): Promise<string> {
  const found = await resolveToken(options);
  if (found.kind === "anonymous") return "nobody";
  return `${found.kind} ${found.source.replace(home, "~")}`;
}

const refusal = (code: HfErrorCode) => (error: unknown) => isHfError(error) && error.code === code;

describe("resolveToken()", () => {
  it("reads the environment and the files of this moment", async () => {
    assert.equal(await outcome({ env: env() }), "nobody");
    writeFileSync(join(home, "token"), value("file"));
    assert.equal(await outcome({ env: env() }), "found file:~/token");
    assert.equal(await outcome({ env: env({ HF_TOKEN: value("env") }) }), "found env:HF_TOKEN");
    assert.equal(await outcome({ env: env(), endpoint: "https://mirror.example" }), "refused file:~/token");
  });

  it("takes the home folder of the environment that it was handed, not the process's", async () => {
    mkdirSync(join(home, ".cache/huggingface"), { recursive: true });
    writeFileSync(join(home, ".cache/huggingface/token"), value("other"));
    const there = { HOME: home, USERPROFILE: home, HF_ENDPOINT: hub.url };
    assert.equal(await outcome({ env: there }), "found file:~/.cache/huggingface/token");
    const tiny = { repo: "alice/tiny-model", path: "config.json" };
    const { path } = await downloadFile(tiny, {
      env: there,
      token: false,
      cacheDir: "~/own",
    });
    assert.ok(path.startsWith(join(home, "own", "models--alice--tiny-model")), path);
    await assert.rejects(downloadFile(tiny, { env: there, cacheDir: "" }), refusal("ERR_HF_USAGE"));
  });

  it("takes the caller's token whatever else there is, and false for none", async () => {
    const there = env({ HF_TOKEN: value("env") });
    const found = await resolveToken({ env: there, token: `${value("mine")}\n` });
    assert.ok(found.kind === "found" && found.token.equals(Secret.of(value("mine"))));
    assert.equal(await outcome({ env: there, token: false }), "nobody");
    await assert.rejects(resolveToken({ env: there, token: "" }), refusal("ERR_HF_TOKEN_REFUSED"));
  });

  it("takes the saved login that the caller names, and no other in its place", async () => {
    writeFileSync(join(home, "stored_tokens"), `[work]\nhf_token = ${token("bob-read")}\n\n`);
    writeFileSync(join(home, "token"), value("active"));
    const there = env({ HF_TOKEN: value("env") });
    assert.equal((await whoami({ env: there, token: "name:work" })).name, "bob");
    assert.equal(await outcome({ env: there, token: "name:work" }), "found argument");
    await assert.rejects(whoami({ env: there, token: "name:wrok" }), refusal("ERR_HF_TOKEN_NAME"));
    await assert.rejects(whoami({ env: there, token: "name:" }), refusal("ERR_HF_TOKEN_NAME"));
    assert.equal(
      await outcome({ env: there, token: "name:work", endpoint: "https://mirror.example" }),
      "refused argument",
    );
  });

  it("leaves the rest alone where implicit tokens are switched off, unless one is needed", async () => {
    const there = env({ HF_TOKEN: token("alice-read"), HF_HUB_DISABLE_IMPLICIT_TOKEN: "1" });
    assert.equal(await outcome({ env: there }), "nobody");
    assert.equal((await whoami({ env: there })).name, "alice");
  });

  it("tells a warning to whom asks for it", async () => {
    const warnings: string[] = [];
    await resolveToken({ env: env({ HF_TOKEN: ` ${value("x")}` }), onWarning: (words) => void warnings.push(words) });
    assert.match(warnings.join(), /HF_TOKEN had blanks around it/);
  });
});

describe("the library against a Hub", () => {
  it("asks who the token speaks for", async () => {
    assert.equal((await whoami({ env: env({ HF_TOKEN: token("bob-read") }) })).name, "bob");
    await assert.rejects(whoami({ env: env() }), refusal("ERR_HF_NOT_SIGNED_IN"));
    await assert.rejects(whoami({ env: env({ HF_TOKEN: value("bad") }) }), refusal("ERR_HF_INVALID_TOKEN"));
  });

  it("makes any call of the Hub, with the token found by itself", async () => {
    const client = await createHub({ env: env({ HF_TOKEN: token("alice-read") }) });
    const info = (await client.json("api/models/alice/private-model")) as { id: string };
    assert.equal(info.id, "alice/private-model");
  });

  it("downloads a gated snapshot and one file of it, and finds both again without the network", async () => {
    const there = env({ HF_TOKEN: token("alice-read") });
    const first = await downloadSnapshot("acme/gated-manual", { env: there });
    assert.equal(first.fromCache, false);
    const file = await downloadFile({ repo: "acme/gated-manual", path: "config.json" }, { env: there });
    assert.equal(file.path, join(first.path, "config.json"));
    const offline = env({ HF_HUB_OFFLINE: "1" });
    const again = await downloadSnapshot("acme/gated-manual", { env: offline });
    assert.equal(again.path, first.path);
    assert.equal(again.fromCache, true);
  });

  it("refuses with a code", async () => {
    const refused = (repo: string, name: string | undefined, code: HfErrorCode) =>
      assert.rejects(
        downloadSnapshot(repo, { env: env(name === undefined ? {} : { HF_TOKEN: token(name) }) }),
        refusal(code),
      );
    await refused("acme/gated-manual", undefined, "ERR_HF_GATED_SIGN_IN");
    await refused("carol/gated-model", "bob-read", "ERR_HF_GATED_REPO");
    await refused("acme/gated-manual", "carol-read", "ERR_HF_GATED_PENDING");
    await refused("alice/private-model", undefined, "ERR_HF_PRIVATE_OR_MISSING");
    await refused("alice/private-model", "carol-read", "ERR_HF_REPO_NOT_FOUND");
    await refused("acme/disabled-model", "alice-read", "ERR_HF_REPO_DISABLED");
    await refused("not a repo", undefined, "ERR_HF_INVALID_REPO_ID");
  });

  it("stops when the signal says so", async () => {
    const stop = AbortSignal.abort();
    await assert.rejects(downloadSnapshot("alice/tiny-model", { env: env(), signal: stop }));
  });
});
