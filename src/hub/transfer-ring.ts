/**
 * Buffers that a body streams through, over shared memory, so that a hashing thread reads the very bytes that came from
 * the socket. Rings are kept: touching fresh pages costs more than the copy itself.
 */
export interface Ring {
  readonly slots: readonly Uint8Array[];
}

export interface Rings {
  take(): Ring;
  /** Gives a ring back. Only when nobody reads its memory any more. */
  give(ring: Ring): void;
}

export const SLOT_BYTES = 1024 * 1024;
const SLOTS = 4;
const KEPT = 4;

export function createRings(): Rings {
  const kept: Ring[] = [];
  return {
    take: () => kept.pop() ?? newRing(),
    give: (ring) => {
      if (kept.length < KEPT) kept.push(ring);
    },
  };
}

function newRing(): Ring {
  const memory = new SharedArrayBuffer(SLOTS * SLOT_BYTES);
  return { slots: Array.from({ length: SLOTS }, (_, at) => new Uint8Array(memory, at * SLOT_BYTES, SLOT_BYTES)) };
}
