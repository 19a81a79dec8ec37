import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { systemClock } from "../core/clock.ts";
import type { Credential } from "../core/credential.ts";
import { HfError, TokenError } from "../core/errors.ts";
import { Secret } from "../core/secret.ts";
import { createFileTokenStore } from "./file-token-store.ts";
import { login } from "./login.ts";
import type { LoginOptions, LoginReport } from "./login.ts";
import type { TokenStore } from "./token-store.ts";

const HUB = "https://huggingface.co";
const value = (text: string): string => `hf_${text.padEnd(34, "L")}`;
const token = Secret.of(value("new"));

let home: string;
let store: TokenStore;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "latchkey-login-"));
  store = createFileTokenStore({
    tokenPath: join(home, "token"),
    storedTokensPath: join(home, "stored_tokens"),
    platform: process.platform,
    clock: systemClock,
  });
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const text = (name: string): string => readFileSync(join(home, name), "utf8");

/** A Hub that gives one answer to whoami, and remembers who asked. */
function hubAnswering(answer: unknown): { connect: LoginOptions["connect"]; asked: Credential[] } {
  const asked: Credential[] = [];
  const connect: LoginOptions["connect"] = (credential) => ({
    endpoint: credential.origin,
    credential,
    async json() {
      asked.push(credential);
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  return { connect, asked };
}

const user = (accessToken?: Record<string, unknown>) => ({
  type: "user",
  name: "ada",
  orgs: [],
  auth: accessToken === undefined ? { type: "oauth" } : { type: "access_token", accessToken },
});

const sign = (answer: unknown, more: Partial<LoginOptions> = {}): Promise<LoginReport> =>
  login({ token, endpoint: HUB, store, env: {}, ...hubAnswering(answer), ...more });

const code = (expected: string) => (error: unknown) => error instanceof HfError && error.code === expected;

describe("login()", () => {
  it("saves under the token's own name, makes it active and reports", async () => {
    const report = await sign(user({ displayName: "laptop", role: "read" }));
    const { identity: _identity, ...facts } = report;
    assert.deepEqual(facts, {
      name: "laptop",
      user: "ada",
      role: "read",
      endpoint: HUB,
      tokenPath: join(home, "token"),
      storedTokensPath: join(home, "stored_tokens"),
      replaced: false,
      replacedOther: false,
      imported: [],
    });
    assert.equal(text("token"), token.expose());
    assert.equal(text("stored_tokens"), `[laptop]\nhf_token = ${token.expose()}\n\n`);
  });

  it("asks with the new token, bound to the endpoint, and says where that came from", async () => {
    const { connect, asked } = hubAnswering(user());
    await sign(undefined, { connect, endpoint: "https://hub.acme.io/hf", source: "the prompt" });
    assert.equal(asked.length, 1);
    assert.ok(asked[0]?.token.equals(token));
    assert.deepEqual([asked[0]?.origin, asked[0]?.source], ["https://hub.acme.io", "the prompt"]);
  });

  it("names a token without a name after its user", async () => {
    const expiresAt = new Date(1_767_225_600_000);
    const report = await sign(user(), { refreshToken: Secret.of("refresh-token-7"), expiresAt });
    assert.equal(report.name, "oauth-ada");
    assert.match(
      text("stored_tokens"),
      /^\[oauth-ada\]\nhf_token = .*\nrefresh_token = refresh-token-7\nexpires_at = 1767225600\n\n$/,
    );
  });

  for (const [hostile, name] of [
    ["DEFAULT", "DEFAULT-token"],
    ["", "oauth-ada"],
    ["\n", "oauth-ada"],
    ["a\n[admin]\nhf_token = x", "a [admin] hf_token = x"],
  ] as const) {
    it(`writes a safe name for the display name ${JSON.stringify(hostile)}`, async () => {
      writeFileSync(join(home, "stored_tokens"), `[other]\nhf_token = ${value("other")}\n\n`);
      const report = await sign(user({ displayName: hostile, role: "read" }));
      assert.equal(report.name, name);
      const { saved } = await store.read();
      assert.ok(saved.kind === "ok");
      assert.deepEqual(new Set(saved.logins.map((one) => one.name)), new Set([name, "other"]));
    });
  }

  it("takes the user's name for it, and refuses one that can't be saved before anything is asked", async () => {
    const report = await sign(user({ displayName: "laptop", role: "read" }), { name: "work" });
    assert.equal(report.name, "work");
    const { connect, asked } = hubAnswering(user());
    await assert.rejects(sign(undefined, { connect, name: "DEFAULT" }), code("ERR_HF_TOKEN_NAME"));
    assert.deepEqual(asked, []);
  });

  it("writes nothing when the Hub does not know the token", async () => {
    const refusal = new TokenError("ERR_HF_INVALID_TOKEN", "no", { status: 401 });
    await assert.rejects(sign(refusal, { source: "flag:--token-stdin" }), (error) => {
      assert.ok(code("ERR_HF_INVALID_TOKEN")(error));
      assert.match(error instanceof Error ? error.message : "", /flag:--token-stdin/);
      return true;
    });
    assert.deepEqual(readdirSync(home), []);
  });

  it("refuses tokens of organisations: by their letters before they travel, and by the Hub's word", async () => {
    const { connect, asked } = hubAnswering(user());
    const org = Secret.of(`api_org_${"o".repeat(34)}`);
    await assert.rejects(sign(undefined, { connect, token: org }), code("ERR_HF_ORG_TOKEN"));
    assert.deepEqual(asked, []);
    await assert.rejects(sign({ type: "org", name: "acme" }), code("ERR_HF_ORG_TOKEN"));
    assert.deepEqual(readdirSync(home), []);
  });

  it("sends no token in clear", async () => {
    const { connect, asked } = hubAnswering(user());
    await assert.rejects(
      sign(undefined, { connect, endpoint: "http://hub.acme.io" }),
      code("ERR_HF_INSECURE_ENDPOINT"),
    );
    assert.deepEqual(asked, []);
  });

  it("says what hides the new login", async () => {
    const report = await sign(user(), { env: { HF_TOKEN: value("env") } });
    assert.equal(report.overriddenBy, "env:HF_TOKEN");
  });

  it("remembers another endpoint, and adds a second one", async () => {
    await sign(user(), { endpoint: "https://hub.acme.io" });
    assert.match(text("latchkey.json"), /"https:\/\/hub\.acme\.io"/);
    assert.ok(!text("latchkey.json").includes(token.expose()));
    await sign(user());
    assert.match(text("latchkey.json"), /"https:\/\/huggingface\.co"/);
  });

  it("keeps a copy of a store that it can't read, and takes over what it can, when told to", async () => {
    const json = JSON.stringify({ tokens: { rust: { token: value("rust") } } });
    writeFileSync(join(home, "stored_tokens"), json);
    await assert.rejects(sign(user()), code("ERR_HF_STORE_UNREADABLE"));
    assert.equal(text("stored_tokens"), json);
    const report = await sign(user(), { onUnreadable: "import" });
    assert.deepEqual(report.imported, ["rust"]);
    assert.equal(readFileSync(report.copy ?? "", "utf8"), json);
    assert.match(text("stored_tokens"), /\[oauth-ada\][^]*\[rust\]/);
  });
});
