import { spawnSync } from "node:child_process";

/** Makes a named pipe; a reason to skip the test where there are none. */
export function makePipe(path: string): string | undefined {
  const { status, error } = spawnSync("mkfifo", [path]);
  return status === 0 ? undefined : `no named pipes here: ${error?.message ?? `mkfifo said ${status}`}`;
}
