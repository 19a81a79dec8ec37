import type { Outcome } from "./world.ts";

/** The error that a program with --json printed last; undefined where it printed none. */
export function errorOf({ stderr }: Pick<Outcome, "stderr">): Record<string, unknown> | undefined {
  const last = stderr.trimEnd().split("\n").at(-1) ?? "";
  if (!last.startsWith("{")) return undefined;
  return (JSON.parse(last) as { error?: Record<string, unknown> }).error;
}
