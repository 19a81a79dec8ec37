import type { DownloadEvent, DownloadResult } from "../download/index.ts";

/** What {@link downloadEvents} tells. The last one is `done`, with what a call of `downloadSnapshot` answers. */
export type DownloadStep =
  | Exclude<DownloadEvent, { kind: "done" }>
  | (Extract<DownloadEvent, { kind: "done" }> & { readonly result: DownloadResult });

/** Begins a download that tells `onEvent` what happens and ends at `signal`. */
export type BeginDownload = (onEvent: (event: DownloadEvent) => void, signal: AbortSignal) => Promise<DownloadResult>;

/**
 * The events of a download, one by one. Who stops reading stops the download. Who reads slowly is not sent the progress
 * that is out of date by then.
 * @throws what the download throws
 */
export async function* downloadEvents(begin: BeginDownload): AsyncGenerator<DownloadStep, void, void> {
  const stop = new AbortController();
  let waiting: Exclude<DownloadEvent, { kind: "done" }>[] = [];
  let counts = { files: 0, downloadedBytes: 0 };
  let state: "working" | "over" = "working";
  let wake = (): void => undefined;
  const isOver = (): boolean => state === "over";
  const onEvent = (event: DownloadEvent): void => {
    if (event.kind === "done") {
      counts = { files: event.files, downloadedBytes: event.downloadedBytes };
      return;
    }
    if (event.kind === "progress") waiting = waiting.filter(({ kind }) => kind !== "progress");
    waiting.push(event);
    wake();
  };
  const work = begin(onEvent, stop.signal).finally(() => {
    state = "over";
    wake();
  });
  // It is awaited below; until then its failure is no unhandled one.
  work.catch(() => undefined);
  try {
    for (;;) {
      const next = waiting.shift();
      if (next !== undefined) yield next;
      else if (isOver()) break;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
    yield { kind: "done", ...counts, result: await work };
  } finally {
    stop.abort(new Error("nobody reads its events any more"));
    await work.catch(() => undefined);
  }
}
