import type { FaultRule } from "../../src/localhub/index.ts";

/** A fault by name. `ends`: what the program may exit with while it lasts; 0 is always allowed. */
export interface NamedFault {
  readonly name: string;
  readonly rules: readonly FaultRule[];
  readonly ends: readonly number[];
  /** True when a part of it is a wait of a second or more. */
  readonly slow?: boolean;
}

const storage = { origin: "cdn" } as const;
const files = { method: "GET", path: "*/resolve/*" } as const;

/** What networks, proxies and servers do. Each meets the files' bytes, or the Hub's answers about them. */
export const FAULTS: readonly NamedFault[] = [
  { name: "none", rules: [], ends: [] },
  { name: "cut before the head", rules: [{ ...storage, cut: {}, times: 3 }], ends: [8] },
  { name: "cut in the body", rules: [{ ...storage, cut: { afterBytes: 70_000 }, times: 4 }], ends: [8] },
  { name: "reset in the body", rules: [{ ...storage, cut: { afterBytes: 70_000, reset: true }, times: 4 }], ends: [8] },
  { name: "always cut", rules: [{ ...storage, cut: { afterBytes: 1000 } }], ends: [8], slow: true },
  { name: "a wrong byte, once", rules: [{ ...storage, corrupt: { at: 50_000 }, times: 1 }], ends: [7] },
  { name: "a wrong byte, always", rules: [{ ...storage, corrupt: { at: 50_000 } }], ends: [7] },
  { name: "a wrong byte in small files", rules: [{ ...files, origin: "hub", corrupt: { at: 3 } }], ends: [7] },
  { name: "too long", rules: [{ ...storage, wrongLength: 5 }], ends: [7, 8] },
  { name: "too short", rules: [{ ...storage, wrongLength: -5 }], ends: [7, 8] },
  { name: "chunked", rules: [{ ...storage, chunked: true }], ends: [] },
  { name: "no length", rules: [{ ...storage, dropHeader: ["content-length"] }], ends: [7, 8] },
  { name: "compressed", rules: [{ ...storage, gzip: true }], ends: [7, 8] },
  { name: "closed after each answer", rules: [{ connectionClose: true }], ends: [] },
  { name: "ranges ignored after a cut", rules: [{ ...storage, ignoreRange: true }, cutOnce()], ends: [8] },
  { name: "a wrong range after a cut", rules: [{ ...storage, wrongContentRange: 7 }, cutOnce()], ends: [7, 8] },
  { name: "another etag after a cut", rules: [{ ...storage, skip: 1, etag: '"other"' }, cutOnce()], ends: [7, 8] },
  { name: "500 three times", rules: [{ ...storage, status: 500, times: 3 }], ends: [8], slow: true },
  { name: "503 always", rules: [{ ...storage, status: 503 }], ends: [8], slow: true },
  {
    name: "429, come back at once",
    rules: [{ ...storage, status: 429, retryAfter: 0, times: 2 }],
    ends: [9],
    slow: true,
  },
  { name: "403 of an expired address", rules: [{ ...storage, status: 403, times: 1 }], ends: [1, 8] },
  { name: "bytes that are not HTTP", rules: [{ ...storage, garbage: true, times: 2 }], ends: [8] },
  { name: "a page of a captive portal", rules: [{ ...storage, htmlBody: true, times: 1 }], ends: [7, 8] },
  { name: "a commit that is another", rules: [{ ...files, commit: "0".repeat(40) }], ends: [7, 8] },
  {
    name: "429 for all but the first",
    rules: [{ ...storage, skip: 1, status: 429, retryAfter: 0 }],
    ends: [9],
    slow: true,
  },
  { name: "no ranges", rules: [{ ...storage, ignoreRange: true }], ends: [] },
  { name: "no ranges after the first", rules: [{ ...storage, skip: 1, ignoreRange: true }], ends: [8] },
  { name: "wrong ranges after the first", rules: [{ ...storage, skip: 1, wrongContentRange: 7 }], ends: [7, 8] },
  { name: "another etag after some", rules: [{ ...storage, skip: 3, etag: '"other"' }], ends: [7, 8] },
  { name: "416 after some", rules: [{ ...storage, skip: 3, status: 416, times: 2 }], ends: [1, 8] },
  { name: "403 after some", rules: [{ ...storage, skip: 3, status: 403, times: 2 }], ends: [1, 8] },
  { name: "a slow body", rules: [{ ...storage, slowBody: 2_000_000 }], ends: [], slow: true },
];

function cutOnce(): FaultRule {
  return { ...storage, cut: { afterBytes: 70_000 }, times: 1 };
}
