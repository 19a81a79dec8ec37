import { freeSpace } from "../cache/index.ts";
import { DiskError } from "../core/errors.ts";
import { formatBytes } from "../core/format-bytes.ts";
import { shortage } from "./plan.ts";
import type { Run } from "./run.ts";

/**
 * Refuses a download that does not fit, before its first byte. Where the system does not say what is free, and where
 * the caller wants to try nevertheless, it goes on.
 * @param folder where the bytes go; need not be there yet
 * @param left bytes of them that earlier downloads left and that have their room already; looked for only in need
 * @throws DiskError `ERR_HF_NO_SPACE`
 */
export function checkSpace(
  folder: string,
  missingBytes: number,
  { allowLowSpace, warn }: Pick<Run, "allowLowSpace" | "warn">,
  left: () => number = () => 0,
): void {
  const whole = shortage({ missingBytes }, freeSpace(folder));
  const missing = whole === 0 ? 0 : Math.max(0, whole - left());
  if (missing === 0) return;
  const text = `The download needs ${formatBytes(missingBytes)}: ${formatBytes(missing)} more than is free in ${folder}`;
  if (allowLowSpace) return warn(text);
  throw new DiskError("ERR_HF_NO_SPACE", text, {
    hint: "Nothing was fetched. Free some space, name a place on a larger disk (HF_HOME, --cache-dir or --local-dir), or try nevertheless with --allow-low-space.",
  });
}
