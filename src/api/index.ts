export { createHub, downloadFile, downloadSnapshot, resolveToken, whoami } from "./library.ts";
export type { HubOptions } from "./library.ts";
export { downloadFileWith, downloadSnapshotWith } from "./download.ts";
export type { DownloadFileOptions, DownloadSnapshotOptions } from "./download.ts";
export { openSession } from "./session.ts";
export type { Session, SessionOptions } from "./session.ts";
