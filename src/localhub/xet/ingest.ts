import type { Content } from "../content.ts";
import { chunksOf } from "./chunker.ts";
import type { Node, XetHash } from "./hashes.ts";
import { chunkHash, fileHash, treeRoot } from "./hashes.ts";
import type { Segment, XetFile, XetStore } from "./store.ts";
import type { Scheme, XorbChunk } from "./xorb.ts";
import { bestScheme, encodeChunk, LARGEST_XORB, MOST_CHUNKS } from "./xorb.ts";

/** A xorb being filled. Its name is known when it is full. */
type Draft = { name: XetHash; chunks: XorbChunk[]; parts: Buffer[]; size: number };
type DraftSegment = Omit<Segment, "xorb"> & { draft: Draft };

/** As often as the Rust engine looks anew which compression suits a content. */
const LOOK_EVERY = 32;

/**
 * Puts a content into the store as a client's upload would: chunks by content, equal chunks once, compressed where that
 * helps.
 * @param xorbBytes where a xorb ends; default and most 64 MiB
 */
export async function ingest(
  store: XetStore,
  content: Content,
  sha256: string,
  xorbBytes = LARGEST_XORB,
): Promise<XetFile> {
  const known = new Map<XetHash, { draft: Draft; index: number }>();
  const segments: DraftSegment[] = [];
  const nodes: Node[] = [];
  const blank = (): Draft => ({ name: "", chunks: [], parts: [], size: 0 });
  const close = (draft: Draft): void => {
    if (draft.chunks.length === 0) return;
    draft.name = treeRoot(draft.chunks);
    store.keepXorb(draft.name, draft.chunks, Buffer.concat(draft.parts));
    draft.parts = [];
  };
  let draft = blank();
  let scheme: Scheme = "none";
  let fresh = 0;
  for await (const chunk of chunksOf(content)) {
    const hash = chunkHash(chunk);
    nodes.push({ hash, size: chunk.length });
    let place = known.get(hash);
    if (!place) {
      if (fresh++ % LOOK_EVERY === 0) scheme = bestScheme(chunk);
      const encoded = encodeChunk(chunk, scheme);
      if (draft.size + encoded.length > xorbBytes || draft.chunks.length >= MOST_CHUNKS) {
        close(draft);
        draft = blank();
      }
      draft.size += encoded.length;
      draft.parts.push(encoded);
      draft.chunks.push({ hash, size: chunk.length, end: draft.size });
      place = { draft, index: draft.chunks.length - 1 };
      known.set(hash, place);
    }
    const last = segments.at(-1);
    if (last?.draft === place.draft && last.end === place.index) {
      last.end++;
      last.size += chunk.length;
    } else {
      segments.push({ draft: place.draft, start: place.index, end: place.index + 1, size: chunk.length });
    }
  }
  close(draft);
  const file: XetFile = {
    hash: fileHash(nodes),
    sha256,
    size: content.size,
    segments: segments.map(({ draft: { name }, start, end, size }) => ({ xorb: name, start, end, size })),
  };
  store.keepFile(file);
  return file;
}
