import { HUB_ORIGINS } from "../../core/credential.ts";
import { UsageError } from "../../core/errors.ts";
import { command, switchFlag, valueFlag } from "../command.ts";
import { needToken } from "../need-token.ts";
import { tick } from "../output.ts";

interface Flags {
  readonly shell?: string;
  readonly permanent?: boolean;
  readonly write?: string;
}

export const authEnv = command<Flags>({
  brief: "Print the line that sets HF_TOKEN in a shell, or write it into a .env file",
  description:
    "The line holds the token itself. To hand it to one command only, 'hf run -- CMD' leaves no trace of it.",
  flags: {
    shell: valueFlag("bash, zsh, sh, fish, cmd or powershell (default: the shell that you use)", "SHELL"),
    permanent: switchFlag("The line for all later sessions, and the file that it belongs into; nothing is edited"),
    write: valueFlag(
      "Set HF_TOKEN in this file, mode 0600; adds it to .gitignore, refuses a file that git tracks",
      "FILE",
    ),
  },
  run: async (flags, context) => {
    const session = await context.session();
    const found = await needToken(session);
    const { endpoint } = session.settings;
    const elsewhere = HUB_ORIGINS.includes(new URL(endpoint).origin)
      ? []
      : [`The token belongs to ${endpoint}: set HF_ENDPOINT to that too, wherever you use it.`];
    if (flags.write !== undefined) {
      if (flags.shell !== undefined || flags.permanent === true) {
        throw new UsageError("ERR_HF_USAGE", "--write excludes --shell and --permanent.", {
          hint: "Give one of them.",
        });
      }
      const { writeEnvFile } = await import("../write-env-file.ts");
      const options = { env: context.env, signal: context.signal };
      const report = await writeEnvFile(flags.write, context.machine.cwd, found.token, options);
      const { path, replaced, ignored, gitignore } = report;
      return {
        data: { path, replaced, ignored, gitignore: gitignore ?? null, source: found.source },
        human: [
          `${tick(context.printer)} HF_TOKEN ${replaced ? "set anew" : "added"} in ${path}, readable by you alone`,
          ...(gitignore === undefined ? [] : [`${tick(context.printer)} git ignores it from now on (${gitignore})`]),
        ],
        quiet: [path],
        notes: elsewhere,
      };
    }
    const { guessShell, parseShell, shellLine } = await import("../shell-lines.ts");
    const { env } = context;
    const shell = flags.shell === undefined ? guessShell(env, context.machine.platform) : parseShell(flags.shell);
    const permanent = flags.permanent === true;
    const { line, where, file } = shellLine(shell, "HF_TOKEN", found.token.expose(), { permanent, env });
    if (context.answersTerminal) {
      context.warn("This line shows your token. Clear the screen afterwards, and mind the history of your shell.");
    }
    return {
      data: { shell, permanent, line, file: file ?? null, source: found.source },
      human: [line],
      quiet: [line],
      raw: true,
      notes: [where, ...elsewhere],
    };
  },
});
