import { diskError, DiskError } from "../core/errors.ts";
import type { HfError } from "../core/errors.ts";

/** Why an answer could not be written. A disk that is full there has nothing to do with the folders of the cache. */
export function unwritten(error: unknown): HfError {
  const fault = diskError(error, "write the answer", "standard output");
  if (fault.code !== "ERR_HF_NO_SPACE") return fault;
  const hint = "Free some space where standard output goes, or send it elsewhere.";
  return new DiskError(fault.code, fault.message, { cause: error, hint });
}
