import type { DownloadPlan } from "../download/index.ts";
import { formatBytes } from "../core/format-bytes.ts";
import { plainText } from "../core/terminal-text.ts";
import { alignColumns } from "./output.ts";
import type { Report } from "./output.ts";

/**
 * `hf download --dry-run` in the shapes that Python's program gives it: a line and a table for people and agents, a list
 * of `file` and `size` for programs, names alone with --quiet. Programs get the sizes as numbers too.
 */
export function planReport(plan: DownloadPlan): Report {
  const missing = plan.files.filter((file) => !file.present);
  // Every file counts, as in Python's line, also where equal contents come only once.
  const bytes = missing.reduce((sum, file) => sum + file.size, 0);
  const line = `[dry-run] Will download ${missing.length} files (out of ${plan.files.length}) totalling ${shortSize(bytes)}.`;
  const rows = plan.files.map((file) => [plainText(file.path, 1000), file.present ? "-" : shortSize(file.size)]);
  return {
    data: {
      path: plan.path,
      commit: plan.commit,
      files: plan.files.length,
      totalBytes: plan.totalBytes,
      missingFiles: plan.missingFiles,
      missingBytes: plan.missingBytes,
      freeBytes: plan.freeBytes ?? null,
      shortBytes: plan.shortBytes,
    },
    list: plan.files.map(({ path, size, present }) => ({
      file: path,
      size: present ? "-" : shortSize(size),
      bytes: size,
      present,
    })),
    human: [line, ...(rows.length === 0 ? ["No results found."] : alignColumns([["FILE", "SIZE"], ...rows]))],
    agent: [line, ...(rows.length === 0 ? ["No results found."] : [["file", "size"], ...rows].map(tabbed))],
    quiet: plan.files.map((file) => plainText(file.path, 1000)),
    notes:
      plan.shortBytes === 0
        ? []
        : [
            `That is ${formatBytes(plan.shortBytes)} more than is free: the download would be refused, or begun with --allow-low-space.`,
          ],
  };
}

/** Python's `_format_size`: `723.0`, `1.0K`, `1.2M`. Its own words here, because scripts read that column. */
export function shortSize(bytes: number): string {
  const units = ["", "K", "M", "G", "T", "P", "E", "Z"];
  let value = bytes;
  for (const unit of units) {
    if (value < 1000) return `${value.toFixed(1)}${unit}`;
    value /= 1000;
  }
  return `${value.toFixed(1)}Y`;
}

function tabbed(cells: readonly string[]): string {
  return cells.join("\t");
}
