import { createHash, timingSafeEqual } from "node:crypto";
import type { HubRequest } from "../http.ts";
import type { Hub } from "../model.ts";
import { Refusal } from "../refusals.ts";
import type { Session } from "../types.ts";
import type { Visit } from "./layout.ts";

const LONGEST_FORM = 64 * 1024;

export type Form = { session: Session; fields: URLSearchParams };

/**
 * Reads a form that a page of ours sent.
 * @throws Refusal 403 when it was not: a foreign host name or origin, no session, or not the session's form token.
 */
export async function readForm(visit: Visit): Promise<Form> {
  const { hub, request, session } = visit;
  checkHost(hub, request);
  checkOrigin(request);
  const type = request.headers["content-type"] ?? "";
  const raw = (await request.body.bytes(LONGEST_FORM)).toString("utf8");
  const fields = new URLSearchParams(type.startsWith("application/x-www-form-urlencoded") ? raw : "");
  if (!session || !sameText(fields.get("_csrf") ?? "", session.csrf)) {
    throw new Refusal(
      403,
      "This form is not from a page of yours, or it is too old. Open the page again and resend it.",
    );
  }
  return { session, fields };
}

/**
 * A foreign name that was made to point at this machine (DNS rebinding) is not us.
 * @throws Refusal 403
 */
export function checkHost(hub: Hub, request: HubRequest): void {
  const { port } = new URL(hub.origins.hub);
  const names = ["localhost", "127.0.0.1", "[::1]"].map((name) => (port === "" ? name : `${name}:${port}`));
  if (!names.includes((request.headers["host"] ?? "").toLowerCase())) {
    throw new Refusal(403, "Pages of this hub are served to this machine's own names only.");
  }
}

/** Browsers tell where a form came from. A client that tells nothing still needs the form token. */
function checkOrigin(request: HubRequest): void {
  const origin = request.headers["origin"];
  const site = request.headers["sec-fetch-site"];
  if ((origin === undefined || origin === request.base) && (site === undefined || site === "same-origin")) return;
  throw new Refusal(403, "This form was sent by another site.");
}

/** Takes the same time wherever the texts differ. */
export function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/**
 * A path on this hub to go on to, or `/` for all that leads elsewhere: other origins, `//host`, backslashes that
 * browsers read as slashes.
 */
export function safeNext(next: string | null): string {
  if (next === null || !next.startsWith("/")) return "/";
  const base = "http://hub.invalid";
  const url = URL.canParse(next, base) ? new URL(next, base) : undefined;
  return url?.origin === base && !url.pathname.startsWith("//") ? url.pathname + url.search : "/";
}
