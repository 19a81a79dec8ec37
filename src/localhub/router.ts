import type { Caller } from "./access.ts";
import type { HubRequest, HubResponse } from "./http.ts";
import { decodeSegment } from "./http.ts";
import type { Hub } from "./model.ts";
import type { RepoType } from "./types.ts";
import { REPO_TYPES } from "./types.ts";

export type Params = {
  type: RepoType;
  /** Repo id as the client wrote it. */
  id: string;
  /** First segment of the id and how many it has, to write the id anew in a redirect. */
  idAt: { start: number; count: number; suffix: string };
  /** Segments under `*`, still encoded. */
  rest: readonly string[];
  /** Decoded `:name` segments. */
  named: Readonly<Record<string, string>>;
};

/** All that a route may look at. */
export type Call = { hub: Hub; request: HubRequest; caller: Caller; params: Params };
export type RouteHandler = (call: Call) => HubResponse | Promise<HubResponse>;

export type Bucket = "api" | "resolvers" | "pages";

export type Route = {
  /** `GET` answers HEAD too. */
  method: string;
  /**
   * Segments: a literal; `:types` (models, datasets, …); `:repo` (one or two segments of an id, with the `datasets/`
   * prefix outside `/api`); `:repo.git` (the same, ending in `.git`); `:name` (one segment); `*` last (all others).
   */
  pattern: string;
  handler: RouteHandler;
  /** Default `hub`. */
  origin?: "hub" | "cdn";
  /** `open`: answered also when the Authorization header holds a bad token. */
  auth?: "open";
  /** Rate limit bucket; default by path. */
  bucket?: Bucket;
};

export type Match = { route: Route; params: Params };
export type Router = (request: HubRequest, exists: (type: RepoType, id: string) => boolean) => Match | undefined;

/** First segments that are never the owner of a repo. */
const RESERVED = new Set(["api", "oauth", "settings", "login", "logout", "join", "new", ".well-known", "_localhub"]);

export function createRouter(routes: readonly Route[]): Router {
  const compiled = routes.map((route) => ({ route, parts: route.pattern.split("/").slice(1) }));
  // Words that follow an id: `/api/models/gpt2/refs` is the refs of `gpt2`, not the repo `gpt2/refs`.
  const actions = new Set(
    compiled.flatMap(({ parts }) => {
      const next = parts[parts.findIndex((part) => part.startsWith(":repo")) + 1];
      return next === undefined || !parts.some((part) => part.startsWith(":repo")) || /^[:*]/.test(next) ? [] : [next];
    }),
  );
  return (request, exists) => {
    const method = request.method === "HEAD" ? "GET" : request.method;
    for (const { route, parts } of compiled) {
      if (route.method !== method || (route.origin ?? "hub") !== request.origin) continue;
      const params = matchParts(parts, request.segments, (type, two, one) => {
        if (two !== undefined && exists(type, two)) return 2;
        if (exists(type, one) || two === undefined) return 1;
        return actions.has(two.slice(one.length + 1)) ? 1 : 2;
      });
      if (params) return { route, params };
    }
    return undefined;
  };
}

type ChooseId = (type: RepoType, two: string | undefined, one: string) => 1 | 2;

function matchParts(parts: readonly string[], segments: readonly string[], choose: ChooseId): Params | undefined {
  const params = { type: "models" as RepoType, id: "", idAt: { start: 0, count: 0, suffix: "" } };
  const named: Record<string, string> = {};
  let rest: readonly string[] = [];
  let at = 0;
  for (const part of parts) {
    if (part === "*") {
      rest = segments.slice(at);
      at = segments.length;
      continue;
    }
    const segment = segments[at];
    if (segment === undefined) return undefined;
    if (part === ":types") {
      const type = REPO_TYPES.find((one) => one === segment);
      if (!type) return undefined;
      params.type = type;
      at += 1;
    } else if (part.startsWith(":repo")) {
      const suffix = part.slice(":repo".length);
      if (!parts.includes(":types")) {
        if (RESERVED.has(segment)) return undefined;
        const type = REPO_TYPES.find((one) => one !== "models" && one === segment);
        if (type) {
          params.type = type;
          at += 1;
        }
      }
      const count = idLength(segments, at, suffix, params.type, choose);
      if (count === undefined) return undefined;
      const id = segments
        .slice(at, at + count)
        .map(decodeSegment)
        .join("/");
      params.id = suffix === "" ? id : id.slice(0, -suffix.length);
      params.idAt = { start: at, count, suffix };
      at += count;
    } else if (part.startsWith(":")) {
      named[part.slice(1)] = decodeSegment(segment);
      at += 1;
    } else {
      if (segment !== part) return undefined;
      at += 1;
    }
  }
  return at === segments.length ? { ...params, named, rest } : undefined;
}

function idLength(
  segments: readonly string[],
  at: number,
  suffix: string,
  type: RepoType,
  choose: ChooseId,
): 1 | 2 | undefined {
  const first = segments[at];
  const second = segments[at + 1];
  if (first === undefined || first === "") return undefined;
  if (suffix !== "") {
    // The suffix itself says where the id ends.
    if (first.endsWith(suffix)) return 1;
    return second?.endsWith(suffix) === true ? 2 : undefined;
  }
  const one = decodeSegment(first);
  return choose(type, second === undefined || second === "" ? undefined : `${one}/${decodeSegment(second)}`, one);
}
