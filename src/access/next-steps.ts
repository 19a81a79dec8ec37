import { deadTokenStep, loginCommand } from "../core/dead-token.ts";
import { repoPath } from "../core/repo.ts";
import type { Repo } from "../core/repo.ts";
import { DEFAULT_ENDPOINT } from "../core/settings.ts";
import type { AccessEvidence, NextStep } from "./types.ts";

/**
 * The words of the next steps. Every address is made here of the endpoint and a repo id that was checked: none comes
 * from a server.
 */

export function pageOf({ endpoint }: Pick<AccessEvidence, "endpoint">, repo: Repo): string {
  return `${endpoint}/${repoPath(repo)}`;
}

/** A repo in the words of our own commands. */
export function spoken(repo: Repo): string {
  return repo.type === "model" ? repo.id : `${repo.type}s/${repo.id}`;
}

/** A command of ours that asks the same Hub. */
export function run(words: string, { endpoint }: AccessEvidence): string {
  return endpoint === DEFAULT_ENDPOINT ? `hf ${words}` : `hf ${words} --endpoint ${endpoint}`;
}

export function download(evidence: AccessEvidence, repo: Repo): NextStep {
  const command = run(`download ${spoken(repo)}`, evidence);
  return { text: `Fetch it with: ${command}`, command };
}

export function signIn(evidence: Pick<AccessEvidence, "endpoint">, why: string): NextStep {
  const command = loginCommand(evidence.endpoint);
  return { text: `${why} ${command}`, command };
}

/** The gate's page, where the person reads the terms and decides. Nothing of ours accepts them. */
export function askAtGate(evidence: AccessEvidence, repo: Repo, account: string | undefined): NextStep {
  const url = pageOf(evidence, repo);
  const who = account === undefined ? "" : ` as ${account}`;
  const then = evidence.gate === "auto" ? undefined : run(`access wait ${spoken(repo)}`, evidence);
  return {
    text: `Ask for access${who} at ${url} (${then === undefined ? "access is given at once" : `then wait with: ${then}`}).`,
    command: run(`access open ${spoken(repo)}`, evidence),
    url,
    ...(then === undefined ? {} : { afterwards: then }),
  };
}

export function waitAtGate(evidence: AccessEvidence, repo: Repo): NextStep {
  const command = run(`access wait ${spoken(repo)}`, evidence);
  return { text: `Its authors decide. Wait for them with: ${command}`, command };
}

export function look(evidence: AccessEvidence, repo: Repo, text: string): NextStep {
  const url = pageOf(evidence, repo);
  return { text: `${text} ${url}`, url };
}

/**
 * The page for a new fine-grained token with no more than the permission that is missing already ticked.
 * @param permission undefined: one for a single repo, or for an organisation's; no address ticks those
 */
export function newToken({ endpoint }: AccessEvidence, permission: string | undefined, words: string): NextStep {
  const ticked = permission === undefined ? "" : `${permission}&`;
  const url = `${endpoint}/settings/tokens/new?${ticked}tokenType=fineGrained`;
  return { text: `${words} ${url}`, url };
}

export const GATED_READ = "canReadGatedRepos=true";
export const OWN_READ = "ownUserPermissions=repo.content.read";
export const OWN_WRITE = "ownUserPermissions=repo.write";

/** A place that holds a dead token, and how to mend it there. */
export function replaceToken({ endpoint }: Pick<AccessEvidence, "endpoint">, source: string): NextStep {
  const text = deadTokenStep(source, endpoint);
  if (source.startsWith("file:")) return { text, command: loginCommand(endpoint, "--force") };
  return { text, url: `${endpoint}/settings/tokens` };
}

export function again(text: string): NextStep {
  return { text };
}
