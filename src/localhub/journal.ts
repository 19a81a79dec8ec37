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

/** Keeps the newest `limit` requests (default 50 000), fewer when their texts are long: 64 Mi characters in all. */
export function createJournal(limit = 50_000, mostText = 64 * 1024 * 1024): Journal {
  const entries: JournalEntry[] = [];
  let text = 0;
  return {
    entries,
    add(entry) {
      entries.push(entry);
      text += textOf(entry);
      let old = 0;
      while (entries.length - old > 1 && (entries.length - old > limit || text > mostText)) {
        text -= textOf(entries[old++]);
      }
      if (old > 0) entries.splice(0, old);
      return entry;
    },
    clear() {
      entries.length = 0;
      text = 0;
    },
  };
}

function textOf(entry: JournalEntry | undefined): number {
  if (!entry) return 0;
  return Object.entries(entry.headers).reduce(
    (sum, [name, value]) => sum + name.length + value.length,
    entry.url.length,
  );
}
