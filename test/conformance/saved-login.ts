import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PeerWorld } from "./peers.ts";

/** Brings the end of the saved login near, as 29 days would. Answers its token. */
export function age(world: PeerWorld): string {
  const path = join(world.home, "stored_tokens");
  const text = readFileSync(path, "utf8");
  assert.match(text, /^\[oauth-carol\]\nhf_token = \S+\nrefresh_token = \S+\nexpires_at = \d+\n\n$/);
  writeFileSync(path, text.replace(/expires_at = \d+/, `expires_at = ${Math.floor(Date.now() / 1000) + 3600}`));
  world.hub.journal.clear();
  return readFileSync(join(world.home, "token"), "utf8");
}

/** The statuses of the answers to refreshes since the login was brought to its end. */
export const refreshes = (world: PeerWorld): string[] =>
  world.hub.journal.entries.filter(({ url }) => url.endsWith("/oauth/token")).map(({ status }) => String(status));

/** Writes a login down as Python does. */
export function saveLogin(world: PeerWorld, told: Record<string, string>): void {
  const { access_token: token = "", refresh_token: refresh = "", expires_in: seconds = "" } = told;
  const expiresAt = Math.floor(Date.now() / 1000) + Number(seconds);
  mkdirSync(world.home, { mode: 0o700 });
  const section = `[oauth-carol]\nhf_token = ${token}\nrefresh_token = ${refresh}\nexpires_at = ${expiresAt}\n\n`;
  writeFileSync(join(world.home, "stored_tokens"), section, { mode: 0o600 });
  writeFileSync(join(world.home, "token"), token, { mode: 0o600 });
}
