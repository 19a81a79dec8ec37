import type { HfError } from "../core/errors.ts";
import type { Clock, Warn } from "../core/ports.ts";

/**
 * Why a request may be sent again. `unreachable`: no connection came about (name, refused, no route). `timeout`: no
 * answer in time. `network`: an existing connection broke. `status`: the Hub answered with one of {@link RETRIED}.
 * `expired`: the storage refuses an address that the Hub signed, whose time may be over; the Hub gives another one.
 */
export type RetryKind = "unreachable" | "timeout" | "network" | "status" | "expired";

export type Outcome<T> =
  | { readonly done: T }
  | {
      readonly failed: HfError;
      /** undefined: the failure is final. */
      readonly kind: RetryKind | undefined;
      /** Milliseconds that the Hub asked to wait. */
      readonly toldMs?: number | undefined;
    };

export const RETRIED: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

export interface RetryPolicy {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** Tries after the first one; 0 switches retrying off. */
  readonly retries: number;
  /** A longer wait than this is not sat out: the caller gets the error, with the time in it. */
  readonly maxWaitMs: number;
  readonly warn?: Warn | undefined;
  /** Shows a wait of a second or more, in place of a warning; what it answers is called at the end of the wait. */
  readonly showWait?: ShowWait | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** No try begins later than this after the first: a peer that keeps every single limit could hold a call for hours. */
const MAX_TOTAL_MS = 300_000;

/** Runs `attempt` until it is done, its failure is final, or the policy is used up. */
export async function retrying<T>(attempt: () => Promise<Outcome<T>>, policy: RetryPolicy): Promise<T> {
  const began = policy.clock.now();
  for (let tries = 1; ; tries++) {
    const outcome = await attempt();
    if ("done" in outcome) return outcome.done;
    const { failed, kind, toldMs } = outcome;
    if (kind === undefined || tries > Math.min(policy.retries, mostRetries(kind))) throw failed;
    const wait = waitMs(kind, tries, toldMs, policy.random());
    const total = Math.max(MAX_TOTAL_MS, policy.maxWaitMs);
    if (wait > policy.maxWaitMs || policy.clock.now() + wait - began > total) throw failed;
    await shownSleep(wait, failed.message, policy);
  }
}

/** @returns ends the showing */
export type ShowWait = (message: string, ms: number) => () => void;

/** Waits, and lets the person know why when it takes a second or more. */
export async function shownSleep(
  ms: number,
  message: string,
  { clock, warn, showWait, signal }: Pick<RetryPolicy, "clock" | "warn" | "showWait" | "signal">,
): Promise<void> {
  let end: (() => void) | undefined;
  if (ms >= 1000 && showWait !== undefined) end = showWait(message, ms);
  else if (ms >= 1000) warn?.(`${message} Trying again in ${Math.ceil(ms / 1000)} s.`);
  try {
    await clock.sleep(ms, signal);
  } finally {
    end?.();
  }
}

/** A person who is not connected, or mistyped the endpoint, should not wait through five rounds to be told so. */
function mostRetries(kind: RetryKind): number {
  return kind === "unreachable" || kind === "timeout" || kind === "expired" ? 2 : Infinity;
}

/**
 * Milliseconds before the next try: full jitter under a limit that doubles from 1 s to 8 s (from a quarter of that
 * where nobody was reached); what the Hub asked for, and up to a second more, so that its clients do not come back all at once.
 */
export function waitMs(kind: RetryKind, tries: number, toldMs: number | undefined, random: number): number {
  if (toldMs !== undefined) return toldMs + random * 1000;
  const base = kind === "unreachable" || kind === "expired" ? 250 : 1000;
  return random * Math.min(base * 2 ** (tries - 1), 8000);
}

/** A limit of the Hub's (`api`, `resolvers`, `pages`) that takes no more requests, and for how long. */
export interface UsedUp {
  readonly limit: string;
  readonly seconds: number;
}

/** The limits that `RateLimit` says are used up: the next request would be refused, whatever became of this one. */
export function usedUp(headers: { get(name: string): string | null }): UsedUp[] {
  const text = headers.get("ratelimit") ?? "";
  return [...text.matchAll(/"(\w{1,40})"\s?;\s?r=0\s?;\s?t=(\d{1,9})(?!\d)/g)].map(([, limit = "", seconds]) => ({
    limit,
    seconds: Number(seconds),
  }));
}

/**
 * Seconds that an answer asks to wait: the longest of `RateLimit` (of the limits that are used up; only for 429) and
 * `Retry-After` (whole seconds, or a date).
 */
export function toldSeconds(
  status: number,
  headers: { get(name: string): string | null },
  now: number,
): number | undefined {
  const waits: number[] = [];
  if (status === 429) waits.push(...usedUp(headers).map(({ seconds }) => seconds));
  const after = headers.get("retry-after")?.trim() ?? "";
  if (/^\d{1,9}$/.test(after)) waits.push(Number(after));
  else if (/^[A-Z][a-z]{2},? /.test(after)) {
    const date = Date.parse(after);
    if (!Number.isNaN(date)) waits.push(Math.max(0, Math.ceil((date - now) / 1000)));
  }
  return waits.length === 0 ? undefined : Math.max(...waits);
}
