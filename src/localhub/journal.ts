/** One request as it came and what was answered. */
export type JournalEntry = {
  method: string;
  /** Absolute, as the client addressed it. */
  url: string;
  origin: "hub" | "cdn";
  /** Names in lower case. The credential is kept: tests assert where it went. */
  headers: Record<string, string>;
  /** 0 until the answer begins. */
  status: number;
  /** Body bytes sent so far. */
  sent: number;
  /** Milliseconds since 1970. */
  at: number;
};

/** Requests in order of arrival. */
export type Journal = {
  readonly entries: readonly JournalEntry[];
  add(entry: JournalEntry): JournalEntry;
  clear(): void;
};

/** Keeps the newest `limit` requests (default 50 000). */
export function createJournal(limit = 50_000): Journal {
  const entries: JournalEntry[] = [];
  return {
    entries,
    add(entry) {
      entries.push(entry);
      if (entries.length > limit) entries.splice(0, entries.length - limit);
      return entry;
    },
    clear() {
      entries.length = 0;
    },
  };
}
