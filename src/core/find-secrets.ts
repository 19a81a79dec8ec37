import { createAutomaton } from "./automaton.ts";
import type { Automaton } from "./automaton.ts";
import { createSequenceReader, ESC } from "./control-sequences.ts";
import { AMPERSAND, createLetterReader, KINDS, SIGN } from "./escapes.ts";
import type { LetterReader } from "./escapes.ts";

/**
 * Finds known secrets in bytes that come in pieces, in the encodings that programs put them in. It looks twice:
 *
 * - exactly, at the bytes as they are;
 * - loosely, at letters and digits alone, without their case, after escapes were undone. What is sought is reduced in
 *   the same way. So it does not matter how lines are wrapped, which of the base64 alphabets was used, what stands
 *   between two hex digits, how many characters were escaped, and whether it is UTF-16.
 *
 * From the first control sequence on it looks in both ways also at what a terminal shows: a program that colours a part of
 * a secret puts the letters of a sequence (`ESC[01;31m`) in its midst. What is hidden in one (the address of a link) is
 * still looked at.
 *
 * Each byte is looked at a fixed number of times, however hostile the text is.
 */
export interface SecretFinder {
  /** Looks at the next bytes. */
  take(bytes: Uint8Array): void;
  /** No more bytes come. */
  end(): void;
  /**
   * How far it is decided what is part of a secret, and the secrets up to there that were not given before: in order,
   * without overlap, as offsets from the first byte of all on. `atLeast` decides more: that no secret goes on there.
   */
  decided(atLeast?: number): { readonly upTo: number; readonly secrets: readonly Range[] };
}

export interface Range {
  readonly start: number;
  readonly end: number;
}

/** What is sought, made once for any number of finders. */
export interface Sought {
  readonly exact: Automaton;
  readonly loose: Automaton;
}

/** Fewer letters and digits would be found by chance. */
const SHORTEST_LOOSE = 8;
/**
 * As many letters are shown before it is known whether they are a secret's. To hold back whatever may be the first
 * letter of one of dozens of encodings would keep the end of most lines from a person who waits for it.
 */
const SHOWN_OF_LOOSE = 3;
/** More signs than this between two letters are no encoding: what has begun before them is over. */
const LONGEST_GAP = 128;

/** @param loose forms that differ from others of them in more than signs and case; reduced to letters and digits here */
export function createSought(exact: Iterable<string>, loose: Iterable<string>): Sought {
  const reduced = new Set([...loose].map(reduce).filter((form) => form.length >= SHORTEST_LOOSE));
  return { exact: automatonOf(exact), loose: automatonOf(reduced) };
}

export function createSecretFinder({ exact, loose }: Sought): SecretFinder {
  let ranges: Range[] = [];
  const found = (start: number, end: number): void => {
    ranges.push({ start, end });
  };
  const all = pairOf(createExactFinder(exact, found, START, 0), createLooseFinder(loose, found, LOOSE_START));
  let shown: Finder | undefined;
  return {
    take(bytes) {
      let from = 0;
      if (shown === undefined) {
        const first = bytes.indexOf(ESC);
        from = first < 0 ? bytes.length : first;
        all.take(bytes.subarray(0, from));
        if (first < 0) return;
        shown = createShownFinder(all, found);
      }
      const rest = bytes.subarray(from);
      all.take(rest);
      shown.take(rest);
    },
    end() {
      all.end();
      shown?.end();
    },
    decided(atLeast = 0) {
      let upTo = Math.max(atLeast, Math.min(all.undecidedFrom(), shown?.undecidedFrom() ?? Infinity));
      const secrets: Range[] = [];
      const later: Range[] = [];
      for (const range of merge(ranges)) {
        (range.start < upTo ? secrets : later).push(range);
        if (range.start < upTo) upTo = Math.max(upTo, range.end);
      }
      ranges = later;
      return { upTo, secrets };
    },
  };
}

type Found = (start: number, end: number) => void;

interface Finder {
  take(bytes: Uint8Array): void;
  end(): void;
  /** Where what may become a secret begins: the number of bytes taken, if nothing does. */
  undecidedFrom(): number;
  taken(): number;
}

/** One of which there can be another that has seen the same, and goes its own way from there. */
interface CopiedFinder extends Finder {
  copy(found: Found): CopiedFinder;
}

function pairOf(exactly: CopiedFinder, loosely: CopiedFinder): CopiedFinder {
  return {
    take(bytes) {
      exactly.take(bytes);
      loosely.take(bytes);
    },
    end: () => loosely.end(),
    undecidedFrom: () => Math.min(exactly.undecidedFrom(), loosely.undecidedFrom()),
    taken: exactly.taken,
    copy: (found) => pairOf(exactly.copy(found), loosely.copy(found)),
  };
}

/** Looks at a text without its control sequences, and gives what is found as it stands in the whole text. */
function createShownFinder(before: CopiedFinder, found: Found): Finder {
  /** Where sequences were left out: how many bytes were shown before, and how many left out up to and with it. */
  let gaps: { readonly at: number; leftOut: number }[] = [];
  let leftOut = 0;
  /** The last gap that begins at `at` or before. */
  const gapBefore = (at: number): number => {
    let [from, to] = [0, gaps.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((gaps[middle]?.at ?? 0) <= at) from = middle + 1;
      else to = middle;
    }
    return from - 1;
  };
  const inWhole = (at: number): number => at + (gaps[gapBefore(at)]?.leftOut ?? 0);
  const finder = before.copy((start, end) => found(inWhole(start), inWhole(end - 1) + 1));
  const sequences = createSequenceReader();
  /** Where the sequence begins that has not ended. */
  let openFrom = 0;
  const leaveOut = (isFirst: boolean): void => {
    if (isFirst) openFrom = finder.taken() + leftOut;
    leftOut++;
    const last = gaps.at(-1);
    if (last?.at === finder.taken()) last.leftOut = leftOut;
    else gaps.push({ at: finder.taken(), leftOut });
  };
  return {
    take(bytes) {
      let from = 0;
      for (let at = 0; at < bytes.length; at++) {
        const isFirst = !sequences.open();
        if (!sequences.take(bytes[at] ?? 0)) continue;
        if (from < at) finder.take(bytes.subarray(from, at));
        leaveOut(isFirst);
        from = at + 1;
      }
      if (from < bytes.length) finder.take(bytes.subarray(from));
    },
    end: finder.end,
    undecidedFrom() {
      const from = finder.undecidedFrom();
      const old = gapBefore(from);
      if (old > 0) gaps = gaps.slice(old);
      if (from < finder.taken()) return inWhole(from);
      // Shown in part, its rest might be struck, and the mark be read as a part of it.
      return sequences.open() ? openFrom : from + leftOut;
    },
    taken: () => finder.taken() + leftOut,
  };
}

// Both are loops over local variables, because nearly all the time of a long output is spent in them.

const START = { before: 0, state: 0 };

/** @param shows so many bytes are decided although a secret may have begun with them */
function createExactFinder(automaton: Automaton, found: Found, from: typeof START, shows: number): CopiedFinder {
  const { rows, rowCount, step, ends, begun } = automaton;
  let { before, state } = from;
  return {
    take(bytes) {
      let now = state;
      for (let at = 0; at < bytes.length; at++) {
        const byte = bytes[at] ?? 0;
        now = now < rowCount ? (rows[(now << 8) | byte] ?? 0) : step(now, byte);
        if (now === 0) continue;
        const length = ends[now] ?? 0;
        if (length > 0) found(before + at + 1 - length, before + at + 1);
      }
      state = now;
      before += bytes.length;
    },
    end: () => undefined,
    undecidedFrom() {
      const length = begun[state] ?? 0;
      return length > shows ? before - length : before;
    },
    taken: () => before,
    // Across a sequence less is held back: a coloured prompt ends in one, and a person waits for its last letter.
    copy: (foundThere) => createExactFinder(automaton, foundThere, { before, state }, SHOWN_OF_LOOSE),
  };
}

interface LooseState {
  readonly before: number;
  readonly state: number;
  readonly letters: number;
  readonly lastEnd: number;
  readonly starts?: Float64Array;
  readonly reader?: LetterReader;
}

const LOOSE_START: LooseState = { before: 0, state: 0, letters: 0, lastEnd: 0 };

function createLooseFinder(automaton: Automaton, found: Found, from: LooseState): CopiedFinder {
  const { rows, rowCount, step, ends, begun, longest } = automaton;
  let { before, state, letters, lastEnd } = from;
  /** Where the last letters began, as many as the longest form has. */
  const starts = from.starts?.slice() ?? new Float64Array(2 ** Math.ceil(Math.log2(longest + 1)));
  const mask = starts.length - 1;
  const letter = (code: number, start: number, end: number): void => {
    if (start - lastEnd > LONGEST_GAP) state = 0;
    lastEnd = end;
    starts[letters & mask] = start;
    letters = (letters + 1) & mask;
    state = state < rowCount ? (rows[(state << 8) | code] ?? 0) : step(state, code);
    const length = state === 0 ? 0 : (ends[state] ?? 0);
    if (length > 0) found(starts[(letters - length) & mask] ?? 0, end);
  };
  const reader = from.reader?.copy(letter) ?? createLetterReader(letter);
  return {
    take(bytes) {
      let open = reader.open();
      for (let at = 0; at < bytes.length; at++) {
        const byte = bytes[at] ?? 0;
        const kind = KINDS[byte] ?? SIGN;
        if (open || (kind !== SIGN && kind <= AMPERSAND)) {
          reader.take(byte, before + at);
          open = reader.open();
        } else if (kind !== SIGN) letter(kind, before + at, before + at + 1);
      }
      before += bytes.length;
    },
    end: () => reader.end(),
    undecidedFrom() {
      const length = begun[state] ?? 0;
      const open = length > SHOWN_OF_LOOSE && before - lastEnd <= LONGEST_GAP;
      return open ? (starts[(letters - length) & mask] ?? before) : before;
    },
    taken: () => before,
    copy: (foundThere) => createLooseFinder(automaton, foundThere, { before, state, letters, lastEnd, starts, reader }),
  };
}

function merge(ranges: readonly Range[]): Range[] {
  const merged: Range[] = [];
  for (const range of ranges.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const before = merged.at(-1);
    if (before === undefined || range.start >= before.end) merged.push(range);
    else if (range.end > before.end) merged[merged.length - 1] = { start: before.start, end: range.end };
  }
  return merged;
}

function reduce(form: string): string {
  const letters: number[] = [];
  const reader = createLetterReader((letter) => letters.push(letter));
  Buffer.from(form).forEach((byte, at) => reader.take(byte, at));
  reader.end();
  return Buffer.from(letters).toString("latin1");
}

function automatonOf(words: Iterable<string>): Automaton {
  return createAutomaton([...words].map((word) => Buffer.from(word)));
}
