import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import type { Answer, Browser } from "../../../test/support/browser.ts";
import { createBrowser, unescapeHtml } from "../../../test/support/browser.ts";
import { locationOf, NASTY, seedOfPages, signIn } from "../../../test/support/pages.ts";
import type { Localhub } from "../server.ts";
import { startLocalhub } from "../server.ts";
import { STYLE_HASH } from "./style.ts";

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

describe("every page", () => {
  const nastyRepo = `/mallory/${encodeURIComponent(NASTY.replaceAll("/", ""))}`;
  const paths = [
    "/",
    "/login",
    "/alice/tiny-model",
    "/datasets/alice/tiny-dataset",
    "/spaces/alice/tiny-space",
    nastyRepo,
  ];
  const inner = ["/settings/tokens", "/settings/gated-repos", `${nastyRepo}/access-requests`, "/no/where", "/nowhere"];

  async function all(): Promise<Answer[]> {
    const answers: Answer[] = [];
    for (const path of [...paths, "/no/where"]) answers.push(await browser.send("GET", path));
    await signIn(hub, browser, "mallory");
    for (const path of [...paths.filter((path) => path !== "/login"), ...inner]) answers.push(await browser.open(path));
    const visitor = createBrowser(hub.url);
    await signIn(hub, visitor, "carol");
    const repo = hub.model.repos.get(`models/mallory/${NASTY.replaceAll("/", "").toLowerCase()}`);
    assert.ok(repo);
    repo.access = [];
    const form = await visitor.open(nastyRepo);
    answers.push(form, await visitor.submit(form, `${nastyRepo}/ask-access`, { [NASTY]: NASTY }));
    return answers;
  }

  it("runs nothing that a name, a file or a field brings", async () => {
    for (const { path, text } of await all()) {
      assert.ok(!/<script|<img/i.test(text), path);
      // Inside tags: no attribute that we do not write. Names of events would be the sign.
      for (const [tag] of text.matchAll(/<[a-z][^>]*>/gi))
        assert.ok(!/\son\w+=/i.test(tag.replace(/"[^"]*"/g, "")), tag);
    }
    const page = await browser.open(nastyRepo);
    assert.ok(unescapeHtml(page.text).includes(NASTY), "the words are there, as words");
  });

  it("has the headers that keep it to itself", async () => {
    for (const { path, headers } of await all()) {
      const policy = String(headers["content-security-policy"]).split("; ");
      assert.deepEqual(
        policy,
        [
          "default-src 'none'",
          `style-src '${STYLE_HASH}'`,
          "form-action 'self'",
          "frame-ancestors 'none'",
          "base-uri 'none'",
        ],
        path,
      );
      assert.equal(headers["x-content-type-options"], "nosniff", path);
      assert.equal(headers["referrer-policy"], "same-origin", path);
      assert.equal(headers["cache-control"], "no-store", path);
      assert.match(String(headers["content-type"]), /^text\/html; charset=utf-8$/, path);
    }
  });

  it("can be read by all: language, title, one heading of the first rank, a label for each field, no id twice", async () => {
    for (const { path, text } of await all()) {
      assert.match(text, /^<!doctype html>\n<html lang="en">/, path);
      assert.match(text, /<title>[^<]+ · localhub<\/title>/, path);
      assert.match(text, /<meta name="viewport" content="width=device-width, initial-scale=1">/, path);
      assert.equal([...text.matchAll(/<h1>/g)].length, 1, path);
      const ids = [...text.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
      assert.equal(new Set(ids).size, ids.length, path);
      const labels = new Set([...text.matchAll(/<label[^>]* for="([^"]*)"/g)].map(([, id]) => id));
      const wrapped = new Set([...text.matchAll(/<label class="choice">(<input[^>]*>)/g)].map(([, tag]) => tag));
      for (const [tag] of text.matchAll(/<(?:input|select)\b[^>]*>/g)) {
        const id = /\sid="([^"]*)"/.exec(tag)?.[1];
        assert.ok(tag.includes('type="hidden"') || labels.has(id) || wrapped.has(tag), `${path}: ${tag}`);
      }
      for (const [, target] of text.matchAll(/aria-describedby="([^"]*)"/g)) {
        for (const id of (target ?? "").split(" ")) assert.ok(ids.includes(id), `${path}: ${id}`);
      }
    }
  });

  it("is HTML for people and JSON for programs also when there is nothing", async () => {
    const missing = await browser.send("GET", "/no/where");
    assert.deepEqual([missing.status, missing.headers["x-error-code"]], [401, "RepoNotFound"]);
    assert.match(missing.text, /<h1>Not found<\/h1>/);
    const json = await browser.send("GET", "/no/where", { headers: { accept: "application/json" } });
    assert.match(String(json.headers["content-type"]), /^application\/json/);
    await signIn(hub, browser, "carol");
    assert.equal((await browser.open("/no/where")).status, 404);
    // A private repo looks exactly like one that is not there.
    const words = ({ status, text }: Answer): unknown => [status, /<main[\s\S]*<\/main>/.exec(text)?.[0]];
    assert.deepEqual(words(await browser.open("/alice/private-model")), words(await browser.open("/alice/none")));
    const disabled = await browser.open("/acme/disabled-model");
    assert.deepEqual([disabled.status, disabled.text.includes("Access to this resource is disabled.")], [403, true]);
  });

  it("lists what the visitor may see", async () => {
    assert.ok(!(await browser.open("/")).text.includes("private-model"));
    await signIn(hub, browser, "alice");
    const { text } = await browser.open("/");
    assert.match(text, /href="\/alice\/private-model"/);
    assert.match(text, /href="\/datasets\/acme\/gated-dataset"/);
    assert.ok(!text.includes("disabled-model"));
  });

  it("of a repo shows its README as text, and its files with links where they may be read", async () => {
    const open = (await browser.open("/alice/tiny-model")).text;
    assert.match(open, /<h2>README<\/h2>\n<pre># alice\/tiny-model\n/);
    assert.match(
      open,
      /href="\/alice\/tiny-model\/resolve\/main\/onnx\/sub%20folder\/%C3%BCn%C3%AF%20code%20%231\.txt"/,
    );
    const shut = (await browser.open("/acme/gated-auto")).text;
    assert.match(shut, /href="\/acme\/gated-auto\/resolve\/main\/README\.md"/);
    assert.ok(shut.includes("model.safetensors") && !shut.includes('main/model.safetensors"'));
    assert.match((await browser.open("/alice/tiny-model/tree/dev")).text, /at <code>dev<\/code>/);
    assert.equal((await browser.open("/alice/tiny-model/tree/none")).status, 404);
    const moved = await browser.send("GET", "/acme/old-model");
    assert.deepEqual([moved.status, locationOf(moved)], [307, "/acme/renamed-model"]);
  });
});
