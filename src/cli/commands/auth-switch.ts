import { UsageError } from "../../core/errors.ts";
import { plainText } from "../../core/terminal-text.ts";
import { command, switchFlag, valueFlag } from "../command.ts";
import type { CliContext } from "../context.ts";
import { storeGitCredential } from "../git-credential.ts";
import { tick } from "../output.ts";

interface Flags {
  readonly tokenName?: string;
  readonly addToGitCredential?: boolean;
}

export const authSwitch = command<Flags>({
  brief: "Make another saved login the active one",
  usage: "[NAME]",
  flags: {
    tokenName: valueFlag("Name of the saved login (the same as the argument)", "NAME"),
    addToGitCredential: switchFlag("Store its token with git's credential helper as well"),
  },
  args: [{ brief: "Name of the saved login", placeholder: "name", optional: true }],
  run: async (flags, context, args) => {
    const session = await context.session();
    const { switchTo } = await import("../../auth/index.ts");
    const name = args[0] ?? flags.tokenName ?? (await choose(context));
    const report = await switchTo(session.store, name, context.env, { signal: context.signal });
    const git = flags.addToGitCredential === true ? await storeGitCredential(context, report.token) : undefined;
    const shown = plainText(report.name, 120);
    const rule = session.folders.find(context.machine.cwd);
    const hiddenHere =
      rule === undefined || rule.tokenName === name
        ? []
        : [`In ${rule.folder} '${plainText(rule.tokenName, 60)}' is used, by 'hf auth use'. Undo that with --remove.`];
    return {
      data: { name: shown, changed: report.changed, overriddenBy: report.overriddenBy ?? null, git: git?.data ?? null },
      human: [`${tick(context.printer)} ${report.changed ? "Now" : "Already"} using ${shown}`, ...(git?.human ?? [])],
      quiet: [shown],
      notes: [
        ...(report.overriddenBy === undefined
          ? []
          : [`${report.overriddenBy} is set and comes before saved logins: unset it to use ${shown}.`]),
        ...hiddenHere,
      ],
    };
  },
});

async function choose(context: CliContext): Promise<string> {
  const { store } = await context.session();
  const now = await store.read();
  if (now.saved.kind === "unreadable") throw now.saved.error;
  const names = now.saved.logins.map((login) => login.name);
  if (names.length === 0) {
    throw new UsageError("ERR_HF_TOKEN_NAME", "No login is saved.", { hint: "Sign in with 'hf auth login'." });
  }
  if (!context.interactive) {
    throw new UsageError("ERR_HF_USAGE", "Say which login: there is no terminal to choose on.", {
      hint: `hf auth switch NAME, with one of: ${names.map((name) => plainText(name, 60)).join(", ")}`,
    });
  }
  const prompts = await context.prompts();
  return prompts.choose(
    "Which login?",
    names.map((name) => ({ value: name, label: plainText(name, 60) })),
  );
}
