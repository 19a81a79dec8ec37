import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { noChromium, openWindow, overflowOf, startChromium } from "./support/chromium.ts";
import type { Window, WindowOptions } from "./support/chromium.ts";
import { passwordOf, seedOfPages, statusOf } from "./support/pages.ts";
import { start } from "./support/running.ts";
import type { Running } from "./support/running.ts";
import { startWorld } from "./support/world.ts";
import type { World } from "./support/world.ts";

describe("in a real browser", { skip: noChromium }, () => {
  let world: World;
  let browser: Browser;
  let windows: Window[] = [];
  before(async () => {
    world = await startWorld({ seed: { ...seedOfPages(), oauth: { interval: 0.1, tellInterval: true } } });
    browser = await startChromium();
  });
  after(async () => {
    await browser?.close();
    await world?.close();
  });
  beforeEach(async () => {
    rmSync(world.home, { recursive: true, force: true });
    await world.hub.reset();
    windows = [];
  });

  const open = async (path: string, options: WindowOptions = {}): Promise<Page> => {
    const window = await openWindow(browser, options);
    windows.push(window);
    window.page.setDefaultTimeout(20_000);
    await window.page.goto(new URL(path, world.hub.url).href);
    return window.page;
  };
  const complaints = (): readonly string[] => windows.flatMap((window) => window.complaints);
  const press = (page: Page, name: string | RegExp): Promise<void> => page.getByRole("button", { name }).click();
  const heading = (page: Page): Promise<string> => page.getByRole("heading", { level: 1 }).innerText();
  const signIn = async (page: Page, user: string): Promise<void> => {
    await page.getByLabel("User name").fill(user);
    await page.getByLabel("Password").fill(passwordOf(world.hub, user));
    await press(page, "Sign in");
  };
  /** The program waits for the browser of this machine, which is ours. */
  const startWeb = async (): Promise<{ running: Running; address: string }> => {
    const running = start(world, ["auth", "login", "--web"], { DISPLAY: ":0", BROWSER: "true" });
    const [, address = ""] = await running.until(/^ {2}(http\S+)$/m);
    return { running, address };
  };

  it("signs the program in from this machine's browser, which says so", async () => {
    const { running, address } = await startWeb();
    const page = await open(address);
    await signIn(page, "carol");
    assert.equal(await heading(page), "Let Hugging Face CLI in?");
    assert.match(await page.locator("main").innerText(), /asks to act as carol[\s\S]*Read all repos that you may read/);
    await press(page, "Approve");
    await page.waitForURL(/^http:\/\/127\.0\.0\.1:\d+\/callback\?/);
    assert.equal(await heading(page), "You are signed in");
    const { exit, stdout, stderr } = await running.ended;
    assert.equal(exit, 0, stderr);
    assert.match(stdout, /as carol\n {2}saved as oauth-carol/);
    assert.match(readFileSync(join(world.home, "stored_tokens"), "utf8"), /^\[oauth-carol\]\nhf_token = hf_oauth_/);
    assert.deepEqual(complaints(), []);
  });

  it("shows the terms that hf access open leads to; hf access wait sees that the person has accepted them", async () => {
    const env = { HF_TOKEN: world.token("carol-read") };
    const { stdout } = await world.hf(["access", "open", "acme/gated-auto", "--no-browser"], { env });
    const waiting = start(world, ["access", "wait", "acme/gated-auto", "--interval", "1s"], env);
    await waiting.until(/carol has not asked for access[\s\S]*Asking again/);
    const page = await open(stdout.trim());
    await page.getByRole("link", { name: "Sign in to ask for access" }).click();
    await signIn(page, "carol");
    assert.equal(
      statusOf(world.hub, "acme/gated-auto", "carol"),
      undefined,
      "nothing was accepted before the person did",
    );
    await page.getByLabel("Company").fill("Carol & <Co>");
    await page.getByLabel("Country").selectOption("NZ");
    await page.getByLabel("I want to use it for").selectOption("Teaching");
    await page.getByLabel("I agree to the licence").check();
    await press(page, "Accept and get access");
    const { exit, stdout: verdict, stderr } = await waiting.ended;
    assert.equal(exit, 0, stderr);
    assert.match(verdict, /You may read model acme\/gated-auto[\s\S]*\(ok\)/);
    const asked = world.hub.journal.entries.filter(({ url }) => url.includes("ask-access"));
    assert.deepEqual(
      asked.map(({ headers }) => /chrom/i.test(headers["user-agent"] ?? "")),
      [true],
      "the browser alone has accepted",
    );
    assert.deepEqual(complaints(), []);
  });

  it("tells the program that the person said no", async () => {
    const { running, address } = await startWeb();
    const page = await open(address, { dark: true, width: 390 });
    await signIn(page, "carol");
    await press(page, "Deny");
    await page.waitForURL(/^http:\/\/127\.0\.0\.1:/);
    assert.equal(await heading(page), "You are not signed in");
    // A dark browser gets a dark page: its text would be unreadable on white.
    assert.equal(await page.evaluate("getComputedStyle(document.documentElement).colorScheme"), "light dark");
    const { exit, stderr } = await running.ended;
    assert.deepEqual([exit, /denied at the Hub/.test(stderr)], [3, true], stderr);
    assert.equal(existsSync(join(world.home, "token")), false);
    assert.deepEqual(complaints(), []);
  });

  it("lets a device in by its code, typed as people type, and says when the code is wrong", async () => {
    const running = start(world, ["auth", "login", "--device"]);
    const [, code = ""] = await running.until(/^ {2}([B-Z2-9]{4}-[B-Z2-9]{4})$/m);
    const [, address = ""] = await running.until(/^ {2}(http\S+)$/m);
    const page = await open(address, { width: 390 });
    await signIn(page, "carol");
    const field = page.getByLabel("Code on the device");
    await field.fill("BBBB-BBBB");
    await page.keyboard.press("Enter");
    assert.match(await page.getByRole("alert").innerText(), /No device waits with this code/);
    assert.equal(await field.getAttribute("aria-invalid"), "true");
    assert.equal(await field.inputValue(), "BBBB-BBBB");
    await field.fill(` ${code.toLowerCase().replace("-", "")} `);
    await press(page, "Continue");
    assert.match(await page.locator("main").innerText(), new RegExp(`show this code\\?\\s+${code}\\s`));
    await press(page, "Approve");
    assert.equal(await heading(page), "The device is signed in");
    assert.equal((await running.ended).exit, 0);
    assert.deepEqual(complaints(), []);
  });

  it("takes a licence and opens the files, at once where the gate is automatic", async () => {
    const carol = { env: { HF_TOKEN: world.token("carol-read") } };
    const refused = await world.hf(["download", "acme/gated-auto", "config.json"], carol);
    assert.equal(refused.exit, 4, refused.stderr);
    const page = await open("/acme/gated-auto");
    await page.getByRole("link", { name: "Sign in to ask for access" }).click();
    await signIn(page, "carol");
    await press(page, "Accept and get access");
    // What is missing is named, and each name leads to its field.
    await page.getByRole("alert").getByRole("link", { name: "Company" }).click();
    await page.keyboard.type("Carol & <Co>");
    assert.equal(await page.getByLabel("Company").inputValue(), "Carol & <Co>");
    await page.getByLabel("Country").selectOption({ label: "New Zealand" });
    await page.getByLabel("I want to use it for").selectOption("Teaching");
    await page.getByLabel("I agree to the licence").check();
    await press(page, "Accept and get access");
    assert.match(await page.getByRole("status").innerText(), /You have been granted access to this model/);
    await page.getByRole("link", { name: "config.json" }).waitFor();
    assert.equal((await world.hf(["download", "acme/gated-auto", "config.json"], carol)).exit, 0);
    assert.deepEqual(complaints(), []);
  });

  it("carries a request to the author and the answer back", async () => {
    const page = await open("/login?next=/acme/birthdays");
    await signIn(page, "carol");
    await page.getByLabel("Born").fill("1990-02-28");
    await page.getByLabel("Country").selectOption("NZ");
    await press(page, "Request access");
    assert.match(await page.locator("main").innerText(), /Your request was sent\.[\s\S]*awaiting a review/);
    const author = await open("/login?next=/acme/birthdays/access-requests");
    await signIn(author, "alice");
    await press(author, "Accept carol");
    assert.match(await author.getByRole("status").innerText(), /carol was accepted/);
    assert.equal(statusOf(world.hub, "acme/birthdays", "carol"), "accepted");
    await page.reload();
    assert.match(await page.getByRole("status").innerText(), /You have been granted access/);
    assert.deepEqual(complaints(), []);
  });

  it("runs nothing that a hostile repo brings, and scrolls no page sideways, on a phone either", async () => {
    const hostile = [...world.hub.model.repos.values()].find(({ id }) => id.startsWith("mallory/"))?.id ?? "";
    for (const options of [{ width: 320, dark: true }, { width: 1200 }]) {
      const page = await open("/login", options);
      await signIn(page, "mallory");
      const repo = `/${hostile.split("/").map(encodeURIComponent).join("/")}`;
      for (const path of [
        "/",
        repo,
        `${repo}/access-requests`,
        "/settings/tokens",
        "/oauth/device",
        "/acme/gated-auto",
      ]) {
        const answer = await page.goto(new URL(path, world.hub.url).href);
        assert.equal(answer?.status(), 200, path);
        assert.ok((await overflowOf(page)) <= 0, `${path} is wider than ${options.width}`);
      }
    }
    assert.deepEqual(complaints(), []);
  });
});
