import { fstatSync } from "node:fs";
import { emptyTokenVariables, lookAlikes, surveySources } from "../auth/index.ts";
import { findAtOnce } from "./find-at-once.ts";
import { printReport } from "./output.ts";
import type { ProcessPort } from "./process-port.ts";
import { statusReport } from "./status-report.ts";
import { writeAtOnce } from "./write-at-once.ts";

/**
 * `hf auth status --offline [--json]` for a program or a prompt that asks often. Answers undefined on a terminal, where
 * a person may like colours, and when there is a warning to give: the whole program takes over then.
 */
export async function statusAtOnce(words: readonly string[], process: ProcessPort): Promise<number | undefined> {
  const [offline, json, ...more] = words;
  if (offline !== "--offline" || (json !== undefined && json !== "--json") || more.length > 0) return undefined;
  try {
    if (fstatSync(1).isCharacterDevice()) return undefined;
    const { settings, store, sources } = findAtOnce(process, { refresh: "never" });
    if (settings.warnings.length > 0) return undefined;
    const report = statusReport({
      survey: await surveySources(sources, Date.now()),
      store: await store.describe(),
      similar: lookAlikes(process.env),
      empty: emptyTokenVariables(process.env),
      settings,
      user: null,
      problem: undefined,
      tick: "",
    });
    return printReport(report, {
      format: json === undefined ? "human" : "json",
      colour: false,
      out: writeAtOnce,
      err: (text) => writeAtOnce(text, 2),
    });
  } catch {
    // The whole program meets the same fault again, and explains it.
    return undefined;
  }
}
