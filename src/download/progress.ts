import type { DownloadEvent } from "./types.ts";

/** Milliseconds between two progress events. */
const PACE_MS = 100;

export interface Progress {
  started(path: string, size: number): void;
  /** `count` more bytes of `path`; negative when received bytes turned out to be useless. */
  received(path: string, count: number): void;
  /** `path` is verified and in the cache; `files` entries point to it. */
  finished(path: string, files: number): void;
  /** `path` is given up. */
  dropped(path: string): void;
  /** The last progress event, whatever the time. */
  flush(): void;
}

/**
 * Counts what all transfers of a download receive, and says so at most 10 times a second.
 * @param now milliseconds
 */
export function createProgress(
  total: { readonly files: number; readonly bytes: number },
  now: () => number,
  onEvent: ((event: DownloadEvent) => void) | undefined,
): Progress {
  const active = new Map<string, { bytes: number; readonly size: number }>();
  let bytes = 0;
  let files = 0;
  let last = -Infinity;
  const tell = (): void => {
    last = now();
    onEvent?.({
      kind: "progress",
      bytes,
      totalBytes: total.bytes,
      files,
      totalFiles: total.files,
      active: [...active]
        .map(([path, state]) => ({ path, bytes: state.bytes, size: state.size }))
        .toSorted((a, b) => b.size - a.size),
    });
  };
  const tick = (): void => {
    if (onEvent !== undefined && now() - last >= PACE_MS) tell();
  };
  return {
    started(path, size) {
      active.set(path, { bytes: 0, size });
      onEvent?.({ kind: "started", path, size });
    },
    received(path, count) {
      bytes += count;
      const state = active.get(path);
      if (state !== undefined) state.bytes += count;
      tick();
    },
    finished(path, count) {
      files += count;
      active.delete(path);
      tick();
    },
    dropped(path) {
      bytes -= active.get(path)?.bytes ?? 0;
      active.delete(path);
    },
    flush: tell,
  };
}
