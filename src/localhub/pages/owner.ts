import { notGated, reviewAccess } from "../gates.ts";
import { openRepo } from "../guard.ts";
import type { HubResponse } from "../http.ts";
import { findUser } from "../model.ts";
import { badRequest, notFound } from "../refusals.ts";
import type { Call } from "../router.ts";
import type { AccessRequest, AccessStatus, Repo } from "../types.ts";
import { ACCESS_STATUSES } from "../types.ts";
import { readForm } from "./forms.ts";
import type { Visit } from "./layout.ts";
import { formToken, page, seeOther, signInPath } from "./layout.ts";
import type { Markup } from "./markup.ts";
import { markup } from "./markup.ts";
import { moment, repoPath, STATUS_WORDS } from "./repo-words.ts";

const LONGEST_REASON = 200;

/** Requests for access to a repo, for those who may write to it. */
export function ownerPage(visit: Visit, call: Call): HubResponse {
  const repo = openRepo(call, visit.user ? { gate: false, need: "write" } : { gate: false });
  if (!visit.user) return seeOther(signInPath(`${repoPath(repo)}/access-requests`));
  if (repo.gated === false) throw notGated(repo);
  const sections = ACCESS_STATUSES.map((status) => {
    const requests = repo.access.filter((one) => one.status === status);
    const rows = requests.map((request) => row(visit, repo, request));
    return rows.length > 0 && markup`<h2>${STATUS_WORDS[status]}</h2>\n<ul class="rows">\n${rows}</ul>`;
  });
  const body = markup`<h1>Access requests for ${repo.id}</h1>
<p><a href="${repoPath(repo)}">Back to the repo</a></p>
${repo.access.length === 0 ? markup`<p>Nobody has asked yet.</p>` : sections}`;
  return page(visit, { title: `Access requests for ${repo.id}`, body });
}

function row(visit: Visit, repo: Repo, request: AccessRequest): Markup {
  const user = findUser(visit.hub, request.user);
  const facts: [string, string | Markup | undefined][] = [
    ["Email", user?.email],
    ["Asked", moment(request.timestamp)],
    ["Reviewed", request.reviewedAt === undefined ? undefined : moment(request.reviewedAt)],
    ["Reason", request.rejectionReason],
    ...Object.entries(request.fields ?? {}).map(([label, value]): [string, string] => [label, words(value)]),
  ];
  return markup`<li><strong>${user?.fullname ?? request.user}</strong> <span class="soft">${request.user}</span>
<dl>${facts.flatMap(([name, value]) => (value === undefined ? [] : [markup`<dt>${name}</dt><dd>${value}</dd>`]))}</dl>
${request.status !== "accepted" && reviewForm(visit, repo, request, "accepted", "Accept")}
${request.status !== "rejected" && reviewForm(visit, repo, request, "rejected", "Reject")}</li>\n`;
}

function words(value: unknown): string {
  if (value === true) return "yes";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function reviewForm(visit: Visit, repo: Repo, request: AccessRequest, status: AccessStatus, verb: string): Markup {
  const id = `reason-${request.user}`;
  const reason =
    status === "rejected" &&
    markup`<p><label for="${id}">Reason <span class="hint">(shown to ${request.user}, may stay empty)</span></label>
<input id="${id}" name="reason" maxlength="${LONGEST_REASON}"></p>`;
  return markup`<form method="post" action="${repoPath(repo)}/access-requests">${formToken(visit)}
<input type="hidden" name="user" value="${request.user}"><input type="hidden" name="status" value="${status}">${reason}
<button class="${status === "rejected" ? "danger" : "quiet"}">${verb} <span class="unseen">${request.user}</span></button></form>`;
}

export async function review(visit: Visit, call: Call): Promise<HubResponse> {
  const { session, fields } = await readForm(visit);
  const repo = openRepo(call, { gate: false, need: "write" });
  if (repo.gated === false) throw notGated(repo);
  const status = (["accepted", "rejected"] as const).find((one) => one === fields.get("status"));
  const user = findUser(visit.hub, fields.get("user") ?? "");
  const reason = (fields.get("reason") ?? "").trim();
  if (!status || reason.length > LONGEST_REASON) throw badRequest("That is not a review.");
  if (!user) throw notFound("User not found");
  reviewAccess(visit.hub, repo, user, status, status === "rejected" && reason !== "" ? reason : undefined);
  session.notice = `${user.name} was ${status}.`;
  return seeOther(`${repoPath(repo)}/access-requests`);
}
