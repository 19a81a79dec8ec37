import type { Secret } from "../core/secret.ts";
import { answerText } from "./credential-text.ts";
import { isForEndpoint, parseCredentialRequest } from "./credential-request.ts";

/**
 * What a credential helper answers to `get`: the token for a request that is for the endpoint, and nothing at all for
 * any other. An empty answer lets git ask the next helper, so this never fails.
 * @param input the bytes of standard input
 * @param find asked only for a request that is for the endpoint; undefined: no token may be given
 */
export async function answerCredential(
  input: Uint8Array,
  endpoint: string,
  find: () => Promise<Secret | undefined>,
): Promise<Uint8Array> {
  const nothing = new Uint8Array();
  const request = parseCredentialRequest(input);
  if (request === undefined || !isForEndpoint(request, endpoint)) return nothing;
  const token = await find();
  return token === undefined ? nothing : Buffer.from(answerText(token, request.username), "latin1");
}
