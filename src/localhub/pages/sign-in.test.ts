import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import type { Browser } from "../../../test/support/browser.ts";
import { createBrowser } from "../../../test/support/browser.ts";
import { locationOf, NASTY, passwordOf, seedOfPages, signIn } from "../../../test/support/pages.ts";
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

describe("the sign-in page", () => {
  it("signs in with the user's password, and out again", async () => {
    assert.match((await browser.open("/")).text, /You are not signed in/);
    const answer = await signIn(hub, browser, "carol");
    assert.deepEqual([answer.status, locationOf(answer)], [303, "/"]);
    const home = await browser.open("/");
    assert.match(home.text, /Signed in as <strong>carol<\/strong>/);
    await browser.submit(home, "/logout");
    assert.equal(browser.cookies.size, 0);
    assert.match((await browser.open("/")).text, /You are not signed in/);
  });

  it("ends the session on the hub too, not only in the browser", async () => {
    await signIn(hub, browser, "carol");
    const kept = new Map(browser.cookies);
    await browser.submit(await browser.open("/"), "/logout");
    for (const [name, value] of kept) browser.cookies.set(name, value);
    assert.match((await browser.open("/")).text, /You are not signed in/);
  });

  it("refuses a wrong password and an unknown name with the same words, and keeps the name", async () => {
    for (const username of ["carol", "nobody", "", NASTY]) {
      const answer = await browser.submit(await browser.open("/login"), "/login", { username, password: "" });
      assert.equal(answer.status, 401);
      assert.match(answer.text, /role="alert"[^>]*>User name or password is wrong\./);
      assert.ok(!answer.text.includes("<script"));
    }
    assert.match((await browser.open("/")).text, /You are not signed in/);
  });

  it("makes passwords at the start, another one for each user and each hub", async () => {
    const other = await startLocalhub();
    const all = ["carol", "bob"].flatMap((name) => [passwordOf(hub, name), other.model.users.get(name)?.password]);
    await other.close();
    assert.equal(new Set(all).size, 4);
    assert.equal(passwordOf(hub, "mallory"), "known words");
  });

  it("gives a cookie that scripts and other sites do not get, and that another hub's does not replace", async () => {
    const { headers } = await signIn(hub, browser, "carol");
    const port = new URL(hub.url).port;
    assert.match(
      String(headers["set-cookie"]),
      new RegExp(`^localhub_${port}=[\\w-]{32}; Path=/; HttpOnly; SameSite=Lax; Max-Age=\\d+$`),
    );
  });

  it("takes a new id at sign-in, and never one that was brought", async () => {
    await browser.open("/login");
    const [[name, early] = ["", ""]] = [...browser.cookies];
    await signIn(hub, browser, "carol");
    assert.notEqual(browser.cookies.get(name), early);
    const thief = createBrowser(hub.url);
    thief.cookies.set(name, early);
    assert.match((await thief.open("/")).text, /You are not signed in/);
    thief.cookies.set(name, "brought-along");
    await thief.open("/login");
    assert.notEqual(thief.cookies.get(name), "brought-along");
  });

  it("goes on to a path of this hub and to nothing else", async () => {
    const evil = [
      "https://evil.example/",
      "//evil.example/x",
      "//evil.example",
      "/\\evil.example",
      "/\t/evil.example",
      "/.//evil.example",
    ];
    for (const next of [...evil, "javascript:alert(1)", "evil", "", "http:evil"]) {
      const fresh = createBrowser(hub.url);
      const answer = await signIn(hub, fresh, "carol", `/login?next=${encodeURIComponent(next)}`);
      assert.deepEqual([answer.status, locationOf(answer)], [303, "/"], next);
      const again = await fresh.send("GET", `/login?next=${encodeURIComponent(next)}`);
      assert.equal(locationOf(again), "/", next);
    }
    const good = await signIn(hub, browser, "carol", `/login?next=${encodeURIComponent("/acme/gated-auto?a=1")}`);
    assert.equal(locationOf(good), "/acme/gated-auto?a=1");
  });

  it("forgets sessions that are too old", async () => {
    let at = Date.now();
    const clocked = await startLocalhub({ now: () => at });
    const visitor = createBrowser(clocked.url);
    const password = clocked.model.users.get("carol")?.password ?? "";
    await visitor.submit(await visitor.open("/login"), "/login", { username: "carol", password });
    assert.match((await visitor.open("/")).text, /Signed in as/);
    at += 13 * 3600_000;
    const late = await visitor.open("/");
    await clocked.close();
    assert.match(late.text, /You are not signed in/);
  });
});
