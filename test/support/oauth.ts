import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import type { Localhub } from "../../src/localhub/index.ts";
import { createBrowser } from "./browser.ts";
import type { Answer, Browser } from "./browser.ts";
import { signIn } from "./pages.ts";

export const CLI_CLIENT = "26be6b09-91c5-47da-9861-d2d2bb7a7e36";

/** An answer of the token endpoint, or of another that speaks JSON. */
export interface Told {
  readonly status: number;
  readonly headers: Answer["headers"];
  readonly body: Record<string, unknown>;
}

export type Fields = Record<string, string | undefined>;

export async function postForm(
  hub: Localhub,
  path: string,
  fields: Fields,
  headers: Record<string, string> = {},
): Promise<Told> {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) form.set(name, value);
  return post(hub, path, form.toString(), { "content-type": "application/x-www-form-urlencoded", ...headers });
}

export async function postJson(hub: Localhub, path: string, value: unknown): Promise<Told> {
  return post(hub, path, JSON.stringify(value), { "content-type": "application/json" });
}

async function post(hub: Localhub, path: string, body: string, headers: Record<string, string>): Promise<Told> {
  const answer = await createBrowser(hub.url).send("POST", path, { headers, body });
  const { status, headers: told, text } = answer;
  return { status, headers: told, body: text.startsWith("{") ? (JSON.parse(text) as Record<string, unknown>) : {} };
}

/** A person signs in at the web page, enters the code of a device and answers. */
export async function answerDevice(
  hub: Localhub,
  userCode: string,
  { user = "carol", answer = "approve" }: { user?: string; answer?: string } = {},
): Promise<Answer> {
  const browser = createBrowser(hub.url);
  await signIn(hub, browser, user);
  const page = await browser.open(`/oauth/device?user_code=${encodeURIComponent(userCode)}`);
  assert.equal(page.status, 200, page.text);
  return browser.submit(page, "/oauth/device/answer", { answer });
}

/** A person opens the address that an application sent the browser to, and answers. Not followed from there. */
export async function answerAuthorize(
  hub: Localhub,
  address: string,
  { user = "carol", answer = "approve", browser = createBrowser(hub.url) }: AuthorizeOptions = {},
): Promise<Answer> {
  await signIn(hub, browser, user);
  const { pathname, search } = new URL(address);
  const page = await browser.open(pathname + search);
  assert.equal(page.status, 200, page.text);
  return browser.submit(page, "/oauth/authorize", { answer });
}

export interface AuthorizeOptions {
  readonly user?: string;
  readonly answer?: string;
  readonly browser?: Browser;
}

/** A login as a program gets it: by device code, approved at once. */
export async function deviceLogin(hub: Localhub, user = "carol"): Promise<Record<string, string>> {
  const started = await postForm(hub, "/oauth/device", { client_id: CLI_CLIENT });
  await answerDevice(hub, String(started.body["user_code"]), { user });
  const told = await postForm(hub, "/oauth/token", {
    grant_type: "urn:ietf:params:oauth:grant-type:device_code",
    device_code: String(started.body["device_code"]),
    client_id: CLI_CLIENT,
  });
  assert.equal(told.status, 200, JSON.stringify(told.body));
  return told.body as Record<string, string>;
}

export function refresh(hub: Localhub, token: string | undefined, clientId: string = CLI_CLIENT): Promise<Told> {
  return postForm(hub, "/oauth/token", { grant_type: "refresh_token", refresh_token: token, client_id: clientId });
}

/** A PKCE pair. */
export function pkce(): { verifier: string; challenge: string } {
  const verifier = randomBytes(32).toString("base64url");
  return { verifier, challenge: createHash("sha256").update(verifier).digest("base64url") };
}

/** Status of whoami with a token. */
export async function whoamiStatus(hub: Localhub, token: string | undefined): Promise<number> {
  const headers = { authorization: `Bearer ${token ?? ""}` };
  return (await createBrowser(hub.url).send("GET", "/api/whoami-v2", { headers })).status;
}
