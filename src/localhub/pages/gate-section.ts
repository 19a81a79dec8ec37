import { gateReason } from "../access.ts";
import { requestOf } from "../gates.ts";
import type { AccessRequest, Repo } from "../types.ts";
import { singular } from "../types.ts";
import type { Answers } from "./gate-form.ts";
import { gateForm } from "./gate-form.ts";
import type { Visit } from "./layout.ts";
import { signInPath } from "./layout.ts";
import type { Markup } from "./markup.ts";
import { markup } from "./markup.ts";
import { moment, repoPath } from "./repo-words.ts";

/** Where the visitor stands at the gate of this repo, and the form where one can be sent. */
export function gateSection(visit: Visit, repo: Repo, answers: Answers | undefined): Markup {
  const word = singular(repo.type);
  const reason = gateReason(visit.hub, visit.caller, repo);
  const request = visit.user && requestOf(repo, visit.user);
  switch (reason) {
    case undefined:
      return request?.status === "accepted"
        ? markup`<p class="note good" role="status"><span aria-hidden="true">✓ </span>You have been granted access to this ${word}</p>`
        : markup`<p class="note good" role="status">You belong to the authors of this ${word}: the gate is open for you.</p>`;
    case "anonymous":
      return markup`<section class="card"><h2>${heading(repo)}</h2>${words(repo)}
<p><a href="${signInPath(repoPath(repo))}">Sign in to ask for access</a></p></section>`;
    case "pending":
      return markup`<p class="note wait" role="status">Your request to access this ${word} is awaiting a review from the
repo authors. ${sent(request)}</p>`;
    case "rejected":
      return markup`<div class="note bad" role="status"><p>Your request to access this ${word} has been rejected by the
repo's authors.</p>${
        request?.rejectionReason !== undefined && markup`<p>Their reason: ${request.rejectionReason}</p>`
      }</div>`;
    case "reset":
      return markup`<p class="note wait" role="status">Your request to access this ${word} has been reset by the repo's
authors. You can send a new one.</p>${card(visit, repo, answers)}`;
    case "none":
    case "token":
      return card(visit, repo, answers);
  }
}

function card(visit: Visit, repo: Repo, answers: Answers | undefined): Markup {
  return markup`<section class="card"><h2>${heading(repo)}</h2>${words(repo)}${gateForm(visit, repo, answers)}</section>`;
}

function heading(repo: Repo): string {
  return repo.gate.heading ?? `Ask for access to this ${singular(repo.type)}`;
}

function words(repo: Repo): Markup {
  const { prompt, description } = repo.gate;
  const review = repo.gated === "auto" ? "It is granted at once." : "The authors review each request.";
  return markup`${description !== undefined && markup`<p>${description}</p>`}${prompt !== undefined && markup`<p>${prompt}</p>`}
<p class="soft">To get access you share your user name and email address with the repo authors. ${review}</p>`;
}

function sent(request: AccessRequest | undefined): Markup | undefined {
  return request && markup`Sent ${moment(request.timestamp)}.`;
}
