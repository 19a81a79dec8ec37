import { HfError } from "../../core/errors.ts";
import { KERNEL } from "./kernel-bytes.ts";

/** Most content that a chunk may have. The format's own limit is half of it. */
export const MOST_CONTENT = 256 * 1024;
/** Most bytes that a chunk may have on the wire: what does not shrink is stored as it is. */
export const MOST_PAYLOAD = MOST_CONTENT + 4096;
/** Decoded bytes that are gathered before they are written. */
const SLAB = 1024 * 1024;
/** The kernel copies in steps of 16 bytes, and so over the end of what it was given. */
const SLACK = 64;

/** Memory of one decoder, and what the kernel does in it. About 2 MiB; used again for one range after the other. */
export interface Kernel {
  /** Where the bytes of a chunk are put before they are decoded. */
  readonly payload: Uint8Array;
  /** Where content is gathered. Behind its `length` there is room for a chunk, so one may begin anywhere before it. */
  readonly slab: Uint8Array;
  readonly slabLength: number;
  /** Decodes `length` bytes of payload to exactly `size` bytes at `slab[at]`. False when they are not that. */
  decode(length: number, at: number, size: number, grouped: boolean): boolean;
}

/** As much of it as is used: the types of Node for this version do not know it. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Memory: new (pages: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
  readonly Instance: new (module: object, imports: object) => { readonly exports: Readonly<Record<string, unknown>> };
};

interface Exports {
  unframe(source: number, length: number, target: number, size: number): number;
  ungroup(source: number, target: number, size: number): void;
}

/** Before it lies what the kernel brings itself. */
const PAYLOAD_AT = 4096;
const PLANES_AT = PAYLOAD_AT + MOST_PAYLOAD + SLACK;
const SLAB_AT = PLANES_AT + MOST_CONTENT + SLACK;
const PAGES = Math.ceil((SLAB_AT + SLAB + MOST_CONTENT + SLACK) / 65_536);

let compiled: object | undefined;

/** @throws HfError `ERR_HF_INTERNAL` where WebAssembly or its SIMD is not to be had */
export function createKernel(): Kernel {
  const { memory, unframe, ungroup } = instantiate();
  return {
    payload: new Uint8Array(memory.buffer, PAYLOAD_AT, MOST_PAYLOAD),
    slab: new Uint8Array(memory.buffer, SLAB_AT, SLAB + MOST_CONTENT),
    slabLength: SLAB,
    decode(length, at, size, grouped) {
      if (length > MOST_PAYLOAD || size > MOST_CONTENT || at > SLAB) return false;
      if (!grouped) return unframe(PAYLOAD_AT, length, SLAB_AT + at, size) === 1;
      if (unframe(PAYLOAD_AT, length, PLANES_AT, size) !== 1) return false;
      ungroup(PLANES_AT, SLAB_AT + at, size);
      return true;
    },
  };
}

function instantiate() {
  try {
    compiled ??= new WebAssembly.Module(Buffer.from(KERNEL, "base64"));
    const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
    return { memory, ...exportsOf(new WebAssembly.Instance(compiled, { env: { memory } }).exports) };
  } catch (cause) {
    throw new HfError("ERR_HF_INTERNAL", "This Node can't decode Xet chunks: it has no WebAssembly with SIMD.", {
      cause,
      hint: "Take the other way: --transport http.",
    });
  }
}

function exportsOf({ unframe, ungroup }: Readonly<Record<string, unknown>>): Exports {
  if (typeof unframe !== "function" || typeof ungroup !== "function") throw new TypeError("not the kernel");
  return { unframe, ungroup } as Exports;
}
