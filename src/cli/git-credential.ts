import type { Secret } from "../core/secret.ts";
import type { CliContext } from "./context.ts";
import { tick } from "./output.ts";
import type { Json } from "./output.ts";

/** What a command tells of git's part in it. */
export interface GitWords {
  readonly data: Json;
  readonly human: readonly string[];
}

/** Hands the token to git's helpers. That it does not work is said, and never undoes what the command has done. */
export async function storeGitCredential(context: CliContext, token: Secret): Promise<GitWords> {
  const { approveCredential } = await import("../git/index.ts");
  const { endpoint } = context.settings();
  const report = await approveCredential(endpoint, token, { env: context.env, signal: context.signal });
  switch (report.kind) {
    case "done":
      if (report.warning !== undefined) context.warn(`git: ${report.warning}`);
      return {
        data: { stored: true, helpers: [...report.helpers] },
        human: [`${tick(context.printer)} Stored with git's credential helper (${report.helpers.join(", ")})`],
      };
    case "no-helper":
      context.warn(`git has no credential helper, so it can't keep the token. Set one: ${report.command}`);
      return { data: { stored: false, command: report.command }, human: [] };
    case "failed":
      context.warn(`${report.error.message} ${report.error.hint}`);
      return { data: { stored: false, error: report.error.code }, human: [] };
  }
}
