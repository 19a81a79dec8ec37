import { randomUUID } from "node:crypto";
import { callerFor } from "./access.ts";
import type { Caller } from "./access.ts";
import { Redirected } from "./guard.ts";
import type { HubRequest, HubResponse } from "./http.ts";
import { json, redirect, text } from "./http.ts";
import type { Hub } from "./model.ts";
import { findRepo } from "./model.ts";
import { errorPage } from "./pages/index.ts";
import type { RateLimiter } from "./rate-limit.ts";
import { badToken, pageNotFound, Refusal } from "./refusals.ts";
import type { Bucket, Match, Route } from "./router.ts";
import { createRouter } from "./router.ts";

export type Handler = (request: HubRequest) => Promise<HubResponse>;

export type HandlerOptions = {
  hub: Hub;
  routes: readonly Route[];
  limiter: RateLimiter;
  /** Who asks; default by the Authorization header alone. */
  identify?: (request: HubRequest) => Caller;
};

/** The whole Hub as one function from request to response; knows nothing of sockets. */
export function createHandler(options: HandlerOptions): Handler {
  const { hub, limiter } = options;
  const router = createRouter(options.routes);
  const identify = options.identify ?? ((request) => callerFor(hub, request.headers["authorization"]));
  return async (request) => {
    const match = router(request, (type, id) => findRepo(hub, type, id) !== undefined);
    const caller: Caller = request.origin === "cdn" ? { kind: "anonymous" } : identify(request);
    const limit = request.origin === "cdn" ? undefined : limiter.take(bucketOf(request, match), caller);
    const response = limit?.refused ? render(hub, request, limit.refused) : await answer(hub, request, match, caller);
    response.headers = { "X-Request-Id": `Root=${randomUUID()}`, ...limit?.headers, ...response.headers };
    if (request.origin === "hub") response.headers["Access-Control-Expose-Headers"] = EXPOSED;
    return response;
  };
}

const EXPOSED = [
  "X-Repo-Commit,X-Request-Id,X-Error-Code,X-Error-Message,X-Total-Count,ETag,Link,Accept-Ranges,Content-Range",
  "X-Linked-Size,X-Linked-ETag,X-Xet-Hash",
].join(",");

async function answer(hub: Hub, request: HubRequest, match: Match | undefined, caller: Caller): Promise<HubResponse> {
  try {
    if (!match) throw pageNotFound();
    if (caller.kind === "invalid" && match.route.auth !== "open") throw badToken();
    return await match.route.handler({ hub, request, caller, params: match.params });
  } catch (error) {
    if (error instanceof Redirected) return redirect(307, error.location);
    if (error instanceof Refusal) return render(hub, request, error);
    throw error;
  }
}

/** JSON below `/api` and for LFS, HTML for people, plain text where a file was expected. */
function render(hub: Hub, request: HubRequest, refusal: Refusal): HubResponse {
  const [first, second] = request.segments;
  const isApi = first === "api" && second !== "resolve-cache";
  const isOauth = first === "oauth" && !(request.headers["accept"] ?? "").includes("text/html");
  if (isApi || isOauth || request.target.includes(".git/info/lfs/")) {
    return json({ error: refusal.message, ...refusal.extra }, refusal.status, refusal.headers);
  }
  if (request.segments.includes("resolve") || request.segments.includes("raw") || first === "api") {
    return text(refusal.message, refusal.status, refusal.headers);
  }
  if ((request.headers["accept"] ?? "").includes("application/json")) {
    return json({ error: refusal.message }, refusal.status, refusal.headers);
  }
  return errorPage(hub, request, refusal);
}

function bucketOf(request: HubRequest, match: Match | undefined): Bucket {
  if (match?.route.bucket) return match.route.bucket;
  const [first, second] = request.segments;
  if (first === "api") return second === "resolve-cache" ? "resolvers" : "api";
  return request.segments.includes("resolve") || request.segments.includes("raw") ? "resolvers" : "pages";
}
