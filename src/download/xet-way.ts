import type { Hashers } from "../cache/index.ts";
import { DiskError, isHfError } from "../core/errors.ts";
import type { HfError } from "../core/errors.ts";
import type { KnownContent } from "./fetch-content.ts";
import type { Run } from "./run.ts";
import { createCas } from "./xet/cas.ts";
import type { Cas } from "./xet/cas.ts";
import { fetchXet } from "./xet/fetch-xet.ts";
import type { XetContent, XetPorts, XetTarget } from "./xet/fetch-xet.ts";
import { createKernelPool } from "./xet/kernel-pool.ts";

/** The way over Xet storage, for one download. */
export interface XetWay {
  /** Its name there when a content should come that way; undefined: by plain HTTP. */
  hashOf(content: Pick<KnownContent, "xetHash" | "size" | "etag">): string | undefined;
  /** As `fetchXet`. */
  fetch(
    content: XetContent,
    target: XetTarget,
    ports: Pick<XetPorts, "onBytes" | "onReached" | "onRetry"> & { readonly hashers: Hashers },
  ): Promise<string>;
  /** After a failure: whether plain HTTP is to be tried. What it did not bring is not asked for here again. */
  givesWay(content: Pick<KnownContent, "etag">, error: unknown): error is HfError;
}

/**
 * Below this a file comes by plain HTTP unless Xet was asked for: it takes one request there, and three here.
 */
const WORTHWHILE = 16 * 1024 * 1024;
/** After so many files that this way did not bring, no more are tried on it. */
const PATIENCE = 2;
/** Ranges under way at the same time, over all files of a download, at most: each needs 2 MiB of memory. */
const DECODERS = 8;

export function createXetWay(run: Run, commit: string): XetWay {
  const { hub, repo, clock, random, signal, rate, transport, workers } = run;
  const failed = new Set<string>();
  const kernels = createKernelPool(Math.min(DECODERS, workers));
  let cas: Cas | undefined;
  return {
    hashOf({ xetHash, size, etag }) {
      if (transport === "http" || size === 0 || !/^[0-9a-f]{64}$/.test(etag)) return undefined;
      if (xetHash === undefined || !/^[0-9a-f]{64}$/.test(xetHash)) return undefined;
      if (transport === "xet") return xetHash;
      return size < WORTHWHILE || failed.has(etag) || failed.size >= PATIENCE ? undefined : xetHash;
    },
    fetch(content, target, ports) {
      cas ??= createCas({ hub, repo, commit, clock });
      const pace = rate === undefined ? undefined : rate.take.bind(rate);
      return fetchXet(content, target, { ...ports, cas, kernels, clock, random, signal, pace });
    },
    givesWay({ etag }, error): error is HfError {
      // What the disk refuses it refuses on every way.
      if (transport !== "auto" || !isHfError(error) || error instanceof DiskError) return false;
      failed.add(etag);
      return true;
    },
  };
}
