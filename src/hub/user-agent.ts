import { versions } from "node:process";
import { VERSION } from "../core/version.ts";

/**
 * What the client calls itself: `latchkey/<version>; node/<version>`, and `origin/<name>` when the user set
 * `HF_HUB_USER_AGENT_ORIGIN`.
 */
export function userAgent(origin?: string): string {
  const parts = [`latchkey/${VERSION}`, `node/${versions.node}`];
  const name = origin?.replace(/[^\x20-\x7e]|;/g, "").trim();
  if (name !== undefined && name !== "") parts.push(`origin/${name}`);
  return parts.join("; ");
}
