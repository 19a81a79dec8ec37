import { readFileSync } from "node:fs";
import { homedir } from "node:os";

/** The home folder of a named user, from the system's list of accounts. Windows has no such list. */
export function userHome(name: string): string | undefined {
  try {
    const line = readFileSync("/etc/passwd", "utf8")
      .split("\n")
      .find((entry) => entry.startsWith(`${name}:`));
    return line?.split(":")[5];
  } catch {
    return undefined;
  }
}

/**
 * The home folder of this user as the system gives it. The root where there is none: a user id without an account, as
 * containers are started with, and no HOME. Nothing can be written there, which is said by whoever tries.
 * @param read for tests
 */
export function ownHome(read: () => string = homedir): string {
  try {
    return read();
  } catch {
    return "/";
  }
}
