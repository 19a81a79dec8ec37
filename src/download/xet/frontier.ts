/** Up to where a file is complete from its beginning, while its parts come in any order. */
export interface Frontier {
  /** Bytes from the beginning that are there. */
  readonly at: number;
  /** `start` to `end` (exclusive) has come. */
  add(start: number, end: number): void;
}

/** @param from bytes that are there to begin with. @default 0 */
export function createFrontier(from = 0): Frontier {
  /** Parts ahead of the frontier, by where they begin. */
  const ahead = new Map<number, number>();
  let at = from;
  return {
    get at() {
      return at;
    },
    add(start, end) {
      if (start !== at) {
        ahead.set(start, Math.max(end, ahead.get(start) ?? 0));
        return;
      }
      at = end;
      for (let next = ahead.get(at); next !== undefined; next = ahead.get(at)) {
        ahead.delete(at);
        at = next;
      }
    },
  };
}
