import { UsageError } from "../../core/errors.ts";
import { parseRepoAddress } from "../../core/repo-address.ts";
import type { RepoAddress } from "../../core/repo-address.ts";
import { command, switchFlag, valueFlag } from "../command.ts";
import type { CliContext } from "../context.ts";
import { repoTypeOf } from "../repo-type.ts";

export interface RepoFlags {
  readonly repoType?: string;
  readonly type?: string;
}

interface Flags extends RepoFlags {
  readonly revision?: string;
  readonly write?: boolean;
}

export const repoFlags = {
  repoType: valueFlag("model, dataset, space or kernel (default: model)", "TYPE"),
  type: valueFlag("The same as --repo-type", "TYPE"),
};

export const accessCheck = command<Flags>({
  brief: "May I read a repo? If not: which of the known causes it is, the evidence, and the one thing to do",
  description: [
    "A repo is namespace/name, datasets/namespace/name, an hf:// address or the address of its page.",
    "The Hub is asked for a real file, for the account behind the token, and what it says to nobody in particular: four requests at most.",
  ].join("\n"),
  flags: {
    ...repoFlags,
    revision: valueFlag("Branch, tag or commit (default: main)", "REV"),
    write: switchFlag("May I write to it?"),
  },
  args: [{ brief: "The repo", placeholder: "repo" }],
  run: async (flags, context, [spec]) => {
    const address = addressOf(spec, flags, context);
    const { openAccess, subjectOf } = await import("../../api/index.ts");
    const { accessReport } = await import("../access-report.ts");
    const desk = await openAccess(await context.session());
    const { revision = address.revision } = flags;
    const report = await desk.check(
      { ...subjectOf(address), revision },
      {
        need: flags.write === true ? "write" : "read",
        signal: context.signal,
      },
    );
    return accessReport(report, context.printer);
  },
});

/** @throws UsageError when there is none, or it can't be one */
export function addressOf(spec: string | undefined, flags: RepoFlags, context: CliContext): RepoAddress {
  if (spec === undefined) {
    throw new UsageError("ERR_HF_USAGE", "Say which repo.", { hint: "As in: hf access NAMESPACE/NAME" });
  }
  return parseRepoAddress(spec, { endpoint: context.settings().endpoint, type: repoTypeOf(flags) });
}
