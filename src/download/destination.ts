import { blobPlace, blobSize, lockPath, openContent, placePointer, publishSmallContent } from "../cache/index.ts";
import type { IncompleteBlob } from "../cache/index.ts";
import type { KnownContent } from "./fetch-content.ts";
import type { Run } from "./run.ts";

/** Where the contents of a download go: the shared cache, or a folder of the user's. */
export interface Destination {
  /** The lock that excludes other processes from fetching this content to the same place. */
  lockPath(content: KnownContent): string;
  /** Another process has brought it by now. */
  has(content: KnownContent): boolean;
  /** Brings it from another place of this machine, where one is known to have it and it proves to be right. */
  bring?(content: KnownContent): Promise<boolean>;
  /** A private file of the content's size. @throws DiskError */
  open(content: KnownContent): IncompleteBlob;
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
    lockPath: ({ etag }) => lockPath(paths, etag),
    has: ({ etag, size }) => blobSize(paths, etag) === size,
    open: ({ etag, size }) => openContent(blobPlace(paths, etag), { size }),
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
