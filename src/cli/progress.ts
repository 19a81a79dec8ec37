import type { DownloadEvent } from "../download/index.ts";
import { formatBytes } from "../core/format-bytes.ts";
import { plainText } from "../core/terminal-text.ts";
import { createFileLines } from "./file-lines.ts";
import { duration, percent, rate } from "./progress-words.ts";

export interface ProgressOptions {
  readonly stream: Pick<NodeJS.WriteStream, "write" | "isTTY" | "columns">;
  /** A bar that redraws itself; else plain lines. */
  readonly bar: boolean;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  readonly warn: (message: string) => void;
}

export interface ProgressView {
  readonly onEvent: (event: DownloadEvent) => void;
  /** Takes the bar away, so that what follows begins on a clean line. */
  end(): void;
}

const LINE_EVERY_MS = 30_000;
/** A download that is over in a moment needs no line for each tenth of it. */
const LINE_GAP_MS = 1000;

/** Draws a download on stderr: a redrawn bar below the largest files on a terminal, elsewhere one line per 10 % or 30 seconds. */
export function createProgress({ stream, bar, now, warn }: ProgressOptions): ProgressView {
  let planned: Extract<DownloadEvent, { kind: "planned" }> | undefined;
  let startedAt = now();
  /** Lines of the drawing, of which the cursor is in the last. */
  let drawn = 0;
  const fileLines = createFileLines(now);
  let lastTenth = 0;
  let lastLineAt = 0;
  /** These did not come now: they count for what is done, and not for how fast. */
  let resumedBytes = 0;

  const clear = (): void => {
    // Also what a countdown has drawn there.
    if (drawn > 0 || bar) stream.write(`\r\u001b[2K${"\u001b[1A\u001b[2K".repeat(Math.max(0, drawn - 1))}`);
    drawn = 0;
  };
  const line = (text: string): void => void stream.write(`${text}\n`);

  const show = (event: Extract<DownloadEvent, { kind: "progress" }>): void => {
    if (planned === undefined || planned.missingFiles === 0) return;
    const seconds = (now() - startedAt) / 1000;
    if (bar) {
      clear();
      const columns = stream.columns ?? 80;
      const lines = [...fileLines.draw(event, columns), barLine(event, { seconds, resumedBytes, columns })];
      stream.write(lines.join("\n"));
      drawn = lines.length;
      return;
    }
    const tenth = Math.floor((event.bytes / Math.max(1, event.totalBytes)) * 10);
    const since = now() - lastLineAt;
    const due = (tenth > lastTenth && since >= LINE_GAP_MS) || since > LINE_EVERY_MS;
    if (!due || event.bytes === event.totalBytes) return;
    lastTenth = tenth;
    lastLineAt = now();
    line(
      `${percent(event)} ${formatBytes(event.bytes)} of ${formatBytes(event.totalBytes)}, ` +
        `${event.files} of ${event.totalFiles} files, ${rate(event.bytes - resumedBytes, seconds)}`,
    );
  };

  const onEvent = (event: DownloadEvent): void => {
    switch (event.kind) {
      case "planned":
        planned = event;
        startedAt = lastLineAt = now();
        if (event.missingFiles > 0) {
          const have = event.files - event.missingFiles;
          const cached = have > 0 ? `, ${have} already in the cache` : "";
          line(`Fetching ${count(event.missingFiles, "file")}, ${formatBytes(event.missingBytes)}${cached}`);
        }
        break;
      case "resumed":
        resumedBytes += event.from;
        clear();
        line(
          `${plainText(event.path, 120)}: going on after the ${formatBytes(event.from)} that an earlier download left`,
        );
        break;
      case "kept":
        clear();
        line(
          `${plainText(event.path, 120)}: ${formatBytes(event.bytes)} are kept; the same command goes on after them`,
        );
        break;
      case "progress":
        show(event);
        break;
      case "retry":
        clear();
        warn(
          `${plainText(event.path, 120)}: ${event.reason}; trying again from byte ${event.from}` +
            (event.waitMs >= 1000 ? ` in ${Math.round(event.waitMs / 1000)} s` : ""),
        );
        break;
      case "done":
        clear();
        if (planned !== undefined && planned.missingFiles > 0) {
          const seconds = Math.max(0.001, (now() - startedAt) / 1000);
          const files = count(planned.missingFiles, "file");
          line(
            event.downloadedBytes === 0 && planned.missingBytes > 0
              ? `${files}, ${formatBytes(planned.missingBytes)}, were on this machine already; nothing had to be fetched`
              : `Fetched and verified ${files}, ${formatBytes(event.downloadedBytes)} ` +
                  `in ${seconds.toFixed(1)} s (${rate(event.downloadedBytes, seconds)})`,
          );
        }
        break;
      case "transport":
        if (event.reason !== undefined) clear();
        tellGaveWay(event, warn);
        break;
      case "started":
        fileLines.started(event.path);
        break;
      case "verified":
        break;
      default:
        event satisfies never;
    }
  };
  return { onEvent, end: clear };
}

/**
 * Says that a file comes by another way than it was to come by. Also where nothing of the progress is shown: who pays
 * for what is sent, or looks for why it is slow, has to know.
 */
export function tellGaveWay(event: DownloadEvent, warn: (message: string) => void): void {
  if (event.kind !== "transport" || event.reason === undefined) return;
  warn(`${plainText(event.path, 120)}: Xet did not bring it; fetching it by plain HTTP. ${event.reason}`);
}

function barLine(
  event: Extract<DownloadEvent, { kind: "progress" }>,
  {
    seconds,
    resumedBytes,
    columns,
  }: { readonly seconds: number; readonly resumedBytes: number; readonly columns: number },
): string {
  const came = event.bytes - resumedBytes;
  const left = came > 0 ? ((event.totalBytes - event.bytes) / came) * seconds : undefined;
  const facts = [
    percent(event),
    `${formatBytes(event.bytes)}/${formatBytes(event.totalBytes)}`,
    rate(Math.max(0, came), seconds),
    ...(left === undefined || left < 1 ? [] : [`${duration(left)} left`]),
    `${event.files}/${event.totalFiles} files`,
  ].join("  ");
  const width = Math.min(30, columns - facts.length - 4);
  if (width < 5) return facts.slice(0, Math.max(0, columns - 1));
  const full = Math.round((event.bytes / Math.max(1, event.totalBytes)) * width);
  return `[${"=".repeat(full)}${" ".repeat(width - full)}] ${facts}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
