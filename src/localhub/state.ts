import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isRecord } from "./http.ts";
import type { Hub } from "./model.ts";
import type { OauthClient, OauthGrant, OauthState, RefreshToken } from "./oauth/types.ts";
import { addRepo } from "./model.ts";
import type { HubToken, Org, Repo, User } from "./types.ts";

/** Changes with the shape of the model; a state of another format is refused, not guessed at. */
const FORMAT = 1;

type State = {
  format: number;
  secret: string;
  users: User[];
  orgs: Org[];
  tokens: HubToken[];
  repos: Repo[];
  redirects: [string, string][];
  /** Absent in states of earlier versions. */
  oauth?: SavedOauth;
};

type SavedOauth = Pick<OauthState, "settings" | "issuers" | "publishers"> & {
  clients: OauthClient[];
  grants: OauthGrant[];
  refreshTokens: RefreshToken[];
};

function statePath(dir: string): string {
  return join(dir, "hub.json");
}

/** Writes all but the contents, which the folder storage keeps itself. Token values are in it: for the owner alone. */
export function saveState(hub: Hub, dir: string): void {
  const state: State = {
    format: FORMAT,
    secret: hub.secret.toString("hex"),
    users: [...hub.users.values()],
    orgs: [...hub.orgs.values()],
    tokens: [...hub.tokens.values()],
    repos: [...hub.repos.values()],
    redirects: [...hub.redirects],
    oauth: savedOauth(hub.oauth),
  };
  const part = `${statePath(dir)}.part`;
  writeFileSync(part, JSON.stringify(state), { mode: 0o600 });
  renameSync(part, statePath(dir));
}

/**
 * Fills an empty hub from a folder written before. False when there is nothing yet.
 * @throws Error naming the file when it is not a state of this program.
 */
export function loadState(hub: Hub, dir: string): boolean {
  const path = statePath(dir);
  if (!existsSync(path)) return false;
  const state = readState(JSON.parse(readFileSync(path, "utf8")));
  if (!state) throw new Error(`${path}: not a state that this localhub can read`);
  hub.secret = Buffer.from(state.secret, "hex");
  for (const user of state.users) hub.users.set(user.name.toLowerCase(), user);
  for (const org of state.orgs) hub.orgs.set(org.name.toLowerCase(), org);
  for (const token of state.tokens) hub.tokens.set(token.value, token);
  for (const [key, id] of state.redirects) hub.redirects.set(key, id);
  for (const repo of state.repos) addRepo(hub, repo);
  if (state.oauth) {
    const { settings, issuers, publishers, clients, grants, refreshTokens } = state.oauth;
    hub.oauth = {
      ...hub.oauth,
      settings: { ...hub.oauth.settings, ...settings },
      issuers,
      publishers,
      clients: new Map(clients.map((client) => [client.id, client])),
      grants: new Map(grants.map((grant) => [grant.id, grant])),
      refreshTokens: new Map(refreshTokens.map((token) => [token.value, token])),
    };
  }
  return true;
}

function savedOauth({ settings, issuers, publishers, clients, grants, refreshTokens }: OauthState): SavedOauth {
  return {
    settings,
    issuers,
    publishers,
    clients: [...clients.values()],
    grants: [...grants.values()],
    refreshTokens: [...refreshTokens.values()],
  };
}

/** The shape is checked as far as the keys by which things are found; the rest is our own writing. */
function readState(value: unknown): State | undefined {
  if (!isRecord(value) || value["format"] !== FORMAT || typeof value["secret"] !== "string") return undefined;
  const listed = (name: string, key: string): boolean => {
    const list = value[name];
    return Array.isArray(list) && list.every((one) => isRecord(one) && typeof one[key] === "string");
  };
  const pairs = value["redirects"];
  const good =
    listed("users", "name") &&
    listed("orgs", "name") &&
    listed("tokens", "value") &&
    listed("repos", "id") &&
    Array.isArray(pairs) &&
    pairs.every((pair) => Array.isArray(pair) && pair.length === 2);
  return good ? (value as State) : undefined;
}
