import { canSee } from "../access.ts";
import { requestOf } from "../gates.ts";
import type { HubResponse } from "../http.ts";
import type { Visit } from "./layout.ts";
import { page, seeOther, signInPath } from "./layout.ts";
import { markup } from "./markup.ts";
import { moment, repoPath, STATUS_WORDS } from "./repo-words.ts";

/** All requests of the person who looks. */
export function ownRequests(visit: Visit): HubResponse {
  const { user, hub } = visit;
  if (!user) return seeOther(signInPath("/settings/gated-repos"));
  const rows = [...hub.repos.values()].flatMap((repo) => {
    const request = requestOf(repo, user);
    if (!request || !canSee(hub, visit.caller, repo)) return [];
    return [
      markup`<li><a href="${repoPath(repo)}">${repo.id}</a><span class="mark">${STATUS_WORDS[request.status]}</span>
<span class="soft end">asked ${moment(request.timestamp)}</span></li>\n`,
    ];
  });
  const body = markup`<h1>Your access requests</h1>
${rows.length === 0 ? markup`<p>You have not asked for access to any gated repo.</p>` : markup`<ul class="rows">\n${rows}</ul>`}`;
  return page(visit, { title: "Your access requests", body });
}
