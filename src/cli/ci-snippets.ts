import { UsageError } from "../core/errors.ts";
import { parseRepoSpec } from "../core/repo.ts";
import type { Repo } from "../core/repo.ts";
import { DEFAULT_ENDPOINT } from "../core/settings.ts";
import { plainText } from "../core/terminal-text.ts";

export type CiService = "github" | "gitlab";

export const CI_SERVICES: readonly CiService[] = ["github", "gitlab"];

export interface SnippetFacts {
  /** `HF_OIDC_RESOURCE`: a repo, or the name of an account. */
  readonly resource: string;
  /** The repo that the job downloads. */
  readonly repo: Repo;
  readonly endpoint: string;
  /** Version of this package: the job runs the one that was tried. */
  readonly version: string;
}

export interface Snippet {
  /** Where it belongs in the project. */
  readonly file: string;
  readonly yaml: string;
}

/**
 * What a job is to use: the resource, and the repo to download, which is the resource unless that is an account.
 * @throws UsageError `ERR_HF_USAGE` neither a repo nor a name; the file is run by a shell, so nothing else gets into it
 */
export function readResource(resource: string): { readonly resource: string; readonly repo: Repo | undefined } {
  if (/^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9])?$/.test(resource)) return { resource, repo: undefined };
  try {
    return { resource, repo: parseRepoSpec(resource) };
  } catch (cause) {
    throw new UsageError("ERR_HF_USAGE", `'${plainText(resource, 120)}' can't be what a job gets a token for.`, {
      cause,
      hint: "Give a repo such as acme/tiny or datasets/acme/words, or the name of an account.",
    });
  }
}

/** The job that signs in by its ID token: the least it may do, and every version in it fixed. */
export function ciSnippet(service: CiService, facts: SnippetFacts): Snippet {
  return service === "github" ? github(facts) : gitlab(facts);
}

/** No action of anybody's is used, so the job needs no other permission, not even to read the repository. */
function github(facts: SnippetFacts): Snippet {
  const lines = [
    "name: Hub",
    "on: workflow_dispatch",
    "permissions: {}",
    "jobs:",
    "  hub:",
    "    runs-on: ubuntu-24.04",
    "    timeout-minutes: 30",
    "    permissions:",
    "      id-token: write",
    "    env:",
    ...variables(facts).map((line) => `      ${line}`),
    "    steps:",
    ...commands(facts).map((line) => `      - run: ${line}`),
  ];
  return { file: ".github/workflows/hub.yml", yaml: `${lines.join("\n")}\n` };
}

/** In the variable that Python's library reads too. */
function gitlab(facts: SnippetFacts): Snippet {
  const lines = [
    "hub:",
    "  image: node:22.23.3-bookworm-slim",
    "  timeout: 30 minutes",
    "  id_tokens:",
    "    HF_OIDC_ID_TOKEN:",
    `      aud: ${JSON.stringify(facts.endpoint)}`,
    "  variables:",
    ...variables(facts).map((line) => `    ${line}`),
    "  script:",
    ...commands(facts).map((line) => `    - ${line}`),
  ];
  return { file: ".gitlab-ci.yml", yaml: `${lines.join("\n")}\n` };
}

/** Every JSON string is one of YAML too. */
function variables({ resource, endpoint }: SnippetFacts): string[] {
  return [
    `HF_OIDC_RESOURCE: ${JSON.stringify(resource)}`,
    ...(endpoint === DEFAULT_ENDPOINT ? [] : [`HF_ENDPOINT: ${JSON.stringify(endpoint)}`]),
  ];
}

function commands({ repo, version }: SnippetFacts): string[] {
  const type = repo.type === "model" ? "" : ` --repo-type ${repo.type}`;
  return ["auth status", `download ${repo.id}${type}`].map((words) => `npx --yes latchkey@${version} ${words}`);
}
