import type { Secret } from "./secret.ts";

/** A token, the one origin it may be sent to, and where it came from. */
export interface Credential {
  readonly token: Secret;
  /** `URL.origin` of the endpoint that this token belongs to: scheme, host and port. */
  readonly origin: string;
  /** Name of the source, as `auth status` prints it: `env:HF_TOKEN`, `file:/home/me/.cache/huggingface/token`. */
  readonly source: string;
  readonly expiresAt?: Date;
}

/** The origins at which huggingface.co's tokens are at home. */
export const HUB_ORIGINS: readonly string[] = ["https://huggingface.co", "https://hf.co"];

/** True for `http(s)://localhost`, 127.0.0.0/8 and `[::1]`: the only places to which plain http may carry a token. */
export function isLoopback(url: URL): boolean {
  const host = url.hostname;
  return host === "localhost" || host === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

/** True when a token may travel on this scheme at all: https anywhere, plain http only on loopback. */
export function carriesTokens(url: URL): boolean {
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url));
}
