export { approveCredential, rejectCredential } from "./credential.ts";
export type { GitCredentialReport } from "./credential.ts";
export { findHelpers } from "./helpers.ts";
export type { HelperOptions } from "./helpers.ts";
export { runGit } from "./run-git.ts";
export type { GitOptions, GitResult } from "./run-git.ts";
