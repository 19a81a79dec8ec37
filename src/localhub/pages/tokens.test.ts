import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import type { Answer, Browser } from "../../../test/support/browser.ts";
import { createBrowser } from "../../../test/support/browser.ts";
import { locationOf, seedOfPages, signIn } from "../../../test/support/pages.ts";
import type { Localhub } from "../server.ts";
import { startLocalhub } from "../server.ts";

let hub: Localhub;
let browser: Browser;
before(async () => {
  hub = await startLocalhub({ seed: seedOfPages() });
});
after(() => hub.close());
beforeEach(async () => {
  await hub.reset();
  browser = createBrowser(hub.url);
});

describe("the page of access tokens", () => {
  const path = "/settings/tokens";
  const create = async (fields: Record<string, string | string[]>): Promise<Answer> =>
    browser.submit(await browser.open(path), path, fields);
  const made = ({ text }: Answer): string => /id="new-token">(hf_[A-Za-z]{34})</.exec(text)?.[1] ?? "";
  const whoami = (token: string): Promise<Answer> =>
    browser.send("GET", "/api/whoami-v2", { headers: { authorization: `Bearer ${token}` } });

  it("needs somebody signed in", async () => {
    assert.equal(locationOf(await browser.send("GET", path)), "/login?next=%2Fsettings%2Ftokens");
  });

  it("shows a new value once and never again, and others' and old ones never", async () => {
    await signIn(hub, browser, "carol");
    const before = await browser.open(path);
    assert.match(before.text, /<strong>carol-read<\/strong>/);
    for (const value of hub.model.tokens.keys()) assert.ok(!before.text.includes(value));
    assert.ok(!before.text.includes("alice-read"));
    assert.equal((await create({ name: "my-laptop", role: "read" })).status, 303);
    await browser.send("HEAD", path);
    const once = await browser.open(path);
    const value = made(once);
    assert.equal(hub.model.tokens.get(value)?.displayName, "my-laptop");
    assert.equal(once.headers["cache-control"], "no-store");
    const twice = await browser.open(path);
    assert.ok(!twice.text.includes(value));
    assert.ok(twice.text.includes(`<code>hf_…${value.slice(-4)}</code>`));
    assert.equal((await whoami(value)).status, 200);
  });

  it("has ticked what its address asks for, and nothing that does not exist", async () => {
    const address = `${path}/new?canReadGatedRepos=true&ownUserPermissions=repo.write&ownUserPermissions=x&tokenType=fineGrained`;
    assert.equal(locationOf(await browser.send("GET", address)), `/login?next=${encodeURIComponent(address)}`);
    await signIn(hub, browser, "carol");
    const { status, text } = await browser.open(address);
    const ticked = [...text.matchAll(/value="([\w.]+)" checked/g)].map(([, value]) => value);
    assert.deepEqual([status, ticked], [200, ["fineGrained", "canReadGatedRepos", "repo.write"]]);
    assert.ok(!text.includes('role="alert"'));
    const bare = await browser.open(`${path}/new`);
    assert.match(bare.text, /value="read" checked/);
  });

  it("makes read, write and fine-grained tokens with exactly what was ticked", async () => {
    await signIn(hub, browser, "carol");
    const roles: [Record<string, string | string[]>, unknown][] = [
      [{ name: "r", role: "read", right: ["repo.write"] }, undefined],
      [{ name: "w", role: "write" }, undefined],
      [
        { name: "f0", role: "fineGrained" },
        { canReadGatedRepos: false, global: [], scoped: [] },
      ],
      [
        { name: "f1", role: "fineGrained", right: ["canReadGatedRepos", "made-up"] },
        { canReadGatedRepos: true, global: [], scoped: [] },
      ],
    ];
    for (const [fields, want] of roles) {
      await create(fields);
      const answer: unknown = JSON.parse((await whoami(made(await browser.open(path)))).text);
      const { accessToken } = (answer as { auth: { accessToken: Record<string, unknown> } }).auth;
      assert.deepEqual([accessToken["role"], accessToken["fineGrained"]], [fields["role"], want]);
    }
    await create({ name: "f2", role: "fineGrained", right: ["repo.content.read", "repo.write"] });
    const token = hub.model.tokens.get(made(await browser.open(path)));
    assert.deepEqual(
      token?.fineGrained?.scoped.map(({ entity, permissions }) => [entity.name, permissions]),
      [["carol", ["repo.content.read", "repo.write"]]],
    );
  });

  it("refuses no name, a long one, one that is taken, and no type", async () => {
    await signIn(hub, browser, "carol");
    const bad: [Record<string, string>, RegExp][] = [
      [{ name: " ", role: "read" }, /Give the token a name/],
      [{ name: "n".repeat(101), role: "read" }, /at most 100/],
      [{ name: "carol-read", role: "read" }, /of that name already/],
      [{ name: "x", role: "admin" }, /Choose a type/],
    ];
    const count = hub.model.tokens.size;
    for (const [fields, words] of bad) {
      const answer = await create(fields);
      assert.equal(answer.status, 400);
      assert.match(answer.text, words);
    }
    assert.equal(hub.model.tokens.size, count);
  });

  it("revokes one's own tokens and nobody else's", async () => {
    await signIn(hub, browser, "carol");
    const action = `${path}/revoke`;
    const other = await browser.submit(await browser.open(path), action, { name: "alice-read" });
    assert.equal(other.status, 404);
    assert.equal((await whoami(hub.tokens["alice-read"] ?? "")).status, 200);
    await browser.submit(await browser.open(path), action, {}, 'value="carol-read"');
    assert.equal((await whoami(hub.tokens["carol-read"] ?? "")).status, 401);
    const after = (await browser.open(path)).text;
    assert.match(after, /role="status">Token carol-read was revoked\./);
    assert.ok(!after.includes("<strong>carol-read</strong>"));
  });
});
