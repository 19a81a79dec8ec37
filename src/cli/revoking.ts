import { systemClock } from "../core/clock.ts";
import { HfError, UsageError } from "../core/errors.ts";
import { plainText } from "../core/terminal-text.ts";
import type { Session } from "../api/index.ts";
import type { Revocable, RevokeOptions } from "../auth/index.ts";
import type { CliContext } from "./context.ts";

/**
 * What is revoked is dead for every program that uses it and never comes back, so a person is asked first, and a script
 * has to say so.
 * @param what "the token of 'work'"
 */
export async function confirmRevoking(context: CliContext, what: string, yes: boolean): Promise<void> {
  if (yes) return;
  if (!context.interactive) {
    throw new UsageError(
      "ERR_HF_NO_TERMINAL",
      `There is no terminal to ask whether to revoke ${what}. Nothing was changed.`,
      {
        hint: "Add --yes. What is revoked stops working everywhere, for good.",
      },
    );
  }
  const prompts = await context.prompts();
  const sure = await prompts.confirm(
    `Revoke ${what}? What is revoked stops working everywhere, for good. (y/N)`,
    false,
  );
  if (!sure)
    throw new HfError("ERR_HF_INTERRUPTED", "Stopped. Nothing was changed.", {
      hint: "Run the command again when you like.",
    });
}

export function revokeOptions(session: Session, context: CliContext): RevokeOptions {
  return { connect: session.connectTo, clock: systemClock, signal: context.signal };
}

/** "'home' and 'work' at https://huggingface.co", for questions and warnings. */
export function describeRevocable(all: readonly Revocable[]): string {
  const endpoints = [...new Set(all.map(({ endpoint }) => endpoint))];
  const namesAt = (endpoint: string): readonly string[] =>
    all
      .filter((one) => one.endpoint === endpoint)
      .flatMap(({ names }) => (names.length === 0 ? ["the token in the token file"] : names.map(quoted)));
  return endpoints.map((endpoint) => `${namesAt(endpoint).join(" and ")} at ${endpoint}`).join(", and ");
}

function quoted(name: string): string {
  return `'${plainText(name, 60)}'`;
}

/** What to look at after a sign-in by browser or code was ended. */
export function applicationsNote(endpoint: string): string {
  return `To see that the application is out: ${endpoint}/settings/connected-applications`;
}
