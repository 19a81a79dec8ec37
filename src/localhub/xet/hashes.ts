import { keyedBlake3 } from "./blake3.ts";

/** A chunk, xorb or file: 32 bytes, printed as four little-endian numbers of 64 bits. */
export type XetHash = string;

/** A part of a tree of hashes, with the bytes of content below it. */
export type Node = { hash: XetHash; size: number };

const DATA_KEY = Buffer.from("6697f5775b9550de3135cbaca597181c9de421109beb2b58b4d0b04b93adf229", "hex");
const NODE_KEY = Buffer.from("017ec5c7a5472996fd946666b48a02e65ddd536f37c76dd2f86352e64a53713f", "hex");
const VERIFICATION_KEY = Buffer.from("7f1857d6ce56ed66127ff913e7a5c3f3a4cd26d5b5db49e64124987f28fb94c3", "hex");
const FILE_KEY = Buffer.alloc(32);

export const EMPTY_HASH: XetHash = "0".repeat(64);

export function isXetHash(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

/** Each group of 8 bytes is turned round. Its own inverse, so it prints and reads. */
function turned(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes).swap64();
}

export function printHash(bytes: Uint8Array): XetHash {
  return turned(bytes).toString("hex");
}

export function hashBytes(hash: XetHash): Buffer {
  return turned(Buffer.from(hash, "hex"));
}

export function chunkHash(chunk: Uint8Array): XetHash {
  return printHash(keyedBlake3(DATA_KEY, chunk));
}

/** Root of the tree over chunks: the name of a xorb. */
export function treeRoot(chunks: readonly Node[]): XetHash {
  if (chunks.length === 0) return EMPTY_HASH;
  let level = chunks;
  while (level.length > 1) level = nextLevel(level);
  return level[0]?.hash ?? EMPTY_HASH;
}

function nextLevel(nodes: readonly Node[]): Node[] {
  const next: Node[] = [];
  for (let at = 0; at < nodes.length;) {
    const end = at + groupLength(nodes, at);
    next.push(merged(nodes.slice(at, end)));
    at = end;
  }
  return next;
}

/** The hashes themselves say where a group ends, so that an insertion changes few of them. */
function groupLength(nodes: readonly Node[], start: number): number {
  const left = nodes.length - start;
  if (left <= 2) return left;
  const most = Math.min(9, left);
  for (let at = 2; at < most; at++) {
    // The last of the four numbers is divisible by 4; it is printed big end first.
    if ((Number.parseInt(nodes[start + at]?.hash.at(-1) ?? "f", 16) & 3) === 0) return at + 1;
  }
  return most;
}

function merged(group: readonly Node[]): Node {
  const text = group.map(({ hash, size }) => `${hash} : ${size}\n`).join("");
  const size = group.reduce((sum, node) => sum + node.size, 0);
  return { hash: printHash(keyedBlake3(NODE_KEY, Buffer.from(text))), size };
}

/** Name of a file with these chunks. */
export function fileHash(chunks: readonly Node[]): XetHash {
  if (chunks.length === 0) return EMPTY_HASH;
  return printHash(keyedBlake3(FILE_KEY, hashBytes(treeRoot(chunks))));
}

/** What shows that an uploader knows the chunks of a segment. */
export function verificationHash(chunks: readonly { hash: XetHash }[]): XetHash {
  return printHash(keyedBlake3(VERIFICATION_KEY, Buffer.concat(chunks.map(({ hash }) => hashBytes(hash)))));
}
