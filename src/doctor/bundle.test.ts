import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { TokenError } from "../core/errors.ts";
import { healthy } from "../../test/support/healthy.ts";
import { makeBundle, refuseExisting, writeBundle } from "./bundle.ts";
import { examine } from "./examine.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-bundle-"));
after(() => rmSync(folder, { recursive: true }));

describe("makeBundle()", () => {
  it("tells which variables are set, and the values of those alone that say where things are", async () => {
    const now = await healthy();
    const env = {
      HF_HOME: "/data/hf",
      HF_TOKEN: "x",
      HF_SOMETHING_NEW: "y",
      HTTPS_PROXY: "http://a:b@c",
      HF_ENDPOINT: "",
      EDITOR: "vi",
    };
    const { variables } = makeBundle({ ...now, env }, []);
    assert.deepEqual(variables, {
      HF_ENDPOINT: "(empty)",
      HF_HOME: "/data/hf",
      HF_SOMETHING_NEW: "(set)",
      HF_TOKEN: "(set)",
      HTTPS_PROXY: "(set)",
    });
  });

  it("names neither the account nor the home folder", async () => {
    const now = await healthy();
    assert.ok(now.network.kind === "asked");
    const identity = {
      type: "user",
      name: "alice-of-acme",
      email: "alice@acme.io",
      orgs: [{ name: "acme-secret", restrictions: ["sso"] }],
    } as const;
    const evidence = {
      ...now,
      user: { ...now.user, name: "alicia", home: "/home/alicia" },
      program: { ...now.program, script: "/home/alicia/bin/hf", onPath: [] },
      network: { ...now.network, identity: { kind: "known", identity } as const },
    };
    const text = JSON.stringify(makeBundle(evidence, []));
    for (const word of ["alice-of-acme", "alice@acme.io", "acme-secret", "alicia"])
      assert.ok(!text.includes(word), word);
    assert.ok(text.includes("~/bin/hf"));
  });

  it("shows no token in the name of a variable", async () => {
    const now = await healthy();
    const token = `hf_${"n".repeat(34)}`;
    const text = JSON.stringify(makeBundle({ ...now, env: { [token]: "x", [`HF_X_${token}`]: "y" } }, []));
    assert.ok(!text.includes(token) && text.includes("(set)"));
  });

  it("redacts what an error has to say, and a token in the wrong variable", async () => {
    const now = await healthy();
    assert.ok(now.network.kind === "asked");
    const token = `hf_${"z".repeat(34)}`;
    const error = new TokenError("ERR_HF_INVALID_TOKEN", `The token ${token} is unknown.`);
    const network = { ...now.network, identity: { kind: "failed", error } as const };
    const evidence = { ...now, env: { HF_HOME: `/data/${token}` }, network };
    const text = JSON.stringify(makeBundle(evidence, examine(evidence)));
    assert.ok(text.includes("token-invalid") && !text.includes(token));
  });
});

describe("writeBundle()", () => {
  it("makes a new file that its owner alone can read, and overwrites nothing", async () => {
    const path = join(folder, "report.json");
    refuseExisting(path);
    writeBundle(path, makeBundle(await healthy(), []));
    assert.equal((JSON.parse(readFileSync(path, "utf8")) as { schema: number }).schema, 1);
    if (process.platform !== "win32") assert.equal(statSync(path).mode & 0o777, 0o600);
    const taken = { code: "ERR_HF_DISK", message: /already/ };
    assert.throws(() => refuseExisting(path), taken);
    assert.throws(() => writeBundle(path, {}), taken);
    const link = join(folder, "link");
    const target = join(folder, "target");
    symlinkSync(target, link);
    assert.throws(() => refuseExisting(link), taken);
    assert.throws(() => writeBundle(link, {}), taken);
    writeFileSync(target, "mine");
    assert.throws(() => writeBundle(link, {}), taken);
    assert.equal(readFileSync(target, "utf8"), "mine");
  });
});
