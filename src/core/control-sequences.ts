/** Tells the control sequences of a terminal from what it shows, byte by byte, in whatever pieces the bytes come. */
export interface SequenceReader {
  /** True when the byte belongs to a control sequence, and so is not shown. */
  take(byte: number): boolean;
  /** True while one has begun that has not ended. */
  open(): boolean;
}

/** One that goes on for longer is none, or was never ended: what follows is looked at again. The address of a link fits. */
export const LONGEST_SEQUENCE = 4096;

export const ESC = 0x1b;
const BEL = 0x07;
const CAN = 0x18;
const SUB = 0x1a;
const BACKSLASH = 0x5c;
const OPENS_PARAMETERS = 0x5b;
/** Device control, start of string, system command (a link, a title), privacy message, application command. */
const OPENS_STRING: ReadonlySet<number> = new Set([..."PX]^_"].map((char) => char.charCodeAt(0)));

const TEXT = 0;
const ESCAPE = 1;
const PARAMETERS = 2;
const STRING = 3;
const STRING_ESCAPE = 4;

/**
 * ECMA-48 in its 7-bit form: `ESC [ 01;31 m` and its kind, `ESC ( B`, `ESC c`, and strings from `ESC ]` up to BEL or
 * `ESC \`. The 8-bit form is left out, because its bytes are parts of letters in UTF-8.
 */
export function createSequenceReader(): SequenceReader {
  let state = TEXT;
  let length = 0;

  const isPart = (byte: number): boolean => {
    if (byte === ESC) {
      if (state !== STRING) length = 0;
      state = state === STRING ? STRING_ESCAPE : ESCAPE;
      return true;
    }
    if (state === TEXT) return false;
    length++;
    if (length > LONGEST_SEQUENCE) return leave(false);
    if (state === STRING) return byte === BEL || byte === CAN || byte === SUB ? leave(true) : true;
    if (state === STRING_ESCAPE) {
      if (byte === BACKSLASH) return leave(true);
      // It has cut the string off, and begins a sequence of its own.
      state = ESCAPE;
    }
    if (state === ESCAPE && (byte === OPENS_PARAMETERS || OPENS_STRING.has(byte))) {
      state = byte === OPENS_PARAMETERS ? PARAMETERS : STRING;
      return true;
    }
    if (byte >= 0x20 && byte <= (state === PARAMETERS ? 0x3f : 0x2f)) return true;
    return leave(byte >= 0x30 && byte <= 0x7e);
  };
  const leave = (part: boolean): boolean => {
    state = TEXT;
    return part;
  };
  return { take: isPart, open: () => state !== TEXT };
}
