/**
 * The connections that a download may have for the bytes of its files, all together. Each file under way has one; what
 * is left over is for files that are worth more than that.
 */
export interface Connections {
  /** Sets `count` aside for files: until they are released no file has them besides its own. */
  reserve(count: number): void;
  /** One that was set aside is not needed any more, as there are no more files. */
  release(): void;
  /** Takes one more for a file that has one. @returns false when there is none to spare */
  take(): boolean;
  /** Gives back what {@link take} gave. */
  give(): void;
}

/** @param most in all, 1 or more */
export function createConnections(most: number): Connections {
  let used = 0;
  return {
    reserve: (count) => void (used += count),
    release: () => void used--,
    take() {
      if (used >= most) return false;
      used++;
      return true;
    },
    give: () => void used--,
  };
}
