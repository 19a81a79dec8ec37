import type { Clock, Warn } from "../core/ports.ts";
import type { Repo } from "../core/repo.ts";
import type { Selection } from "./patterns.ts";

/** How access to a repo is given: to everybody, at once to who asks, or by hand. */
export type Gated = false | "auto" | "manual";

/**
 * How large files come: `"xet"`, those in the Hub's Xet storage from there; `"http"`, all by plain HTTP; `"auto"`, as it
 * is likely to be faster, and by plain HTTP when Xet fails.
 */
export type Transport = "auto" | "xet" | "http";

/** What the caller of a download decides. */
export interface FetchOptions {
  /** Branch, tag, `refs/pr/N`, short commit or full commit. @default "main" */
  readonly revision?: string;
  /** The shared cache: `HF_HUB_CACHE`, else `$HF_HOME/hub`. Made when it is not there. */
  readonly cacheDir: string;
  /**
   * A folder for the files, under their own names, in place of the shared cache, which is then only read. Laid out as
   * Python's `local_dir`. Made when it is not there.
   */
  readonly localDir?: string;
  /** Fetch and replace also what the cache has. @default false */
  readonly forceDownload?: boolean;
  /**
   * Make no request; what the cache does not have is an error. `"whole"`: also a snapshot of which the cache does not
   * know whether it is whole. @default false
   */
  readonly offline?: boolean | "whole";
  /** Put copies in the snapshot instead of links. Links are also given up where the file system has none. @default false */
  readonly disableSymlinks?: boolean;
  /** @default "auto" */
  readonly transport?: Transport;
  /** Begin also where less is free than the download needs. @default false */
  readonly allowLowSpace?: boolean;
  /**
   * Go on with what an earlier download of the same content left, when nobody writes it any more; and leave what is
   * there of a content (16 MiB or more) when this download ends before its time. False: neither, and what an earlier
   * one left goes. By `forceDownload` nothing is gone on with. @default true
   */
  readonly resume?: boolean;
  /**
   * Connections for the bytes of entries, 1 or more, and so also entries under way at the same time. A large entry gets
   * several of them when that makes it faster. @default 8
   */
  readonly maxWorkers?: number;
  /** Bytes a second, above 0, that all transfers together may take. @default no limit */
  readonly limitRate?: number;
  readonly onEvent?: (event: DownloadEvent) => void;
  /** Takes what the person should know though the download goes on. */
  readonly warn?: Warn;
  /** Ends the download. What is worth it is left for a later one (see `resume`). The promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** @default the real clock */
  readonly clock?: Clock;
}

export interface SnapshotOptions extends FetchOptions, Selection {}

/** What a download would do with one entry. */
export interface PlannedEntry {
  /** Path in the repo. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** True when no byte of it has to come over the network. */
  readonly present: boolean;
}

/**
 * What a download would do. Making it writes nothing. Plain data: it may be kept, shown and carried out later, by
 * another process too.
 */
export interface DownloadPlan {
  readonly repo: Repo;
  /** What was asked for: a branch, a tag, `refs/pr/N` or a commit. */
  readonly revision: string;
  /** What the Hub (or without it the cache) took that for: carried out, the plan brings this commit and no other. */
  readonly commit: string;
  /** What the cache took it for by then; undefined when it did not know it. */
  readonly rememberedCommit: string | undefined;
  /** The shared cache, absolute. */
  readonly cacheDir: string;
  /** The folder that the files go to in its place, absolute. */
  readonly localDir?: string;
  /** One entry was asked for by its path, and {@link path} is where that one goes. */
  readonly single: boolean;
  /** What is there is fetched and replaced too. */
  readonly forceDownload: boolean;
  /** Where {@link DownloadResult.path} would be. */
  readonly path: string;
  /** The entries that were asked for, by path. */
  readonly files: readonly PlannedEntry[];
  readonly totalBytes: number;
  /** Entries whose content is not there. */
  readonly missingFiles: number;
  /** Bytes to fetch: equal contents count once. */
  readonly missingBytes: number;
  /** Bytes that are free where they would go; undefined where the system does not tell. */
  readonly freeBytes: number | undefined;
  /** Bytes by which that is too little, without what an earlier download left to go on with; 0 when it fits or when nobody knows. */
  readonly shortBytes: number;
}

export interface FetchedEntry {
  /** Path in the repo. */
  readonly path: string;
  /** Absolute path of the pointer in the snapshot: what programs open. */
  readonly pointerPath: string;
  /** Bytes; undefined where the cache was used without knowing. */
  readonly size: number | undefined;
}

export interface DownloadResult {
  /** The snapshot's folder; for a single entry its pointer. */
  readonly path: string;
  readonly commit: string;
  readonly repo: Repo;
  /** The entries that were asked for, by path. */
  readonly files: readonly FetchedEntry[];
  /** Bytes that were received over the network and kept. */
  readonly downloadedBytes: number;
  /** True when no content had to be fetched. */
  readonly fromCache: boolean;
}

/** What happens while a download works, for a bar or a log. */
export type DownloadEvent =
  | {
      readonly kind: "planned";
      readonly commit: string;
      /** Entries asked for, and their bytes. */
      readonly files: number;
      readonly bytes: number;
      /** Entries to fetch, and their bytes. */
      readonly missingFiles: number;
      readonly missingBytes: number;
    }
  | { readonly kind: "started"; readonly path: string; readonly size: number }
  /** An earlier download left `from` bytes; only the rest is asked for. They count as progress. */
  | { readonly kind: "resumed"; readonly path: string; readonly from: number }
  /** At most 10 a second, over all that is to be fetched; the last one always comes. */
  | {
      readonly kind: "progress";
      readonly bytes: number;
      /** The plan's `missingBytes`. */
      readonly totalBytes: number;
      readonly files: number;
      /** The plan's `missingFiles`. */
      readonly totalFiles: number;
      /** Entries under way, the largest first. */
      readonly active: readonly { readonly path: string; readonly bytes: number; readonly size: number }[];
    }
  /** The way that an entry in Xet storage takes; `reason` where it is not the first one that was tried. */
  | {
      readonly kind: "transport";
      readonly path: string;
      readonly transport: "xet" | "http";
      readonly reason?: string;
    }
  | { readonly kind: "verified"; readonly path: string; readonly size: number; readonly etag: string }
  | {
      readonly kind: "retry";
      readonly path: string;
      readonly attempt: number;
      /** Milliseconds until it is tried again. */
      readonly waitMs: number;
      readonly reason: string;
      /** First byte that is asked for again. */
      readonly from: number;
    }
  /** The download ends before its time, and leaves `bytes` of a content to a later one. */
  | { readonly kind: "kept"; readonly path: string; readonly bytes: number }
  | { readonly kind: "done"; readonly files: number; readonly downloadedBytes: number };
