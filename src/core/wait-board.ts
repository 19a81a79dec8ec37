import { writeFileAtomicSync } from "./atomic-write.ts";
import { readRegularFileSync } from "./read-file.ts";

/**
 * Until when a host takes no requests of this user, as it said to any process of this machine: so that many of them do
 * not ask it in turn, each to be told the same.
 */
export interface WaitBoard {
  /** Milliseconds since the epoch; 0 when nothing is known. */
  until(key: string): number;
  /** Best effort: where it can't be written, the others ask for themselves. */
  note(key: string, until: number): void;
}

export interface WaitBoardOptions {
  /** A file of the user's. */
  readonly path: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** A wait beyond this is not believed: a clock was wrong, or the file is not ours. */
const LONGEST_MS = 15 * 60_000;
/** Thousands of small files are asked for in a second; the file is not read for each. */
const FRESH_MS = 500;
const FILE_BYTES = 64 * 1024;
const FORMAT = 1;

export function createWaitBoard({ path, now }: WaitBoardOptions): WaitBoard {
  let seen: ReadonlyMap<string, number> = new Map();
  let seenAt = -Infinity;
  const look = (): ReadonlyMap<string, number> => {
    const at = now();
    if (at - seenAt >= FRESH_MS || at < seenAt) {
      seen = read(path, at);
      seenAt = at;
    }
    return seen;
  };
  return {
    until: (key) => look().get(key) ?? 0,
    note(key, until) {
      const at = now();
      const waits = new Map(read(path, at));
      waits.set(key, Math.max(waits.get(key) ?? 0, Math.min(until, at + LONGEST_MS)));
      seen = waits;
      seenAt = at;
      try {
        const text = JSON.stringify({ format: FORMAT, waits: Object.fromEntries(waits) });
        writeFileAtomicSync(path, `${text}\n`, { mode: 0o600, fsync: false });
      } catch {
        // See above.
      }
    },
  };
}

/** The waits that are not over yet. */
function read(path: string, now: number): ReadonlyMap<string, number> {
  const waits = new Map<string, number>();
  try {
    const data: unknown = JSON.parse(readRegularFileSync(path, FILE_BYTES).toString());
    if (!isObject(data) || data["format"] !== FORMAT || !isObject(data["waits"])) return waits;
    for (const [key, until] of Object.entries(data["waits"])) {
      if (typeof until === "number" && until > now && until <= now + LONGEST_MS) waits.set(key, until);
    }
  } catch {
    // None, or none that can be read.
  }
  return waits;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
