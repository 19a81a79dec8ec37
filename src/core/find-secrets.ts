import { createAutomaton } from "./automaton.ts";
import type { Automaton } from "./automaton.ts";
import { AMPERSAND, createLetterReader, KINDS, SIGN } from "./escapes.ts";

/**
 * Finds known secrets in bytes that come in pieces, in the encodings that programs put them in. It looks twice:
 *
 * - exactly, at the bytes as they are;
 * - loosely, at letters and digits alone, without their case, after escapes were undone. What is sought is reduced in
 *   the same way. So it does not matter how lines are wrapped, which of the base64 alphabets was used, what stands
 *   between two hex digits, how many characters were escaped, and whether it is UTF-16.
 *
 * Each byte is looked at once, however hostile the text is.
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
  const exactly = createExactFinder(exact, found);
  const loosely = createLooseFinder(loose, found);
  return {
    take(bytes) {
      exactly.take(bytes);
      loosely.take(bytes);
    },
    end: () => loosely.end(),
    decided(atLeast = 0) {
      let upTo = Math.max(atLeast, Math.min(exactly.undecidedFrom(), loosely.undecidedFrom()));
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

// Both are loops over local variables, because nearly all the time of a long output is spent in them.

function createExactFinder({ rows, rowCount, step, ends, begun }: Automaton, found: Found) {
  let before = 0;
  let state = 0;
  return {
    take(bytes: Uint8Array): void {
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
    undecidedFrom: (): number => before - (begun[state] ?? 0),
  };
}

function createLooseFinder({ rows, rowCount, step, ends, begun, longest }: Automaton, found: Found) {
  let before = 0;
  let state = 0;
  let letters = 0;
  let lastEnd = 0;
  /** Where the last letters began, as many as the longest form has. */
  const starts = new Float64Array(2 ** Math.ceil(Math.log2(longest + 1)));
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
  const reader = createLetterReader(letter);
  return {
    take(bytes: Uint8Array): void {
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
    undecidedFrom(): number {
      const length = begun[state] ?? 0;
      const open = length > SHOWN_OF_LOOSE && before - lastEnd <= LONGEST_GAP;
      return open ? (starts[(letters - length) & mask] ?? before) : before;
    },
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
