import { isHfError } from "../core/errors.ts";
import type { HfError } from "../core/errors.ts";
import type { Environment } from "../core/ports.ts";
import { findHelpers, readHelperCommand } from "../git/index.ts";
import type { GitEvidence } from "./evidence.ts";
import { lookAt } from "./look.ts";

export interface GitCollectOptions {
  readonly env: Environment;
  readonly endpoint: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Which helpers git asks for the endpoint, read from the configuration of the machine and the user, of no repository. */
export async function collectGit({ env, endpoint, timeoutMs, signal }: GitCollectOptions): Promise<GitEvidence> {
  try {
    const helpers = await findHelpers({ env, endpoint, timeoutMs, signal });
    const ours = helpers.flatMap((helper) => {
      const command = readHelperCommand(helper);
      if (command === undefined) return [];
      const works = [command.node, command.program].every((path) => lookAt(path).kind === "file");
      return [{ ...command, works }];
    });
    return { kind: "found", helpers: helpers.length, ours };
  } catch (error) {
    if (!isHfError(error)) throw error;
    return { kind: kindOf(error), why: error.message };
  }
}

function kindOf({ message }: HfError): "missing" | "broken" | "unknown" {
  if (message.includes("could not be started")) return "missing";
  return message.includes("could not read its configuration") ? "broken" : "unknown";
}
