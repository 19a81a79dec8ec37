import { HUB_ORIGINS } from "../core/credential.ts";
import { TokenError, UsageError } from "../core/errors.ts";
import type { HfError } from "../core/errors.ts";
import type { Secret } from "../core/secret.ts";
import { shellWord } from "../core/shell-word.ts";
import { plainText } from "../core/terminal-text.ts";
import { cleanToken } from "./clean.ts";
import { EMPTY_RECORD, originsOf, withLogin, withoutLogin, withoutNotes } from "./login-record.ts";
import type { LoginRecord } from "./login-record.ts";
import { TOKEN_KEY } from "./stored-tokens.ts";
import { closeNames, safeTokenName } from "./token-name.ts";
import { readableLogins } from "./token-store.ts";
import type { ClearReport, OnUnreadable, StoreContents, StoredToken, StorePlan, StoreStep } from "./token-store.ts";

export interface NewLogin {
  /** Made safe by `safeTokenName`, or taken by `parseTokenName`. */
  readonly name: string;
  /** The name is the Hub's word, not the user's: it must not take the place of another Hub's login. @default false */
  readonly nameFromHub?: boolean | undefined;
  readonly token: Secret;
  /** Save it in the system's keychain, not in a file. @default false */
  readonly inKeychain?: boolean | undefined;
  /** Origin of the endpoint that accepted the token. */
  readonly origin: string;
  readonly refreshToken?: Secret | undefined;
  readonly expiresAt?: Date | undefined;
}

export interface LoginPlanReport {
  /** Name that it is saved under. */
  readonly name: string;
  /** True when a login of this name was there before and has been replaced, whole. */
  readonly replaced: boolean;
  /** True when that one had another token, which is saved nowhere any more. */
  readonly replacedOther: boolean;
  /** Names of the logins that were taken over from an unreadable file. */
  readonly imported: readonly string[];
}

/** Saves a login and makes it the active one. The active token comes last, so that it never names what is not saved. */
export function planLogin(
  now: StoreContents,
  wanted: NewLogin,
  onUnreadable: OnUnreadable = "refuse",
): StorePlan<LoginPlanReport> {
  const imported = now.saved.kind === "unreadable" && onUnreadable === "import" ? importable(now.saved.readable) : [];
  // Those of the keychain are none of the unreadable file: they stay, whatever is done with it.
  const keychain = now.saved.kind === "ok" ? [] : now.saved.readable.filter((one) => one.keychain !== undefined);
  const before = now.saved.kind === "ok" ? now.saved.logins : [...imported, ...keychain];
  const record = recordOf(now);
  const login = wanted.nameFromHub === true ? { ...wanted, name: ownName(before, record, wanted) } : wanted;
  const others = before.filter((other) => other.name !== login.name);
  const replacedOther = before.some(
    ({ name, token }) => name === login.name && token !== undefined && !token.equals(login.token),
  );
  // Where a login of the keychain belongs is written with its name.
  // What was left of a renewal of that name is none of this login's: it would be taken for the old one's successor.
  const own = withoutNotes(record, login.name);
  const next = login.inKeychain === true ? own : withOrigin(own, login, isKnown(now, login.token));
  const steps: StoreStep[] = [];
  if (next !== record) steps.push({ do: "write-record", record: next });
  steps.push({ do: "write-saved", logins: [...others, newToken(login)] });
  if (login.inKeychain === true) steps.push({ do: "activate-keychain", name: login.name });
  else steps.push({ do: "write-active", token: login.token });
  const names = imported.map(({ name }) => name).filter((name) => name !== login.name);
  return {
    steps,
    report: { name: login.name, replaced: others.length < before.length, replacedOther, imported: names },
  };
}

/** The Hub's name for a login; with the Hub's host behind it where a login of another Hub has that name already. */
function ownName(saved: readonly StoredToken[], record: LoginRecord, { name, token, origin }: NewLogin): string {
  const taken = (candidate: string): boolean =>
    saved.some((other) => {
      if (other.name !== candidate || other.token?.equals(token) === true) return false;
      if (other.token === undefined && other.keychain === undefined) return false;
      const homes = other.keychain?.origins ?? (other.token === undefined ? [] : originsOf(record, other.token));
      return !(homes.length === 0 ? HUB_ORIGINS : homes).includes(origin);
    });
  if (!taken(name)) return name;
  const withHost = safeTokenName(`${name}@${new URL(origin).host}`);
  for (let count = 1; ; count++) {
    const candidate = count === 1 ? withHost : `${withHost}-${count}`;
    if (!taken(candidate)) return candidate;
  }
}

export interface SwitchReport {
  readonly name: string;
  readonly token: Secret;
  /** False when this login was the active one already. */
  readonly changed: boolean;
}

/**
 * Makes a saved login the active one.
 * @throws UsageError `ERR_HF_TOKEN_NAME` when there is no such login
 * @throws TokenError `ERR_HF_TOKEN_REFUSED` when it holds nothing that can be sent
 */
export function planSwitch(now: StoreContents, name: string): StorePlan<SwitchReport> {
  if (now.saved.kind === "unreadable") throw now.saved.error;
  const login = now.saved.logins.find((candidate) => candidate.name === name);
  if (login === undefined) throw unknownName(now, name);
  const cleaned = login.token === undefined ? undefined : cleanToken(login.token.expose());
  if (cleaned?.kind !== "clean") {
    const why = cleaned?.kind === "refused" ? cleaned.reason : "is empty";
    throw new TokenError("ERR_HF_TOKEN_REFUSED", `The token saved as '${plainText(name, 60)}' ${why}.`, {
      hint: `Sign in again: hf auth login --name ${shellWord(plainText(name, 120))}`,
    });
  }
  const changed = !isActive(now, login);
  const activate: StoreStep =
    login.keychain === undefined
      ? { do: "write-active", token: cleaned.token }
      : { do: "activate-keychain", name: login.name };
  const steps: StoreStep[] = changed ? [activate] : [];
  return { steps, report: { name, token: cleaned.token, changed } };
}

export interface LogoutReport {
  readonly name: string;
  /** The token that is gone from the store; undefined for a login without one. */
  readonly token?: Secret;
  /** True when it was the active one: nobody is signed in now. */
  readonly wasActive: boolean;
  /** Names of the logins that stay. */
  readonly left: readonly string[];
}

/**
 * Takes one login out of the store, and the active token with it when it is the same.
 * @throws UsageError `ERR_HF_TOKEN_NAME` when there is no such login
 */
export function planLogout(now: StoreContents, name: string): StorePlan<LogoutReport> {
  if (now.saved.kind === "unreadable") throw now.saved.error;
  const login = now.saved.logins.find((candidate) => candidate.name === name);
  if (login === undefined) throw unknownName(now, name);
  const others = now.saved.logins.filter((other) => other !== login);
  const wasActive = isActive(now, login);
  const save: StoreStep = { do: "write-saved", logins: others };
  const deactivate: readonly StoreStep[] = wasActive ? [{ do: "remove-active" }] : [];
  // A token file goes first, so that no token is used whose login is gone. What a locked keychain keeps stays in use.
  const steps = login.keychain === undefined ? [...deactivate, save] : [save, ...deactivate];
  // Last: while the login is there, its record says where it belongs.
  const { token } = login;
  const shared = token !== undefined && others.some((other) => other.token?.equals(token));
  steps.push(...forget(now, token !== undefined && !shared ? [token] : [], [name]));
  const left = others.map((other) => other.name);
  return { steps, report: { name, wasActive, left, ...(token === undefined ? {} : { token }) } };
}

/**
 * Takes everything out of the store. A file of saved logins that can't be read stays: it may hold what only another
 * tool, or a person, can read.
 */
export function planClear(now: StoreContents): StorePlan<ClearReport> {
  const steps: StoreStep[] = [];
  const tokens: Secret[] = [];
  if (now.active.kind !== "absent") steps.push({ do: "remove-active" });
  if (now.active.kind === "found") tokens.push(now.active.token);
  const kept: HfError[] = [];
  if (now.saved.kind === "unreadable") kept.push(now.saved.error);
  else steps.push({ do: "remove-saved" });
  const gone = readableLogins(now).filter(({ keychain }) => keychain !== undefined || now.saved.kind === "ok");
  for (const { token } of gone) if (token !== undefined) tokens.push(token);
  const noted = now.record.kind === "ok" ? [...now.record.record.renewing.values()] : [];
  steps.push(...forget(now, tokens, noted));
  if (gone.some(({ keychain }) => keychain !== undefined)) steps.push({ do: "empty-keychain" });
  const names = gone.map(({ name }) => name);
  const removed = now.active.kind !== "absent" || names.length > 0;
  return { steps, report: { removed, names, left: [], kept } };
}

/** The saved login that the active token belongs to, if it was saved. */
export function activeLogin(now: StoreContents): StoredToken | undefined {
  return readableLogins(now).find((login) => isActive(now, login));
}

/** The origins that a saved login may be used with, the Hub's where there is no record of it. */
export function lookUpOrigins(now: StoreContents, login: StoredToken): readonly string[] {
  if (login.keychain !== undefined) return login.keychain.origins;
  const record = now.record.kind === "ok" ? now.record.record : EMPTY_RECORD;
  const origins = login.token === undefined ? [] : originsOf(record, login.token);
  return origins.length > 0 ? origins : HUB_ORIGINS.slice(0, 1);
}

function isActive(now: StoreContents, login: StoredToken): boolean {
  if (now.active.kind === "keychain") return login.keychain !== undefined && login.name === now.active.name;
  return now.active.kind === "found" && login.token !== undefined && now.active.token.equals(login.token);
}

function recordOf(now: StoreContents): LoginRecord {
  if (now.record.kind === "unreadable") throw now.record.error;
  return now.record.record;
}

/**
 * No entry means huggingface.co, so one is made only for another origin, or where there is one already. A token that
 * was in the store without an entry keeps its first home.
 */
function withOrigin(record: LoginRecord, { token, origin }: NewLogin, known: boolean): LoginRecord {
  const origins = originsOf(record, token);
  if (origins.includes(origin) || (origins.length === 0 && HUB_ORIGINS.includes(origin))) return record;
  const [hub] = HUB_ORIGINS;
  const start = origins.length === 0 && known && hub !== undefined ? withLogin(record, token, hub) : record;
  return withLogin(start, token, origin);
}

function isKnown(now: StoreContents, token: Secret): boolean {
  const active = now.active.kind === "found" && now.active.token.equals(token);
  return active || readableLogins(now).some((login) => login.token?.equals(token));
}

/** A record that can't be read holds no secret, so it never stands in the way of a sign-out. */
function forget(now: StoreContents, tokens: readonly Secret[], names: readonly string[]): StoreStep[] {
  const before = now.record.kind === "ok" ? now.record.record : EMPTY_RECORD;
  const known = tokens.filter((token) => originsOf(before, token).length > 0);
  const record = names.reduce(withoutNotes, known.reduce(withoutLogin, before));
  return record === before ? [] : [{ do: "write-record", record }];
}

/** Logins of an unreadable file that can be used, under names that the new one can hold, each name once. */
function importable(readable: readonly StoredToken[]): StoredToken[] {
  const taken = new Map<string, StoredToken>();
  for (const login of readable) {
    const name = safeTokenName(login.name);
    const cleaned = cleanToken(login.token?.expose() ?? "");
    if (cleaned.kind !== "clean" || taken.has(name)) continue;
    taken.set(name, {
      ...login,
      name,
      token: cleaned.token,
      fields: new Map(login.fields).set(TOKEN_KEY, cleaned.token),
    });
  }
  return [...taken.values()];
}

function newToken({ name, token, origin, inKeychain, refreshToken, expiresAt }: NewLogin): StoredToken {
  const fields = new Map<string, Secret | string>([[TOKEN_KEY, token]]);
  if (refreshToken !== undefined) fields.set("refresh_token", refreshToken);
  if (expiresAt !== undefined) fields.set("expires_at", String(Math.floor(expiresAt.getTime() / 1000)));
  return { name, token, fields, ...(inKeychain === true ? { keychain: { origins: [origin] } } : {}) };
}

/** There is no saved login of that name; with the names that there are. */
export function unknownName(now: StoreContents, name: string): UsageError {
  const names = readableLogins(now).map((login) => login.name);
  const close = closeNames(name, names).map((known) => `'${plainText(known, 60)}'`);
  const all = names.slice(0, 10).map((known) => `'${plainText(known, 60)}'`);
  const known =
    all.length === 0
      ? "No login is saved."
      : `Choose one of the saved ones: ${all.join(", ")}${names.length > 10 ? ", …" : ""}.`;
  return new UsageError("ERR_HF_TOKEN_NAME", `There is no saved login '${plainText(name, 60)}'.`, {
    hint: close.length === 0 ? known : `Did you mean ${close.join(" or ")}? ${known}`,
  });
}
