import type { Commit } from "../git-objects.ts";
import { commitOf, openRepo } from "../guard.ts";
import type { HubResponse } from "../http.ts";
import { decodeSegment, isTrue, json } from "../http.ts";
import type { Hub } from "../model.ts";
import { openForUpload } from "../pull-requests.ts";
import type { Call, Route } from "../router.ts";
import type { Repo } from "../types.ts";
import type { XetScope } from "../xet/tokens.ts";
import { mintXetToken } from "../xet/tokens.ts";

export const xetHubRoutes: readonly Route[] = [
  { method: "GET", pattern: "/api/:types/:repo/xet-read-token/*", handler: readToken },
  { method: "GET", pattern: "/api/:types/:repo/xet-write-token/*", handler: writeToken },
];

function readToken(call: Call): HubResponse {
  const repo = openRepo(call, { gate: true });
  return answer(call.hub, repo, commitOf(call.hub, repo, revisionOf(call)), "read");
}

function writeToken(call: Call): HubResponse {
  const createPr = isTrue(call.request.query.get("create_pr"));
  const revision = revisionOf(call);
  // Python names no revision when the pull request is still to be opened.
  const { repo, base } = openForUpload(call, createPr && revision === "None" ? "main" : revision, createPr);
  return answer(call.hub, repo, base, "write");
}

function revisionOf(call: Call): string {
  return call.params.rest.map(decodeSegment).join("/");
}

/** The same three facts as JSON and as headers: of the clients in use some read only the one, some only the other. */
function answer(hub: Hub, repo: Repo, commit: Commit, scope: XetScope): HubResponse {
  const { headers, body } = xetAccess(hub, repo, commit.id, scope);
  return json(body, 200, { ...headers, "Cache-Control": "no-store" });
}

export function xetAccess(
  hub: Hub,
  repo: Repo,
  commit: string,
  scope: XetScope,
): { headers: Record<string, string>; body: { accessToken: string; exp: number; casUrl: string } } {
  const { token, exp } = mintXetToken(hub, repo, commit, scope);
  return {
    headers: {
      "X-Xet-Cas-Url": hub.origins.cdn,
      "X-Xet-Access-Token": token,
      "X-Xet-Token-Expiration": String(exp),
    },
    body: { accessToken: token, exp, casUrl: hub.origins.cdn },
  };
}

/** Where a client of Xet finds its way to the content of a file. */
export function xetHeaders(hub: Hub, repo: Repo, commit: string, hash: string): Record<string, string> {
  const token = `${hub.origins.hub}/api/${repo.type}/${repo.id}/xet-read-token/${commit}`;
  const reconstruction = `${hub.origins.cdn}/v1/reconstructions/${hash}`;
  return {
    "X-Xet-Hash": hash,
    Link: `<${token}>; rel="xet-auth", <${reconstruction}>; rel="xet-reconstruction-info"`,
    // What clients read before there was the Link header.
    "X-Xet-Refresh-Route": token,
  };
}
