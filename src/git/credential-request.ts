import { carriesTokens } from "../core/credential.ts";
import { trimEnd } from "../core/trim.ts";

/** What git asks a credential helper for. Text is Latin-1: one character for each byte, so that nothing is guessed. */
export interface CredentialRequest {
  readonly protocol: string;
  /** Host, and port where the address has one. */
  readonly host: string;
  /** Only where git's `credential.useHttpPath` is set. */
  readonly path?: string;
  readonly username?: string;
}

/** Larger input is no request of git. */
export const LARGEST_REQUEST = 64 * 1024;
const MOST_ATTRIBUTES = 100;

/** The attributes that decide something. Given twice, they could mean one thing to git and another here. */
const SINGLE = new Set(["protocol", "host", "path", "username", "password"]);

/**
 * Reads `key=value` lines as git writes them, ended by a blank line or the end of the input. Lines end at LF alone: a
 * reader that also splits at CR finds attributes that git never wrote. Anything odd (a CR, a NUL, a line that was cut
 * off, an attribute twice, words after the blank line, no host) makes the whole request void.
 */
export function parseCredentialRequest(bytes: Uint8Array): CredentialRequest | undefined {
  if (bytes.length === 0 || bytes.length > LARGEST_REQUEST || bytes.includes(0x0d) || bytes.includes(0))
    return undefined;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
  // A host without its line end may be the beginning of a longer one.
  if (!text.endsWith("\n")) return undefined;
  const blank = text.startsWith("\n") ? 0 : text.indexOf("\n\n") + 1;
  if (blank > 0 && !/^\n*$/.test(text.slice(blank))) return undefined;
  const lines = text.slice(0, blank > 0 ? blank - 1 : -1).split("\n");
  if (lines.length > MOST_ATTRIBUTES) return undefined;
  const found = new Map<string, string>();
  for (const line of lines) {
    const equals = line.indexOf("=");
    if (equals < 1) return undefined;
    const key = line.slice(0, equals);
    // `url` is for people who talk to git itself; git never hands it to a helper, and it would be a second host.
    if (key === "url" || (SINGLE.has(key) && found.has(key))) return undefined;
    found.set(key, line.slice(equals + 1));
  }
  const protocol = found.get("protocol");
  const host = found.get("host");
  if (protocol === undefined || host === undefined || protocol === "" || host === "") return undefined;
  const path = found.get("path");
  const username = found.get("username");
  return {
    protocol,
    host,
    ...(path === undefined ? {} : { path }),
    ...(username === undefined ? {} : { username }),
  };
}

/**
 * True when a request is for the endpoint: https (or http on this machine), exactly its host and port, and a path at
 * or below its own where it has one. Every user name will do: the Hub looks at the password alone.
 */
export function isForEndpoint(request: CredentialRequest, endpoint: string): boolean {
  const url = new URL(endpoint);
  if (!carriesTokens(url) || `${request.protocol}:` !== url.protocol || request.host !== url.host) return false;
  const own = trimEnd(url.pathname, /\//);
  if (own === "") return true;
  if (request.path === undefined) return false;
  // Parsed, so that dots in it can't lead out of the endpoint's path.
  const address = `${url.origin}/${request.path}`;
  return URL.canParse(address) && `${new URL(address).pathname}/`.startsWith(`${own}/`);
}
