/** A letter or digit of a text in lower case, and where it stands there: an escape is as long as it is. */
export type TakeLetter = (letter: number, start: number, end: number) => void;

export interface LetterReader {
  /** True while an escape may have begun. While it is false, {@link KINDS} alone tells what a byte is. */
  open(): boolean;
  take(byte: number, at: number): void;
  /** Gives what was held back as the beginning of an escape. */
  end(): void;
  /** Another reader that has read the same. */
  copy(give: TakeLetter): LetterReader;
}

interface ReaderState {
  readonly kind: number;
  readonly escape: Escape | undefined;
  readonly start: number;
  readonly value: number;
  readonly digits: number;
  readonly held: readonly Held[];
}

interface Held {
  readonly letter: number;
  readonly at: number;
}

export const SIGN = 0;
const PERCENT = 1;
const BACKSLASH = 2;
/** Kinds above this are letters and digits. */
export const AMPERSAND = 3;
/** For each byte: its letter or digit in lower case, or with which escape it begins, or that it is some other sign. */
export const KINDS = Uint8Array.from({ length: 256 }, (_, byte) => {
  const char = String.fromCharCode(byte).toLowerCase();
  if (/[a-z0-9]/.test(char)) return char.charCodeAt(0);
  return [SIGN, PERCENT, BACKSLASH, AMPERSAND]["%\\&".indexOf(char) + 1] ?? SIGN;
});

interface Escape {
  /** How many digits follow: exactly, or at most where a `;` ends them. */
  readonly digits: number;
  readonly base: 8 | 10 | 16;
  readonly closed?: boolean;
}

/** What may follow the sign of an escape, and how it goes on. */
const HEX4: Escape = { digits: 4, base: 16 };
const HEX2: Escape = { digits: 2, base: 16 };
const OCTAL: Escape = { digits: 3, base: 8 };
const ENTITY: Escape = { digits: 7, base: 10, closed: true };
const ENTITY_HEX: Escape = { digits: 6, base: 16, closed: true };

const CODE = (char: string): number => char.charCodeAt(0);
const [U, X, HASH, SEMICOLON] = [CODE("u"), CODE("x"), CODE("#"), CODE(";")];
const LETTERS_OF_CONTROLS = new Set([..."nrtbfv"].map(CODE));

/**
 * Gives the letters and digits of a text: signs are left out, and what is written as an escape is undone first:
 * `%41`, `%u0041`, `\x41`, `\u0041`, `\101`, `&#65;`, `&#x41;`, `\n`, and any of them within another (`%2541`).
 */
export function createLetterReader(give: TakeLetter): LetterReader {
  return readerFrom(give, { kind: SIGN, escape: undefined, start: 0, value: 0, digits: 0, held: [] });
}

function readerFrom(give: TakeLetter, from: ReaderState): LetterReader {
  let { kind, escape, start, value, digits } = from;
  /** Letters since the sign, which stand for themselves if it begins no escape. */
  const held: Held[] = [...from.held];

  const begin = (sign: number, at: number): void => {
    kind = sign;
    escape = sign === PERCENT ? HEX2 : undefined;
    start = at;
    value = 0;
    digits = 0;
    held.length = 0;
  };
  const giveUp = (): void => {
    kind = SIGN;
    for (const { letter, at } of held) give(letter, at, at + 1);
    held.length = 0;
  };
  /** An escape is whole. What it stands for may begin another one. */
  const done = (end: number): void => {
    kind = SIGN;
    held.length = 0;
    const what = value < 128 ? (KINDS[value] ?? SIGN) : SIGN;
    if (what > AMPERSAND) give(what, start, end);
    else if (what !== SIGN) begin(what, start);
  };
  /** Takes a byte after the sign of an escape; false: it does not belong to one. */
  const goOn = (byte: number, letter: number, at: number): boolean => {
    if (escape === undefined || (digits === 0 && letter > AMPERSAND)) {
      const next = formAfter(kind, byte, letter, escape);
      if (next === "control") {
        kind = SIGN;
        return true;
      }
      if (next !== undefined) {
        escape = next;
        if (letter > AMPERSAND) held.push({ letter, at });
        return true;
      }
    }
    const form = escape ?? (kind === BACKSLASH ? OCTAL : undefined);
    if (form === undefined) return false;
    if (form.closed === true && byte === SEMICOLON && digits > 0) {
      done(at + 1);
      return true;
    }
    const digit = digitOf(letter);
    if (digit >= form.base || digits >= form.digits) return false;
    escape = form;
    held.push({ letter, at });
    value = value * form.base + digit;
    digits++;
    if (form.closed !== true && digits === form.digits) done(at + 1);
    return true;
  };

  return {
    open: () => kind !== SIGN,
    take(byte, at) {
      const letter = KINDS[byte] ?? SIGN;
      if (kind !== SIGN) {
        if (goOn(byte, letter, at)) return;
        // `\\` stands for one: what follows it belongs to that one.
        if (kind === BACKSLASH && letter === BACKSLASH && escape === undefined) return;
        giveUp();
      }
      if (letter > AMPERSAND) give(letter, at, at + 1);
      else if (letter !== SIGN) begin(letter, at);
    },
    end: giveUp,
    copy: (giveTo) => readerFrom(giveTo, { kind, escape, start, value, digits, held }),
  };
}

/** How an escape goes on that has no digit yet, when `byte` follows. */
function formAfter(kind: number, byte: number, letter: number, escape?: Escape): Escape | "control" | undefined {
  if (kind === PERCENT) return letter === U && escape === HEX2 ? HEX4 : undefined;
  if (kind === AMPERSAND) {
    if (escape === undefined) return byte === HASH ? ENTITY : undefined;
    return letter === X && escape === ENTITY ? ENTITY_HEX : undefined;
  }
  if (escape !== undefined) return undefined;
  if (letter === U) return HEX4;
  if (letter === X) return HEX2;
  return LETTERS_OF_CONTROLS.has(letter) ? "control" : undefined;
}

function digitOf(letter: number): number {
  if (letter >= 48 && letter <= 57) return letter - 48;
  return letter >= 97 && letter <= 102 ? letter - 87 : 16;
}
