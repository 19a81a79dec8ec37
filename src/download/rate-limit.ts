import type { Clock } from "../core/ports.ts";

/** Holds bytes back so that all transfers of a download together stay below a rate. */
export interface RateLimit {
  readonly bytesPerSecond: number;
  /**
   * Books `count` bytes that have come. Undefined when more may come at once, else a promise for when it may; while it
   * is pending the connection is not read, so that its peer slows down.
   */
  take(count: number, signal: AbortSignal): Promise<void> | undefined;
}

/** @param bytesPerSecond above 0 */
export function createRateLimit(bytesPerSecond: number, clock: Clock): RateLimit {
  // Until then the rate is used up by what has come.
  let busyUntil = clock.now();
  return {
    bytesPerSecond,
    take(count, signal) {
      const now = clock.now();
      busyUntil = Math.max(busyUntil, now) + (count / bytesPerSecond) * 1000;
      const wait = busyUntil - now;
      return wait < 1 ? undefined : clock.sleep(wait, signal);
    },
  };
}
