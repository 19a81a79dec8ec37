import { canSee } from "../access.ts";
import type { HubResponse } from "../http.ts";
import type { Repo, RepoType } from "../types.ts";
import { REPO_TYPES } from "../types.ts";
import type { Visit } from "./layout.ts";
import { page, signInPath } from "./layout.ts";
import type { Markup } from "./markup.ts";
import { markup } from "./markup.ts";
import { repoMarks, repoPath } from "./repo-words.ts";

const HEADINGS: Record<RepoType, string> = {
  models: "Models",
  datasets: "Datasets",
  spaces: "Spaces",
  kernels: "Kernels",
};

export function listRepos(visit: Visit): HubResponse {
  const seen = [...visit.hub.repos.values()].filter((repo) => !repo.disabled && canSee(visit.hub, visit.caller, repo));
  const body = markup`<h1>Repos on this hub</h1>
${!visit.user && markup`<p>You are not signed in. <a href="${signInPath("/")}">Sign in</a> to ask for access to gated repos and to make access tokens.</p>`}
${seen.length === 0 && markup`<p>There are none that you may see.</p>`}
${REPO_TYPES.map((type) =>
  section(
    HEADINGS[type],
    seen.filter((repo) => repo.type === type),
  ),
)}`;
  return page(visit, { title: "Repos", body });
}

function section(heading: string, repos: readonly Repo[]): Markup | undefined {
  if (repos.length === 0) return undefined;
  const rows = repos
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .map((repo) => markup`<li><a href="${repoPath(repo)}">${repo.id}</a> ${repoMarks(repo)}</li>\n`);
  return markup`<h2>${heading}</h2>\n<ul class="rows">\n${rows}</ul>`;
}
