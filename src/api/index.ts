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
} from "./library.ts";
export type { CheckAccessOptions, HubOptions } from "./library.ts";
export { openAccess, subjectOf } from "./access.ts";
export type { AccessDesk, AccessOptions, AccessReport } from "./access.ts";
export type { DownloadStep } from "./download-events.ts";
export { applyDownloadWith, downloadFileWith, downloadSnapshotWith, planDownloadWith } from "./download.ts";
export type {
  ApplyDownloadOptions,
  AuthFallback,
  DownloadFileOptions,
  DownloadSnapshotOptions,
  PlanDownloadOptions,
} from "./download.ts";
export { networkOf } from "./network.ts";
export { aboutToken } from "./refusing-hub.ts";
export { openSession } from "./session.ts";
export type { Session, SessionOptions } from "./session.ts";
