import { dirname } from "node:path";
import {
  blobPath,
  blobPlace,
  blobSize,
  contentLockPath,
  findAbandoned,
  KEPT_BYTES,
  openContent,
  placePointer,
  publishSmallContent,
} from "../cache/index.ts";
import type { ContentPlace, IncompleteBlob, ResumeOptions } from "../cache/index.ts";
import type { KnownContent } from "./fetch-content.ts";
import type { SnapshotPlan, WantedEntry } from "./plan.ts";
import type { Run } from "./run.ts";

/** Where the contents of a download go: the shared cache, or a folder of the user's. */
export interface Destination {
  /** The folder that the bytes need room in. */
  readonly folder: string;
  /** The lock that excludes other processes from fetching this content to the same place. */
  lockPath(content: KnownContent): string;
  /** The folder of the private file that whoever fetches this content writes. */
  workFolder(content: KnownContent): string;
  /** Another process has brought it by now. */
  has(content: KnownContent): boolean;
  /** Brings it from another place of this machine, where one is known to have it and it proves to be right. */
  bring?(content: KnownContent): Promise<boolean>;
  /**
   * A private file for the content.
   * @param inOrder its bytes will come from the first to the last, so that what an earlier download left may be taken
   *   over ("anew": is removed), and this one may be gone on with
   * @throws DiskError
   */
  open(content: KnownContent, inOrder?: "resume" | "anew"): IncompleteBlob;
  /** Ends what {@link open} began. @throws IntegrityError when the digest is not the content's; DiskError */
  publish(content: KnownContent, blob: IncompleteBlob, digest: string): void;
  /** The whole way of a content that is in memory. @throws as {@link publish} */
  publishSmall(content: KnownContent, bytes: Uint8Array): void;
  /**
   * The content is there: gives all its entries their places.
   * @param fresh it was published just now
   */
  place(content: Pick<KnownContent, "etag" | "size" | "entries">, fresh: boolean): void | Promise<void>;
}

/** @param symlinks whether entries of the snapshot are links; else copies */
export function createCacheDestination(run: Run, commit: string, symlinks: boolean): Destination {
  const { paths, force } = run;
  return {
    folder: paths.cache,
    lockPath: ({ etag }) => contentLockPath(paths, etag),
    workFolder: ({ etag }) => dirname(blobPath(paths, etag)),
    has: ({ etag, size }) => blobSize(paths, etag) === size,
    open: ({ etag, size }, inOrder) =>
      openContent(blobPlace(paths, etag), { size, resume: resumeOptions(run, inOrder) }),
    publish: (_content, blob, digest) => void blob.publish(digest),
    publishSmall: ({ etag }, bytes) => void publishSmallContent(blobPlace(paths, etag), bytes),
    place({ etag, entries }, fresh) {
      // Without links a fresh blob is moved to its last entry, because it is gone then.
      const last = entries.length - 1;
      entries.forEach(({ path }, at) =>
        placePointer(paths, commit, path, etag, { symlinks, force, fresh: fresh && at === last }),
      );
    },
  };
}

/** @param inOrder see {@link Destination.open} */
export function resumeOptions(run: Run, inOrder: "resume" | "anew" | undefined): ResumeOptions | undefined {
  if (inOrder === undefined) return undefined;
  return { life: run.life(), use: inOrder === "resume" && run.resume && !run.force, leave: run.resume };
}

/** Bytes of a content that need no more room, because an earlier download left them to go on with. */
export function leftBytes(run: Run, place: ContentPlace, size: number): number {
  if (!run.resume || run.force || size < KEPT_BYTES) return 0;
  return findAbandoned(place, size, run.life())[0]?.bytes ?? 0;
}

/** {@link leftBytes} of all that a plan fetches. */
export function sumLeft(
  run: Run,
  plan: Pick<SnapshotPlan, "toFetch">,
  placeOf: (entry: WantedEntry) => ContentPlace | undefined,
): number {
  return plan.toFetch.reduce((sum, { entries: [entry], size }) => {
    const place = placeOf(entry);
    return sum + (place === undefined ? 0 : leftBytes(run, place, size));
  }, 0);
}
