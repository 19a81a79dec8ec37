import { plainJson } from "../core/terminal-text.ts";
import type { DownloadEvent } from "../download/index.ts";

/** A line of `--progress ndjson`: one JSON object, `event` first. Its names are those of the library's events. */
export function eventLine({ kind, ...facts }: DownloadEvent): string {
  return `${plainJson({ event: kind, ...facts })}\n`;
}
