import { systemClock } from "../../core/clock.ts";
import { UsageError } from "../../core/errors.ts";
import type { RepoAddress } from "../../core/repo-address.ts";
import type { TableRow } from "../access-report.ts";
import { command, valueFlag } from "../command.ts";
import { addressOf, repoFlags } from "./access.ts";
import type { RepoFlags } from "./access.ts";
import type { ListedRepo } from "../repo-list.ts";

interface Flags extends RepoFlags {
  readonly file?: string;
}

/** Repos that are asked about at the same time. */
const WORKERS = 8;
const MOST = 1000;

export const accessList = command<Flags>({
  brief: "May I read these repos? A table, 8 of them asked at a time",
  description: [
    "With -f: one repo a line; empty lines and what follows # are left out, and a line that can't be a repo is named and",
    "passed over. The account is asked for once. The exit code is the highest of all; such a line counts as 2.",
  ].join("\n"),
  flags: { ...repoFlags, file: valueFlag("A file with one repo a line; - is standard input", "FILE") },
  aliases: { f: "file" },
  args: [{ brief: "The repos", placeholder: "repo", rest: true }],
  run: async (flags, context, args) => {
    const { signal } = context;
    const parse = (spec: string): RepoAddress => addressOf(spec, flags, context);
    // All of them before the first request: a misspelt word of the command line should not be found after a minute.
    const named = args.map((spec): ListedRepo => ({ kind: "repo", address: parse(spec) }));
    const { readRepoList } = await import("../repo-list.ts");
    const listed =
      flags.file === undefined ? [] : await readRepoList(flags.file, parse, { clock: systemClock, signal });
    const all = [...named, ...listed];
    if (all.length === 0 || all.length > MOST) {
      throw new UsageError("ERR_HF_USAGE", all.length === 0 ? "Say which repos." : `More than ${MOST} repos.`, {
        hint: "As in: hf access list acme/one acme/two, or hf access list -f repos.txt",
      });
    }
    const { openAccess, subjectOf } = await import("../../api/index.ts");
    const { accessTable } = await import("../access-report.ts");
    const desk = await openAccess(await context.session());
    const rows: TableRow[] = [];
    let next = 0;
    const work = async (): Promise<void> => {
      for (let at = next++; at < all.length; at = next++) {
        const one = all[at];
        if (one?.kind === "bad") rows[at] = one;
        else if (one !== undefined) rows[at] = await desk.check(subjectOf(one.address), { signal });
      }
    };
    await Promise.all(Array.from({ length: Math.min(WORKERS, all.length) }, work));
    return accessTable(rows, context.printer);
  },
});
