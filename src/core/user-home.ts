import { readFileSync } from "node:fs";

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
