import { DiskError, diskError, systemCode } from "../core/errors.ts";
import { readRegularFileSync } from "../core/read-file.ts";

/** Which saved logins are in the keychain. Names and places alone; the secrets are there. */
export interface KeychainIndex {
  /** The one that is used where there is no token file. */
  readonly active: string | undefined;
  readonly logins: ReadonlyMap<string, KeychainPlace>;
}

export interface KeychainPlace {
  /** The origins at which it was signed in with. */
  readonly origins: readonly string[];
  /** Seconds since the epoch. */
  readonly expiresAt?: number;
  /** Another one with each write, so that nobody uses what they read before it. */
  readonly stamp: string;
}

export type KeychainIndexReading =
  { readonly kind: "ok"; readonly index: KeychainIndex } | { readonly kind: "unreadable"; readonly error: DiskError };

export const EMPTY_INDEX: KeychainIndex = { active: undefined, logins: new Map() };

const VERSION = 1;
/** More than a thousand names. */
const LARGEST = 1024 * 1024;

/** The index in `latchkey-keychain.json`. No file is the same as no login. Never throws for what the file holds. */
export function readKeychainIndex(path: string): KeychainIndexReading {
  try {
    const index = parseKeychainIndex(new TextDecoder().decode(readRegularFileSync(path, LARGEST)));
    if (index !== undefined) return { kind: "ok", index };
    return {
      kind: "unreadable",
      error: new DiskError("ERR_HF_STORE_UNREADABLE", `The list of logins in the keychain can't be read: ${path}`, {
        hint: "Mend that file, or move it away and sign in again.",
      }),
    };
  } catch (error) {
    // ENOTDIR: a part of the path is a file, so there is nothing there either.
    if (["ENOENT", "ENOTDIR"].includes(systemCode(error) ?? "")) return { kind: "ok", index: EMPTY_INDEX };
    return { kind: "unreadable", error: diskError(error, "read the list of logins in the keychain", path) };
  }
}

export function parseKeychainIndex(text: string): KeychainIndex | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(parsed) || parsed["version"] !== VERSION || !isObject(parsed["logins"])) return undefined;
  const logins = new Map<string, KeychainPlace>();
  for (const [name, place] of Object.entries(parsed["logins"])) {
    if (!isObject(place)) return undefined;
    const { origins, expiresAt, stamp } = place;
    if (!Array.isArray(origins) || !origins.every(isOrigin) || typeof stamp !== "string") return undefined;
    if (expiresAt !== undefined && !Number.isSafeInteger(expiresAt)) return undefined;
    logins.set(name, { origins, stamp, ...(typeof expiresAt === "number" ? { expiresAt } : {}) });
  }
  const { active } = parsed;
  if (active !== undefined && (typeof active !== "string" || !logins.has(active))) return undefined;
  return { active, logins };
}

export function formatKeychainIndex({ active, logins }: KeychainIndex): string {
  const sorted = [...logins].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify({ version: VERSION, active, logins: Object.fromEntries(sorted) }, null, 2)}\n`;
}

function isOrigin(value: unknown): value is string {
  return typeof value === "string" && URL.canParse(value) && new URL(value).origin === value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
