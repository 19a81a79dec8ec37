/** Watches what the connections of one file bring, and says how many it is worth. */
export interface Throughput {
  /** How many connections there should be. */
  readonly wanted: number;
  /** Bytes a second of the last measured time; 0 before there was one. */
  readonly rate: number;
  /**
   * Bytes came, on one of the file's connections.
   * @param state asked for only at the end of a measured time
   */
  received(count: number, state: () => { readonly delivering: number; readonly left: number }): void;
  /** A further connection was refused, or is of no use: `held` are left, and no more are tried for a while. */
  refused(held: number): void;
  /** This storage gives no ranges: one connection is all there can be. */
  never(): void;
}

/** Milliseconds that are measured at a time. */
const MEASURED_MS = 500;
/** A file that is there sooner than this anyhow is not worth more connections: asking for them takes round trips. */
const WORTH_MS = 2_000;
/**
 * Bytes a second of one connection above which it is the machine, rather than the network, that holds it: more of them
 * cost the same processor then.
 */
const FAST = 200_000_000;
/** Milliseconds in which a connection that was asked for should have begun to bring bytes. */
const OPENING_MS = 5_000;
/** What twice the connections must bring at least, to be kept. A line that is full gives them next to nothing more. */
const GAIN = 1.25;
/** Milliseconds until it is tried again after it brought nothing; doubled each time. */
const HOLD_MS = 15_000;

/**
 * As long as twice as many connections bring clearly more, their number is doubled; when they do not, the number that
 * was before is the right one for a while.
 * @param now milliseconds
 * @param isBound whether a rate is held by other means, so that more connections can't bring more
 */
export function createThroughput(now: () => number, isBound: (rate: number) => boolean = () => false): Throughput {
  let wanted = 1;
  let rate = 0;
  let since = now();
  let bytes = 0;
  let trial: { readonly from: number; readonly rate: number; readonly began: number; settled: boolean } | undefined;
  let holdUntil = -Infinity;
  let holdMs = HOLD_MS;
  let possible = true;
  const begin = (at: number): void => {
    since = at;
    bytes = 0;
  };
  const hold = (at: number): void => {
    trial = undefined;
    holdUntil = at + holdMs;
    holdMs *= 2;
  };
  /** Whether the trial is over, and another may follow. */
  const judge = (at: number, delivering: number): boolean => {
    if (trial === undefined) return true;
    if (!trial.settled) {
      // What is measured counts from when all of them bring bytes.
      trial.settled = delivering >= wanted || at - trial.began >= OPENING_MS;
      return false;
    }
    const { from, rate: before } = trial;
    trial = undefined;
    if (delivering <= from) {
      // There were none to be had: nothing was tried.
      wanted = Math.max(1, delivering);
      return false;
    }
    if (rate >= before * (1 + (GAIN - 1) * (delivering / from - 1))) {
      holdMs = HOLD_MS;
      wanted = delivering;
      return true;
    }
    wanted = from;
    hold(at);
    return false;
  };
  return {
    get wanted() {
      return wanted;
    },
    get rate() {
      return rate;
    },
    received(count, state) {
      bytes += count;
      const at = now();
      const ms = at - since;
      if (ms < MEASURED_MS) return;
      rate = (bytes * 1000) / ms;
      begin(at);
      if (!possible) return;
      const { delivering, left } = state();
      if (!judge(at, delivering) || at < holdUntil || delivering > wanted) return;
      if ((left * 1000) / rate < WORTH_MS || rate / delivering >= FAST || isBound(rate)) return;
      trial = { from: wanted, rate, began: at, settled: false };
      wanted *= 2;
    },
    refused(held) {
      wanted = Math.max(1, held);
      hold(now());
    },
    never() {
      wanted = 1;
      possible = false;
    },
  };
}
