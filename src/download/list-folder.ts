import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/**
 * The files of a snapshot folder by their path in the repo, with their size. A pointer is a link to a file; a link that
 * leads nowhere, round in circles or to a folder is none, and left out.
 */
export function listFolder(folder: string): Map<string, number> {
  const files = new Map<string, number>();
  const walk = (prefix: string): void => {
    for (const entry of readdirSync(join(folder, prefix), { withFileTypes: true })) {
      const path = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
      if (entry.isDirectory()) walk(path);
      else {
        const size = fileSize(join(folder, path));
        if (size !== undefined) files.set(path, size);
      }
    }
  };
  walk("");
  return files;
}

function fileSize(path: string): number | undefined {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats?.isFile() === true ? stats.size : undefined;
  } catch {
    return undefined;
  }
}
