import type { Clock } from "../core/ports.ts";
import { askAccess } from "./evidence.ts";
import type { AccessHub } from "./evidence.ts";
import type { AccessEvidence, AccessVerdict } from "./types.ts";
import { decideAccess } from "./verdict.ts";

export interface WaitOptions {
  /** Milliseconds to wait in all. */
  readonly timeoutMs: number;
  /** Milliseconds before the second question; later waits grow to a minute. @default 5_000 */
  readonly firstWaitMs?: number;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly onEvent?: (event: WaitEvent) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Said when something changed: at the beginning, and at each other verdict. */
export interface WaitEvent {
  readonly verdict: AccessVerdict;
  /** Milliseconds until the Hub is asked again. */
  readonly waitMs: number;
}

export interface WaitOutcome {
  /** `ended`: granted, rejected, or something that no waiting mends. */
  readonly kind: "ended" | "timed-out";
  readonly verdict: AccessVerdict;
  readonly evidence: AccessEvidence;
  /** Questions that were asked after the first. */
  readonly asked: number;
}

const LONGEST_WAIT = 60_000;

/** What may change by itself: people decide, networks and Hubs come back. */
function mayChange({ kind, code }: AccessVerdict): boolean {
  if (kind === "offline") return code !== "ERR_HF_OFFLINE";
  return ["gate-pending", "gate-not-requested", "rate-limited", "hub-down"].includes(kind);
}

/**
 * Asks again, one question a time and ever more seldom, until access is given, refused for good, or the time is over.
 * @param evidence what was found out at first; account and token are taken from it
 * @throws the signal's reason when aborted
 */
export async function waitForAccess(
  hub: AccessHub,
  evidence: AccessEvidence,
  options: WaitOptions,
): Promise<WaitOutcome> {
  const { clock, timeoutMs, signal, random, onEvent } = options;
  const end = clock.now() + timeoutMs;
  let waitMs = options.firstWaitMs ?? 5000;
  let now = evidence;
  let verdict = decideAccess(now);
  let told: string | undefined;
  for (let asked = 0; ; asked++) {
    if (!mayChange(verdict)) return { kind: "ended", verdict, evidence: now, asked };
    const left = end - clock.now();
    if (left <= 0) return { kind: "timed-out", verdict, evidence: now, asked };
    // Up to a fifth more, so that those who began together do not come together for ever.
    const own = waitMs * (1 + random() / 5);
    const wished = verdict.kind === "rate-limited" ? Math.max(own, (verdict.retryAfter ?? 0) * 1000) : own;
    const pause = Math.min(wished, left);
    if (verdict.kind !== told) onEvent?.({ verdict, waitMs: pause });
    told = verdict.kind;
    await clock.sleep(pause, signal);
    // A wait cut short to the end of the time must not come before the Hub wants to be asked.
    if (verdict.kind === "rate-limited" && pause < wished) return { kind: "timed-out", verdict, evidence: now, asked };
    waitMs = Math.min(waitMs * 1.5, LONGEST_WAIT);
    const answer = await askAccess(hub, now.subject, { need: now.need, now: clock.now(), signal });
    now = { ...now, answer, now: clock.now(), anonymous: undefined, near: undefined };
    verdict = decideAccess(now);
  }
}
