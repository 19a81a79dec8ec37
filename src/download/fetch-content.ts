import { contentAlgorithmOf, createReceiver } from "../cache/index.ts";
import type { Hashers, IncompleteBlob, Receiver } from "../cache/index.ts";
import { IntegrityError, isHfError, safeText } from "../core/errors.ts";
import type { HfError } from "../core/errors.ts";
import { encodePath, encodeSegment, repoPath } from "../core/repo.ts";
import { openFile } from "../hub/index.ts";
import type { Destination } from "./destination.ts";
import { pour } from "./pour.ts";
import { offline } from "./resolve.ts";
import type { Sink } from "./pour.ts";
import type { Progress } from "./progress.ts";
import type { WantedEntry } from "./plan.ts";
import type { Run } from "./run.ts";

/** A blob to fetch: its name is known, and so what its bytes must hash to. */
export interface KnownContent {
  readonly etag: string;
  readonly size: number;
  /** Entries that will point to it; the first one is asked for. */
  readonly entries: readonly [Pick<WantedEntry, "path">, ...Pick<WantedEntry, "path">[]];
}

export interface FetchContext {
  readonly run: Run;
  /** What is asked for: never a branch, which could move between two requests. */
  readonly commit: string;
  readonly hashers: Hashers;
  readonly progress: Progress;
  /** Where contents go. */
  readonly destination: Destination;
}

/**
 * Up to here a content is received into memory and written in one synchronous step, which is 1.7 times faster for
 * thousands of small files. With 8 workers it bounds the memory to 8 MiB.
 */
const SMALL_BYTES = 1024 * 1024;

/** Asked for once more when the bytes are not the right ones. */
const TRIES = 2;

/**
 * Brings one content to where it belongs, if it is not there by now, and gives its entries their places.
 * @returns bytes that were received and kept: 0 when the content was there, or on this machine; the rest of it when an
 *   earlier download left its beginning
 * @throws IntegrityError `ERR_HF_INTEGRITY` wrong bytes twice in a row; nothing of them was kept
 * @throws what the Hub and the disk refuse
 */
export async function fetchContent(context: FetchContext, content: KnownContent): Promise<number> {
  const { run, progress, destination } = context;
  const [first] = content.entries;
  progress.started(first.path, content.size);
  try {
    const there = !run.force && destination.has(content);
    const brought = there || (await destination.bring?.(content)) === true;
    let bytes = 0;
    if (brought) progress.received(first.path, content.size);
    else bytes = await fetchVerified(context, content);
    await destination.place(content, !there);
    run.onEvent?.({ kind: "verified", path: first.path, size: content.size, etag: content.etag });
    progress.finished(first.path, content.entries.length);
    return bytes;
  } catch (error) {
    progress.dropped(first.path);
    throw error;
  }
}

/** Answers the bytes that came over the network and were kept. */
async function fetchVerified(context: FetchContext, content: KnownContent): Promise<number> {
  // What was to be copied on this machine turned out to be damaged.
  if (context.run.offline) throw offline(context.run, context.commit, `'${content.entries[0].path}'`);
  if (content.size <= SMALL_BYTES) return trying(context, content, (round) => fetchSmall(context, content, round));
  const blob = context.destination.open(content, "resume");
  if (blob.begun === undefined) {
    let first: IncompleteBlob | undefined = blob;
    return trying(context, content, async (round) => {
      const target = first ?? context.destination.open(content, "anew");
      first = undefined;
      return fetchLarge(context, content, target, round);
    });
  }
  try {
    return await fetchLarge(context, content, blob, 1);
  } catch (error) {
    if (!isWrong(error)) throw error;
    // What was on the disk may be to blame: that does not count as an answer of the network.
    tellRetry(context, content, 1, error);
  }
  return trying(context, content, (round) =>
    fetchLarge(context, content, context.destination.open(content, "anew"), round + 1),
  );
}

async function trying(
  context: FetchContext,
  content: KnownContent,
  work: (round: number) => Promise<number>,
): Promise<number> {
  for (let round = 1; ; round++) {
    try {
      return await work(round);
    } catch (error) {
      if (!isWrong(error) || round >= TRIES) throw error;
      tellRetry(context, content, round, error);
    }
  }
}

function isWrong(error: unknown): error is HfError {
  return isHfError(error) && error.code === "ERR_HF_INTEGRITY";
}

function tellRetry({ run }: FetchContext, { entries }: KnownContent, attempt: number, { message }: HfError): void {
  run.onEvent?.({ kind: "retry", path: entries[0].path, attempt, waitMs: 0, reason: message, from: 0 });
}

async function fetchSmall(context: FetchContext, content: KnownContent, round: number): Promise<number> {
  const bytes = Buffer.alloc(content.size);
  const sink: Sink = {
    write: (part, offset) => void bytes.set(part, offset),
    restart: () => undefined,
  };
  await receive(context, content, { sink, round });
  context.destination.publishSmall(content, bytes);
  return content.size;
}

/** Receives into `blob`, from where it was begun, and ends it: published, kept for a later download, or removed. */
async function fetchLarge(
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
  let counted = 0;
  let adopted = begun === undefined;
  let worthless = false;
  try {
    if (algorithm === undefined) throw unverifiable(content);
    receiver = createReceiver(blob.fd, { hashers, algorithm, size: content.size, path: blob.path });
    const { write, restart } = receiver;
    if (begun !== undefined) {
      run.onEvent?.({ kind: "resumed", path, from: begun.bytes });
      await receiver.adopt(begun.bytes, run.signal);
      adopted = true;
      counted = begun.bytes;
      progress.received(path, counted);
    }
    const sink: Sink = { write, restart };
    const bytes = await receive(context, content, { sink, round, begun, onValidator: blob.noteValidator });
    worthless = true;
    destination.publish(content, blob, (await receiver.finish()).digest);
    return bytes;
  } catch (error) {
    progress.received(path, -counted);
    worthless ||= isHfError(error) && WORTHLESS.has(error.code);
    throw error;
  } finally {
    const received = adopted ? (receiver?.position ?? 0) : (begun?.bytes ?? 0);
    receiver?.abandon();
    if (worthless) blob.discard();
    else if (blob.keep(received)) run.onEvent?.({ kind: "kept", path, bytes: received });
  }
}

/** After these what has come is wrong, or stands in the way. */
const WORTHLESS: ReadonlySet<string> = new Set(["ERR_HF_INTEGRITY", "ERR_HF_NO_SPACE", "ERR_HF_DISK"]);

interface Receiving {
  readonly sink: Sink;
  /** From the second on it is asked for on other connections: a middlebox, or a server of many, may be what is wrong. */
  readonly round: number;
  readonly begun?: IncompleteBlob["begun"];
  readonly onValidator?: (validator: string | undefined) => void;
}

/** Answers the bytes that came. */
async function receive(
  { run, commit, progress }: FetchContext,
  content: KnownContent,
  { sink, round, begun, onValidator }: Receiving,
): Promise<number> {
  if (begun?.bytes === content.size) return 0;
  const { repo, hub, signal, clock, random, rate } = run;
  const { path } = content.entries[0];
  const address = `${repoPath(repo)}/resolve/${encodeSegment(commit)}/${encodePath(path)}`;
  const subject = { repo, revision: commit, entry: path };
  let received = 0;
  let kept = content.size - (begun?.bytes ?? 0);
  try {
    await pour(
      {
        path,
        size: content.size,
        commit,
        open: (from, etag) =>
          openFile(hub, address, {
            subject,
            signal,
            ...(round > 1 ? { fresh: true } : {}),
            ...(from === 0 ? {} : { range: { start: from } }),
            ...(from === 0 || etag === undefined ? {} : { ifRange: etag }),
          }),
      },
      {
        write: (bytes, offset) => sink.write(bytes, offset),
        restart() {
          kept = content.size;
          return sink.restart();
        },
      },
      {
        clock,
        random,
        signal,
        begun,
        ...(onValidator === undefined ? {} : { onValidator }),
        pace: rate === undefined ? undefined : (count) => rate.take(count, signal),
        onBytes: (count) => {
          received += count;
          progress.received(path, count);
        },
        onRetry: (retry) => run.onEvent?.({ kind: "retry", path, ...retry }),
      },
    );
  } catch (error) {
    progress.received(path, -received);
    throw error;
  }
  return kept;
}

function unverifiable({ etag, entries }: KnownContent): IntegrityError {
  return new IntegrityError(
    "ERR_HF_INTEGRITY",
    `The Hub names '${safeText(entries[0].path, 200)}' by '${safeText(etag, 100)}', which is no hash: nothing can prove its bytes.`,
    { hint: "Nothing was written. Check HF_ENDPOINT: does that address lead to a Hub?" },
  );
}
