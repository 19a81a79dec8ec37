import type { HubResponse } from "../http.ts";
import { json, readFields } from "../http.ts";
import type { Hub } from "../model.ts";
import { readForm } from "../pages/forms.ts";
import type { Visit } from "../pages/layout.ts";
import { formToken, page, seeOther, signInPath } from "../pages/layout.ts";
import { markup } from "../pages/markup.ts";
import { moment } from "../pages/repo-words.ts";
import { invalid, notFound, signInFirst } from "../refusals.ts";
import type { Call } from "../router.ts";
import type { User } from "../types.ts";
import { endGrant } from "./state.ts";
import type { OauthGrant } from "./types.ts";

/** `GET /settings/connected-applications`: who was let in, and out again. */
export function connectedPage(visit: Visit): HubResponse {
  const { hub, user } = visit;
  if (!user) return seeOther(signInPath("/settings/connected-applications"));
  const grants = grantsOf(hub, user);
  const rows = grants.map((grant) => {
    const name = hub.oauth.clients.get(grant.client)?.name ?? grant.client;
    return markup`<li><strong>${name}</strong><span class="soft">since ${moment(grant.createdAt)}</span>
<span class="soft">${grant.scopes.join(" ")}</span>
<form class="end" method="post" action="/settings/connected-applications/revoke">${formToken(visit)}<input type="hidden"
name="grant" value="${grant.id}"><button class="danger">Revoke <span class="unseen">${name}</span></button></form></li>\n`;
  });
  const body = markup`<h1>Connected applications</h1>
${rows.length === 0 ? markup`<p>You have let none in.</p>` : markup`<ul class="rows">\n${rows}</ul>`}`;
  return page(visit, { title: "Connected applications", body });
}

function grantsOf(hub: Hub, user: User): OauthGrant[] {
  return [...hub.oauth.grants.values()].filter((grant) => grant.user === user.name && grant.ended === undefined);
}

export async function revokeGrant(visit: Visit): Promise<HubResponse> {
  const { hub, user } = visit;
  const { session, fields } = await readForm(visit);
  if (!user) throw signInFirst();
  const grant = grantsOf(hub, user).find((one) => one.id === fields.get("grant"));
  if (!grant) throw notFound("You have let in no such application.");
  endGrant(hub, grant, "revoked");
  session.notice = "The application was shut out.";
  return seeOther("/settings/connected-applications");
}

const MOST_CREDENTIALS = 1000;

/**
 * `POST /api/credentials/revoke`: whoever holds a token may end it. The answer is the same for known and unknown ones,
 * so that nobody learns by it which are real.
 */
export async function revokeCredentials({ hub, request }: Call): Promise<HubResponse> {
  const { credentials } = await readFields(request);
  const isText = (value: unknown): value is string => typeof value === "string";
  if (!Array.isArray(credentials) || credentials.length === 0 || !credentials.every(isText)) {
    throw invalid("Invalid input: expected a list of tokens", "credentials");
  }
  if (credentials.length > MOST_CREDENTIALS) throw invalid(`Too many: at most ${MOST_CREDENTIALS}`, "credentials");
  for (const value of credentials) {
    const token = hub.tokens.get(value);
    if (token) token.revoked = true;
    const family = token?.grant ?? hub.oauth.refreshTokens.get(value)?.grant;
    const grant = family === undefined ? undefined : hub.oauth.grants.get(family);
    if (grant) endGrant(hub, grant, "revoked");
  }
  return json({}, 202);
}
