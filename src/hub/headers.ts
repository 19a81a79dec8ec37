import { carriesTokens } from "../core/credential.ts";
import type { Credential } from "../core/credential.ts";
import { TokenError } from "../core/errors.ts";

/**
 * The headers that a credential adds to one request: asked again on every hop of a redirect. Nothing for another
 * origin than the credential's own. This is the one place of the client that sets `authorization`.
 * @throws TokenError `ERR_HF_INSECURE_ENDPOINT` plain http to anything but loopback;
 *   `ERR_HF_TOKEN_REFUSED` the token holds a character that no header may hold
 */
export function headersFor(url: URL, credential: Credential | undefined): Record<string, string> {
  if (!credential || url.origin !== credential.origin) return {};
  if (!carriesTokens(url)) {
    throw new TokenError("ERR_HF_INSECURE_ENDPOINT", `A token is not sent over plain http to ${url.host}.`, {
      hint: "Use an https:// endpoint. Plain http may carry a token only to this machine itself.",
    });
  }
  const token = credential.token.expose();
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new TokenError(
      "ERR_HF_TOKEN_REFUSED",
      `The token of ${credential.source} holds a blank or a control character.`,
      {
        hint: "Copy the token again, without line breaks, from the page of your access tokens.",
      },
    );
  }
  return { authorization: `Bearer ${token}` };
}

const OURS = /^(?:(?:proxy-)?authorization|cookie|host|connection|content-length|transfer-encoding)$/i;

/**
 * Headers of a caller, for every hop of a chain: so none of them may be a secret, nor belong to the connection.
 * @throws TypeError one of them is
 */
export function callerHeaders(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  const lower: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (OURS.test(name)) throw new TypeError(`the header ${name} is not the caller's to set`);
    lower[name.toLowerCase()] = value;
  }
  return lower;
}
