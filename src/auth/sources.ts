import { HfError, isHfError, TokenError } from "../core/errors.ts";
import type { Environment } from "../core/ports.ts";
import type { Secret } from "../core/secret.ts";
import { shellWord } from "../core/shell-word.ts";
import { plainText } from "../core/terminal-text.ts";
import { cleanToken } from "./clean.ts";
import { insecureEndpoint, misplacedLogin } from "./endpoint-rule.ts";
import type { FolderRule } from "./folder-rules.ts";
import { withRevealed } from "./keychain-logins.ts";
import { originsOf } from "./login-record.ts";
import type { LoginRecord } from "./login-record.ts";
import { readNamedLogin } from "./named-login.ts";
import { oidcSource } from "./oidc-source.ts";
import type { OidcSourceOptions } from "./oidc-source.ts";
import type { LoginRefresher } from "./refresh-due.ts";
import type { SourceReading, TokenSource } from "./resolve.ts";
import { activeLogin } from "./store-plans.ts";
import type { StoreContents, StoredToken, TokenStore } from "./token-store.ts";

export interface SourceOptions {
  readonly env: Environment;
  /** The endpoint that the token is wanted for. */
  readonly endpoint: string;
  /** The saved logins. */
  readonly store: Pick<TokenStore, "source" | "read" | "reveal" | "keychain">;
  /** What the caller named: a token by a flag or an argument, already clean; or a saved login by its name. */
  readonly explicit?: ExplicitToken | undefined;
  /** The rule for the folder that the caller works in; asked when its turn comes. Undefined: there are no rules. */
  readonly folderRule?: (() => FolderRule | undefined) | undefined;
  /** Renews an OAuth login that is near its end. Undefined: saved logins are taken as they are. */
  readonly refresh?: LoginRefresher | undefined;
  /** The exchange of ID tokens. Undefined: where `HF_OIDC_RESOURCE` asks for one, it is only promised. */
  readonly oidc?: Pick<OidcSourceOptions, "config" | "exchange"> | undefined;
  /**
   * False asks the caller's own token alone: `HF_HUB_DISABLE_IMPLICIT_TOKEN` for a request that needs no token.
   * @default true
   */
  readonly implicit?: boolean | undefined;
}

/** A token, or the name of a saved login, that was named for one call; with the source that it is reported as. */
export type ExplicitToken =
  { readonly token: Secret; readonly source: string } | { readonly tokenName: string; readonly source: string };

/** Every place a token may come from, the first found wins. */
export function tokenSources(options: SourceOptions): readonly TokenSource[] {
  const explicit = explicitSource(options);
  if (options.implicit === false) return explicit;
  return [
    ...explicit,
    oidcSource({ env: options.env, endpoint: options.endpoint, ...options.oidc }),
    envSource("HF_TOKEN", options),
    envSource("HUGGING_FACE_HUB_TOKEN", options),
    ...folderSource(options),
    savedLoginSource(options),
    // Python's library does not read this one, so it must never beat a login that Python would use.
    envSource(
      "HUGGINGFACE_TOKEN",
      options,
      "HUGGINGFACE_TOKEN is deprecated and other tools do not read it; use HF_TOKEN.",
    ),
  ];
}

/**
 * The source in the environment that hides a saved login with this token, or undefined when the login is used.
 * Asked after a sign-in and a switch, whose effect the person would otherwise miss.
 * @param token undefined: a login whose token is not known here, so that every token that is set hides it
 */
export function overridingSource(env: Environment, token: Secret | undefined): string | undefined {
  if ((env["HF_OIDC_RESOURCE"] ?? "") !== "") return "env:HF_OIDC_RESOURCE";
  for (const name of ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"]) {
    const cleaned = cleanToken(env[name] ?? "");
    if (cleaned.kind === "refused") return `env:${name}`;
    if (cleaned.kind === "clean") return token !== undefined && cleaned.token.equals(token) ? undefined : `env:${name}`;
  }
  return undefined;
}

function explicitSource(options: SourceOptions): readonly TokenSource[] {
  const { explicit, endpoint } = options;
  if (explicit === undefined) return [];
  if ("tokenName" in explicit) {
    const { tokenName, source } = explicit;
    return [{ name: source, read: () => readRefreshed(options, () => tokenName, namedLook(options, tokenName)) }];
  }
  const { token, source } = explicit;
  return [{ name: source, read: async () => bound({ kind: "found", token }, endpoint) }];
}

/** The login that `hf auth use` set for the folder. Its name says which folder's rule it is, once it was asked. */
function folderSource(options: SourceOptions): readonly TokenSource[] {
  const { folderRule } = options;
  if (folderRule === undefined) return [];
  let name = "folder";
  const read = async (): Promise<SourceReading> => {
    let rule: FolderRule | undefined;
    try {
      rule = folderRule();
    } catch (error) {
      if (error instanceof HfError) return { kind: "refused", error };
      throw error;
    }
    if (rule === undefined) return { kind: "absent" };
    const { folder, tokenName } = rule;
    name = `folder:${plainText(folder, 500)}`;
    const shown = plainText(tokenName, 60);
    const missing = (): TokenError =>
      new TokenError(
        "ERR_HF_TOKEN_REFUSED",
        `The folder ${folder} uses the saved login '${shown}', which is not there.`,
        {
          hint: `Run 'hf auth use --remove' in ${folder}, or sign in: hf auth login --name ${shellWord(plainText(tokenName, 120))}`,
        },
      );
    return readRefreshed(options, () => tokenName, namedLook(options, tokenName, missing));
  };
  return [
    {
      get name() {
        return name;
      },
      read,
    },
  ];
}

/** A variable belongs to whom sets the environment, who also sets the endpoint there: it is bound to that endpoint. */
function envSource(name: string, { env, endpoint }: SourceOptions, deprecation?: string): TokenSource {
  const read = async (): Promise<SourceReading> => {
    const cleaned = cleanToken(env[name] ?? "");
    if (cleaned.kind === "empty") return { kind: "absent" };
    if (cleaned.kind === "refused") {
      return {
        kind: "refused",
        error: new TokenError("ERR_HF_TOKEN_REFUSED", `The value of ${name} can't be a token: it ${cleaned.reason}.`, {
          hint: `Set ${name} to the token alone, or unset it.`,
        }),
      };
    }
    const warnings: string[] = deprecation === undefined ? [] : [deprecation];
    if (cleaned.warning !== undefined) warnings.push(`The value of ${name} ${cleaned.warning}.`);
    return bound({ kind: "found", token: cleaned.token, warnings }, endpoint);
  };
  return { name: `env:${name}`, read };
}

/** The active saved login, for the endpoint that it belongs to. */
function savedLoginSource(options: SourceOptions): TokenSource {
  const { store, endpoint } = options;
  let name = store.source;
  const look = (now: StoreContents): Look => {
    if (now.active.kind === "keychain") return namedLook(options, now.active.name)(now);
    if (now.active.kind !== "found") return { reading: now.active };
    if (now.record.kind === "unreadable") return { reading: { kind: "refused", error: now.record.error } };
    const { token, warning } = now.active;
    const { record } = now.record;
    const loginOrigins = originsOf(record, token);
    const fitting = namesFor(now, record, new URL(endpoint).origin);
    const misplaced = misplacedLogin({ endpoint, loginOrigins, trusted: record.trusted, fitting });
    if (misplaced !== undefined) return { reading: { kind: "refused", error: misplaced } };
    const login = activeLogin(now);
    const reading: SourceReading = {
      kind: "found",
      token,
      ...(login === undefined ? {} : { tokenName: plainText(login.name, 200) }),
      ...(login?.expiresAt === undefined ? {} : { expiresAt: login.expiresAt }),
      warnings: warning === undefined ? [] : [`The token file ${warning}.`],
    };
    return { reading, login };
  };
  const nameOf = (now: StoreContents): string | undefined => {
    if (now.active.kind !== "keychain") return undefined;
    name = `keychain:${store.keychain?.backend ?? "none"}`;
    return now.active.name;
  };
  return {
    get name() {
      return name;
    },
    read: () => readRefreshed(options, nameOf, look),
  };
}

/** Names of the saved logins that were made at an origin. */
function namesFor(now: StoreContents, record: LoginRecord, origin: string): readonly string[] {
  const logins = now.saved.kind === "ok" ? now.saved.logins : [];
  return logins.flatMap(({ name, token }) =>
    token !== undefined && originsOf(record, token).includes(origin) ? [plainText(name, 60)] : [],
  );
}

/** What a source makes of the store, and the login behind it. */
interface Look {
  readonly reading: SourceReading;
  readonly login?: StoredToken | undefined;
}

function namedLook({ endpoint }: SourceOptions, name: string, missing?: () => HfError): (now: StoreContents) => Look {
  return (now) => ({
    reading: readNamedLogin(now, name, endpoint, missing),
    login: now.saved.kind === "ok" ? now.saved.logins.find((login) => login.name === name) : undefined,
  });
}

/** Reads a login that may be used here, has it renewed when it is due, and reads again what is there then. */
async function readRefreshed(
  { store, endpoint, refresh }: SourceOptions,
  nameOf: (now: StoreContents) => string | undefined,
  look: (now: StoreContents) => Look,
): Promise<SourceReading> {
  const see = async (): Promise<Look> => {
    const now = await store.read();
    try {
      return look(await withRevealed(now, nameOf(now), store.reveal));
    } catch (error) {
      if (isHfError(error)) return { reading: { kind: "refused", error } };
      throw error;
    }
  };
  const { reading, login } = await see();
  if (refresh === undefined || login === undefined || reading.kind !== "found") return reading;
  const { changed, warning } = await refresh(login, endpoint);
  const after = changed ? (await see()).reading : reading;
  if (warning === undefined || after.kind !== "found") return after;
  return { ...after, warnings: [...(after.warnings ?? []), warning] };
}

function bound(reading: SourceReading, endpoint: string): SourceReading {
  const insecure = insecureEndpoint(endpoint);
  return insecure === undefined ? reading : { kind: "refused", error: insecure };
}
