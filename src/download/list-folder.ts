import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** The files of a snapshot folder by their path in the repo, with their size; what leads nowhere is left out. */
export function listFolder(folder: string): Map<string, number> {
  const files = new Map<string, number>();
  const walk = (prefix: string): void => {
    for (const { name } of readdirSync(join(folder, prefix), { withFileTypes: true })) {
      const path = prefix === "" ? name : `${prefix}/${name}`;
      const stats = statSync(join(folder, path), { throwIfNoEntry: false });
      if (stats?.isFile() === true) files.set(path, stats.size);
      else if (stats?.isDirectory() === true) walk(path);
    }
  };
  walk("");
  return files;
}
