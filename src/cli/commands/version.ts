import { VERSION } from "../../core/version.ts";
import { command } from "../command.ts";

export const version = command({
  brief: "Print the version",
  flags: {},
  run: async () => ({ data: { version: VERSION }, human: [VERSION], quiet: [VERSION] }),
});
