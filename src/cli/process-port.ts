import { DiskError } from "../core/errors.ts";

/** The part of the real process that the command line uses; tests hand in their own. */
export type ProcessPort = Pick<
  NodeJS.Process,
  | "env"
  | "getuid"
  | "platform"
  | "stdin"
  | "stdout"
  | "stderr"
  | "cwd"
  | "on"
  | "off"
  | "version"
  | "argv"
  | "execPath"
  | "pid"
  | "kill"
>;

/**
 * The folder that the program was started in.
 * @throws DiskError `ERR_HF_DISK` when it has been deleted since
 */
export function currentFolder(process: Pick<ProcessPort, "cwd">): string {
  try {
    return process.cwd();
  } catch (error) {
    throw new DiskError("ERR_HF_DISK", "The current folder is not there any more.", {
      cause: error,
      hint: "Go to a folder that exists (cd), and run the command again.",
    });
  }
}
