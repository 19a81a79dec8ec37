import { spawnSync } from "node:child_process";

/**
 * False where this machine can take locks as Python does; else why a test of exclusion is skipped. On Linux a helper
 * takes them: without any of these programs everything works, unlocked.
 */
export const noLocks: string | false =
  process.platform === "linux" && ["flock", "perl", "python3"].every((name) => spawnSync(name, ["--version"]).error)
    ? "no flock, perl or python3 on this machine: downloads and logins go on unlocked"
    : false;
