/**
 * Buffers that bodies stream through, over shared memory, so that a hashing thread reads the very bytes that came from
 * the socket. They are kept: touching fresh pages costs more than the copy itself.
 */
export interface Slots {
  take(): Uint8Array;
  /** Gives a slot back. Only when nobody reads its memory any more. */
  give(slot: Uint8Array): void;
}

export const SLOT_BYTES = 1024 * 1024;
const KEPT = 16;

export function createSlots(): Slots {
  const kept: Uint8Array[] = [];
  return {
    take: () => kept.pop() ?? new Uint8Array(new SharedArrayBuffer(SLOT_BYTES)),
    give: (slot) => {
      if (kept.length < KEPT) kept.push(slot);
    },
  };
}
