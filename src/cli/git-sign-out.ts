import type { Session } from "../api/index.ts";
import type { StoreContents } from "../auth/index.ts";
import { HfError, isHfError } from "../core/errors.ts";
import type { Secret } from "../core/secret.ts";
import { plainText } from "../core/terminal-text.ts";
import type { HeldCredential } from "../git/index.ts";
import type { CliContext } from "./context.ts";

/** Git's part in a sign-out: what its helpers have of the logins that go is taken out, or named. */
export interface GitSignOut {
  /** Takes these tokens out of every helper that has one of them. */
  forget(tokens: readonly Secret[]): Promise<void>;
  /** The same for all logins that go, and looks at what could not be told apart. */
  finish(): Promise<GitRest>;
}

export interface GitRest {
  /** Why a token may still be with git, for each. */
  readonly kept: readonly HfError[];
  readonly notes: readonly string[];
}

/** One helper that was asked for one endpoint. */
interface Place {
  readonly endpoint: string;
  readonly helper: string;
  readonly held: readonly HeldCredential[];
}

const HUB_TOKEN = /^(?:hf_|api_)/;

/**
 * Looks, before anything is taken away, at what git has for the endpoints of the logins that go and for the one in use.
 * Credentials are told by their value, so that no other login's and nobody else's is touched.
 * @param name of the one login that goes; undefined: all of them
 */
export async function prepareGitSignOut(
  context: CliContext,
  session: Session,
  name: string | undefined,
): Promise<GitSignOut> {
  const [auth, git] = await Promise.all([import("../auth/index.ts"), import("../git/index.ts")]);
  const options = { env: context.env, signal: context.signal };
  const { store } = session;
  const isGoing = (login: { readonly name: string }): boolean => name === undefined || login.name === name;
  let now = await store.read();
  const endpoints = endpointsOf(now);
  const kept: HfError[] = [];
  const places: Place[] = [];
  const isAny = auth.readableLogins(now).some(isGoing) || (name === undefined && now.active.kind !== "absent");
  for (const endpoint of endpoints) {
    try {
      for (const helper of await git.keepingHelpers(endpoint, options)) {
        places.push({ endpoint, helper, held: await git.heldBy(helper, endpoint, options) });
      }
    } catch (error) {
      if (!isGitError(error)) throw error;
      if (isAny) kept.push(notAsked(endpoint, error));
    }
  }
  const seen = places.flatMap(({ held }) => held);
  if (seen.length > 0) {
    for (const login of auth.readableLogins(now)) {
      // One of a locked keychain can't be compared.
      if (isGoing(login)) now = await auth.withRevealed(now, login.name, store.reveal).catch(() => now);
    }
  }
  const known = auth.readableLogins(now).flatMap((login) => {
    const cleaned = login.token === undefined ? undefined : auth.cleanToken(login.token.expose());
    if (cleaned?.kind !== "clean") return [];
    return [{ name: login.name, token: cleaned.token, origins: auth.lookUpOrigins(now, login) }];
  });
  const active = now.active.kind === "found" ? [now.active.token] : [];
  const going = [...known.filter(isGoing).map(({ token }) => token), ...(name === undefined ? active : [])];

  /** A helper is told no token that belongs elsewhere. */
  const belongs = (token: Secret, endpoint: string): boolean => {
    const saved = known.filter((one) => one.token.equals(token));
    return saved.length === 0 || saved.some(({ origins }) => origins.includes(new URL(endpoint).origin));
  };
  /** Where a helper may keep more than it gives: nothing was seen, and all that it says is that it could not forget. */
  const forgetUnseen = async ({ endpoint, helper }: Place, token: Secret): Promise<void> => {
    const words = await git.rejectHeld({ endpoint, helper, username: git.GIT_USER, password: token }, options);
    if (words !== "") kept.push(notForgotten(endpoint, helper, words));
  };
  const forgetSeen = async (one: HeldCredential): Promise<void> => {
    const words = await git.rejectHeld(one, options);
    const left = await git.heldBy(one.helper, one.endpoint, options);
    if (left.some(({ password }) => password.equals(one.password))) kept.push(stillHeld(one, words));
    else if (words !== "") context.warn(`git: ${words}`);
  };
  const done: Secret[] = [];
  const forget = async (tokens: readonly Secret[]): Promise<void> => {
    for (const token of tokens) {
      if (done.some((one) => one.equals(token))) continue;
      done.push(token);
      for (const place of places) {
        try {
          for (const one of place.held) if (one.password.equals(token)) await forgetSeen(one);
          const isSeen = place.held.some(({ username }) => username === git.GIT_USER);
          if (!isSeen && belongs(token, place.endpoint)) await forgetUnseen(place, token);
        } catch (error) {
          if (!isGitError(error)) throw error;
          kept.push(notAsked(place.endpoint, error));
        }
      }
    }
  };

  return {
    forget,
    async finish() {
      await forget(going);
      const notes: string[] = [];
      for (const one of seen) {
        const isKnown = [...active, ...known.map(({ token }) => token)].some((token) => token.equals(one.password));
        if (isKnown || one.username !== git.GIT_USER || !HUB_TOKEN.test(one.password.expose())) continue;
        if (maybeOf(one.endpoint)) kept.push(perhapsHeld(one));
        else if (name === undefined) notes.push(`${heldWords(one)} another token, of no login that was saved here.`);
      }
      return { kept: unique(kept), notes: [...new Set(notes)] };
    },
  };

  function endpointsOf({ active: inUse, record, ...rest }: StoreContents): readonly string[] {
    const { origin } = new URL(session.settings.endpoint);
    const stray = inUse.kind === "found" && record.kind === "ok" ? auth.originsOf(record.record, inUse.token) : [];
    const origins = auth
      .readableLogins({ active: inUse, record, ...rest })
      .filter(isGoing)
      .flatMap((login) => auth.lookUpOrigins({ active: inUse, record, ...rest }, login));
    const others = [...origins, ...(name === undefined ? stray : [])].filter((other) => other !== origin);
    return [...new Set([session.settings.endpoint, ...others])];
  }

  /** True where a login goes, or was to go, whose token could not be read. */
  function maybeOf(endpoint: string): boolean {
    if (name === undefined && (now.saved.kind === "unreadable" || now.active.kind === "refused")) return true;
    const { origin } = new URL(endpoint);
    return auth
      .readableLogins(now)
      .some(
        (login) => isGoing(login) && login.token === undefined && login.keychain?.origins.includes(origin) === true,
      );
  }
}

function isGitError(error: unknown): error is HfError {
  return isHfError(error) && error.code === "ERR_HF_GIT";
}

function unique(errors: readonly HfError[]): readonly HfError[] {
  return errors.filter(({ message }, index) => errors.findIndex((other) => other.message === message) === index);
}

function heldWords({ endpoint, helper }: Pick<HeldCredential, "endpoint" | "helper">): string {
  return `For ${new URL(endpoint).host}, git's helper (${plainText(helper, 80)}) still holds`;
}

function endIt(endpoint: string): string {
  return `Take it out of there by hand, or end it at ${endpoint}/settings/tokens`;
}

function stillHeld(one: HeldCredential, words: string): HfError {
  const why = words === "" ? "" : ` It said: ${words}`;
  return new HfError("ERR_HF_GIT", `${heldWords(one)} the token.${why}`, { hint: endIt(one.endpoint) });
}

function perhapsHeld(one: HeldCredential): HfError {
  const message = `${heldWords(one)} a token. Whether it is that of a login that could not be read, nobody can tell.`;
  return new HfError("ERR_HF_GIT", message, { hint: endIt(one.endpoint) });
}

function notForgotten(endpoint: string, helper: string, words: string): HfError {
  const message = `For ${new URL(endpoint).host}, git's helper (${plainText(helper, 80)}) may still hold the token. It said: ${words}`;
  return new HfError("ERR_HF_GIT", message, { hint: endIt(endpoint) });
}

function notAsked(endpoint: string, cause: HfError): HfError {
  const message = `git could not be asked for a token for ${new URL(endpoint).host}, and may still hold one. ${cause.message}`;
  return new HfError("ERR_HF_GIT", message, {
    cause,
    hint: `Mend git, then look: git credential fill. Or end the token at ${endpoint}/settings/tokens`,
  });
}
