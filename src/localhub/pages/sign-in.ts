import type { HubResponse } from "../http.ts";
import { findUser } from "../model.ts";
import type { Session } from "../types.ts";
import { readForm, safeNext, sameText } from "./forms.ts";
import type { Visit } from "./layout.ts";
import { formToken, page, seeOther } from "./layout.ts";
import { markup } from "./markup.ts";
import { endSession, noCookie, sessionCookie, startSession } from "./session.ts";

export function signInPage(visit: Visit): HubResponse {
  const next = safeNext(visit.request.query.get("next"));
  if (visit.user) return seeOther(next);
  // Before anyone signed in there must be a session too: its form token keeps other sites from signing you in as them.
  const session = visit.session ?? startSession(visit.hub);
  return form({ ...visit, session }, next);
}

function form(visit: Visit & { session: Session }, next: string, failed?: { name: string }): HubResponse {
  const wrong = failed !== undefined;
  const body = markup`<h1>Sign in</h1>
${wrong && markup`<p class="note bad" role="alert" id="wrong">User name or password is wrong.</p>`}
<form class="stack" method="post" action="/login">
${formToken(visit)}<input type="hidden" name="next" value="${next}">
<p><label for="username">User name</label>
<input id="username" name="username" autocomplete="username" autocapitalize="none" spellcheck="false" required
value="${failed?.name ?? ""}"${wrong && markup` aria-invalid="true" aria-describedby="wrong"`}></p>
<p><label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required
aria-describedby="password-hint"${wrong && markup` aria-invalid="true"`}>
<span class="hint" id="password-hint">The program <code>localhub</code> prints the passwords when it starts.</span></p>
<button>Sign in</button>
</form>`;
  const title = wrong ? "Error: Sign in" : "Sign in";
  return page(visit, { title, body, status: wrong ? 401 : 200, headers: sessionCookie(visit.hub, visit.session) });
}

export async function signIn(visit: Visit): Promise<HubResponse> {
  const { hub } = visit;
  const { session, fields } = await readForm(visit);
  const next = safeNext(fields.get("next"));
  const name = fields.get("username") ?? "";
  const user = findUser(hub, name);
  // Compared also when the name is unknown, so that the answer takes as long.
  const right = sameText(fields.get("password") ?? "", user?.password ?? "") && user !== undefined;
  if (!right) return form({ ...visit, session, user: undefined }, next, { name });
  // A new id: whoever knew the old one, or put it there, is not signed in with us.
  endSession(hub, session);
  return seeOther(next, sessionCookie(hub, startSession(hub, user)));
}

export async function signOut(visit: Visit): Promise<HubResponse> {
  const { session } = await readForm(visit);
  endSession(visit.hub, session);
  return seeOther("/", noCookie(visit.hub));
}
