import { readSettings } from "../core/settings.ts";
import { ownHome, userHome } from "../core/user-home.ts";
import { printReport } from "./output.ts";
import type { OutputFormat } from "./output.ts";
import type { ProcessPort } from "./process-port.ts";
import { readyReport } from "./ready-report.ts";
import { writeAtOnce } from "./write-at-once.ts";

const FORMATS: Readonly<Record<string, OutputFormat>> = { "--json": "json", "--quiet": "quiet", "-q": "quiet" };

/**
 * `hf cache ready REPO[@REV]` for scripts that ask at each start: about the time that Node itself takes. Answers
 * undefined for anything else, also for a mistake, and the whole program takes over.
 */
export function readyAtOnce(words: readonly string[], process: ProcessPort): number | undefined {
  const [spec, flag, ...more] = words;
  const format = flag === undefined ? "human" : FORMATS[flag];
  if (spec === undefined || spec.startsWith("-") || format === undefined || more.length > 0) return undefined;
  try {
    const { env, platform } = process;
    const settings = readSettings(env, { platform, home: ownHome(), cwd: process.cwd(), userHome });
    if (settings.warnings.length > 0) return undefined;
    const report = readyReport({ spec, cacheDir: settings.hubCache });
    return printReport(report, { format, colour: false, out: writeAtOnce, err: (text) => writeAtOnce(text, 2) });
  } catch {
    // The whole program meets the same fault again, and explains it.
    return undefined;
  }
}
