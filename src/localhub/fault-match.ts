import type { FaultRule } from "./fault-rule.ts";
import type { HubRequest } from "./http.ts";
import { decodeSegment } from "./http.ts";
import { REPO_TYPES } from "./types.ts";

/** Whether a rule means a request, its counts aside. One that spoils ranges means no request without a range. */
export function meansRequest(rule: FaultRule, request: HubRequest): boolean {
  const needsRange = rule.ignoreRange === true || rule.wrongContentRange !== undefined;
  return (
    (!needsRange || request.headers["range"] !== undefined) &&
    (rule.origin === undefined || rule.origin === request.origin) &&
    (rule.method === undefined || rule.method.toUpperCase() === request.method) &&
    (rule.path === undefined || fitsPath(rule.path, request.target)) &&
    (rule.repo === undefined || isAbout(rule.repo, request))
  );
}

function fitsPath(pattern: string, target: string): boolean {
  return pattern.includes("*") ? fitsPattern(pattern, target) : target.includes(pattern);
}

/**
 * `*` is any run of characters. Not a regular expression: patterns come from outside, and each star is tried from left
 * to right with only the last one ever moved, so the work is at most the product of both lengths.
 */
export function fitsPattern(pattern: string, text: string): boolean {
  let at = 0;
  let from = 0;
  let star = -1;
  let resume = 0;
  while (from < text.length) {
    if (pattern[at] === "*") {
      star = at++;
      resume = from;
    } else if (pattern[at] === text[from]) {
      at++;
      from++;
    } else if (star >= 0) {
      at = star + 1;
      from = ++resume;
    } else {
      return false;
    }
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
}

/** By the address alone: an id in a body, as when a repo is made, is not looked for. */
function isAbout(repo: string, request: HubRequest): boolean {
  if (request.origin === "cdn") return false;
  const wanted = splitType(repo.toLowerCase().split("/"));
  const segments = request.segments.map((segment) => decodeSegment(segment).toLowerCase());
  const start = segments[0] === "api" ? (segments[1] === "resolve-cache" ? 2 : 1) : 0;
  const found = splitType(segments.slice(start));
  // Below /api an id never stands without its type.
  if (start > 0 && found.type === undefined) return false;
  if (wanted.type !== undefined && wanted.type !== (found.type ?? "models")) return false;
  return wanted.rest.every(
    (part, index) =>
      found.rest[index] === part || (index === wanted.rest.length - 1 && found.rest[index] === `${part}.git`),
  );
}

function splitType(parts: readonly string[]): { type: string | undefined; rest: readonly string[] } {
  const type = REPO_TYPES.find((one) => one === parts[0]);
  return { type, rest: type === undefined ? parts : parts.slice(1) };
}
