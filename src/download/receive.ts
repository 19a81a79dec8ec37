import { contentAlgorithmOf, createReceiver, holesIn } from "../cache/index.ts";
import type { Begun, ByteRange, IncompleteBlob, Receiver } from "../cache/index.ts";
import { IntegrityError, isHfError, safeText } from "../core/errors.ts";
import { encodePath, encodeSegment, repoPath } from "../core/repo.ts";
import { openFile } from "../hub/index.ts";
import type { OpenedFile } from "../hub/index.ts";
import type { FetchContext, KnownContent } from "./fetch-content.ts";
import { pour } from "./pour.ts";
import type { Sink } from "./pour.ts";
import { spread } from "./spread.ts";
import { createThroughput } from "./throughput.ts";

/** After these what has come is wrong, or stands in the way. */
export const WORTHLESS: ReadonlySet<string> = new Set(["ERR_HF_INTEGRITY", "ERR_HF_NO_SPACE", "ERR_HF_DISK"]);

/** Below this a content comes on one connection: more of them would save less than a second of most lines. */
const SPREAD_BYTES = 16 * 1024 * 1024;

/** Receives a content into memory. */
export async function receiveSmall(context: FetchContext, content: KnownContent, round: number): Promise<Uint8Array> {
  const bytes = Buffer.alloc(content.size);
  const sink: Sink = {
    write: (part, offset) => void bytes.set(part, offset),
    restart: () => undefined,
  };
  await counted(context, content, (onBytes) => onOne(context, content, { sink, round, onBytes }));
  return bytes;
}

/**
 * Receives into `blob`, from where it was begun, and ends it: published, kept for a later download, or removed. Answers
 * the bytes that came and were kept.
 * @param round from the second on it is asked for on other connections, and on one alone: a middlebox, or a server of
 *   many, may be what is wrong
 */
export async function receiveLarge(
  context: FetchContext,
  content: KnownContent,
  blob: IncompleteBlob,
  round: number,
): Promise<number> {
  const { run, hashers, destination, progress } = context;
  const [{ path }] = content.entries;
  const algorithm = contentAlgorithmOf(content.etag);
  const { begun } = blob;
  let receiver: Receiver | undefined;
  let worthless = false;
  try {
    if (algorithm === undefined) throw unverifiable(content);
    receiver = createReceiver(blob.fd, { hashers, algorithm, size: content.size, path: blob.path });
    if (begun !== undefined) {
      receiver.adopt(begun.there);
      run.onEvent?.({ kind: "resumed", path, from: begun.bytes });
      progress.received(path, begun.bytes);
    }
    run.signal.throwIfAborted();
    const bytes = await fill(context, content, { blob, receiver, round });
    worthless = true;
    destination.publish(content, blob, (await receiver.finish()).digest);
    return bytes;
  } catch (error) {
    progress.received(path, -(begun?.bytes ?? 0));
    worthless ||= isHfError(error) && WORTHLESS.has(error.code);
    throw error;
  } finally {
    const there: readonly ByteRange[] = receiver?.there.list ?? begun?.there ?? [];
    const bytes = receiver?.there.bytes ?? begun?.bytes ?? 0;
    receiver?.abandon();
    if (worthless) blob.discard();
    else if (blob.keep(there)) run.onEvent?.({ kind: "kept", path, bytes });
  }
}

interface Filling {
  readonly blob: IncompleteBlob;
  readonly receiver: Receiver;
  readonly round: number;
}

/** Brings what is missing. Answers the bytes of it that are in the file at the end. */
async function fill(context: FetchContext, content: KnownContent, filling: Filling): Promise<number> {
  const { blob, receiver, round } = filling;
  const { size } = content;
  const holes = holesIn(receiver.there.list, size);
  if (holes.length === 0) return 0;
  let begun = blob.begun;
  let kept = size - (begun?.bytes ?? 0);
  /** Bytes come ahead of gaps, so that the note has to say which ones are there. */
  let apart = false;
  await counted(context, content, async (onBytes) => {
    const sink = {
      write(bytes: Uint8Array, offset: number): Promise<void> | undefined {
        const later = receiver.write(bytes, offset);
        if (apart) blob.noteRanges(receiver.there);
        return later;
      },
      restart(): void {
        kept = size;
        begun = undefined;
        receiver.restart();
        if (apart) blob.noteRanges(receiver.there);
      },
      onSpread(): void {
        apart = true;
        blob.noteRanges(receiver.there);
      },
    };
    if (size >= SPREAD_BYTES && round === 1) {
      if ((await onMany(context, content, { sink, holes, blob, onBytes })) === "whole") return;
      onBytes(-receiver.there.bytes);
      sink.restart();
    }
    await onOne(context, content, { sink, round, onBytes, begun, onValidator: blob.noteValidator });
  });
  return kept;
}

/** Undoes the progress of what failed. */
async function counted(
  { progress }: FetchContext,
  { entries: [{ path }] }: KnownContent,
  work: (onBytes: (count: number) => void) => Promise<void>,
): Promise<void> {
  let received = 0;
  try {
    await work((count) => {
      received += count;
      progress.received(path, count);
    });
  } catch (error) {
    progress.received(path, -received);
    throw error;
  }
}

interface Single {
  readonly sink: Sink;
  readonly round: number;
  readonly onBytes: (count: number) => void;
  readonly begun?: Begun | undefined;
  readonly onValidator?: (validator: string | undefined) => void;
}

async function onOne(
  context: FetchContext,
  content: KnownContent,
  { sink, round, onBytes, begun, onValidator }: Single,
): Promise<void> {
  const open = opener(context, content, round > 1);
  await pour({ ...sourceOf(context, content), open: (from, etag, end) => open(from, etag, end) }, sink, {
    ...portsOf(context, content),
    begun,
    onBytes,
    ...(onValidator === undefined ? {} : { onValidator }),
  });
}

interface Several {
  readonly sink: Parameters<typeof spread>[1];
  readonly holes: readonly ByteRange[];
  readonly blob: IncompleteBlob;
  readonly onBytes: (count: number) => void;
}

function onMany(
  context: FetchContext,
  content: KnownContent,
  { sink, holes, blob, onBytes }: Several,
): Promise<"whole" | "misfit"> {
  const { clock, connections, rate } = context.run;
  const open = opener(context, content, false);
  return spread({ ...sourceOf(context, content), open }, sink, {
    ...portsOf(context, content),
    holes,
    validator: blob.begun?.validator,
    onValidator: blob.noteValidator,
    onBytes,
    connections,
    throughput: createThroughput(
      () => clock.now(),
      (now) => rate !== undefined && now > rate.bytesPerSecond * 0.8,
    ),
  });
}

type Open = (
  from: number,
  etag: string | undefined,
  end: number,
  how?: { readonly patient: boolean; readonly signal: AbortSignal },
) => Promise<OpenedFile>;

/** Each asks the Hub anew, so that a signed address is never an old one, and follows with the credential of each hop. */
function opener({ run, commit }: FetchContext, { entries: [{ path }], size }: KnownContent, fresh: boolean): Open {
  const { repo, hub } = run;
  const address = `${repoPath(repo)}/resolve/${encodeSegment(commit)}/${encodePath(path)}`;
  const subject = { repo, revision: commit, entry: path };
  return (start, etag, end, how) => {
    const part = start > 0 || end < size;
    return openFile(hub, address, {
      subject,
      signal: how?.signal ?? run.signal,
      ...(how?.patient === false ? { retries: 0 } : {}),
      ...(fresh ? { fresh: true } : {}),
      ...(part ? { range: { start, ...(end < size ? { end: end - 1 } : {}) } } : {}),
      ...(part && etag !== undefined ? { ifRange: etag } : {}),
    });
  };
}

function sourceOf({ commit }: FetchContext, { entries: [{ path }], size }: KnownContent) {
  return { path, size, commit };
}

function portsOf({ run }: FetchContext, { entries: [{ path }] }: KnownContent) {
  const { clock, random, signal, rate } = run;
  return {
    clock,
    random,
    signal,
    pace: rate === undefined ? undefined : (count: number) => rate.take(count, signal),
    onRetry: (retry: { attempt: number; waitMs: number; reason: string; from: number }) =>
      run.onEvent?.({ kind: "retry", path, ...retry }),
  };
}

function unverifiable({ etag, entries }: KnownContent): IntegrityError {
  return new IntegrityError(
    "ERR_HF_INTEGRITY",
    `The Hub names '${safeText(entries[0].path, 200)}' by '${safeText(etag, 100)}', which is no hash: nothing can prove its bytes.`,
    { hint: "Nothing was written. Check HF_ENDPOINT: does that address lead to a Hub?" },
  );
}
