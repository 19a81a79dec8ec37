import { gateReason } from "../access.ts";
import { askAccess, notGated } from "../gates.ts";
import { openRepo } from "../guard.ts";
import type { HubResponse } from "../http.ts";
import { resolveRevision } from "../model.ts";
import { signInFirst } from "../refusals.ts";
import type { Call } from "../router.ts";
import { ask } from "../routes/access-requests.ts";
import { readForm } from "./forms.ts";
import { answersToKeep, readAnswers } from "./gate-form.ts";
import { openVisit, seeOther } from "./layout.ts";
import { showRepo } from "./repo-page.ts";
import { repoPath } from "./repo-words.ts";

/** The gate form, sent by a page of ours; a caller with a token, or with nothing at all, gets the API's answer. */
export async function askOnPage(call: Call): Promise<HubResponse> {
  const visit = openVisit(call.hub, call.request);
  if (call.request.headers["authorization"] !== undefined || !visit.session) return ask(call);
  const { session, fields } = await readForm(visit);
  const repo = openRepo({ ...call, caller: visit.caller }, { gate: false });
  if (!visit.user) throw signInFirst();
  if (repo.gated === false) throw notGated(repo);
  if (gateReason(call.hub, visit.caller, repo) !== undefined) {
    const answers = readAnswers(repo, fields);
    if (answers.faults.size > 0) {
      return showRepo(visit, repo, { revision: "main", commit: resolveRevision(call.hub, repo, "main"), answers });
    }
    askAccess(call.hub, repo, visit.user, answersToKeep(repo, answers));
    if (repo.gated === "manual") session.notice = "Your request was sent.";
  }
  return seeOther(repoPath(repo));
}
