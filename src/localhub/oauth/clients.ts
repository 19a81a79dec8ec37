import type { HubRequest } from "../http.ts";
import type { Hub } from "../model.ts";
import { sameText } from "../pages/forms.ts";
import { OauthError } from "./errors.ts";
import type { OauthClient } from "./types.ts";

/**
 * The application that sends a request to the token endpoint: by Basic, by a secret in the body, or a public one by its
 * id alone.
 * @throws OauthError `invalid_client`; undefined when it names none
 */
export function clientOf(
  hub: Hub,
  request: HubRequest,
  fields: Readonly<Record<string, unknown>>,
): OauthClient | undefined {
  const basic = /^Basic\s+(\S+)$/i.exec(request.headers["authorization"] ?? "")?.[1];
  const [id, secret] =
    basic === undefined ? [textField(fields, "client_id"), textField(fields, "client_secret")] : readBasic(basic);
  if (id === undefined) return undefined;
  const client = hub.oauth.clients.get(id);
  if (!client) throw new OauthError("invalid_client", "Unknown client_id", 401);
  if (client.secret !== undefined && !sameText(secret ?? "", client.secret)) {
    throw new OauthError("invalid_client", "Wrong client_secret", 401);
  }
  return client;
}

/** A field that came once, as text. */
export function textField(fields: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  return typeof value === "string" && value !== "" ? value : undefined;
}

function readBasic(encoded: string): [string | undefined, string | undefined] {
  const pair = Buffer.from(encoded, "base64").toString("utf8");
  const colon = pair.indexOf(":");
  if (colon < 0) return [undefined, undefined];
  const decode = (text: string): string => new URLSearchParams(`v=${text}`).get("v") ?? "";
  return [decode(pair.slice(0, colon)), decode(pair.slice(colon + 1))];
}

/**
 * Whether an application may have its answers sent there: to an address it registered, letter for letter. On loopback
 * over http the port is the application's to choose each time; the three names of loopback are not one another.
 */
export function mayRedirectTo(client: OauthClient, uri: string): boolean {
  if (client.redirectUris.includes(uri)) return true;
  const asked = withoutLoopbackPort(uri);
  return asked !== undefined && client.redirectUris.some((known) => withoutLoopbackPort(known) === asked);
}

function withoutLoopbackPort(uri: string): string | undefined {
  const parts = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(?::(\d{1,5}))?(\/[^#]*)?$/.exec(uri);
  if (!parts || Number(parts[2] ?? 0) > 65535) return undefined;
  return `http://${parts[1] ?? ""}${parts[3] ?? "/"}`;
}

/**
 * The scopes that are asked for, or all that the application has when it asks for none.
 * @throws OauthError `invalid_scope`
 */
export function scopesFor(client: OauthClient, asked: string | undefined): string[] {
  const wanted = [...new Set((asked ?? "").split(" ").filter((scope) => scope !== ""))];
  if (wanted.length === 0) return [...client.scopes];
  const foreign = wanted.find((scope) => !client.scopes.includes(scope));
  if (foreign !== undefined) throw new OauthError("invalid_scope", `This application has no scope "${foreign}"`);
  return wanted;
}
