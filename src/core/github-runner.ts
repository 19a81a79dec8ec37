import type { Environment } from "./ports.ts";
import type { Secret } from "./secret.ts";

/** True in a step of GitHub Actions. */
export function isGithubRunner(env: Environment): boolean {
  return env["GITHUB_ACTIONS"] === "true";
}

/**
 * The line that makes GitHub's runner strike a secret from the log of the job. It reads both streams of a step; write
 * it to stderr, which nobody takes for an answer, before anything else can print the secret.
 */
export function maskCommand(secret: Secret): string {
  const value = secret.expose().replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
  return `::add-mask::${value}\n`;
}
