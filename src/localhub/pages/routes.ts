import type { HubResponse } from "../http.ts";
import type { Call, Route } from "../router.ts";
import { openVisit } from "./layout.ts";
import type { Visit } from "./layout.ts";
import { listRepos } from "./home.ts";
import { repoPage } from "./repo-page.ts";
import { askOnPage } from "./ask.ts";
import { ownerPage, review } from "./owner.ts";
import { ownRequests } from "./own-requests.ts";
import { signIn, signInPage, signOut } from "./sign-in.ts";
import { createToken, newTokenPage, revokeToken, tokensPage } from "./tokens.ts";

/**
 * A route for people: who asks is told by the session alone, and the call says the same, so that the checks shared with
 * the API see the person at the browser.
 */
export function forPeople(
  method: "GET" | "POST",
  pattern: string,
  answer: (visit: Visit, call: Call) => HubResponse | Promise<HubResponse>,
): Route {
  return {
    method,
    pattern,
    auth: "open",
    bucket: "pages",
    handler: (call) => {
      const visit = openVisit(call.hub, call.request);
      return answer(visit, { ...call, caller: visit.caller });
    },
  };
}

/** Stands before the API's route for the same address. */
export const askRoutes: readonly Route[] = [{ method: "POST", pattern: "/:repo/ask-access", handler: askOnPage }];

/** Stands after all other routes: `/:repo` fits much. */
export const pageRoutes: readonly Route[] = [
  forPeople("GET", "/", listRepos),
  forPeople("GET", "/login", signInPage),
  forPeople("POST", "/login", signIn),
  forPeople("POST", "/logout", signOut),
  forPeople("GET", "/settings/tokens", tokensPage),
  forPeople("GET", "/settings/tokens/new", newTokenPage),
  forPeople("POST", "/settings/tokens", createToken),
  forPeople("POST", "/settings/tokens/revoke", revokeToken),
  forPeople("GET", "/settings/gated-repos", ownRequests),
  forPeople("GET", "/:repo/access-requests", ownerPage),
  forPeople("POST", "/:repo/access-requests", review),
  forPeople("GET", "/:repo/tree/*", repoPage),
  forPeople("GET", "/:repo", repoPage),
];
