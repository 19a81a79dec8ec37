import type { Revocable } from "../../auth/index.ts";
import type { Session } from "../../api/index.ts";
import { HfError, isHfError } from "../../core/errors.ts";
import { plainText } from "../../core/terminal-text.ts";
import { command, switchFlag, valueFlag } from "../command.ts";
import type { CliContext } from "../context.ts";
import { prepareGitSignOut } from "../git-sign-out.ts";
import type { GitSignOut } from "../git-sign-out.ts";
import { tick } from "../output.ts";
import type { Json, Report } from "../output.ts";
import { applicationsNote, confirmRevoking, describeRevocable, revokeOptions } from "../revoking.ts";

interface Flags {
  readonly name?: string;
  readonly tokenName?: string;
  readonly revoke?: boolean;
  readonly yes?: boolean;
}

export const authLogout = command<Flags>({
  brief: "Take saved logins away from this machine",
  description: [
    "Without a name: all of them. The token itself stays valid at the Hub until it is revoked on its page of tokens, or by",
    "--revoke, which ends it for every program that uses it. Should that fail, the login stays here.",
    "What git's credential helpers keep of these logins goes too; what stays is named, with exit code 6.",
  ].join("\n"),
  usage: "[--name NAME]",
  flags: {
    name: valueFlag("Only the login of this name", "NAME"),
    tokenName: valueFlag("The same, as Python's hf spells it", "NAME"),
    revoke: switchFlag("End the token at the Hub first"),
    yes: switchFlag("With --revoke: do not ask"),
  },
  run: async (flags, context) => {
    const session = await context.session();
    const { overridingSource } = await import("../../auth/index.ts");
    const name = flags.name ?? flags.tokenName;
    const { store } = session;
    const { active } = await store.read();
    // A locked keychain is the sign-out's own matter, further down.
    const inKeychain = active.kind === "keychain" ? await store.reveal(active.name).catch(() => undefined) : undefined;
    const token = active.kind === "found" ? active.token : inKeychain?.token;
    const hidden =
      active.kind === "absent" || active.kind === "refused" ? undefined : overridingSource(context.env, token);
    const git = await prepareGitSignOut(context, session, name);
    const revoked =
      flags.revoke === true ? await revokeSaved(context, session, { name, git, yes: flags.yes === true }) : undefined;
    const { endpoint } = session.settings;
    const notes =
      revoked === undefined
        ? [`The token stays valid at the Hub. To end it: ${endpoint}/settings/tokens, or sign out with --revoke.`]
        : notesOf(revoked, name);
    const still = ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"].filter((variable) => (context.env[variable] ?? "") !== "");
    if (still.length > 0 || hidden !== undefined) {
      notes.push(`${still.join(" and ") || hidden} is still set: this shell stays signed in by it.`);
    }
    const done = { revoked, notes, git };
    return name === undefined ? signOutAll(context, session, done) : signOut(context, session, name, done);
  },
});

interface Done {
  readonly git: GitSignOut;
  /** Undefined: nobody asked for it. */
  readonly revoked: readonly Revocable[] | undefined;
  readonly notes: readonly string[];
}

/** Before anything is taken away here: what could not be ended must still be at hand. */
async function revokeSaved(
  context: CliContext,
  session: Session,
  { name, git, yes }: { readonly name: string | undefined; readonly git: GitSignOut; readonly yes: boolean },
): Promise<readonly Revocable[]> {
  const { revocable, revokeToken } = await import("../../auth/index.ts");
  const found = await revocable(session.store, session.settings.endpoint, name);
  if (found.length === 0) return found;
  await confirmRevoking(context, describeRevocable(found), yes);
  for (const [index, one] of found.entries()) {
    try {
      await revokeToken(one, revokeOptions(session, context));
    } catch (error) {
      if (index === 0 || !isHfError(error)) throw error;
      // In the error itself, so that a script that reads JSON knows it too.
      const ended = describeRevocable(found.slice(0, index));
      const { code, message, hint, requestId, status } = error;
      throw new HfError(code, `${message} Revoked already: ${ended}. All logins are still saved here.`, {
        cause: error,
        hint,
        ...(requestId === undefined ? {} : { requestId }),
        ...(status === undefined ? {} : { status }),
      });
    }
    await git.forget([one.token]);
  }
  return found;
}

function notesOf(revoked: readonly Revocable[], name: string | undefined): string[] {
  const others = name === undefined ? [] : revoked.flatMap(({ names }) => names.filter((other) => other !== name));
  return [
    ...others.map((other) => `'${plainText(other, 60)}' is still saved, with the same token: it is dead too.`),
    ...revoked
      .filter(({ refreshToken }) => refreshToken !== undefined)
      .map(({ endpoint }) => applicationsNote(endpoint))
      .filter((note, index, all) => all.indexOf(note) === index),
  ];
}

async function signOut(context: CliContext, session: Session, name: string, done: Done): Promise<Report> {
  const { logout } = await import("../../auth/index.ts");
  const report = await logout(session.store, name, { signal: context.signal });
  const git = await done.git.finish();
  const shown = plainText(report.name, 120);
  const left = report.left.map((one) => plainText(one, 60));
  const stay = report.wasActive && left.length > 0;
  const kept = tellKept(context, [...report.kept, ...git.kept]);
  return {
    data: { removed: [shown], revoked: done.revoked !== undefined, wasActive: report.wasActive, left, kept },
    ...(kept.length === 0 ? {} : { exit: 6 }),
    human: [`${kept.length === 0 ? `${tick(context.printer)} ` : ""}Signed out ${shown}${ended(done)}`],
    quiet: [shown],
    notes: stay ? [...done.notes, `Still saved: ${left.join(", ")}. 'hf auth switch NAME' uses one.`] : done.notes,
  };
}

async function signOutAll(context: CliContext, session: Session, done: Done): Promise<Report> {
  const { logoutAll } = await import("../../auth/index.ts");
  const report = await logoutAll(session.store, { signal: context.signal });
  const git = await done.git.finish();
  const kept = tellKept(context, [...report.kept, ...git.kept]);
  const exit = kept.length === 0 ? {} : { exit: 6 };
  const [names, left] = [report.names, report.left].map((all) => all.map((one) => plainText(one, 120)));
  const data = { removed: names ?? [], revoked: false, left: left ?? [], kept };
  if (!report.removed) {
    return {
      data,
      ...exit,
      human: [kept.length === 0 ? "Not signed in: there was nothing to remove." : "Nothing was removed."],
      quiet: [],
      notes: [...done.notes.filter((note) => note.includes("is still set")), ...git.notes],
    };
  }
  const all = names?.length === 0 ? "" : `: ${names?.join(", ")}`;
  const inPart = names?.length === 0 ? "No login is used any more" : `Signed out${all}${ended(done)}`;
  return {
    data: { ...data, revoked: done.revoked !== undefined },
    ...exit,
    human: [
      left?.length === 0
        ? `${kept.length === 0 ? `${tick(context.printer)} ` : ""}Signed out${all}${ended(done)}`
        : `${inPart}. Still saved, and there to be signed out: ${left?.join(", ")}`,
    ],
    quiet: names ?? [],
    notes: [...done.notes, ...git.notes],
  };
}

function ended({ revoked }: Done): string {
  if (revoked === undefined || revoked.length === 0) return "";
  return revoked.length === 1 ? ", and the Hub refuses its token now" : ", and the Hub refuses their tokens now";
}

/** A sign-out that leaves tokens behind says so, whatever the format. */
function tellKept(context: CliContext, kept: readonly HfError[]): Json[] {
  for (const { message, hint } of kept) context.warn(hint === undefined ? message : `${message} ${hint}`);
  return kept.map(({ code, message, hint }) => ({ code, message, hint: hint ?? null }));
}
