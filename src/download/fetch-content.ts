import type { ByteRanges, Hashers, IncompleteBlob } from "../cache/index.ts";
import { IntegrityError, isHfError, safeText } from "../core/errors.ts";
import type { HfError } from "../core/errors.ts";
import type { Destination } from "./destination.ts";
import { receiveLarge, receiveSmall, WORTHLESS } from "./receive.ts";
import { offline } from "./resolve.ts";
import type { Progress } from "./progress.ts";
import type { WantedEntry } from "./plan.ts";
import type { Run } from "./run.ts";
import type { XetWay } from "./xet-way.ts";

/** A blob to fetch: its name is known, and so what its bytes must hash to. */
export interface KnownContent {
  readonly etag: string;
  readonly size: number;
  /** Its name in Xet storage, as the Hub gives it; absent when it is not there. */
  readonly xetHash?: string | undefined;
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
  readonly xet: XetWay;
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
    throw isWrong(error) && !error.message.includes(first.path) ? named(error, first.path) : error;
  }
}

/** With the name of the file, which whoever looks at the hashes alone does not know. */
function named(error: HfError, path: string): IntegrityError {
  return new IntegrityError(error.code, `'${safeText(path, 200)}': ${error.message}`, {
    cause: error,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  });
}

/** Answers the bytes that came over the network and were kept. */
async function fetchVerified(context: FetchContext, content: KnownContent): Promise<number> {
  // What was to be copied on this machine turned out to be damaged.
  if (context.run.offline) throw offline(context.run, context.commit, `'${content.entries[0].path}'`);
  const bytes = await fetchByXet(context, content);
  if (bytes !== undefined) return bytes;
  if (content.size <= SMALL_BYTES) return trying(context, content, (round) => fetchSmall(context, content, round));
  const blob = context.destination.open(content, "resume");
  if (blob.begun === undefined) {
    let first: IncompleteBlob | undefined = blob;
    return trying(context, content, async (round) => {
      const target = first ?? context.destination.open(content, "anew");
      first = undefined;
      return receiveLarge(context, content, target, round);
    });
  }
  try {
    return await receiveLarge(context, content, blob, 1);
  } catch (error) {
    if (!isWrong(error)) throw error;
    // What was on the disk may be to blame: that does not count as an answer of the network.
    tellRetry(context, content, 1, error);
  }
  return trying(context, content, (round) =>
    receiveLarge(context, content, context.destination.open(content, "anew"), round + 1),
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

/** As {@link fetchVerified}; undefined when the content is to come by plain HTTP, also because this way has failed. */
async function fetchByXet(context: FetchContext, content: KnownContent): Promise<number | undefined> {
  const { run, xet, destination } = context;
  const [{ path }] = content.entries;
  for (let round = 1, answers = 0; ; round++) {
    const hash = xet.hashOf(content);
    if (hash === undefined) return undefined;
    run.onEvent?.({ kind: "transport", path, transport: "xet" });
    const blob = destination.open(content, round === 1 ? "resume" : "anew");
    try {
      return await fetchIntoByXet(context, content, hash, blob);
    } catch (error) {
      run.signal.throwIfAborted();
      // What was on the disk may be to blame: that does not count as an answer of the network.
      if (isWrong(error) && blob.begun !== undefined) {
        tellRetry(context, content, round, error);
      } else if (xet.givesWay(content, error)) {
        run.onEvent?.({ kind: "transport", path, transport: "http", reason: error.message });
        return undefined;
      } else {
        if (!isWrong(error) || ++answers >= TRIES) throw error;
        tellRetry(context, content, round, error);
      }
    }
  }
}

/** As {@link receiveLarge}, from Xet storage. What has come is kept, for either way to go on with. */
async function fetchIntoByXet(
  { run, xet, hashers, destination, progress }: FetchContext,
  content: KnownContent,
  hash: string,
  blob: IncompleteBlob,
): Promise<number> {
  const { size, etag } = content;
  const [{ path }] = content.entries;
  const from = blob.begun?.bytes ?? 0;
  const begun = blob.begun?.there ?? [];
  let there: Pick<ByteRanges, "bytes" | "list"> = { bytes: from, list: begun };
  let received = 0;
  let worthless = false;
  if (blob.begun === undefined) blob.noteValidator(`"${etag}"`);
  else run.onEvent?.({ kind: "resumed", path, from });
  blob.noteRanges(there);
  progress.received(path, from);
  try {
    const digest = await xet.fetch(
      { hash, size },
      { fd: blob.fd, path: blob.path, there: begun },
      {
        hashers,
        onBytes: (count) => {
          received += count;
          progress.received(path, count);
        },
        onReached(now) {
          there = now;
          blob.noteRanges(now);
        },
        onRetry: (retry) => run.onEvent?.({ kind: "retry", path, ...retry }),
      },
    );
    worthless = true;
    destination.publish(content, blob, digest);
    return received;
  } catch (error) {
    progress.received(path, -from - received);
    worthless ||= isHfError(error) && WORTHLESS.has(error.code);
    throw error;
  } finally {
    if (worthless) blob.discard();
    else if (blob.keep(there.list) && run.signal.aborted) run.onEvent?.({ kind: "kept", path, bytes: there.bytes });
  }
}

function isWrong(error: unknown): error is HfError {
  return isHfError(error) && error.code === "ERR_HF_INTEGRITY";
}

function tellRetry({ run }: FetchContext, { entries }: KnownContent, attempt: number, { message }: HfError): void {
  run.onEvent?.({ kind: "retry", path: entries[0].path, attempt, waitMs: 0, reason: message, from: 0 });
}

async function fetchSmall(context: FetchContext, content: KnownContent, round: number): Promise<number> {
  context.destination.publishSmall(content, await receiveSmall(context, content, round));
  return content.size;
}
