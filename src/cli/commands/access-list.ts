import { readFileSync } from "node:fs";
import type { AccessReport } from "../../api/index.ts";
import { diskError, UsageError } from "../../core/errors.ts";
import { command, valueFlag } from "../command.ts";
import { addressOf, repoFlags } from "./access.ts";
import type { RepoFlags } from "./access.ts";

interface Flags extends RepoFlags {
  readonly file?: string;
}

/** Repos that are asked about at the same time. */
const WORKERS = 8;
const MOST = 1000;

export const accessList = command<Flags>({
  brief: "May I read these repos? A table, 8 of them asked at a time",
  description: "With -f: one repo a line; empty lines and what follows # are left out. The account is asked for once.",
  flags: { ...repoFlags, file: valueFlag("A file with one repo a line; - is standard input", "FILE") },
  aliases: { f: "file" },
  args: [{ brief: "The repos", placeholder: "repo", rest: true }],
  run: async (flags, context, args) => {
    const specs = [...args, ...(flags.file === undefined ? [] : namesIn(flags.file))];
    if (specs.length === 0 || specs.length > MOST) {
      throw new UsageError("ERR_HF_USAGE", specs.length === 0 ? "Say which repos." : `More than ${MOST} repos.`, {
        hint: "As in: hf access list acme/one acme/two, or hf access list -f repos.txt",
      });
    }
    // All of them before the first request: a misspelt line should not be found after a minute.
    const addresses = specs.map((spec) => addressOf(spec, flags, context));
    const { openAccess, subjectOf } = await import("../../api/index.ts");
    const { accessTable } = await import("../access-report.ts");
    const desk = await openAccess(await context.session());
    const reports: AccessReport[] = [];
    let next = 0;
    const work = async (): Promise<void> => {
      for (let at = next++; at < addresses.length; at = next++) {
        const address = addresses[at];
        if (address !== undefined) reports[at] = await desk.check(subjectOf(address), { signal: context.signal });
      }
    };
    await Promise.all(Array.from({ length: Math.min(WORKERS, addresses.length) }, work));
    return accessTable(reports, context.printer);
  },
});

function namesIn(file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    throw diskError(error, "read the list of repos", file);
  }
  return text
    .split(/\r?\n/)
    .map((line) => line.replace(/(?:^|\s)#.*$/, "").trim())
    .filter((line) => line !== "");
}
