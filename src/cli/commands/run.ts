import { AccessError } from "../../core/errors.ts";
import { childEnvironment } from "../child-environment.ts";
import { command, switchFlag, valueFlag } from "../command.ts";
import { needToken } from "../need-token.ts";

interface Flags {
  readonly as?: string;
  readonly readOnly?: boolean;
  readonly mask?: boolean;
}

export const run = command<Flags>({
  brief: "Run a command with the token in its environment only",
  description:
    "hf run [--as NAME] [--read-only] [--mask] -- CMD…\n\nThe command gets HF_TOKEN, and no other variable with a token. " +
    "Its streams, exit code and signals are its own. No shell reads it.",
  flags: {
    as: valueFlag("Use the saved login of that name", "NAME"),
    readOnly: switchFlag("Ask the Hub first, and refuse when the token may do more than read"),
    mask: switchFlag("Strike the token, raw and encoded, from what the command prints (its output is then a pipe)"),
  },
  args: [{ brief: "The command and its arguments, after --", placeholder: "cmd", rest: true }],
  run: async (flags, context, words) => {
    const session = flags.as === undefined ? await context.session() : await context.sessionAs(flags.as);
    const found = await needToken(session);
    if (flags.readOnly === true) {
      const { whoami, whyNotReadOnly } = await import("../../auth/index.ts");
      const why = whyNotReadOnly(await whoami(await session.hub("required"), { signal: context.signal }));
      if (why !== undefined) {
        throw new AccessError("ERR_HF_NOT_READ_ONLY", `The token of ${found.source} ${why}. The command was not run.`, {
          hint: `Make a token with the role read at ${session.settings.endpoint}/settings/tokens, or leave out --read-only.`,
        });
      }
    }
    const env = childEnvironment(context.env, found.token, flags.endpoint && session.settings.endpoint);
    return context.runChild({ words, env, mask: flags.mask === true });
  },
});
