import type { Localhub } from "../../src/localhub/index.ts";
import type { Answer, Browser } from "../support/browser.ts";
import { unescapeHtml } from "../support/browser.ts";
import type { Stage } from "./stage.ts";
import { check } from "./stage.ts";

/** What somebody does in a browser: opens pages, fills forms in, presses buttons. Cookies and form tokens are real. */
export async function askForAccess(stage: Stage, hub: Localhub, browser: Browser, repo: string): Promise<void> {
  stage.say(`In the browser: ${hub.url}/${repo}`);
  const page = await browser.open(`/${repo}`);
  const words = /<section class="card"><h2>([^<]*)/.exec(page.text)?.[1];
  check(words !== undefined, "the page of the model has no word about its gate");
  stage.say(`  the page says: ${unescapeHtml(words)}`);

  const login = /href="(\/login[^"]*)"/.exec(page.text)?.[1];
  check(login !== undefined, "the page of the model has no way to sign in");
  const user = hub.model.users.get("ada");
  check(user !== undefined, "the seed has no ada");
  const signedIn = await browser.submit(await browser.open(unescapeHtml(login)), "/login", {
    next: `/${repo}`,
    username: user.name,
    password: user.password,
  });
  check(signedIn.status === 303, `signing in at the web page answered ${signedIn.status}`);
  stage.say(`  ada signs in with her password`);

  const form = await browser.open(`/${repo}`);
  const answers = { "What do you want to use it for": "Learning", Country: "NZ", "I agree to the licence": "true" };
  const shown = Object.entries(answers).map(([label, value]) => `${label}: ${value === "true" ? "✓" : value}`);
  stage.say(`  ada fills the form in: ${shown.join(" · ")}`);
  const sent = await browser.submit(form, `/${repo}/ask-access`, answers);
  check(sent.status === 303, `the gate form answered ${sent.status}`);
  const state = statusIn(await browser.open(`/${repo}`));
  stage.say(`  the page says: ${state}`);
  check(state.includes("You have been granted access to this model"), "access was not granted");
}

/** Makes a read token and answers its value, which the page shows once. */
export async function makeToken(stage: Stage, hub: Localhub, browser: Browser): Promise<string> {
  stage.say(`In the browser: ${hub.url}/settings/tokens`);
  const page = await browser.open("/settings/tokens");
  await browser.submit(page, "/settings/tokens", { name: "my-laptop", role: "read" });
  const shown = await browser.open("/settings/tokens");
  const token = /id="new-token">(hf_[A-Za-z]{34})</.exec(shown.text)?.[1];
  check(token !== undefined, "the page of access tokens shows no new token");
  stage.guard(token);
  const again = await browser.open("/settings/tokens");
  check(!again.text.includes(token), "the page of access tokens shows the token a second time");
  stage.say(`  ada generates a token of type Read, named my-laptop, and copies it: hf_…${token.slice(-4)}`);
  stage.say("  (the page shows it once; opened again it does not)");
  return token;
}

function statusIn({ text }: Answer): string {
  const status = /role="status">([\s\S]*?)<\/(?:p|div)>/.exec(text)?.[1] ?? "nothing";
  return unescapeHtml(status.replace(/<[^>]*>/g, ""))
    .replace(/\s+/g, " ")
    .trim();
}
