import { UsageError } from "../../core/errors.ts";
import { placeOf } from "../../core/settings.ts";
import { command, valueFlag } from "../command.ts";
import { repoTypeOf } from "../repo-type.ts";

interface Flags {
  readonly repoType?: string;
  readonly type?: string;
  readonly cacheDir?: string;
}

export const cacheReady = command<Flags>({
  brief: "Tell by the exit code whether the cache has a repo whole, without the network",
  description: [
    "0 and the path: 'hf download --offline' would give it. 11: it would not, and why.",
    "Asks nobody and takes about as long as Node's own start: for scripts that begin with it.",
  ].join("\n"),
  flags: {
    repoType: valueFlag("model, dataset, space or kernel (default: model)", "TYPE"),
    type: valueFlag("The same as --repo-type", "TYPE"),
    cacheDir: valueFlag("Folder of the cache (default: HF_HUB_CACHE, else HF_HOME/hub)", "DIR"),
  },
  args: [
    { brief: "The repo, with @ a revision (default: main), then files of it", placeholder: "repo [file]", rest: true },
  ],
  run: async (flags, context, args) => {
    const [spec, ...files] = args;
    if (spec === undefined) {
      throw new UsageError("ERR_HF_USAGE", "Say which repo.", {
        hint: "hf cache ready NAMESPACE/NAME[@REVISION] [FILE…]",
      });
    }
    const { readyReport } = await import("../ready-report.ts");
    const cacheDir =
      flags.cacheDir === undefined
        ? context.settings().hubCache
        : placeOf(flags.cacheDir, "--cache-dir", context.env, context.machine);
    return readyReport({ spec, type: repoTypeOf(flags), files, cacheDir });
  },
});
