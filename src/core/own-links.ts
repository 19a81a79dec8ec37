import { lstatSync, readlinkSync, realpathSync } from "node:fs";
import { dirname, isAbsolute, sep } from "node:path";
import * as process from "node:process";
import { DiskError } from "./errors.ts";

/** More links in a row are a circle: Linux stops here too. */
const MOST_LINKS = 40;

/** The user whose links are followed; undefined where files have no such owner. */
export function thisUser(): number | undefined {
  return process.geteuid?.();
}

/**
 * Where a path leads, by links that this user or root has made: dotfile managers keep secrets elsewhere. A path that is
 * no link, or one that leads to nothing, is given back as it is. A link of somebody else is not followed: whoever may
 * write into a folder could send there what is meant for another place.
 * @param uid @default the user of this process; undefined on Windows, where every link is followed
 * @throws DiskError `ERR_HF_DISK` for a link of another user
 */
export function followOwnLinks(path: string, uid: number | undefined = thisUser()): string {
  let at = path;
  for (let links = 0; links < MOST_LINKS; links++) {
    const link = readLink(at);
    if (link === "nothing") return path;
    if (link === "no link") return at;
    if (uid !== undefined && link.owner !== uid && link.owner !== 0) throw foreign(at);
    at = link.target;
  }
  return path;
}

type Link = "nothing" | "no link" | { readonly owner: number; readonly target: string };

/** Nothing also where nobody may look: whoever uses the path meets that fault, and names it. */
function readLink(path: string): Link {
  try {
    const stats = lstatSync(path);
    if (!stats.isSymbolicLink()) return "no link";
    const target = readlinkSync(path);
    // Joined as it is: what `..` means behind a link is for the system to say.
    return { owner: stats.uid, target: isAbsolute(target) ? target : `${realpathSync(dirname(path))}${sep}${target}` };
  } catch {
    return "nothing";
  }
}

function foreign(path: string): DiskError {
  return new DiskError("ERR_HF_DISK", `${path} is a link that another user has made. It was not followed.`, {
    hint: "Remove that link, and keep others from writing into its folder.",
  });
}
