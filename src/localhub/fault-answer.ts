import { STATUS_CODES } from "node:http";
import { presentedToken } from "./access.ts";
import type { FaultRule } from "./fault-rule.ts";
import { withHeader } from "./fault-head.ts";
import type { HubRequest, HubResponse } from "./http.ts";
import { headerSafe, html, json, text } from "./http.ts";

const PORTAL = `<!doctype html><html lang="en"><title>Welcome to our network</title><h1>Welcome</h1>
<form method="post" action="/accept"><button>Accept the terms</button></form></html>
`;

/** Whether the rule answers in place of the hub. */
export function isAnswer(rule: FaultRule): boolean {
  return rule.status !== undefined || rule.htmlBody !== undefined || rule.echoCredential === true;
}

/** `now`: milliseconds since 1970. */
export function faultAnswer(rule: FaultRule, request: HubRequest, now: number): HubResponse | undefined {
  const bare = bareAnswer(rule, request);
  if (!bare) return undefined;
  let { headers } = bare;
  const { retryAfter, rateLimit } = rule;
  if (retryAfter !== undefined) {
    const value =
      typeof retryAfter === "object" ? new Date(now + retryAfter.dateIn * 1000).toUTCString() : String(retryAfter);
    headers = withHeader(headers, "Retry-After", value);
  }
  if (rateLimit) {
    const { bucket = "api", left = 0, reset } = rateLimit;
    headers = withHeader(headers, "RateLimit", `"${bucket}";r=${left};t=${reset}`);
  }
  return { ...bare, headers };
}

function bareAnswer(rule: FaultRule, request: HubRequest): HubResponse | undefined {
  if (rule.htmlBody !== undefined) {
    return html(rule.htmlBody === true ? PORTAL : rule.htmlBody, rule.status ?? 200, { "Cache-Control": "no-store" });
  }
  if (rule.echoCredential) return errorAnswer(request, rule.status ?? 401, echo(request));
  if (rule.status === undefined) return undefined;
  // These have no body, and a client that knows it would take one for the next answer.
  if (rule.status === 204 || rule.status === 304) return { status: rule.status, headers: {} };
  return errorAnswer(request, rule.status, rule.message ?? STATUS_CODES[rule.status] ?? `Status ${rule.status}`);
}

/** As the Hub writes errors: JSON below `/api`, else plain text, and the message in a header too. */
function errorAnswer(request: HubRequest, status: number, message: string): HubResponse {
  const headers = status < 400 ? {} : { "X-Error-Message": headerSafe(message) };
  return request.segments[0] === "api" ? json({ error: message }, status, headers) : text(message, status, headers);
}

function echo(request: HubRequest): string {
  const credential = request.headers["authorization"];
  if (credential === undefined) return "Invalid credentials: none";
  const token = presentedToken(credential) ?? "";
  return `Invalid credentials: ${credential} (token ${token}, in base64 ${Buffer.from(token).toString("base64")})`;
}
