import { lockContent } from "./content-lock.ts";
import { fetchContent } from "./fetch-content.ts";
import type { FetchContext, KnownContent } from "./fetch-content.ts";
import { createLockQueue } from "./lock-queue.ts";
import type { MissingContent } from "./plan.ts";
import { askAbout } from "./prepare.ts";
import { heardByAll } from "./run.ts";
import type { Run } from "./run.ts";
import { checkSpace } from "./space.ts";

/**
 * Fetches contents with the run's workers, each under its lock. Answers the bytes that were received.
 * @throws the first failure; the other workers are stopped then
 */
export async function fetchAll(context: FetchContext, contents: readonly MissingContent[]): Promise<number> {
  const { run, commit } = context;
  if (contents.length === 0) return 0;
  const known: KnownContent[] = [];
  for (const content of contents) known.push(await knownContent(run, commit, content));
  // A size that was hidden until now may be larger than the plan had it.
  const [planned, needed] = [contents, known].map((some) => some.reduce((sum, { size }) => sum + size, 0));
  if ((needed ?? 0) > (planned ?? 0)) checkSpace(context.destination.folder, needed ?? 0, run);
  const stop = new AbortController();
  const signal = heardByAll(AbortSignal.any([run.signal, stop.signal]), run.workers);
  const inner: FetchContext = { ...context, run: { ...run, signal } };
  const queue = createLockQueue(known, {
    lockPath: (content) => context.destination.lockPath(content),
    size: (content) => content.size,
    workers: run.workers,
    signal: inner.run.signal,
    warn: run.warn,
    acquire: (content) => lockContent(inner.run, context.destination, content),
  });
  let received = 0;
  let failure: { readonly error: unknown } | undefined;
  const work = async (): Promise<void> => {
    try {
      for (let next = await queue.next(); next !== undefined; next = await queue.next()) {
        try {
          const bytes = await fetchContent(inner, next.job);
          received += bytes;
        } finally {
          next.lock.release();
        }
      }
    } catch (error) {
      // The first failure is the one to tell; the others are its echo.
      failure ??= { error };
      // Not with that failure as the reason: what is wrong with one file is no judgement on what others have received.
      stop.abort(new Error("another file of the download has failed"));
    }
  };
  const working = Math.min(run.workers, known.length);
  run.connections.reserve(working);
  await Promise.all(Array.from({ length: working }, () => work().finally(() => run.connections.release())));
  queue.close();
  if (failure !== undefined) throw failure.error;
  return received;
}

/** The name and size of a content. Where the Hub hid the hash in its listing, it is asked for it. */
async function knownContent(run: Run, commit: string, { entries, size }: MissingContent): Promise<KnownContent> {
  const [{ path, etag, xetHash }] = entries;
  if (etag !== undefined) return { etag, size, entries, xetHash };
  const facts = await askAbout(run, commit, path);
  return { etag: facts.etag ?? "", size: facts.size ?? size, entries, xetHash: facts.xetHash };
}
