import { safeText } from "../core/errors.ts";
import type { AdviceHere } from "../doctor/index.ts";
import { reportWidth } from "./doctor-report.ts";
import type { Paint } from "./doctor-report.ts";
import { wrapLine } from "./output.ts";
import type { Printer, Report } from "./output.ts";

/** What `hf doctor --advise` tells: the way that suits best, then what suits beside it. */
export function adviceReport({ advice, source }: AdviceHere, paint: Paint, printer: Pick<Printer, "columns">): Report {
  const width = reportWidth(printer);
  return {
    data: {
      source: source === undefined ? null : safeText(source, 1000),
      advice: advice.map(({ situation, seen, method, why, commands }) => ({
        situation,
        seen: safeText(seen, 1000),
        method,
        why,
        commands: [...commands],
      })),
    },
    human: advice.flatMap(({ seen, method, why, commands }, at) => [
      ...(at === 0 ? [] : [""]),
      ...wrapLine(safeText(seen, 1000), width),
      ...wrapLine(`  Suits: ${method}.`, width, "  "),
      ...wrapLine(`  Why: ${why}`, width, "  "),
      ...commands.map((line) => `      ${paint("command", line)}`),
    ]),
    quiet: advice.slice(0, 1).map(({ situation }) => situation),
    notes: source === undefined ? [] : [`Now the token comes from ${safeText(source, 1000)}.`],
  };
}
