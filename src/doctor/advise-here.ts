import { dirname, join } from "node:path";
import type { Session } from "../api/index.ts";
import { readableLogins, resolveToken } from "../auth/index.ts";
import type { Environment, Machine } from "../core/ports.ts";
import { advise, readMachine } from "./advise.ts";
import type { Advice } from "./advise.ts";
import { containerMark } from "./collect-folder.ts";
import { isOpenable, listsBeside } from "./collect-logins.ts";
import { lookAt, realPath } from "./look.ts";

export interface AdviseOptions {
  readonly session: Session;
  readonly env: Environment;
  readonly machine: Machine;
}

export interface AdviceHere {
  readonly advice: readonly Advice[];
  /** The source of the token that is used now. */
  readonly source: string | undefined;
}

/** The ways to sign in that suit the machine at hand. Asks nothing of the network. */
export async function adviseHere({ session, env, machine }: AdviseOptions): Promise<AdviceHere> {
  const { tokenPath, storedTokensPath } = session.settings;
  const record = join(dirname(storedTokensPath), "latchkey.json");
  const readable = [tokenPath, storedTokensPath, record, ...listsBeside(storedTokensPath)]
    .map(lookAt)
    .every(isOpenable);
  const saved = readable ? readableLogins(await session.store.read()).length : 0;
  const found = readable ? await resolveToken(session.sources()) : undefined;
  const advice = advise(
    readMachine(env, {
      platform: machine.platform,
      container: containerMark(env),
      savedLogins: saved,
      project: projectMark(machine.cwd, machine.home),
    }),
  );
  return { advice, source: found === undefined || found.kind === "anonymous" ? undefined : found.source };
}

/** What makes the current folder a part of a project; the home folder is none, though many keep it in git. */
function projectMark(cwd: string, home: string): string | undefined {
  for (let at = realPath(cwd); at !== realPath(home); at = dirname(at)) {
    if (lookAt(join(at, ".git")).kind !== "absent") return join(at, ".git");
    if (at === dirname(at)) return undefined;
  }
  return undefined;
}
