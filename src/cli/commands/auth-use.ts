import { UsageError } from "../../core/errors.ts";
import { plainText } from "../../core/terminal-text.ts";
import type { Session } from "../../api/index.ts";
import { command, switchFlag } from "../command.ts";
import { alignColumns, tick } from "../output.ts";
import type { Report } from "../output.ts";

interface Flags {
  readonly remove?: boolean;
}

export const authUse = command<Flags>({
  brief: "Use a saved login in this folder and below it",
  description:
    "Kept in your own files beside the logins, never in the project. The nearest folder with a rule counts. " +
    "Without a name, shows the rules.",
  usage: "[NAME]",
  flags: { remove: switchFlag("Take away the rule of this very folder") },
  args: [{ brief: "Name of the saved login", placeholder: "name", optional: true }],
  run: async (flags, context, args) => {
    const session = await context.session();
    const { cwd } = context.machine;
    const [name] = args;
    const mark = tick(context.printer);
    if (flags.remove === true) {
      if (name !== undefined) {
        throw new UsageError("ERR_HF_USAGE", "--remove takes no name: it is about this folder.", {
          hint: "hf auth use --remove",
        });
      }
      const { folder, before, changed } = await session.folders.set(cwd, undefined, context.signal);
      const next = session.folders.find(cwd);
      return {
        data: { folder, name: null, before: before ?? null, changed },
        human: [`${mark} ${folder} ${changed ? "has no login of its own any more" : "has no login of its own"}`],
        notes: next === undefined ? [] : [`It uses '${plainText(next.tokenName, 60)}' by the rule of ${next.folder}.`],
      };
    }
    if (name === undefined) return show(session, cwd);
    await refuseUnusable(session, name);
    const { folder, before, changed } = await session.folders.set(cwd, name, context.signal);
    const { overridingSource, readableLogins } = await import("../../auth/index.ts");
    const token = readableLogins(await session.store.read()).find((login) => login.name === name)?.token;
    const hidden = overridingSource(context.env, token);
    const shown = plainText(name, 120);
    return {
      data: { folder, name: shown, before: before ?? null, changed, overriddenBy: hidden ?? null },
      human: [`${mark} ${folder} and all below it use ${shown}${changed ? "" : " already"}`],
      quiet: [shown],
      notes: hidden === undefined ? [] : [`${hidden} is set and comes first: unset it to use ${shown}.`],
    };
  },
});

/** A rule for a login that is not there, or is of another endpoint, would stop every command in the folder. */
async function refuseUnusable(session: Session, name: string): Promise<void> {
  const { readNamedLogin, withRevealed } = await import("../../auth/index.ts");
  const { store, settings } = session;
  const reading = readNamedLogin(await withRevealed(await store.read(), name, store.reveal), name, settings.endpoint);
  if (reading.kind === "refused") throw reading.error;
}

function show(session: Session, cwd: string): Report {
  const reading = session.folders.read();
  if (reading.kind === "unreadable") throw reading.error;
  const here = session.folders.find(cwd);
  const rules = [...reading.rules].map(([folder, name]) => ({
    folder: plainText(folder, 500),
    name: plainText(name, 120),
    here: folder === here?.folder,
  }));
  return {
    data: { path: session.folders.path, folders: rules },
    human: alignColumns(rules.map((rule) => [rule.here ? "*" : " ", rule.name, rule.folder])),
    quiet: here === undefined ? [] : [plainText(here.tokenName, 120)],
    notes:
      rules.length === 0 ? ["No folder has a login of its own. Give this one its own with 'hf auth use NAME'."] : [],
  };
}
