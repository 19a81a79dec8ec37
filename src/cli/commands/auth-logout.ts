import type { HfError } from "../../core/errors.ts";
import { plainText } from "../../core/terminal-text.ts";
import { command, valueFlag } from "../command.ts";
import type { CliContext } from "../context.ts";
import { removeGitCredential } from "../git-credential.ts";
import { tick } from "../output.ts";
import type { Json } from "../output.ts";

interface Flags {
  readonly name?: string;
  readonly tokenName?: string;
}

export const authLogout = command<Flags>({
  brief: "Take saved logins away from this machine",
  description:
    "Without a name: all of them. The token itself stays valid at the Hub until it is revoked on its page of tokens.",
  flags: {
    name: valueFlag("Only the login of this name", "NAME"),
    tokenName: valueFlag("The same, as Python's hf spells it", "NAME"),
  },
  run: async (flags, context) => {
    const session = await context.session();
    const { logout, logoutAll, overridingSource } = await import("../../auth/index.ts");
    const { endpoint } = session.settings;
    const name = flags.name ?? flags.tokenName;
    const page = `The token stays valid at the Hub. To end it: ${endpoint}/settings/tokens`;
    const { store } = session;
    const { active } = await store.read();
    // A locked keychain is the sign-out's own matter, further down.
    const inKeychain = active.kind === "keychain" ? await store.reveal(active.name).catch(() => undefined) : undefined;
    const token = active.kind === "found" ? active.token : inKeychain?.token;
    const hidden =
      active.kind === "absent" || active.kind === "refused" ? undefined : overridingSource(context.env, token);
    const still = ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"].filter((variable) => (context.env[variable] ?? "") !== "");
    const notes = [
      page,
      ...(still.length > 0 || hidden !== undefined
        ? [`${still.join(" and ") || hidden} is still set: this shell stays signed in by it.`]
        : []),
    ];
    if (name !== undefined) {
      const report = await logout(session.store, name, { signal: context.signal });
      if (report.token !== undefined && report.wasActive) await removeGitCredential(context, report.token);
      const shown = plainText(report.name, 120);
      const left = report.left.map((one) => plainText(one, 60));
      const kept = tellKept(context, report.kept);
      return {
        data: { removed: [shown], wasActive: report.wasActive, left, kept },
        ...(kept.length === 0 ? {} : { exit: 6 }),
        human: [`${tick(context.printer)} Signed out ${shown}`],
        quiet: [shown],
        notes:
          report.wasActive && left.length > 0
            ? [...notes, `Still saved: ${left.join(", ")}. 'hf auth switch NAME' uses one.`]
            : notes,
      };
    }
    const report = await logoutAll(session.store, { signal: context.signal });
    const kept = tellKept(context, report.kept);
    const exit = kept.length === 0 ? {} : { exit: 6 };
    if (token !== undefined) await removeGitCredential(context, token);
    const names = report.names.map((one) => plainText(one, 120));
    if (!report.removed) {
      return {
        data: { removed: [], kept },
        ...exit,
        human: [kept.length === 0 ? "Not signed in: there was nothing to remove." : "Nothing was removed."],
        quiet: [],
        notes: notes.slice(1),
      };
    }
    return {
      data: { removed: names, kept },
      ...exit,
      human: [`${tick(context.printer)} Signed out${names.length === 0 ? "" : `: ${names.join(", ")}`}`],
      quiet: names,
      notes,
    };
  },
});

/** A sign-out that leaves tokens behind says so, whatever the format. */
function tellKept(context: CliContext, kept: readonly HfError[]): Json[] {
  for (const { message, hint } of kept) context.warn(hint === undefined ? message : `${message} ${hint}`);
  return kept.map(({ code, message, hint }) => ({ code, message, hint: hint ?? null }));
}
