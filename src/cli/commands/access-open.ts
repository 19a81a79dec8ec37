import { carriesTokens } from "../../core/credential.ts";
import { repoPath } from "../../core/repo.ts";
import { command, switchFlag } from "../command.ts";
import type { CliContext } from "../context.ts";
import { addressOf, repoFlags } from "./access.ts";
import type { RepoFlags } from "./access.ts";

interface Flags extends RepoFlags {
  readonly noBrowser?: boolean;
}

export const accessOpen = command<Flags>({
  brief: "Open a repo's page, where the terms are read and access is asked for",
  description: "Prints the address, and opens it where there is a browser. Nothing is accepted in your place.",
  flags: { ...repoFlags, noBrowser: switchFlag("Only print the address") },
  args: [{ brief: "The repo", placeholder: "repo" }],
  run: async (flags, context, [spec]) => {
    const { repo } = addressOf(spec, flags, context);
    // Of our own making: the endpoint, and an id that was checked. No server has a say in what is opened.
    const url = `${context.settings().endpoint}/${repoPath(repo)}`;
    const why = await whyNotOpened(url, flags, context);
    if (why === undefined) {
      const { openBrowser } = await import("../sign-in/local-browser.ts");
      openBrowser(url, { env: context.env, platform: context.machine.platform });
    }
    return {
      data: { repo: repo.id, repoType: repo.type, url, opened: why === undefined },
      human: [url],
      quiet: [url],
      notes:
        why === undefined
          ? ["Opened in the browser."]
          : flags.noBrowser === true
            ? []
            : await invitation(url, why, context),
    };
  },
});

/** Why the address is only printed, or undefined when it is opened. */
async function whyNotOpened(url: string, flags: Flags, context: CliContext): Promise<string | undefined> {
  if (flags.noBrowser === true) return "--no-browser says so";
  if (context.printer.format !== "human") return "the answer is for a program";
  if (!carriesTokens(new URL(url))) return "a person signs in there, and it is plain http";
  const { namedBrowser, whyNoBrowser } = await import("../sign-in/local-browser.ts");
  if (namedBrowser(context.env) !== undefined) return undefined;
  return whyNoBrowser({ env: context.env, platform: context.machine.platform });
}

/** For the device that does have a browser. */
async function invitation(url: string, why: string, { stderr, printer }: CliContext): Promise<readonly string[]> {
  const { qrLines } = await import("../sign-in/qr-code.ts");
  const code = stderr.isTTY ? qrLines(url, (stderr.columns ?? 80) - 4, printer.colour) : undefined;
  return [`No browser is opened: ${why}. Open the address in any browser.`, ...(code ?? []).map((line) => `  ${line}`)];
}
