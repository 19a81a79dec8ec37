/** A person waits for the answer: a failing network is told after one more try, a Hub that asks for a longer wait at once. */
export const SOON = { retries: 1, maxWaitMs: 2000 } as const;
/** For what stands beside the answer: no account and no listing has as many bytes, and none is worth more time. */
export const AT_ONCE = { retries: 0, maxWaitMs: 2000, maxBytes: 8 * 1024 * 1024, totalMs: 15_000 } as const;
