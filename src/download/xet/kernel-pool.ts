import { createKernel } from "./kernel.ts";
import type { Kernel } from "./kernel.ts";

/** A bounded number of decoders, used again: they bound how many ranges are under way at the same time. */
export interface KernelPool {
  /** Waits for a free one. @throws the signal's reason */
  take(signal: AbortSignal): Promise<Kernel>;
  give(kernel: Kernel): void;
}

export function createKernelPool(most: number, make: () => Kernel = createKernel): KernelPool {
  const idle: Kernel[] = [];
  const waiting: ((kernel: Kernel) => void)[] = [];
  let made = 0;
  return {
    take(signal) {
      signal.throwIfAborted();
      const kernel = idle.pop();
      if (kernel !== undefined) return Promise.resolve(kernel);
      if (made < most) {
        const fresh = make();
        made++;
        return Promise.resolve(fresh);
      }
      return new Promise((resolve, reject) => {
        const go = (kernel: Kernel): void => {
          signal.removeEventListener("abort", stop);
          resolve(kernel);
        };
        const stop = (): void => {
          waiting.splice(waiting.indexOf(go), 1);
          reject(signal.reason);
        };
        waiting.push(go);
        signal.addEventListener("abort", stop, { once: true });
      });
    },
    give(kernel) {
      const next = waiting.shift();
      if (next === undefined) idle.push(kernel);
      else next(kernel);
    },
  };
}
