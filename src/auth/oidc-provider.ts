import type { Environment } from "../core/ports.ts";
import { isEndpoint, readClaims } from "./oidc-id-token.ts";

/** A place that gives ID tokens to the job that this process is. */
export interface OidcProvider {
  /** Name of the source: `oidc:github`. */
  readonly source: string;
  /** In words, after "of" and before "gives". */
  readonly label: string;
  readonly way: OidcWay;
}

export type OidcWay =
  /** The token itself: it can't be made anew. */
  | { readonly kind: "value"; readonly value: string }
  /** A server of the runner's, asked with a token for that alone. */
  | { readonly kind: "server"; readonly url: string; readonly requestToken: string }
  /** A file that somebody keeps fresh: read at each exchange. */
  | { readonly kind: "file"; readonly path: string }
  /** A program that prints one, as text or as JSON `{token, expiresAt}`. */
  | { readonly kind: "command"; readonly words: readonly string[]; readonly prints: "text" | "json" }
  /** The service is there and the job did not ask it for ID tokens. */
  | { readonly kind: "missing"; readonly message: string; readonly hint: string };

/**
 * Where the ID token comes from, decided by variables alone. What Python's library would use comes first and in its
 * order, so that both are the same to the Hub in the same job. Undefined: nothing here gives any.
 * @param readExec the command of the user's own configuration; asked when its turn comes
 */
export function chooseProvider(
  env: Environment,
  endpoint: string,
  readExec: () => readonly string[] | undefined,
): OidcProvider | undefined {
  const given = env["HF_OIDC_ID_TOKEN"] ?? "";
  if (given !== "") return valueOf("oidc:env", "HF_OIDC_ID_TOKEN", given);
  if (env["GITHUB_ACTIONS"] === "true") return github(env);
  const path = env["HF_OIDC_ID_TOKEN_FILE"] ?? "";
  if (path !== "") return { source: "oidc:file", label: `the file ${path}`, way: { kind: "file", path } };
  const words = readExec();
  if (words !== undefined) {
    const label = `the command ${words[0] ?? ""}`;
    return { source: "oidc:exec", label, way: { kind: "command", words: fill(words, env, endpoint), prints: "json" } };
  }
  return service(env, endpoint);
}

function github(env: Environment): OidcProvider {
  const url = env["ACTIONS_ID_TOKEN_REQUEST_URL"] ?? "";
  const requestToken = env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] ?? "";
  const provider = { source: "oidc:github", label: "GitHub Actions" };
  if (url !== "" && requestToken !== "") return { ...provider, way: { kind: "server", url, requestToken } };
  return missing(provider, "Give the job the permission 'id-token: write'. A pull request from a fork never has it.");
}

function service(env: Environment, endpoint: string): OidcProvider | undefined {
  const value = (name: string): string => env[name] ?? "";
  if (env["GITLAB_CI"] === "true") {
    const idToken = value("HF_ID_TOKEN");
    if (idToken !== "") return valueOf("oidc:gitlab", "HF_ID_TOKEN", idToken);
    const hint = `Add to the job: id_tokens: { HF_ID_TOKEN: { aud: "${endpoint}" } }`;
    return missing({ source: "oidc:gitlab", label: "GitLab CI" }, hint);
  }
  if (env["CIRCLECI"] === "true") {
    // Meant for the organisation, unless its settings say otherwise.
    const ready = ["CIRCLE_OIDC_TOKEN_V2", "CIRCLE_OIDC_TOKEN"].find((name) =>
      readClaims(value(name))?.audiences.some((audience) => isEndpoint(audience, endpoint)),
    );
    if (ready !== undefined) return valueOf("oidc:circleci", ready, value(ready));
    const words = ["circleci", "run", "oidc", "get", "--claims", JSON.stringify({ aud: endpoint })];
    return { source: "oidc:circleci", label: "CircleCI", way: { kind: "command", words, prints: "text" } };
  }
  if (env["BUILDKITE"] === "true") {
    const words = ["buildkite-agent", "oidc", "request-token", "--audience", endpoint];
    return { source: "oidc:buildkite", label: "Buildkite", way: { kind: "command", words, prints: "text" } };
  }
  if (value("BITBUCKET_BUILD_NUMBER") !== "" || value("BITBUCKET_STEP_OIDC_TOKEN") !== "") {
    const idToken = value("BITBUCKET_STEP_OIDC_TOKEN");
    if (idToken !== "") return valueOf("oidc:bitbucket", "BITBUCKET_STEP_OIDC_TOKEN", idToken);
    const hint = `Add to the step: oidc: { audiences: ["${endpoint}"] }`;
    return missing({ source: "oidc:bitbucket", label: "Bitbucket Pipelines" }, hint);
  }
  return undefined;
}

function valueOf(source: string, variable: string, value: string): OidcProvider {
  return { source, label: `the variable ${variable}`, way: { kind: "value", value } };
}

function missing(provider: Pick<OidcProvider, "source" | "label">, hint: string): OidcProvider {
  const message = `HF_OIDC_RESOURCE is set, but this job has no ID token of ${provider.label}.`;
  return { ...provider, way: { kind: "missing", message, hint } };
}

/** `{audience}` and `{resource}` in a word of the command. */
function fill(words: readonly string[], env: Environment, endpoint: string): readonly string[] {
  const values: Record<string, string> = { audience: endpoint, resource: env["HF_OIDC_RESOURCE"] ?? "" };
  return words.map((word, at) =>
    at === 0 ? word : word.replace(/\{(audience|resource)\}/g, (_whole, name: string) => values[name] ?? ""),
  );
}
