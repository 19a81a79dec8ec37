import type { GitService } from "../git-backend.ts";
import { runGitBackend } from "../git-backend.ts";
import { exportRepo, receiveInto } from "../git-mirror.ts";
import { openRepo } from "../guard.ts";
import type { HubResponse } from "../http.ts";
import { text } from "../http.ts";
import { badToken, pageNotFound, Refusal, signInFirst } from "../refusals.ts";
import type { Call, Route, RouteHandler } from "../router.ts";
import { authorOf } from "../commit-apply.ts";
import type { Repo } from "../types.ts";
import { BASIC } from "./lfs.ts";

// With `.git` first: without it, the ending would be taken for a part of the name.
export const gitRoutes: readonly Route[] = ["/:repo.git", "/:repo"].flatMap((repo): Route[] => [
  { method: "GET", pattern: `${repo}/info/refs`, handler: asGit(advertise), auth: "open" },
  { method: "POST", pattern: `${repo}/git-upload-pack`, handler: asGit(uploadPack), auth: "open" },
  { method: "POST", pattern: `${repo}/git-receive-pack`, handler: asGit(receivePack), auth: "open" },
]);

/** Refusals as git shows them: plain text, and a challenge that makes it ask its credential helper. */
function asGit(handler: RouteHandler): RouteHandler {
  return async (call) => {
    try {
      if (call.caller.kind === "invalid") throw badToken();
      return await handler(call);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const challenge = error.status === 401 ? { "WWW-Authenticate": BASIC } : {};
      return text(error.message, error.status, { ...error.headers, ...challenge });
    }
  };
}

/** Fetching needs to see the repo and to have passed its gate; pushing needs to be signed in and to write. */
function open(call: Call, service: GitService): Repo {
  if (service === "git-upload-pack") return openRepo(call, { gate: true });
  // Also where the repo is public or missing: so that git asks for a name before it gives up.
  if (call.caller.kind === "anonymous") throw signInFirst();
  return openRepo(call, { gate: true, need: "write" });
}

function userOf(call: Call): string | undefined {
  return call.caller.kind === "anonymous" ? undefined : authorOf(call.caller).name;
}

async function advertise(call: Call): Promise<HubResponse> {
  const service = call.request.query.get("service");
  if (service === null) throw new Refusal(403, "Please use a git client that speaks the smart HTTP protocol");
  if (service !== "git-upload-pack" && service !== "git-receive-pack") throw pageNotFound();
  const repo = open(call, service);
  const gitDir = await exportRepo(call.hub, repo);
  return runGitBackend(call.request, { gitDir, action: "info/refs", service, user: userOf(call) });
}

async function uploadPack(call: Call): Promise<HubResponse> {
  const service = "git-upload-pack";
  const gitDir = await exportRepo(call.hub, open(call, service));
  return runGitBackend(call.request, { gitDir, action: service, service, user: userOf(call) });
}

/** The report of a push is short; it is held back until the hub has taken over what was pushed. */
function receivePack(call: Call): Promise<HubResponse> {
  const service = "git-receive-pack";
  const { hub, request } = call;
  return receiveInto(hub, open(call, service), async (gitDir) => {
    const response = await runGitBackend(request, { gitDir, action: service, service, user: userOf(call) });
    const parts: Uint8Array[] = [];
    if (response.body && Symbol.asyncIterator in response.body) {
      for await (const part of response.body) parts.push(part);
    }
    return { ...response, body: Buffer.concat(parts) };
  });
}
