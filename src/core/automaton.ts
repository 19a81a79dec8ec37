/**
 * Looks for many words at once, byte by byte (Aho and Corasick). Near the root, and so for almost every byte of ordinary
 * text, a step is one look into a table; memory is in proportion to the words, and time to the text.
 */
export interface Automaton {
  /** `rows[(state << 8) | byte]` is the state after `byte`, for states below `rowCount`. Begin with 0. */
  readonly rows: Uint32Array;
  readonly rowCount: number;
  /** The state after `byte`, from any state. */
  step(state: number, byte: number): number;
  /** For each state: the length of the longest word that ends there, or 0. */
  readonly ends: Uint32Array;
  /** For each state: how many of the last bytes may be the beginning of a word that has not ended. */
  readonly begun: Uint32Array;
  /** The length of the longest word. */
  readonly longest: number;
}

/** So many states, the nearest to the root, have a row each. The others, rarely reached, go by their few children. */
const MOST_ROWS = 1024;

export function createAutomaton(words: readonly Uint8Array[]): Automaton {
  const { byteOf, first, last, fails, depths, ends } = numberByDepth(words);
  const size = byteOf.length;
  const rowCount = Math.min(size, MOST_ROWS);
  const rows = new Uint32Array(rowCount << 8);
  const begun = new Uint32Array(size);
  const step = (from: number, byte: number): number => {
    for (let state = from; ; state = fails[state] ?? 0) {
      if (state < rowCount) return rows[(state << 8) | byte] ?? 0;
      for (let next = first[state] ?? 0; next < (last[state] ?? 0); next++) if (byteOf[next] === byte) return next;
    }
  };
  // What a state falls back to is nearer to the root, and so is ready when it is asked for.
  for (let state = 0; state < size; state++) {
    const fall = fails[state] ?? 0;
    const [from, to] = [first[state] ?? 0, last[state] ?? 0];
    if (state !== 0) for (let next = from; next < to; next++) fails[next] = step(fall, byteOf[next] ?? 0);
    begun[state] = (from === to ? begun[fall] : depths[state]) ?? 0;
    if (ends[state] === 0) ends[state] = ends[fall] ?? 0;
    if (state >= rowCount) continue;
    rows.copyWithin(state << 8, fall << 8, (fall + 1) << 8);
    for (let next = from; next < to; next++) rows[(state << 8) | (byteOf[next] ?? 0)] = next;
  }
  return { rows, rowCount, step, ends, begun, longest: depths.at(-1) ?? 0 };
}

/** The words as a tree whose states are numbered by their depth, children of one parent next to each other. */
function numberByDepth(words: readonly Uint8Array[]) {
  const sorted = words.toSorted((a, b) => Buffer.compare(a, b));
  const size = words.reduce((sum, word) => sum + word.length, 1);
  const [byteOf, first, last] = [new Uint8Array(size), new Uint32Array(size), new Uint32Array(size)];
  const [fails, depths, ends] = [new Uint32Array(size), new Uint32Array(size), new Uint32Array(size)];
  let states = 1;
  /** For each state its words, a range of the sorted ones. The list grows while it is walked. */
  const ranges: { readonly from: number; readonly to: number }[] = [{ from: 0, to: sorted.length }];
  for (let state = 0; state < states; state++) {
    const depth = depths[state] ?? 0;
    const to = ranges[state]?.to ?? 0;
    let from = ranges[state]?.from ?? 0;
    while (from < to && sorted[from]?.length === depth) {
      ends[state] = depth;
      from++;
    }
    first[state] = states;
    while (from < to) {
      const byte = sorted[from]?.[depth] ?? 0;
      let end = from + 1;
      while (end < to && sorted[end]?.[depth] === byte) end++;
      byteOf[states] = byte;
      depths[states] = depth + 1;
      ranges.push({ from, to: end });
      states++;
      from = end;
    }
    last[state] = states;
  }
  const cut = <T extends Uint8Array | Uint32Array>(array: T): T => array.subarray(0, states) as T;
  return { byteOf: cut(byteOf), first, last, fails, depths: cut(depths), ends };
}
