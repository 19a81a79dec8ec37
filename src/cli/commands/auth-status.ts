import type { SourceSurvey } from "../../auth/index.ts";
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
    const look = (): Promise<SourceSurvey> => surveySources(session.sources({ exchange: !offline }), Date.now());
    let survey = await look();
    const { resolution } = survey;
    let user: string | null = null;
    let problem: StatusProblem | undefined;
    if (resolution.kind === "found" && !offline) {
      try {
        const hub = await session.hub("required");
        // A login that was due has been renewed by now: what is shown must be what is there.
        const renewed = hub.credential?.token.equals(resolution.token) === false;
        if (renewed && resolution.tokenName !== undefined) survey = await look();
        user = (await whoami(hub, { signal: context.signal })).name;
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
