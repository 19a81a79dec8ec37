import type { AccessVerdict } from "../../access/index.ts";
import { command, valueFlag } from "../command.ts";
import { parseDuration } from "../duration.ts";
import { wrapLine } from "../output.ts";
import { addressOf, repoFlags } from "./access.ts";
import type { RepoFlags } from "./access.ts";

interface Flags extends RepoFlags {
  readonly timeout?: string;
  readonly interval?: string;
}

export const accessWait = command<Flags>({
  brief: "Wait until access to a repo is given or refused",
  description: [
    "Asks the Hub one question a time, at first every few seconds and ever more seldom, and lives through a network",
    "that goes away. Exit code 0 when access is given, 4 when it was rejected or the time is over, 130 at Ctrl-C.",
  ].join("\n"),
  flags: {
    ...repoFlags,
    timeout: valueFlag("How long to wait, as in 30m or 2h (default: 1h)", "TIME"),
    interval: valueFlag("Time before the second question (default: 5s)", "TIME"),
  },
  args: [{ brief: "The repo", placeholder: "repo" }],
  run: async (flags, context, [spec]) => {
    const address = addressOf(spec, flags, context);
    const timeoutMs = parseDuration(flags.timeout ?? "1h", "--timeout");
    const firstWaitMs = parseDuration(flags.interval ?? "5s", "--interval");
    const { openAccess, subjectOf } = await import("../../api/index.ts");
    const { waitForAccess } = await import("../../access/index.ts");
    const { accessReport } = await import("../access-report.ts");
    const { systemClock } = await import("../../core/clock.ts");
    const { signal } = context;
    const desk = await openAccess(await context.session());
    const { evidence } = await desk.check(subjectOf(address), { signal });
    const outcome = await waitForAccess(desk.hub, evidence, {
      timeoutMs,
      firstWaitMs,
      clock: systemClock,
      random: Math.random,
      signal,
      onEvent: ({ verdict, waitMs }) => {
        for (const line of wrapLine(`${verdict.message}${where(verdict)}`, context.printer)) context.say(line);
        context.say(
          `Asking again in ${Math.max(1, Math.round(waitMs / 1000))} s, then ever more seldom. Ctrl-C ends it.`,
        );
      },
    });
    const report = accessReport(outcome, context.printer);
    const timedOut = outcome.kind === "timed-out";
    return {
      ...report,
      data: { ...report.data, timedOut, asked: outcome.asked },
      notes: timedOut ? ["The time is over. Run the command again to go on waiting."] : [],
    };
  },
});

/** While one waits, the step "wait" says nothing new; that nobody has asked yet does. */
function where({ kind, next }: AccessVerdict): string {
  return kind === "gate-not-requested" && next.url !== undefined ? ` Ask for it at ${next.url}` : "";
}
