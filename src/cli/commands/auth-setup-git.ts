import { carriesTokens } from "../../core/credential.ts";
import { TokenError } from "../../core/errors.ts";
import { command, switchFlag } from "../command.ts";
import { tick } from "../output.ts";

interface Flags {
  readonly remove?: boolean;
}

export const authSetupGit = command<Flags>({
  brief: "Make git use the logins for clone and push from the Hub's host, and from no other",
  flags: { remove: switchFlag("Take out of git's configuration what this command has put there") },
  run: async (flags, context) => {
    const { endpoint } = context.settings();
    const { removeHelper, setUpHelper } = await import("../../git/index.ts");
    const options = { env: context.env, signal: context.signal };
    const { host } = new URL(endpoint);
    if (flags.remove === true) {
      const { key, changed } = await removeHelper(endpoint, options);
      const words = changed ? "git no longer asks Latchkey for" : "git did not ask Latchkey for";
      return { data: { endpoint, key, changed }, human: [`${tick(context.printer)} ${words} ${host}`] };
    }
    if (!carriesTokens(new URL(endpoint))) {
      throw new TokenError("ERR_HF_INSECURE_ENDPOINT", `A token can't be sent to ${endpoint}: it is plain http.`, {
        hint: "Use https in HF_ENDPOINT or --endpoint.",
      });
    }
    const { findProgram } = await import("../find-program.ts");
    const program = findProgram(context.program, context.env, context.machine.platform);
    if (program.passing) {
      context.warn("This program runs from a cache of npx, which may go away. Install it: npm install -g latchkey");
    }
    const { key, changed, helper = "" } = await setUpHelper(endpoint, program, options);
    return {
      data: { endpoint, key, changed, helper },
      human: [
        `${tick(context.printer)} git ${changed ? "now asks" : "asks"} Latchkey for ${host}, and for no other host`,
      ],
      quiet: [helper],
      notes: changed
        ? ["It uses the login that 'hf auth status' shows. Undo it with 'hf auth setup-git --remove'."]
        : [],
    };
  },
});
