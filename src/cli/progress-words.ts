import { formatBytes } from "../core/format-bytes.ts";

/** `  7%`, always four signs wide. */
export function percent({ bytes, totalBytes }: { readonly bytes: number; readonly totalBytes: number }): string {
  return `${String(Math.floor((bytes / Math.max(1, totalBytes)) * 100)).padStart(3)}%`;
}

/** `1.2 MB/s` */
export function rate(bytes: number, seconds: number): string {
  return `${formatBytes(Math.round(bytes / Math.max(0.001, seconds)))}/s`;
}

/** `45 s`, `3 min 5 s`, `2 h 10 min` */
export function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
