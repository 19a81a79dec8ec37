import { readdirSync, statSync } from "node:fs";
import type { RunningProcess } from "./evidence.ts";
import { nameOf } from "./lock-holder.ts";
import { readStart } from "./look.ts";

/** A whole token of the Hub; shorter beginnings are names of files and variables. */
const TOKEN = /\b(?:hf_|hf_oauth_|hf_jwt_|api_org_)[A-Za-z0-9._-]{30,}/;
const MOST_PROCESSES = 5000;

/** Processes of this user with a token among their arguments, where the system shows those as files. */
export function findTokensInArguments(uid: number | undefined): readonly RunningProcess[] {
  if (uid === undefined) return [];
  let names: readonly string[];
  try {
    names = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
  return names.slice(0, MOST_PROCESSES).flatMap((name) => {
    const folder = `/proc/${name}`;
    try {
      if (statSync(folder).uid !== uid) return [];
    } catch {
      // It has ended meanwhile.
      return [];
    }
    const words = readStart(`${folder}/cmdline`, 64 * 1024, { followLinks: true })?.toString("latin1") ?? "";
    return TOKEN.test(words) ? [{ pid: Number(name), name: nameOf(Number(name)) }] : [];
  });
}
