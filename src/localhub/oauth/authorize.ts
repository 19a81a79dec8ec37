import { randomLetters } from "../model.ts";
import type { HubResponse } from "../http.ts";
import { checkHost, readForm } from "../pages/forms.ts";
import type { Visit } from "../pages/layout.ts";
import { formToken, page, policyWith, seeOther, signInPath } from "../pages/layout.ts";
import { markup } from "../pages/markup.ts";
import { mayRedirectTo, scopesFor } from "./clients.ts";
import { answers, askedFor } from "./consent.ts";
import { OauthError } from "./errors.ts";
import { forgetOld } from "./state.ts";
import type { OauthClient } from "./types.ts";

/** What came in the address; kept in the form, and read anew from there. */
const FIELDS = [
  "client_id",
  "redirect_uri",
  "response_type",
  "scope",
  "state",
  "code_challenge",
  "code_challenge_method",
  "nonce",
];

type Asked = { client: OauthClient; redirectUri: string; state: string | undefined };

/** `GET /oauth/authorize`: who asks for what; the person says yes or no. */
export function authorizePage(visit: Visit): HubResponse {
  const { query, target } = visit.request;
  const asked = readAsked(visit, query);
  if (!("client" in asked)) return asked;
  const checked = check(asked, query);
  if (!Array.isArray(checked)) return checked;
  if (!visit.user) return seeOther(signInPath(target));
  const origin = new URL(asked.redirectUri).origin;
  const body = markup`<h1>Let ${asked.client.name} in?</h1>
${askedFor(visit, asked.client, checked)}
<p class="soft">Your answer goes to ${origin}.</p>
<form method="post" action="/oauth/authorize">${formToken(visit)}
${FIELDS.map((name) => {
  const value = query.get(name);
  return value !== null && markup`<input type="hidden" name="${name}" value="${value}">\n`;
})}${answers()}</form>`;
  // Browsers ask the policy of the page also about where its form is redirected to.
  return page(visit, { title: "Let an application in", body, headers: policyWith(`form-action 'self' ${origin}`) });
}

/** `POST /oauth/authorize`: the answer. */
export async function authorize(visit: Visit): Promise<HubResponse> {
  const { hub, user } = visit;
  const { fields } = await readForm(visit);
  const asked = readAsked(visit, fields);
  if (!("client" in asked)) return asked;
  const checked = check(asked, fields);
  if (!Array.isArray(checked)) return checked;
  if (!user) return back(asked, { error: "access_denied", error_description: "Nobody is signed in" });
  if (fields.get("answer") !== "approve") {
    return back(asked, { error: "access_denied", error_description: "The person said no" });
  }
  const code = randomLetters(40);
  const nonce = fields.get("nonce");
  forgetOld(hub.oauth.codes, hub.now());
  hub.oauth.codes.set(code, {
    client: asked.client.id,
    user: user.name,
    scopes: checked,
    redirectUri: asked.redirectUri,
    challenge: fields.get("code_challenge") ?? "",
    ...(nonce === null ? {} : { nonce }),
    expiresAt: hub.now() + hub.oauth.settings.codeSeconds * 1000,
  });
  return back(asked, { code });
}

/**
 * Whom to answer. What is wrong with that is told to the person and never sent to the address: it may be the thing that
 * is wrong.
 */
function readAsked(visit: Visit, query: URLSearchParams): Asked | HubResponse {
  checkHost(visit.hub, visit.request);
  const twice = FIELDS.find((name) => query.getAll(name).length > 1);
  if (twice !== undefined) return errorPage(visit, `${twice} is there twice.`);
  const client = visit.hub.oauth.clients.get(query.get("client_id") ?? "");
  if (!client) return errorPage(visit, "No application has this client_id.");
  const redirectUri =
    query.get("redirect_uri") ?? (client.redirectUris.length === 1 ? client.redirectUris[0] : undefined);
  if (redirectUri === undefined) return errorPage(visit, "redirect_uri is missing.");
  if (!mayRedirectTo(client, redirectUri)) {
    return errorPage(visit, "This redirect_uri is not one that the application has registered.");
  }
  return { client, redirectUri, state: query.get("state") ?? undefined };
}

function errorPage(visit: Visit, why: string): HubResponse {
  const body = markup`<h1>This application can't be let in</h1>
<p role="alert">${why} Nothing was given to it, and it was told nothing.</p>`;
  return page(visit, { title: "That did not work", body, status: 400 });
}

/** The scopes that are asked for; or the answer to the application when something is wrong with what it asks. */
function check(asked: Asked, query: URLSearchParams): string[] | HubResponse {
  const refuse = (error: string, why: string): HubResponse => back(asked, { error, error_description: why });
  if (query.get("response_type") !== "code") return refuse("unsupported_response_type", "response_type must be code");
  if (!/^[A-Za-z0-9_-]{43}$/.test(query.get("code_challenge") ?? "")) {
    return refuse("invalid_request", "code_challenge is missing or no SHA-256");
  }
  if (query.get("code_challenge_method") !== "S256")
    return refuse("invalid_request", "code_challenge_method must be S256");
  try {
    return scopesFor(asked.client, query.get("scope") ?? undefined);
  } catch (error) {
    if (error instanceof OauthError) return refuse(error.error, error.message);
    throw error;
  }
}

function back({ redirectUri, state }: Asked, values: Record<string, string>): HubResponse {
  const url = new URL(redirectUri);
  for (const [name, value] of Object.entries(values)) url.searchParams.set(name, value);
  if (state !== undefined) url.searchParams.set("state", state);
  return seeOther(url.href);
}
