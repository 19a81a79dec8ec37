import type { Caller } from "../access.ts";
import type { HubRequest, HubResponse } from "../http.ts";
import { html, text } from "../http.ts";
import type { Hub } from "../model.ts";
import type { Refusal } from "../refusals.ts";
import type { Session, User } from "../types.ts";
import type { Markup } from "./markup.ts";
import { markup, Markup as Safe } from "./markup.ts";
import { callerOf, sessionOf, userOf } from "./session.ts";
import { STYLE, STYLE_HASH } from "./style.ts";

/** One look at a page: who looks, and through which session. */
export type Visit = {
  hub: Hub;
  request: HubRequest;
  session: Session | undefined;
  user: User | undefined;
  caller: Caller;
};

export function openVisit(hub: Hub, request: HubRequest): Visit {
  const session = sessionOf(hub, request);
  const user = userOf(hub, session);
  return { hub, request, session, user, caller: callerOf(user) };
}

const FORMS = "form-action 'self'";
const POLICY = [
  "default-src 'none'",
  `style-src '${STYLE_HASH}'`,
  FORMS,
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join("; ");

/** The header of a page whose form may lead elsewhere in the end. */
export function policyWith(forms: string): Record<string, string> {
  return { "Content-Security-Policy": POLICY.replace(FORMS, forms) };
}

/** `same-origin` and not `no-referrer`: with the latter browsers send `Origin: null` with our own forms. */
const HEADERS = {
  "Content-Security-Policy": POLICY,
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "same-origin",
  "Cache-Control": "no-store",
};

export type PageParts = { title: string; body: Markup; status?: number; headers?: Record<string, string> };

/** A whole page: `title` is its name in the tab, `body` holds the one `h1`. */
export function page(visit: Visit, { title, body, status = 200, headers = {} }: PageParts): HubResponse {
  const notice = visit.request.method === "HEAD" ? undefined : takeNotice(visit.session);
  const source = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · localhub</title>
<style>${new Safe(STYLE)}</style>
</head>
<body>
<a class="skip" href="#content">Skip to content</a>
<header><a class="brand" href="/">localhub</a>${navigation(visit)}</header>
<main id="content" tabindex="-1">
${notice !== undefined && markup`<p class="note good" role="status">${notice}</p>`}
${body}
</main>
<footer>A Hub on this machine, for tests and for trying things out. Nothing here is the real Hub.</footer>
</body>
</html>
`;
  return html(source.source, status, { ...HEADERS, ...headers });
}

function takeNotice(session: Session | undefined): string | undefined {
  const notice = session?.notice;
  delete session?.notice;
  return notice;
}

function navigation(visit: Visit): Markup {
  const { user } = visit;
  if (!user) {
    const path = visit.request.target.split("?", 1)[0] ?? "/";
    const next = visit.request.method === "GET" && path !== "/login" ? visit.request.target : "/";
    return markup`<nav aria-label="Account"><a href="${signInPath(next)}">Sign in</a></nav>`;
  }
  return markup`<nav aria-label="Account"><span>Signed in as <strong>${user.name}</strong></span>
<a href="/settings/tokens">Access tokens</a><a href="/settings/connected-applications">Applications</a><a href="/settings/gated-repos">Access requests</a>
<form method="post" action="/logout">${formToken(visit)}<button class="quiet">Sign out</button></form></nav>`;
}

export function signInPath(next: string): string {
  return next === "/" ? "/login" : `/login?next=${encodeURIComponent(next)}`;
}

/** Stands in every form: proves that the form came from a page of this session. */
export function formToken(visit: Visit): Markup {
  return markup`<input type="hidden" name="_csrf" value="${visit.session?.csrf ?? ""}">`;
}

/** Where a form leads when it has done its work. Relative, so that the browser stays on the host name it came by. */
export function seeOther(path: string, headers: Record<string, string> = {}): HubResponse {
  return text("", 303, { Location: path, "Cache-Control": "no-store", ...headers });
}

const TITLES: Record<number, string> = {
  400: "That did not work",
  401: "Sign in first",
  403: "Not allowed",
  404: "Not found",
  413: "Too large",
  429: "Too many requests",
};

/** A refusal as people see it. */
export function errorPage(hub: Hub, request: HubRequest, refusal: Refusal): HubResponse {
  const visit = openVisit(hub, request);
  const title = TITLES[refusal.status] ?? "Refused";
  // A missing repo and one that may not be seen look the same; the words must not tell them apart either.
  const hidden = refusal.status === 401 && refusal.code === "RepoNotFound";
  const body = markup`<h1>${hidden ? "Not found" : title}</h1>
<p role="alert">${hidden ? "There is nothing here that you may see." : refusal.message}</p>
${!visit.user && refusal.status === 401 && markup`<p>If it is private, an account that may see it must sign in first.</p>`}
<p><a href="/">All repos</a></p>`;
  return page(visit, { title: hidden ? "Not found" : title, body, status: refusal.status, headers: refusal.headers });
}
