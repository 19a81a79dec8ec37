import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Browser, Page } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** The Chromium of this machine. None is downloaded. */
export const CHROMIUM = (process.env["PATH"] ?? "")
  .split(delimiter)
  .flatMap((folder) => NAMES.map((name) => join(folder, name)))
  .find((path) => existsSync(path));

export const noChromium =
  CHROMIUM === undefined ? "no Chromium is installed (Debian: apt-get install chromium): pages were not tried" : false;

/** A person's window, and what the browser had to complain about in it. */
export interface Window {
  readonly page: Page;
  /** Errors of pages, refused parts, dialogs, requests to other machines. */
  readonly complaints: readonly string[];
}

export interface WindowOptions {
  readonly width?: number;
  readonly dark?: boolean;
}

export async function startChromium(): Promise<Browser> {
  const { chromium } = await import("playwright-core");
  const args = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"];
  // Chromium refuses its sandbox to root.
  if (process.getuid?.() === 0) args.push("--no-sandbox");
  return chromium.launch({ executablePath: CHROMIUM ?? "", args, timeout: 60_000 });
}

/** A window with cookies of its own. */
export async function openWindow(browser: Browser, { width = 900, dark = false }: WindowOptions = {}): Promise<Window> {
  const context = await browser.newContext({
    viewport: { width, height: 800 },
    colorScheme: dark ? "dark" : "light",
    locale: "en-GB",
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("console", (message) => {
    // A page that says what went wrong has such a status; that is no fault of the page.
    if (message.type() === "error" && !/responded with a status of 4\d\d/.test(message.text())) {
      complaints.push(`console: ${message.text()}`);
    }
  });
  page.on("dialog", (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    const { hostname } = new URL(request.url());
    if (hostname !== "localhost" && hostname !== "127.0.0.1") complaints.push(`request: ${request.url()}`);
  });
  return { page, complaints };
}

/** CSS pixels that the page is wider than its window. */
export async function overflowOf(page: Page): Promise<number> {
  return Number(await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"));
}
