import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { systemClock } from "../core/clock.ts";
import { TokenError } from "../core/errors.ts";
import type { HfErrorCode } from "../core/errors.ts";
import type { Environment } from "../core/ports.ts";
import { Secret } from "../core/secret.ts";
import { createFileTokenStore } from "./file-token-store.ts";
import { credentialOf, resolveToken } from "./resolve.ts";
import type { SourceReading, TokenResolution, TokenSource } from "./resolve.ts";
import { overridingSource, tokenSources } from "./sources.ts";
import { planLogin } from "./store-plans.ts";
import { surveySources } from "./survey.ts";
import { lookAlikes } from "./token-variables.ts";
import type { TokenStore } from "./token-store.ts";
import { trustEndpoint } from "./trust.ts";

const HUB = "https://huggingface.co";
const ACME = "https://hub.acme.io";
const value = (text: string): string => `hf_${text.padEnd(34, "s")}`;
const secret = (text: string): Secret => Secret.of(value(text));

const source = (name: string, reading: SourceReading): TokenSource => ({ name, read: async () => reading });
const found = (text: string): SourceReading => ({ kind: "found", token: secret(text) });
const refused: SourceReading = { kind: "refused", error: new TokenError("ERR_HF_TOKEN_REFUSED", "no ID token") };
const absent: SourceReading = { kind: "absent" };

let home: string;
let store: TokenStore;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "latchkey-sources-"));
  store = createFileTokenStore({
    tokenPath: join(home, "token"),
    storedTokensPath: join(home, "stored_tokens"),
    platform: process.platform,
    clock: systemClock,
  });
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function resolve(env: Environment, endpoint = HUB, implicit = true): Promise<TokenResolution> {
  return resolveToken(tokenSources({ env, endpoint, store, implicit }));
}

const winner = (resolution: TokenResolution): string =>
  resolution.kind === "anonymous" ? "nobody" : `${resolution.kind} ${resolution.source.replace(home, "~")}`;
const tokenOf = (resolution: TokenResolution): string | undefined =>
  resolution.kind === "found" ? resolution.token.expose() : undefined;
const codeOf = (resolution: TokenResolution): HfErrorCode | undefined =>
  resolution.kind === "refused" ? resolution.error.code : undefined;

const saveAt = (name: string, token: Secret, origin: string): Promise<unknown> =>
  store.write((now) => planLogin(now, { name, token, origin }));

describe("resolveToken()", () => {
  it("takes the first that is found, and names those passed over", async () => {
    const resolution = await resolveToken([
      source("one", absent),
      source("two", found("2")),
      source("three", found("3")),
    ]);
    assert.equal(winner(resolution), "found two");
    assert.deepEqual(resolution.passed, ["one"]);
  });

  it("stops at a source that refuses, rather than falling through to another identity", async () => {
    const never: TokenSource = { name: "file", read: () => assert.fail("asked after a refusal") };
    assert.equal(winner(await resolveToken([source("oidc", refused), never])), "refused oidc");
  });

  it("is anonymous when nobody answers", async () => {
    assert.deepEqual(await resolveToken([source("one", absent)]), { kind: "anonymous", passed: ["one"] });
  });
});

describe("credentialOf()", () => {
  it("binds the token to the endpoint's origin", () => {
    const resolution: TokenResolution = { kind: "found", token: secret("c"), source: "env:HF_TOKEN", passed: [] };
    const credential = credentialOf(resolution, `${ACME}/hf`);
    assert.deepEqual([credential?.origin, credential?.source], [ACME, "env:HF_TOKEN"]);
    assert.equal(credentialOf({ kind: "anonymous", passed: [] }, HUB), undefined);
    assert.throws(() => credentialOf({ ...refused, source: "oidc", passed: [] } as TokenResolution, HUB), TokenError);
  });
});

describe("tokenSources()", () => {
  it("asks in this order", () => {
    const explicit = { token: secret("e"), source: "flag:--token" };
    const names = tokenSources({ env: {}, endpoint: HUB, store, explicit }).map(({ name }) => name);
    assert.deepEqual(names, [
      "flag:--token",
      "oidc",
      "env:HF_TOKEN",
      "env:HUGGING_FACE_HUB_TOKEN",
      `file:${join(home, "token")}`,
      "env:HUGGINGFACE_TOKEN",
    ]);
    const only = tokenSources({ env: {}, endpoint: HUB, store, explicit, implicit: false });
    assert.deepEqual(
      only.map(({ name }) => name),
      ["flag:--token"],
    );
  });

  it("lets each place hide those behind it", async () => {
    writeFileSync(join(home, "token"), value("file"));
    const env: Record<string, string> = { HUGGINGFACE_TOKEN: value("deprecated") };
    assert.equal(winner(await resolve(env)), "found file:~/token");
    env["HUGGING_FACE_HUB_TOKEN"] = value("legacy");
    assert.equal(winner(await resolve(env)), "found env:HUGGING_FACE_HUB_TOKEN");
    env["HF_TOKEN"] = value("main");
    assert.equal(winner(await resolve(env)), "found env:HF_TOKEN");
    env["HF_OIDC_RESOURCE"] = "acme/tiny";
    assert.equal(winner(await resolve(env)), "refused oidc");
    rmSync(join(home, "token"));
    const last = await resolve({ HUGGINGFACE_TOKEN: value("deprecated") });
    assert.equal(winner(last), "found env:HUGGINGFACE_TOKEN");
    assert.match(last.kind === "found" ? (last.warnings ?? []).join() : "", /deprecated.*HF_TOKEN/);
  });

  it("cleans first, then chooses: a variable of blanks is as good as none", async () => {
    const legacy = value("legacy");
    for (const blank of ["", " ", "\n", '""']) {
      assert.equal(tokenOf(await resolve({ HF_TOKEN: blank, HUGGING_FACE_HUB_TOKEN: legacy })), legacy);
    }
    writeFileSync(join(home, "token"), `${value("file")}\r\n`);
    assert.equal(tokenOf(await resolve({ HF_TOKEN: " " })), value("file"));
    writeFileSync(join(home, "token"), " \n ");
    assert.equal(winner(await resolve({})), "nobody");
  });

  it("warns of what it cleaned, by the name of the variable", async () => {
    const resolution = await resolve({ HF_TOKEN: `'Bearer ${value("x")}'` });
    assert.equal(tokenOf(resolution), value("x"));
    assert.match(resolution.kind === "found" ? (resolution.warnings ?? []).join() : "", /HF_TOKEN had quotes/);
  });

  it("refuses a variable that holds no token, rather than use another identity", async () => {
    writeFileSync(join(home, "token"), value("file"));
    const resolution = await resolve({ HF_TOKEN: "hf_abc def" });
    assert.equal(winner(resolution), "refused env:HF_TOKEN");
    assert.match(resolution.kind === "refused" ? resolution.error.message : "", /HF_TOKEN.*blank in the middle/);
  });

  it("does not fall through a token file that can't be read", async () => {
    mkdirSync(join(home, "token"));
    const resolution = await resolve({ HUGGINGFACE_TOKEN: value("deprecated") });
    assert.equal(codeOf(resolution), "ERR_HF_TOKEN_FILE");
  });

  it("knows the saved login's name and expiry", async () => {
    writeFileSync(join(home, "token"), value("o"));
    writeFileSync(join(home, "stored_tokens"), `[oauth-ada]\nhf_token = ${value("o")}\nexpires_at = 1767225600\n`);
    const resolution = await resolve({});
    assert.ok(resolution.kind === "found");
    assert.equal(resolution.tokenName, "oauth-ada");
    assert.equal(resolution.expiresAt?.toISOString(), "2026-01-01T00:00:00.000Z");
  });
});

describe("where a token may go", () => {
  it("binds variables to the endpoint in use, and never lets them out in clear", async () => {
    const env = { HF_TOKEN: value("env") };
    assert.equal(winner(await resolve(env, ACME)), "found env:HF_TOKEN");
    assert.equal(winner(await resolve(env, "http://127.0.0.1:1")), "found env:HF_TOKEN");
    assert.equal(codeOf(await resolve(env, "http://hub.acme.io")), "ERR_HF_INSECURE_ENDPOINT");
    assert.equal(winner(await resolve({}, "http://hub.acme.io")), "nobody");
  });

  it("refuses even the caller's own token in clear", async () => {
    const explicit = { token: secret("e"), source: "flag:--token" };
    const resolution = await resolveToken(tokenSources({ env: {}, endpoint: "http://hub.acme.io", store, explicit }));
    assert.equal(codeOf(resolution), "ERR_HF_INSECURE_ENDPOINT");
  });

  it("keeps a login of huggingface.co from another endpoint until the user trusts it", async () => {
    await saveAt("laptop", secret("hub"), HUB);
    const endpoint = "https://mirror.example";
    const before = await resolve({}, endpoint);
    assert.equal(codeOf(before), "ERR_HF_TOKEN_ENDPOINT");
    assert.match(before.kind === "refused" ? (before.error.hint ?? "") : "", /hf auth trust https:\/\/mirror\.example/);
    await trustEndpoint(store, endpoint);
    assert.equal(winner(await resolve({}, endpoint)), "found file:~/token");
    assert.equal(winner(await resolve({}, "http://localhost:4000")), "found file:~/token");
  });

  it("sends a login of another Hub back there alone", async () => {
    await saveAt("acme", secret("acme"), ACME);
    assert.equal(winner(await resolve({}, ACME)), "found file:~/token");
    assert.equal(codeOf(await resolve({}, HUB)), "ERR_HF_TOKEN_ENDPOINT");
    await trustEndpoint(store, "https://mirror.example");
    assert.equal(codeOf(await resolve({}, "https://mirror.example")), "ERR_HF_TOKEN_ENDPOINT");
  });

  it("uses no saved login when it can't read where they belong", async () => {
    await saveAt("acme", secret("acme"), ACME);
    writeFileSync(join(home, "latchkey.json"), "{");
    assert.equal(codeOf(await resolve({}, HUB)), "ERR_HF_STORE_UNREADABLE");
  });

  it("survives another tool that rewrites the store without our knowledge", async () => {
    await saveAt("acme", secret("acme"), ACME);
    const text = readFileSync(join(home, "stored_tokens"), "utf8");
    writeFileSync(join(home, "stored_tokens"), text.replace("[acme]", "[renamed]"));
    assert.equal(codeOf(await resolve({}, HUB)), "ERR_HF_TOKEN_ENDPOINT");
  });
});

describe("surveySources()", () => {
  it("tells of every source what it is and what hides it", async () => {
    const expired: SourceReading = { kind: "found", token: secret("x"), expiresAt: new Date(1000), tokenName: "old" };
    const unreadable: SourceReading = { kind: "refused", error: new TokenError("ERR_HF_TOKEN_FILE", "a folder") };
    const elsewhere: SourceReading = { kind: "refused", error: new TokenError("ERR_HF_TOKEN_ENDPOINT", "elsewhere") };
    const sources = [source("a", absent), source("b", expired), source("c", found("c")), source("d", unreadable)];
    const { resolution, sources: rows } = await surveySources([...sources, source("e", elsewhere)], 2000);
    assert.equal(winner(resolution), "found b");
    assert.deepEqual(
      rows.map((row) => [row.source, row.state, row.shadowedBy]),
      [
        ["a", "absent", undefined],
        ["b", "active", undefined],
        ["c", "shadowed", "b"],
        ["d", "unreadable", "b"],
        ["e", "wrong-endpoint", "b"],
      ],
    );
    assert.deepEqual([rows[1]?.expired, rows[1]?.tokenName], [true, "old"]);
    assert.equal(rows[2]?.token, "hf_****ssss");
    assert.ok(!JSON.stringify(rows).includes(value("c")));
  });

  it("shows that a refused source hides what comes after it", async () => {
    const { resolution, sources: rows } = await surveySources([source("oidc", refused), source("file", found("f"))], 0);
    assert.equal(winner(resolution), "refused oidc");
    assert.deepEqual(
      rows.map((row) => [row.state, row.shadowedBy]),
      [
        ["refused", undefined],
        ["shadowed", "oidc"],
      ],
    );
    assert.equal(rows[0]?.reason, "no ID token");
  });

  it("asks each source once", async () => {
    let asked = 0;
    const counting: TokenSource = { name: "a", read: async () => (asked++, found("a")) };
    await surveySources([counting], 0);
    assert.equal(asked, 1);
  });
});

describe("lookAlikes()", () => {
  it("names variables that nobody reads, without reading them", () => {
    const env: Record<string, string | undefined> = { HF_TOKEN: "x", PATH: "/bin" };
    for (const name of ["HF_API_TOKEN", "HUGGINGFACEHUB_API_TOKEN"]) {
      Object.defineProperty(env, name, { get: () => assert.fail("read"), enumerable: true });
    }
    assert.deepEqual(lookAlikes(env), ["HF_API_TOKEN", "HUGGINGFACEHUB_API_TOKEN"]);
  });
});

describe("overridingSource()", () => {
  it("names what would hide a saved login", () => {
    const token = secret("saved");
    assert.equal(overridingSource({}, token), undefined);
    assert.equal(overridingSource({ HF_TOKEN: token.expose() }, token), undefined);
    assert.equal(overridingSource({ HF_TOKEN: value("other") }, token), "env:HF_TOKEN");
    assert.equal(
      overridingSource({ HF_TOKEN: " ", HUGGING_FACE_HUB_TOKEN: value("o") }, token),
      "env:HUGGING_FACE_HUB_TOKEN",
    );
    assert.equal(overridingSource({ HF_OIDC_RESOURCE: "acme/tiny" }, token), "env:HF_OIDC_RESOURCE");
    assert.equal(overridingSource({ HUGGINGFACE_TOKEN: value("o") }, token), undefined);
  });
});
