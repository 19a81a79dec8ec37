import { UsageError } from "../core/errors.ts";

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** No timer of Node waits longer. */
const LONGEST = 24 * 86_400_000;

/**
 * Milliseconds of `90s`, `15m`, `1h`, `1h30m`, `2d`; a bare number means seconds. From a second to 24 days.
 * @throws UsageError `ERR_HF_USAGE`
 */
export function parseDuration(text: string, flag: string): number {
  const parts = [...text.matchAll(/(\d{1,9})([smhd])/gy)];
  const isWhole = parts.length > 0 && parts.reduce((sum, [part]) => sum + part.length, 0) === text.length;
  const ms = /^\d{1,9}$/.test(text)
    ? Number(text) * 1000
    : isWhole
      ? parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ""] ?? 0), 0)
      : 0;
  if (ms >= 1000 && ms <= LONGEST) return ms;
  throw new UsageError("ERR_HF_USAGE", `${flag} takes a time such as 90s, 15m, 1h or 1h30m, not '${text}'.`, {
    hint: `As in: ${flag} 1h`,
  });
}
