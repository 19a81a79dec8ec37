import { closeSync, openSync, readSync } from "node:fs";
import { dirname } from "node:path";
import {
  createReceiver,
  contentAlgorithmOf,
  ensureLocalNotes,
  localEntryPath,
  localLockPath,
  localPlace,
  localState,
  openContent,
  publishSmallContent,
  readLocalMetadata,
  statLocalFile,
  writeLocalMetadata,
} from "../cache/index.ts";
import type { Hashers, LocalDir, Receiver } from "../cache/index.ts";
import { diskError, IntegrityError, isHfError, safeText } from "../core/errors.ts";
import { lockContent } from "./content-lock.ts";
import { resumeOptions } from "./destination.ts";
import type { Destination } from "./destination.ts";
import type { KnownContent } from "./fetch-content.ts";
import type { Run } from "./run.ts";

const READ_BYTES = 1024 * 1024;

export interface LocalDestinationOptions {
  readonly local: LocalDir;
  readonly commit: string;
  readonly hashers: Hashers;
  /** Files of the shared cache by the etag of what they hold. */
  readonly copies: ReadonlyMap<string, string>;
}

/** A folder of the user's. Each file appears by a rename, with the note on it right after. */
export function createLocalDestination(
  run: Run,
  { local, commit, hashers, copies }: LocalDestinationOptions,
): Destination {
  const written = (path: string, etag: string, timestampNs: bigint | undefined): void => {
    if (timestampNs !== undefined) writeLocalMetadata(local, path, { commit, etag, timestampNs });
  };
  const first = (content: Pick<KnownContent, "entries">): string => content.entries[0].path;
  /** Proves the bytes as those of the network are proved. False when they are wrong, or can't be read. */
  const copy = async (content: KnownContent, source: string): Promise<boolean> => {
    const algorithm = contentAlgorithmOf(content.etag);
    if (algorithm === undefined) return false;
    const blob = destination.open(content);
    const receiver = createReceiver(blob.fd, { hashers, algorithm, size: content.size, path: blob.path });
    try {
      await feed(source, receiver, run.signal);
      if (receiver.position !== content.size) return false;
      destination.publish(content, blob, (await receiver.finish()).digest);
      return true;
    } catch (error) {
      run.signal.throwIfAborted();
      if (isHfError(error) && ["ERR_HF_INTEGRITY", "ERR_HF_DISK"].includes(error.code)) return false;
      throw error;
    } finally {
      receiver.abandon();
      blob.discard();
    }
  };
  const destination: Destination = {
    folder: local.folder,
    lockPath(content) {
      ensureLocalNotes(local, first(content));
      return localLockPath(local, first(content));
    },
    workFolder: (content) => dirname(localLockPath(local, first(content))),
    has: (content) => isFresh(local, first(content), content),
    open: (content, inOrder) =>
      openContent(localPlace(local, first(content), content.etag), {
        size: content.size,
        resume: resumeOptions(run, inOrder),
      }),
    publish(content, blob, digest) {
      blob.publish(digest);
      written(first(content), content.etag, blob.modifiedNs);
    },
    publishSmall(content, bytes) {
      const modifiedNs = publishSmallContent(localPlace(local, first(content), content.etag), bytes);
      written(first(content), content.etag, modifiedNs);
    },
    async bring(content) {
      const source = copies.get(content.etag);
      if (source === undefined) return false;
      if (await copy(content, source)) return true;
      run.warn(`The cached copy of '${first(content)}' is damaged or gone; it is fetched.`);
      return false;
    },
    async place(content, fresh) {
      if (!fresh) note(local, commit, first(content), content.etag);
      const [source, ...twins] = content.entries;
      for (const twin of twins) {
        const alone: KnownContent = { etag: content.etag, size: content.size, entries: [twin] };
        const lock = await lockContent(run, destination, alone);
        try {
          if (!run.force && destination.has(alone)) note(local, commit, twin.path, content.etag);
          else if (!(await copy(alone, localEntryPath(local, source.path)))) throw changed(source.path);
        } finally {
          lock.release();
        }
      }
    },
  };
  return destination;
}

function isFresh(local: LocalDir, path: string, wanted: Pick<KnownContent, "size" | "etag">): boolean {
  return localState(statLocalFile(local, path), readLocalMetadata(local, path), wanted) === "fresh";
}

/** Another process brought the file: its note may be of another commit. */
function note(local: LocalDir, commit: string, path: string, etag: string): void {
  const metadata = readLocalMetadata(local, path);
  const file = statLocalFile(local, path);
  if (metadata === undefined || file === undefined || metadata.commit === commit) return;
  writeLocalMetadata(local, path, { commit, etag, timestampNs: file.modifiedNs });
}

async function feed(source: string, receiver: Receiver, signal: AbortSignal): Promise<void> {
  let fd: number | undefined;
  try {
    fd = openSync(source, "r");
    const memory = new Uint8Array(new SharedArrayBuffer(READ_BYTES));
    for (let at = 0; ;) {
      signal.throwIfAborted();
      const count = readSync(fd, memory, 0, READ_BYTES, at);
      if (count === 0) return;
      await receiver.write(memory.subarray(0, count), at);
      at += count;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw diskError(error, "copy the file", source);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function changed(path: string): IntegrityError {
  return new IntegrityError("ERR_HF_INTEGRITY", `'${safeText(path, 200)}' was changed while it was being copied.`, {
    hint: "Something else writes into the folder. Try again when it has ended.",
  });
}
