import { sha256Of } from "../content.ts";
import type { Node } from "./hashes.ts";
import { fileHash, verificationHash } from "./hashes.ts";
import type { Shard, ShardFile } from "./shard.ts";
import type { XetFile, XetStore } from "./store.ts";

/**
 * Checks everything that a shard claims, then keeps its files. Nothing of it is kept when anything is wrong.
 * @returns how many files are new, or what is wrong, as text
 */
export async function registerShard(store: XetStore, shard: Shard): Promise<number | string> {
  for (const { hash, chunks } of shard.xorbs) {
    const known = store.xorb(hash)?.chunks;
    if (!known) return `xorb ${hash} was not uploaded`;
    if (known.length !== chunks.length || known.some((chunk, index) => chunk.hash !== chunks[index])) {
      return `xorb ${hash} has other chunks`;
    }
  }
  const files: XetFile[] = [];
  for (const claimed of shard.files) {
    const file = checkFile(store, claimed);
    if (typeof file === "string") return `file ${claimed.hash}: ${file}`;
    // The name that commits will use: a wrong one would give this content to whoever asks for another.
    if ((await sha256Of(store.fileContent(file))) !== file.sha256) return `file ${claimed.hash}: another sha256`;
    files.push(file);
  }
  return files.filter((file) => store.keepFile(file)).length;
}

function checkFile(store: XetStore, { hash, segments, sha256 }: ShardFile): XetFile | string {
  if (sha256 === undefined) return "no sha256";
  const nodes: Node[] = [];
  for (const { xorb, start, end, size, verification } of segments) {
    const known = store.xorb(xorb);
    if (!known) return `xorb ${xorb} was not uploaded`;
    if (start >= end || end > known.chunks.length) return `xorb ${xorb} has no chunks ${start} to ${end}`;
    const chunks = known.chunks.slice(start, end);
    if (chunks.reduce((sum, chunk) => sum + chunk.size, 0) !== size) return "a segment has another size";
    if (verification === undefined || verificationHash(chunks) !== verification) {
      return "a segment is not verified: nothing shows that the uploader knows its content";
    }
    nodes.push(...chunks.map((chunk) => ({ hash: chunk.hash, size: chunk.size })));
  }
  if (fileHash(nodes) !== hash) return "its chunks have another hash";
  const size = nodes.reduce((sum, node) => sum + node.size, 0);
  return {
    hash,
    sha256,
    size,
    segments: segments.map(({ xorb, start, end, size: bytes }) => ({ xorb, start, end, size: bytes })),
  };
}
