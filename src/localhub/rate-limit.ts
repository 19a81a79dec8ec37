import type { Caller } from "./access.ts";
import { Refusal } from "./refusals.ts";
import type { Bucket } from "./router.ts";

/** Requests per window, by kind of caller. */
export type Quotas = Record<"anonymous" | "free" | "pro", Record<Bucket, number>>;

/** The Hub's published numbers. */
export const HUB_QUOTAS: Quotas = {
  anonymous: { api: 500, resolvers: 3000, pages: 100 },
  free: { api: 1000, resolvers: 5000, pages: 200 },
  pro: { api: 2500, resolvers: 12000, pages: 400 },
};

const WINDOW_SECONDS = 300;

export type RateLimiter = {
  take(bucket: Bucket, caller: Caller): { headers: Record<string, string>; refused?: Refusal };
  reset(): void;
};

/**
 * Counts in fixed windows of five minutes and tells the count in the headers. Only with `enforce` does an empty bucket
 * refuse: a test run easily makes more requests than a person.
 */
export function createRateLimiter(options: { now: () => number; enforce: boolean; quotas: Quotas }): RateLimiter {
  const used = new Map<string, number>();
  let windowStart = -1;
  return {
    take(bucket, caller) {
      const seconds = options.now() / 1000;
      const start = Math.floor(seconds / WINDOW_SECONDS) * WINDOW_SECONDS;
      if (start !== windowStart) used.clear();
      windowStart = start;
      const quota = options.quotas[tierOf(caller)][bucket];
      const key = `${bucket} ${nameOf(caller)}`;
      const count = (used.get(key) ?? 0) + 1;
      used.set(key, count);
      // Where nothing will be refused, a 0 would be a lie, and one that careful clients wait for.
      const left = Math.max(quota - count, options.enforce ? 0 : 1);
      const resetIn = Math.max(1, Math.ceil(start + WINDOW_SECONDS - seconds));
      const headers = {
        RateLimit: `"${bucket}";r=${left};t=${resetIn}`,
        "RateLimit-Policy": `"fixed window";"${bucket}";q=${quota};w=${WINDOW_SECONDS}`,
      };
      if (!options.enforce || count <= quota) return { headers };
      return { headers, refused: new Refusal(429, "Too Many Requests") };
    },
    reset: () => used.clear(),
  };
}

function tierOf(caller: Caller): keyof Quotas {
  if (caller.kind !== "user") return caller.kind === "org" ? "free" : "anonymous";
  return caller.user.isPro ? "pro" : "free";
}

function nameOf(caller: Caller): string {
  if (caller.kind === "user") return caller.user.name;
  return caller.kind === "org" ? caller.org.name : "";
}
