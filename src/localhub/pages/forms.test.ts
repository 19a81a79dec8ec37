import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import type { Answer, Browser } from "../../../test/support/browser.ts";
import { createBrowser } from "../../../test/support/browser.ts";
import { passwordOf, seedOfPages, signIn, statusOf } from "../../../test/support/pages.ts";
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

describe("forms", () => {
  const ask = "/acme/gated-auto/ask-access";
  const answers = { Company: "C", Country: "NZ", "I want to use it for": "Other", "I agree to the licence": "true" };
  const post = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> =>
    browser.send("POST", path, {
      headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
      body: new URLSearchParams(fields).toString(),
    });
  const formTokenOf = ({ text }: Answer): string => /name="_csrf" value="([^"]+)"/.exec(text)?.[1] ?? "";

  it("are refused without the session's own token", async () => {
    await signIn(hub, browser, "carol");
    const other = createBrowser(hub.url);
    await signIn(hub, other, "bob");
    const foreign = formTokenOf(await other.open("/"));
    const own = formTokenOf(await browser.open("/"));
    assert.ok(foreign !== "" && own !== "" && foreign !== own);
    for (const token of ["", foreign, `${own}x`]) {
      for (const path of [
        ask,
        "/settings/tokens",
        "/settings/tokens/revoke",
        "/logout",
        "/acme/gated-auto/access-requests",
      ]) {
        const answer = await post(path, {
          ...answers,
          name: "x",
          role: "read",
          ...(token === "" ? {} : { _csrf: token }),
        });
        assert.equal(answer.status, 403, `${path} with ${token === "" ? "no token" : "a foreign token"}`);
        assert.match(String(answer.headers["content-type"]), /^text\/html/);
      }
    }
    assert.equal(statusOf(hub, "acme/gated-auto", "carol"), undefined);
    assert.match((await browser.open("/")).text, /Signed in as <strong>carol/);
    // The same, sent as it should be, works: the refusals above are about the token alone.
    assert.equal((await post(ask, { ...answers, _csrf: own })).status, 303);
    assert.equal(statusOf(hub, "acme/gated-auto", "carol"), "accepted");
  });

  it("of the sign-in page are refused without it too", async () => {
    assert.equal((await post("/login", { username: "carol", password: passwordOf(hub, "carol") })).status, 403);
    await browser.open("/login");
    assert.equal((await post("/login", { username: "carol", password: passwordOf(hub, "carol") })).status, 403);
  });

  it("are refused from other sites, and under other host names", async () => {
    await signIn(hub, browser, "carol");
    const token = formTokenOf(await browser.open("/"));
    const port = new URL(hub.url).port;
    const bad: Record<string, string>[] = [
      { origin: "http://evil.example" },
      { origin: "null" },
      { origin: `http://localhost:${Number(port) - 1}` },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
      { host: `evil.example:${port}` },
      { host: `evil.example:${port}`, origin: `http://evil.example:${port}` },
      { host: "localhost" },
      { host: `localhost.evil.example:${port}` },
    ];
    for (const headers of bad) {
      const answer = await post(ask, { ...answers, _csrf: token }, headers);
      assert.equal(answer.status, 403, JSON.stringify(headers));
    }
    assert.equal(statusOf(hub, "acme/gated-auto", "carol"), undefined);
    for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`]) {
      const headers = { host, origin: `http://${host}`, "sec-fetch-site": "same-origin" };
      assert.equal((await post(ask, { ...answers, _csrf: token }, headers)).status, 303, host);
    }
  });

  it("do not make the cookie a credential of the API's other calls", async () => {
    await signIn(hub, browser, "alice");
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ user: "carol", status: "accepted" });
    const path = "/api/models/acme/gated-manual/user-access-request/handle";
    assert.equal((await browser.send("POST", path, { headers, body })).status, 401);
    const settings = { headers, body: JSON.stringify({ private: false }) };
    assert.equal((await browser.send("PUT", "/api/models/alice/private-model/settings", settings)).status, 401);
    assert.equal(statusOf(hub, "acme/gated-manual", "carol"), "pending");
    // Reading is fine: links to files of private repos work in the browser.
    assert.equal((await browser.open("/alice/private-model/resolve/main/config.json")).status, 200);
  });

  it("too large are refused", async () => {
    await signIn(hub, browser, "carol");
    const token = formTokenOf(await browser.open("/"));
    assert.equal((await post(ask, { _csrf: token, Company: "x".repeat(70_000) })).status, 413);
  });
});
