import type { StoredToken } from "../../auth/index.ts";
import { HUB_ORIGINS } from "../../core/credential.ts";
import { alignColumns } from "../output.ts";
import { command } from "../command.ts";
import { plainText } from "../../core/terminal-text.ts";

export const authList = command({
  brief: "List the saved logins",
  flags: {},
  run: async (_flags, context) => {
    const session = await context.session();
    const { activeLogin, maskToken, originsOf, overridingSource } = await import("../../auth/index.ts");
    const now = await session.store.read();
    if (now.saved.kind === "unreadable") throw now.saved.error;
    if (now.active.kind === "refused") context.warn(now.active.error.message);
    const active = activeLogin(now);
    const record = now.record.kind === "ok" ? now.record.record : undefined;
    const endpointsOf = ({ keychain, token }: StoredToken): string[] => {
      // Of huggingface.co there is no word, in files too.
      if (keychain !== undefined) return keychain.origins.filter((origin) => !HUB_ORIGINS.includes(origin));
      return record === undefined || token === undefined ? [] : [...originsOf(record, token)];
    };
    const logins = now.saved.logins.map((login) => ({
      name: plainText(login.name, 200),
      active: login === active,
      store: login.keychain === undefined ? "file" : "keychain",
      token: maskToken(login.token) ?? null,
      endpoints: endpointsOf(login),
      expiresAt: login.expiresAt?.toISOString() ?? null,
      expired: login.expiresAt === undefined ? null : login.expiresAt.getTime() <= Date.now(),
    }));
    const notes: string[] = [];
    if (logins.length === 0) notes.push("No login is saved. Sign in with 'hf auth login'.");
    else if (now.active.kind === "found" && active === undefined) notes.push("The active token is not one of these.");
    else if (now.active.kind === "absent") notes.push("None is active. Choose one with 'hf auth switch NAME'.");
    const { active: used } = now;
    const hidden =
      used.kind === "found" || used.kind === "keychain"
        ? overridingSource(context.env, used.kind === "found" ? used.token : undefined)
        : undefined;
    if (hidden !== undefined) notes.push(`${hidden} is set and comes before saved logins.`);
    const expiry = logins.some((login) => login.expiresAt !== null);
    const rows = logins.map((login) => [
      login.active ? "*" : " ",
      login.name,
      login.store === "keychain" ? "in the keychain" : (login.token ?? ""),
      ...(expiry ? [(login.expiresAt ?? "").slice(0, 10) + (login.expired === true ? " (expired)" : "")] : []),
      login.endpoints.join(", "),
    ]);
    const head = [" ", "NAME", "TOKEN", ...(expiry ? ["EXPIRES"] : []), "ENDPOINT"];
    return {
      data: { logins },
      human: logins.length === 0 ? [] : alignColumns([head, ...rows]),
      quiet: logins.map((login) => login.name),
      notes,
    };
  },
});
