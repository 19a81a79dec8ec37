import { command } from "../command.ts";
import { needToken } from "../need-token.ts";

export const authToken = command({
  brief: "Print the token that is used",
  flags: {},
  run: async (_flags, context) => {
    const found = await needToken(await context.session());
    const token = found.token.expose();
    return { data: { token, source: found.source }, human: [token], quiet: [token], raw: true };
  },
});
