import { isAbsolute } from "node:path";
import type { Credential } from "../core/credential.ts";
import { carriesTokens } from "../core/credential.ts";
import { diskError, isHfError, NetworkError, RateLimitError, safeText, TokenError } from "../core/errors.ts";
import type { HfError } from "../core/errors.ts";
import type { Clock, Environment } from "../core/ports.ts";
import { Secret } from "../core/secret.ts";
import { readRegularFileSync } from "../core/read-file.ts";
import { plainText } from "../core/terminal-text.ts";
import type { HubClient } from "../hub/index.ts";
import { readIdToken } from "./oidc-id-token.ts";
import type { IdToken } from "./oidc-id-token.ts";
import type { OidcProvider, OidcWay } from "./oidc-provider.ts";
import { withoutTokens } from "./token-variables.ts";

/** Bytes. An ID token has some thousand characters. */
const LARGEST_TOKEN_FILE = 64 * 1024;

export interface MintOptions {
  readonly env: Environment;
  /** Who is to read the ID token. */
  readonly endpoint: string;
  readonly clock: Clock;
  /** Makes a client for the server of a runner, with the token that it wants to see. */
  readonly connectRunner: (credential: Credential) => Pick<HubClient, "request">;
}

const COMMAND_MS = 30_000;
const SERVER_MS = 10_000;
const LARGEST = 64 * 1024;

/**
 * An ID token of the provider, for the endpoint.
 * @throws TokenError `ERR_HF_OIDC`
 * @throws NetworkError, RateLimitError, OfflineError, DiskError
 */
export async function mintIdToken(provider: OidcProvider, options: MintOptions): Promise<IdToken> {
  const { label, way } = provider;
  switch (way.kind) {
    case "value":
      return readIdToken(way.value, options.endpoint, label);
    case "file":
      return readIdToken(readFile(way.path), options.endpoint, label);
    case "command":
      return readIdToken(await runCommand(provider, way, options), options.endpoint, label);
    case "server":
      return readIdToken(await askServer(provider, way.url, way.requestToken, options), options.endpoint, label);
    case "missing":
      throw new TokenError("ERR_HF_OIDC", way.message, { hint: way.hint });
  }
}

function readFile(path: string): string {
  if (!isAbsolute(path)) {
    // Below the folder that a job happens to work in lie the files of a project.
    throw new TokenError("ERR_HF_OIDC", `HF_OIDC_ID_TOKEN_FILE must be a whole path, not '${plainText(path, 200)}'.`, {
      hint: "Give the path from the root, such as /var/run/secrets/tokens/hf.",
    });
  }
  try {
    return new TextDecoder().decode(readRegularFileSync(path, LARGEST_TOKEN_FILE));
  } catch (error) {
    throw diskError(error, "read the ID token of HF_OIDC_ID_TOKEN_FILE", path);
  }
}

async function runCommand(
  { label }: OidcProvider,
  { words, prints }: Extract<OidcWay, { readonly kind: "command" }>,
  { env, clock }: MintOptions,
): Promise<string> {
  const { ProgramFault, runProgram } = await import("../core/run-program.ts");
  const refuse = (why: string, hint: string): TokenError => new TokenError("ERR_HF_OIDC", `${label} ${why}.`, { hint });
  const again = `Run it by hand to see what it says: ${words.map((word) => plainText(word, 100)).join(" ")}`;
  let result;
  try {
    result = await runProgram({ words, env: withoutTokens(env), timeoutMs: COMMAND_MS, maxBytes: LARGEST });
  } catch (error) {
    if (!(error instanceof ProgramFault)) throw error;
    switch (error.kind) {
      case "not-started":
        throw refuse("gives no ID token: its program could not be started", `Is '${words[0] ?? ""}' there?`);
      case "too-slow":
        throw refuse(`gives no ID token within ${COMMAND_MS / 1000} s`, again);
      case "too-much":
        throw refuse("prints more than 64 KiB, which can't be an ID token", again);
    }
  }
  if (result.code !== 0) {
    const said = safeText(result.stderr.trim(), 300);
    const how = result.code === -1 ? "a signal ended its program" : `exit ${result.code}`;
    throw refuse(`gives no ID token: ${how}${said === "" ? "" : `: ${said}`}`, again);
  }
  if (prints === "text") return result.stdout;
  const answer = readJson(result.stdout);
  const { token, expiresAt } = answer ?? {};
  const ends = typeof expiresAt === "number" ? expiresAt * 1000 : Date.parse(String(expiresAt));
  if (typeof token !== "string" || (expiresAt !== undefined && Number.isNaN(ends))) {
    throw refuse('does not print JSON as {"token":"…","expiresAt":"2030-01-31T12:00:00Z"}', again);
  }
  // Before anything can quote what else it says of it.
  if (token !== "") Secret.of(token);
  if (expiresAt !== undefined && ends <= clock.now()) throw refuse("gives an ID token that has expired", again);
  return token;
}

async function askServer(
  { label, source }: OidcProvider,
  address: string,
  requestToken: string,
  { endpoint, connectRunner }: MintOptions,
): Promise<string> {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !carriesTokens(url) || url.username !== "" || /[^\x21-\x7e]/.test(requestToken)) {
    throw new TokenError("ERR_HF_OIDC", `The address or the token with which ${label} is asked can't be used.`, {
      hint: "They come as ACTIONS_ID_TOKEN_REQUEST_URL (https) and ACTIONS_ID_TOKEN_REQUEST_TOKEN; a job does not set them.",
    });
  }
  const runner = connectRunner({ token: Secret.of(requestToken), origin: url.origin, source });
  let answer;
  try {
    answer = await runner.request(url, {
      query: { audience: endpoint },
      redirect: "refuse",
      retries: 2,
      timeoutMs: SERVER_MS,
      maxBytes: LARGEST,
    });
  } catch (error) {
    if (!isHfError(error)) throw error;
    if (error.status === undefined || error.status >= 429) throw giverFault(error, label, url.host);
    throw new TokenError("ERR_HF_OIDC", `${label} gives this job no ID token: ${url.host} answered ${error.status}.`, {
      cause: error,
      hint: "Give the job the permission 'id-token: write', and see that the job has not ended.",
    });
  }
  const { value } = readJson(answer.text) ?? {};
  if (typeof value === "string") return value;
  throw new NetworkError("ERR_HF_BAD_ANSWER", `${url.host} answered to ${label}'s call for an ID token without one.`, {
    hint: "Is a proxy in between? ACTIONS_ID_TOKEN_REQUEST_URL says which server was asked.",
  });
}

/** What went wrong is not the Hub's: advice about the Hub would send people to the wrong door. */
function giverFault(error: HfError, label: string, host: string): HfError {
  const message = `${label} gives no ID token now: ${error.message}`;
  const own = `${host} is the server of ${label}, not the Hub`;
  if (error instanceof RateLimitError) {
    const { retryAfter } = error;
    const when = retryAfter === undefined ? "in some minutes" : `in ${retryAfter} s`;
    const more = retryAfter === undefined ? {} : { retryAfter };
    return new RateLimitError(message, { cause: error, hint: `${own}. Run the job again ${when}.`, ...more });
  }
  if (!["ERR_HF_HUB_DOWN", "ERR_HF_TIMEOUT", "ERR_HF_NETWORK"].includes(error.code)) return error;
  return new NetworkError(error.code === "ERR_HF_TIMEOUT" ? "ERR_HF_TIMEOUT" : "ERR_HF_NETWORK", message, {
    cause: error,
    ...(error.status === undefined ? {} : { status: error.status }),
    hint: `${own}. Run the job again; if it stays so, see https://www.githubstatus.com, or the runner's way to that host.`,
  });
}

function readJson(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
