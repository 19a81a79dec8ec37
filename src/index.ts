// The library's front page: what a program that uses Latchkey may import, by name.
export {
  applyDownload,
  checkAccess,
  createHub,
  download,
  downloadFile,
  downloadSnapshot,
  planDownload,
  resolveToken,
  whoami,
} from "./api/index.ts";
export { Secret } from "./core/secret.ts";
export { redact } from "./core/redact.ts";
export {
  AccessError,
  DiskError,
  HfError,
  IntegrityError,
  isHfError,
  NetworkError,
  NotFoundError,
  OfflineError,
  RateLimitError,
  TokenError,
  UsageError,
} from "./core/errors.ts";

export type { AccessCause, AccessEvidence, AccessVerdict, NextStep, VerdictKind } from "./access/index.ts";
export type { AccessReport, CheckAccessOptions } from "./api/index.ts";
export type {
  ApplyDownloadOptions,
  AuthFallback,
  DownloadFileOptions,
  DownloadSnapshotOptions,
  DownloadStep,
  HubOptions,
  PlanDownloadOptions,
} from "./api/index.ts";
export type { DownloadEvent, DownloadPlan, DownloadResult, FetchedEntry, PlannedEntry } from "./download/index.ts";
export type { FoundToken, Identity, IdentityToken, Organisation, RefusedToken, TokenResolution } from "./auth/index.ts";
export type { HubClient } from "./hub/index.ts";
export type { HfErrorCode, HfErrorOptions } from "./core/errors.ts";
export type { Environment, Fetch, FetchInit, FetchResponse, Warn } from "./core/ports.ts";
export type { Repo, RepoType } from "./core/repo.ts";
