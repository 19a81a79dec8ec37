import { TokenError } from "../../core/errors.ts";
import { plainText } from "../../core/terminal-text.ts";
import { command, valueFlag } from "../command.ts";
import { tick } from "../output.ts";

interface Flags {
  readonly name?: string;
}

export const authRefresh = command<Flags>({
  brief: "Renew a sign-in by browser or device code now",
  description:
    "Not needed in daily use: whatever needs a token renews the login that it uses on its last day, once among all processes.",
  flags: { name: valueFlag("The saved login to renew (default: the active one)", "NAME") },
  run: async (flags, context) => {
    const session = await context.session();
    const { activeLogin, notOauth, readNamedLogin, refreshLogin, withRevealed } = await import("../../auth/index.ts");
    const { endpoint } = session.settings;
    const before = await session.store.read();
    if (before.active.kind === "refused" && flags.name === undefined) throw before.active.error;
    const name = flags.name ?? activeLogin(before)?.name;
    if (name === undefined) {
      throw new TokenError("ERR_HF_NOT_SIGNED_IN", "No saved login is active, so there is none to renew.", {
        hint: "See 'hf auth list', and name one with --name. Or sign in with 'hf auth login'.",
      });
    }
    const now = await withRevealed(before, name, session.store.reveal);
    const reading = readNamedLogin(now, name, endpoint);
    if (reading.kind === "refused") throw reading.error;
    const login = now.saved.kind === "ok" ? now.saved.logins.find((one) => one.name === name) : undefined;
    if (login === undefined) throw new TypeError("a login that was found has no section");
    if (login.refreshToken === undefined) throw notOauth(login);
    const outcome = await refreshLogin(login, endpoint, session.refreshing);
    const shown = plainText(name, 120);
    if (outcome.kind === "gone") {
      throw new TokenError("ERR_HF_NOT_SIGNED_IN", `'${shown}' was signed out meanwhile.`, {
        hint: "Sign in with 'hf auth login'.",
      });
    }
    const { expiresAt } = outcome;
    const until =
      expiresAt === undefined ? "" : `, good until ${expiresAt.toISOString().slice(0, 16).replace("T", " ")} UTC`;
    return {
      data: {
        name: shown,
        endpoint,
        renewedBy: outcome.kind === "renewed" ? "this process" : "another process",
        expiresAt: expiresAt?.toISOString() ?? null,
      },
      human: [
        outcome.kind === "renewed"
          ? `${tick(context.printer)} Renewed ${shown}${until}`
          : `${tick(context.printer)} ${shown} was renewed by another process just now${until}`,
      ],
      quiet: [shown],
    };
  },
});
