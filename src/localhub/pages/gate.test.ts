import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import type { Answer, Browser } from "../../../test/support/browser.ts";
import { createBrowser } from "../../../test/support/browser.ts";
import { locationOf, NASTY, seedOfPages, signIn, statusOf } from "../../../test/support/pages.ts";
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

describe("the page of a gated repo", () => {
  const good = {
    Company: "Carol & <Co>",
    Country: "NZ",
    "I want to use it for": "Teaching",
    "I agree to the licence": "true",
  };
  const submit = async (repo: string, fields: Record<string, string>): Promise<Answer> =>
    browser.submit(await browser.open(`/${repo}`), `/${repo}/ask-access`, fields);

  it("sends the anonymous to the sign-in page and back", async () => {
    const { text, status } = await browser.open("/acme/gated-auto");
    assert.equal(status, 200);
    assert.match(text, /Ask for access to this model/);
    assert.match(text, /href="\/login\?next=%2Facme%2Fgated-auto">Sign in to ask for access/);
    assert.ok(!text.includes("/ask-access"));
  });

  it("shows every declared field with its label", async () => {
    await signIn(hub, browser, "carol");
    const { text } = await browser.open("/acme/gated-auto");
    assert.match(text, /<label for="field-0">Company<\/label><input type="text" id="field-0" name="Company" required/);
    assert.match(text, /<label for="field-1">Country<\/label><select id="field-1"/);
    assert.match(text, /<option value="NZ">New Zealand<\/option>/);
    assert.match(text, /<option value="Teaching">Teaching<\/option>/);
    assert.match(text, /<label class="choice" for="field-3"><input type="checkbox" value="true" id="field-3"/);
    assert.match((await browser.open("/acme/birthdays")).text, /<input type="date" id="field-0" name="Born"/);
  });

  it("opens an automatic gate at once", async () => {
    await signIn(hub, browser, "carol");
    const answer = await submit("acme/gated-auto", good);
    assert.deepEqual([answer.status, locationOf(answer)], [303, "/acme/gated-auto"]);
    assert.match((await browser.open("/acme/gated-auto")).text, /You have been granted access to this model/);
    const kept = hub.model.repos.get("models/acme/gated-auto")?.access.find((one) => one.user === "carol");
    assert.deepEqual(kept?.fields, { ...good, "I agree to the licence": true });
  });

  it("tells each state of a request that is reviewed", async () => {
    await signIn(hub, browser, "carol");
    const repo = hub.model.repos.get("models/acme/birthdays") ?? assert.fail();
    const page = async (): Promise<string> => (await browser.open("/acme/birthdays")).text;
    assert.match(await page(), />Request access<\/button>/);
    await submit("acme/birthdays", { Born: "2001-02-28", Country: "NZ" });
    const sent = await page();
    assert.match(sent, /role="status">Your request was sent\./);
    assert.match(sent, /awaiting a review/);
    assert.ok(!(await page()).includes("Your request was sent."), "a notice is said once");
    const [request] = repo.access;
    assert.ok(request);
    Object.assign(request, { status: "rejected", rejectionReason: `no ${NASTY}` });
    assert.match(await page(), /has been rejected[\s\S]*Their reason: no &quot;&gt;&lt;script&gt;/);
    assert.ok(!(await page()).includes("ask-access"));
    request.status = "accepted";
    assert.match(await page(), /You have been granted access to this model/);
    request.status = "reset";
    assert.match(await page(), /has been reset[\s\S]*>Request access<\/button>/);
    await submit("acme/birthdays", { Born: "2001-02-28", Country: "NZ" });
    assert.equal(statusOf(hub, "acme/birthdays", "carol"), "pending");
  });

  it("refuses answers that are missing or not of the declared kind, and keeps the others", async () => {
    await signIn(hub, browser, "carol");
    const none = await submit("acme/gated-auto", { ...good, Country: "Narnia", "I agree to the licence": "" });
    assert.equal(none.status, 400);
    assert.match(none.text, /<title>Error: /);
    assert.match(none.text, /role="alert"[\s\S]*<a href="#field-1">Country<\/a>: Choose one of the list\./);
    assert.match(none.text, /<a href="#field-3">I agree to the licence<\/a>: Tick this box/);
    assert.match(
      none.text,
      /id="field-1" name="Country" required aria-invalid="true" aria-describedby="field-1-wrong"/,
    );
    assert.match(none.text, /value="Carol &amp; &lt;Co&gt;"/);
    assert.match(none.text, /<option value="Teaching" selected>/);
    for (const Born of ["2001-02-29", "yesterday", ""]) {
      assert.equal((await submit("acme/birthdays", { Born, Country: "NZ" })).status, 400, Born);
    }
    assert.equal((await submit("acme/gated-auto", { ...good, "I want to use it for": "Else" })).status, 400);
    assert.equal((await submit("acme/gated-auto", { ...good, Company: " " })).status, 400);
    assert.equal(statusOf(hub, "acme/gated-auto", "carol"), undefined);
    assert.equal(statusOf(hub, "acme/birthdays", "carol"), undefined);
  });

  it("still takes requests by token, with the API's answers", async () => {
    const headers = { authorization: `Bearer ${hub.tokens["carol-read"]}`, "content-type": "application/json" };
    const byToken = await browser.send("POST", "/acme/gated-auto/ask-access", { headers, body: "{}" });
    assert.deepEqual([byToken.status, locationOf(byToken)], [303, `${hub.url}/acme/gated-auto`]);
    assert.equal(statusOf(hub, "acme/gated-auto", "carol"), "accepted");
    assert.equal((await browser.send("POST", "/acme/gated-manual/ask-access", { body: "{}" })).status, 401);
  });

  it("shows the authors the requests, and lets them accept and reject", async () => {
    const path = "/acme/gated-manual/access-requests";
    assert.equal(locationOf(await browser.send("GET", path)), `/login?next=${encodeURIComponent(path)}`);
    await signIn(hub, browser, "carol");
    assert.equal((await browser.open(path)).status, 403);
    const stranger = await browser.open("/acme/gated-manual");
    assert.ok(!stranger.text.includes(path));
    const owner = createBrowser(hub.url);
    await signIn(hub, owner, "alice");
    assert.match((await owner.open("/acme/gated-manual")).text, new RegExp(`href="${path}"`));
    const page = await owner.open(path);
    assert.match(page.text, /Waiting for review[\s\S]*<dt>Company<\/dt><dd>Carol &amp; Co<\/dd>/);
    await owner.submit(page, path, { reason: "not yet" }, "Reject");
    assert.equal(statusOf(hub, "acme/gated-manual", "carol"), "rejected");
    assert.match((await browser.open("/acme/gated-manual")).text, /Their reason: not yet/);
    const rejected = await owner.open(path);
    assert.match(rejected.text, /role="status">carol was rejected\./);
    await owner.submit(rejected, path, {}, "Accept");
    assert.equal(statusOf(hub, "acme/gated-manual", "carol"), "accepted");
    assert.match((await browser.open("/settings/gated-repos")).text, /acme\/gated-manual[\s\S]*>Accepted</);
    // Another's session with its own good token is not enough: the right counts.
    const forged = await browser
      .submit(await browser.open("/"), "/logout", {})
      .then(() => signIn(hub, browser, "carol"));
    assert.equal(forged.status, 303);
    const form = { _csrf: /name="_csrf" value="([^"]+)"/.exec((await browser.open("/")).text)?.[1] ?? "" };
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const body = new URLSearchParams({ ...form, user: "carol", status: "rejected" }).toString();
    assert.equal((await browser.send("POST", path, { headers, body })).status, 403);
    assert.equal(statusOf(hub, "acme/gated-manual", "carol"), "accepted");
  });
});
