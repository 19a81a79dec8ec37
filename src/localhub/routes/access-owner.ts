import type { Caller } from "../access.ts";
import { grantAccess, notGated, reviewAccess } from "../gates.ts";
import { openRepo } from "../guard.ts";
import type { HubResponse } from "../http.ts";
import { isRecord, json, readFields } from "../http.ts";
import type { Hub } from "../model.ts";
import { findUser } from "../model.ts";
import { pageOf, queryNumber } from "../paging.ts";
import { invalid, notFound, Refusal } from "../refusals.ts";
import type { Call, Route } from "../router.ts";
import type { AccessRequest, AccessStatus, Repo, User } from "../types.ts";
import { ACCESS_STATUSES } from "../types.ts";
import { avatar } from "./identity.ts";

export const ownerRoutes: readonly Route[] = [
  ...ACCESS_STATUSES.map((status): Route => ({
    method: "GET",
    pattern: `/api/:types/:repo/user-access-request/${status}`,
    handler: (call) => listRequests(call, status),
  })),
  { method: "POST", pattern: "/api/:types/:repo/user-access-request/handle", handler: handleRequest },
  { method: "POST", pattern: "/api/:types/:repo/user-access-request/grant", handler: grant },
  { method: "POST", pattern: "/api/:types/:repo/user-access-request/batch", handler: batch },
  { method: "GET", pattern: "/:repo/user-access-report", handler: report },
  { method: "PUT", pattern: "/api/:types/:repo/settings", handler: changeSettings },
];

const MOST_IN_BATCH = 100;
const LONGEST_REASON = 200;

function openGated(call: Call): Repo {
  const repo = openRepo(call, { gate: false, need: "write" });
  if (repo.gated === false) throw notGated(repo);
  return repo;
}

function listRequests(call: Call, status: AccessStatus): HubResponse {
  const { hub, request } = call;
  const repo = openGated(call);
  const prefix = (request.query.get("q") ?? "").toLowerCase();
  const all = repo.access.filter((one) => one.status === status && one.user.toLowerCase().startsWith(prefix));
  const limit = queryNumber(request, "limit", { min: 10, max: 1000, default: 1000 });
  const { page, headers } = pageOf(request, all, limit);
  return json(
    page.map((one) => describe(hub, one)),
    200,
    headers,
  );
}

function describe(hub: Hub, request: AccessRequest): Record<string, unknown> {
  const user = findUser(hub, request.user);
  const granter = request.grantedBy === undefined ? undefined : findUser(hub, request.grantedBy);
  return {
    user: { ...describeUser(hub, user, request.user), verifiedOrgNames: [], email: user?.email },
    ...(request.fields ? { fields: request.fields } : {}),
    timestamp: new Date(request.timestamp).toISOString(),
    status: request.status,
    ...(request.reviewedAt === undefined ? {} : { reviewedAt: new Date(request.reviewedAt).toISOString() }),
    ...(granter ? { grantedBy: describeUser(hub, granter, granter.name) } : {}),
  };
}

function describeUser(hub: Hub, user: User | undefined, name: string): Record<string, unknown> {
  return {
    _id: user?._id,
    avatarUrl: avatar(hub, name),
    isPro: user?.isPro ?? false,
    fullname: user?.fullname ?? name,
    user: name,
    type: "user",
  };
}

/** The one user that `user` or `userId` names. */
function userIn(hub: Hub, fields: Record<string, unknown>): User | undefined {
  const { user, userId } = fields;
  if ((user === undefined) === (userId === undefined)) {
    throw invalid("Either userId or user must be provided, but not both", "");
  }
  if (typeof user === "string") return findUser(hub, user);
  return [...hub.users.values()].find((one) => one._id === userId);
}

function statusIn(fields: Record<string, unknown>, allowed: readonly AccessStatus[]): AccessStatus {
  const status = allowed.find((one) => one === fields["status"]);
  if (status) return status;
  throw invalid(`Invalid option: expected one of ${allowed.map((one) => JSON.stringify(one)).join("|")}`, "status");
}

function reasonIn(fields: Record<string, unknown>): string | undefined {
  const reason = fields["rejectionReason"];
  if (reason === undefined || reason === null) return undefined;
  if (typeof reason !== "string") throw invalid("Invalid input: expected string", "rejectionReason");
  if (reason.length <= LONGEST_REASON) return reason;
  throw invalid(`Too big: expected string to have <=${LONGEST_REASON} characters`, "rejectionReason");
}

async function handleRequest(call: Call): Promise<HubResponse> {
  const repo = openGated(call);
  const fields = await readFields(call.request);
  const status = statusIn(fields, ACCESS_STATUSES);
  const reason = reasonIn(fields);
  const user = userIn(call.hub, fields);
  if (!user) throw notFound("User not found");
  reviewAccess(call.hub, repo, user, status, reason);
  return json({});
}

async function grant(call: Call): Promise<HubResponse> {
  const repo = openGated(call);
  const user = userIn(call.hub, await readFields(call.request));
  if (!user) throw notFound("User not found");
  grantAccess(call.hub, repo, user, nameOf(call.caller));
  return json({});
}

function nameOf(caller: Caller): string {
  if (caller.kind === "user") return caller.user.name;
  return caller.kind === "org" ? caller.org.name : "";
}

async function batch(call: Call): Promise<HubResponse> {
  const repo = openGated(call);
  const fields = await readFields(call.request);
  const status = statusIn(fields, ["accepted", "rejected"]);
  const reason = reasonIn(fields);
  const { requests } = fields;
  if (!Array.isArray(requests) || requests.length === 0 || requests.length > MOST_IN_BATCH) {
    throw invalid(`Invalid input: expected array of 1 to ${MOST_IN_BATCH} items`, "requests");
  }
  const results = requests.map((one: unknown) => {
    const named = isRecord(one) ? one : {};
    const echo = named["user"] === undefined ? { userId: named["userId"] } : { user: named["user"] };
    const user = userIn(call.hub, named);
    if (!user) return { ...echo, ok: false, error: "user_not_found" };
    try {
      reviewAccess(call.hub, repo, user, status, reason);
      return { ...echo, ok: true };
    } catch (error) {
      if (error instanceof Refusal) return { ...echo, ok: false, error: "request_not_found" };
      throw error;
    }
  });
  return json(results);
}

function report(call: Call): HubResponse {
  const repo = openGated(call);
  const name = `${repo.id.replace("/", "_")}-user-access-report.json`;
  const rows = repo.access.map((one) => describe(call.hub, one));
  return json(rows, 200, { "Content-Disposition": `attachment; filename="${name}"` });
}

async function changeSettings(call: Call): Promise<HubResponse> {
  const repo = openRepo(call, { gate: false, need: "write" });
  const fields = await readFields(call.request);
  const { gated, visibility } = fields;
  const hidden = visibility === undefined ? fields["private"] : visibility === "private";
  if (gated !== undefined && gated !== false && gated !== "auto" && gated !== "manual") {
    throw invalid('Invalid option: expected one of "auto"|"manual"|false', "gated");
  }
  if (hidden !== undefined && typeof hidden !== "boolean") {
    throw invalid("Invalid input: expected boolean", "private");
  }
  if (gated !== undefined) repo.gated = gated;
  if (hidden !== undefined) repo.private = hidden;
  if (typeof fields["orgMembersGated"] === "boolean") repo.orgMembersGated = fields["orgMembersGated"];
  if (typeof fields["discussionsDisabled"] === "boolean") repo.discussionsDisabled = fields["discussionsDisabled"];
  for (const name of ["gatedNotificationsEmail", "gatedNotificationsMode"]) {
    if (fields[name] !== undefined) repo.settings[name] = fields[name];
  }
  return json({
    private: repo.private,
    gated: repo.gated,
    orgMembersGated: repo.orgMembersGated,
    discussionsDisabled: repo.discussionsDisabled,
    ...repo.settings,
  });
}
