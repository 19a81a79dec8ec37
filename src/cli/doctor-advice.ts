import { safeText } from "../core/errors.ts";
import type { AdviceHere } from "../doctor/index.ts";
import type { Paint } from "./doctor-report.ts";
import type { Report } from "./output.ts";
import { wrap } from "./wrap.ts";

/** What `hf doctor --advise` tells: the way that suits best, then what suits beside it. */
export function adviceReport({ advice, source }: AdviceHere, paint: Paint): Report {
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
      ...wrap(safeText(seen, 1000), 80),
      ...indented(`Suits: ${method}.`),
      ...indented(`Why: ${why}`),
      ...commands.map((line) => `      ${paint("command", line)}`),
    ]),
    quiet: advice.slice(0, 1).map(({ situation }) => situation),
    notes: source === undefined ? [] : [`Now the token comes from ${safeText(source, 1000)}.`],
  };
}

function indented(text: string): readonly string[] {
  return wrap(text, 76).map((line) => `  ${line}`);
}
