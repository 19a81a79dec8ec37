import { plainText } from "../core/terminal-text.ts";

export interface CountdownOptions {
  readonly stream: Pick<NodeJS.WriteStream, "write" | "columns">;
  /** A line that is drawn again each second; else a warning. */
  readonly live: boolean;
  readonly warn: (message: string) => void;
  /** Milliseconds. */
  readonly now: () => number;
}

/** Shows a wait of `ms` milliseconds to the person; the answer ends it. */
export type ShowWait = (message: string, ms: number) => () => void;

/** Two waits for the same end differ by so much, because clients must not come back all at once. */
const ALIKE_MS = 2000;

/**
 * Waits that the Hub asked for, or that come between two tries: counted down on a terminal. Where several calls wait,
 * the longest wait is shown.
 */
export function createCountdown({ stream, live, warn, now }: CountdownOptions): ShowWait {
  const waits = new Set<{ readonly message: string; readonly until: number }>();
  let timer: NodeJS.Timeout | undefined;
  const clear = (): void => void stream.write("\r\u001b[2K");
  const draw = (): void => {
    const [longest] = [...waits].toSorted((a, b) => b.until - a.until);
    if (longest === undefined) return;
    const left = `Trying again in ${Math.max(0, Math.ceil((longest.until - now()) / 1000))} s`;
    const room = Math.max(0, (stream.columns ?? 80) - left.length - 2);
    clear();
    stream.write(`${plainText(longest.message, room)} ${left}`);
  };
  return (message, ms) => {
    const wait = { message, until: now() + ms };
    if (!live) {
      // Eight files that wait for the same need no eight lines.
      const same = [...waits].some((one) => one.message === message && one.until > wait.until - ALIKE_MS);
      waits.add(wait);
      if (!same) warn(`${message} Trying again in ${Math.ceil(ms / 1000)} s.`);
      return () => void waits.delete(wait);
    }
    waits.add(wait);
    timer ??= setInterval(draw, 1000);
    // The wait itself keeps the program alive.
    timer.unref();
    draw();
    return () => {
      waits.delete(wait);
      clear();
      if (waits.size > 0) return draw();
      clearInterval(timer);
      timer = undefined;
    };
  };
}
