const UNITS: Readonly<Record<string, number>> = { "": 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 };

/**
 * A number of bytes as people write it: `500000`, `500K`, `8M`, `1.5 GB`. In powers of 1000, as sizes and rates are
 * shown. Undefined for anything else, and for what is not above 0.
 */
export function parseBytes(text: string): number | undefined {
  const [, number = "", unit = ""] = /^(\d{1,15}(?:\.\d{1,9})?) ?([kmgt]?)b?$/i.exec(text.trim()) ?? [];
  const bytes = Number(number) * (UNITS[unit.toLowerCase()] ?? NaN);
  return bytes > 0 ? bytes : undefined;
}
