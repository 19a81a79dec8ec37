import { canWrite, gateReason } from "../access.ts";
import type { Commit } from "../git-objects.ts";
import { commitOf, openRepo, splitRevision } from "../guard.ts";
import { blobInfo, entryAt, filesOf } from "../history.ts";
import type { HubResponse } from "../http.ts";
import { encodePath } from "../http.ts";
import { findRepo, objectsOf, resolveRevision } from "../model.ts";
import { pageNotFound } from "../refusals.ts";
import type { Call } from "../router.ts";
import { OPEN_FILES } from "../routes/resolve.ts";
import type { Repo } from "../types.ts";
import { singular } from "../types.ts";
import { gateSection } from "./gate-section.ts";
import type { Answers } from "./gate-form.ts";
import type { Visit } from "./layout.ts";
import { page } from "./layout.ts";
import type { Markup } from "./markup.ts";
import { markup } from "./markup.ts";
import { repoMarks, repoPath, sizeOf } from "./repo-words.ts";

const MOST_FILES = 500;
const LONGEST_README = 200_000;

export function repoPage(visit: Visit, call: Call): HubResponse {
  const { type, id } = call.params;
  // One word that is no repo is no page either; only `owner/name` could be a repo that is hidden.
  if (!id.includes("/") && !findRepo(visit.hub, type, id)) throw pageNotFound();
  const repo = openRepo(call, { gate: false });
  const { rest } = call.params;
  const revision = rest.length === 0 ? "main" : splitRevision(visit.hub, repo, rest).revision;
  // An empty repo has a page; a revision that was named and is not there has none.
  const commit = rest.length === 0 ? resolveRevision(visit.hub, repo, revision) : commitOf(visit.hub, repo, revision);
  return showRepo(visit, repo, { revision, commit });
}

type Shown = { revision: string; commit: Commit | undefined; answers?: Answers };

/** The page of a repo; with `answers`, a gate form that was sent and has faults. */
export function showRepo(visit: Visit, repo: Repo, { revision, commit, answers }: Shown): HubResponse {
  const mayRead = gateReason(visit.hub, visit.caller, repo) === undefined;
  const word = singular(repo.type);
  const flag = repo.type === "models" ? "" : `--repo-type ${word} `;
  const body = markup`<h1>${repo.id}</h1>
<ul class="marks" aria-label="About this ${word}"><li><span class="mark">${word}</span></li>
${repoMarks(repo).map((mark) => markup`<li>${mark}</li>`)}
${repo.tags.map((tag) => markup`<li><span class="mark">${tag}</span></li>`)}</ul>
${repo.gated !== false && gateSection(visit, repo, answers)}
${
  repo.gated !== false &&
  canWrite(visit.hub, visit.caller, repo) &&
  markup`<p><a href="${repoPath(repo)}/access-requests">Review access requests</a></p>`
}
<h2>Download</h2>
<pre>hf download ${flag}${repo.id}</pre>
${commit && readme(visit, repo, commit)}
${commit ? files(visit, repo, commit, revision, mayRead) : markup`<h2>Files</h2>\n<p>There are none yet.</p>`}`;
  const faulty = answers !== undefined;
  return page(visit, { title: faulty ? `Error: ${repo.id}` : repo.id, body, status: faulty ? 400 : 200 });
}

function readme(visit: Visit, repo: Repo, commit: Commit): Markup | undefined {
  const objects = objectsOf(visit.hub, repo);
  const entry = entryAt(objects, commit.tree, "README.md");
  const data = entry && objects.read(entry.id)?.data;
  if (!data) return undefined;
  const whole = data.subarray(0, LONGEST_README).toString("utf8");
  const words = whole.replace(/^---\r?\n[\s\S]*?\n---\r?\n/, "").trim();
  return words === "" ? undefined : markup`<h2>README</h2>\n<pre>${words}</pre>`;
}

function files(visit: Visit, repo: Repo, commit: Commit, revision: string, mayRead: boolean): Markup {
  const objects = objectsOf(visit.hub, repo);
  const all = filesOf(objects, commit.tree);
  const rows = all.slice(0, MOST_FILES).map((entry) => {
    const { size, lfs } = blobInfo(objects, entry.id);
    const href = `${repoPath(repo)}/resolve/${encodeURIComponent(revision)}/${encodePath(entry.path)}`;
    const open = mayRead || OPEN_FILES.has(entry.path);
    return markup`<li>${open ? markup`<a href="${href}">${entry.path}</a>` : entry.path}
${lfs !== undefined && markup`<span class="mark">LFS</span>`}
<span class="soft end">${sizeOf(size)}</span></li>\n`;
  });
  return markup`<h2>Files</h2>
<p class="soft">${all.length} at <code>${revision}</code>, commit <code>${commit.id.slice(0, 7)}</code>${
    all.length > MOST_FILES && `, the first ${MOST_FILES} shown`
  }</p>
<ul class="rows">\n${rows}</ul>`;
}
