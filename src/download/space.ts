import { freeSpace } from "../cache/index.ts";
import { DiskError } from "../core/errors.ts";
import { formatBytes } from "../core/format-bytes.ts";
import { shortage } from "./plan.ts";

/**
 * Refuses a download that does not fit, before its first byte. Where the system does not say what is free, it goes on.
 * @throws DiskError `ERR_HF_NO_SPACE`
 */
export function checkSpace(folder: string, missingBytes: number): void {
  const missing = shortage({ missingBytes }, freeSpace(folder));
  if (missing === 0) return;
  const text = `The download needs ${formatBytes(missingBytes)}, and ${formatBytes(missing)} of that is not free in ${folder}`;
  throw new DiskError("ERR_HF_NO_SPACE", text, {
    hint: "Nothing was fetched. Free some space, or point HF_HOME (or --cache-dir) to a larger disk.",
  });
}
