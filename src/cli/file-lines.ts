import type { DownloadEvent } from "../download/index.ts";
import { formatBytes } from "../core/format-bytes.ts";
import { plainText } from "../core/terminal-text.ts";
import { duration, percent, rate } from "./progress-words.ts";

/** Below this a file is over before a person has read its line. */
const LARGE_BYTES = 5_000_000;
const MOST_LINES = 3;
const NARROWEST = 60;

export interface FileLines {
  started(path: string): void;
  /** A line for each of the largest files under way, none wider than `columns` less one. */
  draw(event: Extract<DownloadEvent, { kind: "progress" }>, columns: number): readonly string[];
}

/**
 * The largest files of a download, each with its own rate and time left. None for a download of one file, where they
 * would say what the bar says.
 * @param now milliseconds
 */
export function createFileLines(now: () => number): FileLines {
  /** When a file began, and with how many bytes of an earlier download. */
  const begun = new Map<string, { at: number; bytes: number | undefined }>();
  return {
    started: (path) => void begun.set(path, { at: now(), bytes: undefined }),
    draw({ active, totalFiles }, columns) {
      if (totalFiles < 2 || columns < NARROWEST) return [];
      const large = active.filter(({ size }) => size >= LARGE_BYTES).slice(0, MOST_LINES);
      return large.map(({ path, bytes, size }) => {
        const start = begun.get(path) ?? { at: now(), bytes };
        start.bytes ??= bytes;
        begun.set(path, start);
        const seconds = (now() - start.at) / 1000;
        const came = Math.max(0, bytes - start.bytes);
        const left = came > 0 ? ((size - bytes) / came) * seconds : undefined;
        const facts = [
          percent({ bytes, totalBytes: size }),
          `${formatBytes(bytes)}/${formatBytes(size)}`,
          rate(came, seconds),
          ...(left === undefined || left < 1 ? [] : [`${duration(left)} left`]),
        ].join("  ");
        return `  ${fitted(path, columns - facts.length - 6)}  ${facts}`;
      });
    },
  };
}

/** The end of a path, which tells files apart, padded to `width` columns of a terminal. */
function fitted(path: string, width: number): string {
  const signs = [...plainText(path, 1000)];
  let used = 0;
  const kept: string[] = [];
  for (const sign of signs.toReversed()) {
    const wide = columnsOf(sign);
    if (used + wide > width - 1) {
      kept.push("…");
      used++;
      break;
    }
    kept.push(sign);
    used += wide;
  }
  return kept.toReversed().join("") + " ".repeat(Math.max(0, width - used));
}

/** Signs of East Asia and emoji take two columns. A guess too many leaves a blank; one too few would break the drawing. */
function columnsOf(sign: string): number {
  return (sign.codePointAt(0) ?? 0) < 0x1100 ? 1 : 2;
}
