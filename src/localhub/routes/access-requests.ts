import { gateReason } from "../access.ts";
import { openRepo } from "../guard.ts";
import type { HubResponse } from "../http.ts";
import { json, readFields, redirect } from "../http.ts";
import { notFound, signInFirst } from "../refusals.ts";
import { notGated } from "../gates.ts";
import { askAccess } from "../gates.ts";
import type { Call, Route } from "../router.ts";
import { webPrefix } from "../types.ts";

export const accessRoutes: readonly Route[] = [
  { method: "POST", pattern: "/:repo/ask-access", handler: ask },
  { method: "POST", pattern: "/api/:types/:repo/user-access-request/cancel", handler: cancel },
];

export async function ask(call: Call): Promise<HubResponse> {
  const { hub, caller } = call;
  const repo = openRepo(call, { gate: false });
  if (caller.kind !== "user") throw signInFirst();
  if (repo.gated === false) throw notGated(repo);
  const fields = await readFields(call.request);
  if (gateReason(hub, caller, repo) !== undefined) askAccess(hub, repo, caller.user, fields);
  return redirect(303, `${hub.origins.hub}/${webPrefix(repo.type)}${repo.id}`);
}

function cancel(call: Call): HubResponse {
  const { caller } = call;
  const repo = openRepo(call, { gate: false });
  if (caller.kind !== "user") throw signInFirst();
  const index = repo.access.findIndex((one) => one.user === caller.user.name && one.status === "pending");
  if (index < 0) throw notFound("No pending access request found for this repo and this user");
  repo.access.splice(index, 1);
  return json({ ok: true });
}
