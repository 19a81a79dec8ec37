import { randomBytes } from "node:crypto";
import type { Caller } from "../access.ts";
import type { HubRequest } from "../http.ts";
import type { Hub } from "../model.ts";
import { findUser } from "../model.ts";
import type { Session, User } from "../types.ts";

const LIFETIME = 12 * 3600_000;
/** Anyone can open the sign-in page, and each visit there makes a session: the oldest go first. */
const MOST_SESSIONS = 5000;

/** A new session, with an id that nobody had before. `user` undefined: someone who only looks at the sign-in page. */
export function startSession(hub: Hub, user?: User): Session {
  const session: Session = {
    id: randomBytes(24).toString("base64url"),
    csrf: randomBytes(24).toString("base64url"),
    expiresAt: hub.now() + LIFETIME,
    ...(user === undefined ? {} : { user: user.name }),
  };
  for (const [id, { expiresAt }] of hub.sessions) {
    if (hub.sessions.size < MOST_SESSIONS && expiresAt > hub.now()) break;
    hub.sessions.delete(id);
  }
  hub.sessions.set(session.id, session);
  return session;
}

export function endSession(hub: Hub, session: Session): void {
  hub.sessions.delete(session.id);
}

/** The session the cookie names, if it is alive. An id that we did not make is never taken over. */
export function sessionOf(hub: Hub, request: HubRequest): Session | undefined {
  const wanted = cookieName(hub);
  for (const pair of (request.headers["cookie"] ?? "").split(";")) {
    const equals = pair.indexOf("=");
    if (pair.slice(0, equals).trim() !== wanted) continue;
    const session = hub.sessions.get(pair.slice(equals + 1).trim());
    if (session && session.expiresAt > hub.now()) return session;
  }
  return undefined;
}

export function userOf(hub: Hub, session: Session | undefined): User | undefined {
  return session?.user === undefined ? undefined : findUser(hub, session.user);
}

/** What the person at the browser may do: all that the account may. */
export function callerOf(user: User | undefined): Caller {
  return user ? { kind: "user", user, token: undefined } : { kind: "anonymous" };
}

/**
 * Who sends a request without an Authorization header. Only for reading: what changes something must show the session's
 * form token too, and that is looked at where the form is read.
 */
export function callerBySession(hub: Hub, request: HubRequest): Caller {
  const reads = request.method === "GET" || request.method === "HEAD";
  return callerOf(reads ? userOf(hub, sessionOf(hub, request)) : undefined);
}

/** `Secure` is missing on purpose: the hub speaks plain http on loopback, where some browsers would drop the cookie. */
export function sessionCookie(hub: Hub, session: Session): { "Set-Cookie": string } {
  const seconds = Math.floor(LIFETIME / 1000);
  return { "Set-Cookie": `${cookieName(hub)}=${session.id}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${seconds}` };
}

export function noCookie(hub: Hub): { "Set-Cookie": string } {
  return { "Set-Cookie": `${cookieName(hub)}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0` };
}

/** Cookies of one host are shared by all its ports: without the port in the name, two hubs would sign each other out. */
function cookieName(hub: Hub): string {
  return `localhub_${new URL(hub.origins.hub).port}`;
}
