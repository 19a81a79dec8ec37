import process from "node:process";
import type { Secret } from "../core/secret.ts";

/**
 * What `stored_tokens` has no room for: where a saved login belongs, and which endpoints the user trusts. Kept in
 * `latchkey.json` beside it. Tokens are named by their SHA-256, so the file holds no secret.
 */
export interface LoginRecord {
  /** SHA-256 of a token to the origins at which it was signed in with. No entry: it belongs to huggingface.co. */
  readonly logins: ReadonlyMap<string, readonly string[]>;
  /** Origins that may be given the saved logins of huggingface.co. */
  readonly trusted: readonly string[];
  /**
   * SHA-256 of an active token to the name of the login in which it is being replaced. Written before the Hub is asked
   * for another one, and taken out when the token file has that one: what is left after a crash tells what to finish.
   */
  readonly renewing: ReadonlyMap<string, string>;
}

export const EMPTY_RECORD: LoginRecord = { logins: new Map(), trusted: [], renewing: new Map() };

const VERSION = 1;

/** The record in a file's text, or undefined when it is not one of ours: then nobody can say where a token belongs. */
export function parseLoginRecord(text: string): LoginRecord | undefined {
  const parsed = tryJson(text);
  if (!isObject(parsed) || parsed["version"] !== VERSION) return undefined;
  const { logins = {}, trusted = [], renewing = {} } = parsed;
  if (!isObject(logins) || !isOrigins(trusted) || !isObject(renewing)) return undefined;
  const read = new Map<string, readonly string[]>();
  for (const [digest, origins] of Object.entries(logins)) {
    if (!/^[0-9a-f]{64}$/.test(digest) || !isOrigins(origins)) return undefined;
    read.set(digest, origins);
  }
  const names = Object.entries(renewing).flatMap(([digest, name]) =>
    typeof name === "string" ? [[digest, name] as const] : [],
  );
  return { logins: read, trusted, renewing: new Map(names) };
}

export function formatLoginRecord(record: LoginRecord): string {
  const logins = Object.fromEntries([...record.logins].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const renewing = record.renewing.size === 0 ? {} : { renewing: Object.fromEntries(record.renewing) };
  return `${JSON.stringify({ version: VERSION, logins, trusted: record.trusted, ...renewing }, null, 2)}\n`;
}

/** The origins at which this token was signed in with; empty when there is no record of it. */
export function originsOf(record: LoginRecord, token: Secret): readonly string[] {
  return record.logins.size === 0 ? [] : (record.logins.get(digestOf(token)) ?? []);
}

/** The record after a sign-in with `token` at `origin`. */
export function withLogin(record: LoginRecord, token: Secret, origin: string): LoginRecord {
  const origins = new Set([...originsOf(record, token), origin]);
  return { ...record, logins: new Map(record.logins).set(digestOf(token), [...origins]) };
}

export function withoutLogin(record: LoginRecord, token: Secret): LoginRecord {
  const logins = new Map(record.logins);
  logins.delete(digestOf(token));
  return { ...record, logins };
}

export function withRenewing(record: LoginRecord, token: Secret, name: string): LoginRecord {
  return { ...record, renewing: new Map(withoutNotes(record, name).renewing).set(digestOf(token), name) };
}

/** The record without what is known of renewals of a login. */
export function withoutNotes(record: LoginRecord, name: string): LoginRecord {
  const others = [...record.renewing].filter(([, other]) => other !== name);
  return others.length === record.renewing.size ? record : { ...record, renewing: new Map(others) };
}

/** The login in which this token was being replaced when that was cut off. */
export function renewedName(record: LoginRecord, token: Secret): string | undefined {
  return record.renewing.size === 0 ? undefined : record.renewing.get(digestOf(token));
}

export function withoutRenewing(record: LoginRecord, token: Secret): LoginRecord {
  if (renewedName(record, token) === undefined) return record;
  const renewing = new Map(record.renewing);
  renewing.delete(digestOf(token));
  return { ...record, renewing };
}

export function withTrusted(record: LoginRecord, origin: string): LoginRecord {
  return { ...record, trusted: [...new Set([...record.trusted, origin])].toSorted() };
}

function digestOf(token: Secret): string {
  // Loaded when it is needed: most users have no record, and each command pays for what its start loads.
  const { createHash } = process.getBuiltinModule("node:crypto");
  return createHash("sha256").update(token.expose()).digest("hex");
}

function isOrigins(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) &&
    value.every((item) => typeof item === "string" && URL.canParse(item) && new URL(item).origin === item)
  );
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
