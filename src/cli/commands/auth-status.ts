import { command, switchFlag } from "../command.ts";
import { tick } from "../output.ts";
import type { StatusProblem } from "../status-report.ts";

interface Flags {
  readonly offline?: boolean;
}

export const authStatus = command<Flags>({
  brief: "Show every place a token may come from, which one is used and what it hides",
  description:
    "Works without the network unless a token is in use: then the Hub is asked once, so that a dead token shows.",
  flags: { offline: switchFlag("Do not ask the Hub") },
  run: async (flags, context) => {
    const session = await context.session();
    const { emptyTokenVariables, lookAlikes, surveySources, whoami } = await import("../../auth/index.ts");
    const { statusReport } = await import("../status-report.ts");
    const offline = flags.offline === true || session.settings.offline;
    const survey = await surveySources(session.sources({ exchange: !offline }), Date.now());
    const { resolution } = survey;
    let user: string | null = null;
    let problem: StatusProblem | undefined;
    if (resolution.kind === "found" && !offline) {
      try {
        user = (await whoami(await session.hub("required"), { signal: context.signal })).name;
      } catch (error) {
        const { isHfError } = await import("../../core/errors.ts");
        if (!isHfError(error)) throw error;
        problem = { message: error.message, hint: error.hint, code: error.code };
      }
    }
    return statusReport({
      survey,
      store: await session.store.describe(),
      similar: lookAlikes(context.env),
      empty: emptyTokenVariables(context.env),
      settings: session.settings,
      user,
      problem,
      tick: tick(context.printer),
    });
  },
});
