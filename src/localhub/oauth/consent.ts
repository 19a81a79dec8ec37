import type { Visit } from "../pages/layout.ts";
import type { Markup } from "../pages/markup.ts";
import { markup } from "../pages/markup.ts";
import type { OauthClient } from "./types.ts";
import { SCOPES } from "./types.ts";

/** Who asks, and for what: shown before anybody can say yes. */
export function askedFor(visit: Visit, client: OauthClient, scopes: readonly string[]): Markup {
  return markup`<p><strong>${client.name}</strong> asks to act as <strong>${visit.user?.name ?? ""}</strong>. It will be able to:</p>
<ul class="rows">
${scopes.map((scope) => markup`<li>${SCOPES[scope] ?? scope}<code class="end">${scope}</code></li>\n`)}</ul>`;
}

/** The two answers. The refusal is a button as large as the other: neither is the one to press by habit. */
export function answers(): Markup {
  return markup`<p class="answers"><button name="answer" value="approve">Approve</button>
<button name="answer" value="deny" class="danger">Deny</button></p>`;
}
