import { createHash } from "node:crypto";

/** The object formats of git, bit for bit: what `git http-backend` serves later must have the ids the API told. */
export type GitObjectType = "blob" | "tree" | "commit" | "tag";
export type GitObject = { type: GitObjectType; data: Buffer };

/** `mode` as git stores it: `100644`, `100755`, `120000` (link), `40000` (tree). */
export type TreeEntry = { mode: string; name: string; id: string };

export type Signature = {
  name: string;
  email: string;
  /** Milliseconds; git keeps whole seconds, in UTC. */ at: number;
};

export type Commit = {
  id: string;
  tree: string;
  parents: string[];
  author: Signature;
  committer: Signature;
  message: string;
};

export function frameObject(type: GitObjectType, data: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${type} ${data.length}\0`), data]);
}

export function objectId(type: GitObjectType, data: Uint8Array): string {
  return createHash("sha1").update(`${type} ${data.length}\0`).update(data).digest("hex");
}

export function encodeTree(entries: readonly TreeEntry[]): Buffer {
  // Git sorts by bytes, a folder as if its name ended in a slash.
  const key = (entry: TreeEntry): Buffer => Buffer.from(entry.mode === "40000" ? `${entry.name}/` : entry.name);
  const sorted = entries.toSorted((a, b) => Buffer.compare(key(a), key(b)));
  return Buffer.concat(
    sorted.flatMap((entry) => [Buffer.from(`${entry.mode} ${entry.name}\0`), Buffer.from(entry.id, "hex")]),
  );
}

export function decodeTree(data: Buffer): TreeEntry[] {
  const entries: TreeEntry[] = [];
  let at = 0;
  while (at < data.length) {
    const space = data.indexOf(0x20, at);
    const nul = data.indexOf(0, space);
    entries.push({
      mode: data.toString("latin1", at, space),
      name: data.toString("utf8", space + 1, nul),
      id: data.toString("hex", nul + 1, nul + 21),
    });
    at = nul + 21;
  }
  return entries;
}

export function encodeCommit(commit: Omit<Commit, "id">): Buffer {
  const lines = [
    `tree ${commit.tree}`,
    ...commit.parents.map((parent) => `parent ${parent}`),
    `author ${encodeSignature(commit.author)}`,
    `committer ${encodeSignature(commit.committer)}`,
  ];
  return Buffer.from(`${lines.join("\n")}\n\n${commit.message}`);
}

export function decodeCommit(id: string, data: Buffer): Commit {
  const { headers, message } = splitHeaders(data);
  const all = (key: string): string[] => headers.filter(([name]) => name === key).map(([, value]) => value);
  return {
    id,
    tree: all("tree")[0] ?? "",
    parents: all("parent"),
    author: decodeSignature(all("author")[0] ?? ""),
    committer: decodeSignature(all("committer")[0] ?? ""),
    message,
  };
}

export type AnnotatedTag = { object: string; name: string; tagger: Signature; message: string };

export function encodeTag(tag: AnnotatedTag): Buffer {
  const lines = [`object ${tag.object}`, "type commit", `tag ${tag.name}`, `tagger ${encodeSignature(tag.tagger)}`];
  return Buffer.from(`${lines.join("\n")}\n\n${tag.message}\n`);
}

/** The id an annotated tag points at. */
export function tagTarget(data: Buffer): string {
  return splitHeaders(data).headers.find(([name]) => name === "object")?.[1] ?? "";
}

function splitHeaders(data: Buffer): { headers: [string, string][]; message: string } {
  const text = data.toString("utf8");
  const end = text.indexOf("\n\n");
  const head = end < 0 ? text : text.slice(0, end);
  const headers: [string, string][] = [];
  for (const line of head.split("\n")) {
    if (line.startsWith(" ")) continue; // continuation of gpgsig
    const space = line.indexOf(" ");
    headers.push([line.slice(0, space), line.slice(space + 1)]);
  }
  return { headers, message: end < 0 ? "" : text.slice(end + 2) };
}

function encodeSignature(who: Signature): string {
  // Angle brackets and newlines would end the field early.
  const clean = (text: string): string => text.replace(/[<>\n\0]/g, "");
  return `${clean(who.name)} <${clean(who.email)}> ${Math.floor(who.at / 1000)} +0000`;
}

function decodeSignature(text: string): Signature {
  const match = /^([^<]*?) ?<([^>]*)> (\d+)/.exec(text);
  return { name: match?.[1] ?? "", email: match?.[2] ?? "", at: Number(match?.[3] ?? 0) * 1000 };
}

export type LfsPointer = { oid: string; size: number };

/** Text of a pointer file, as git-lfs writes it. */
export function encodePointer(pointer: LfsPointer): Buffer {
  return Buffer.from(`version https://git-lfs.github.com/spec/v1\noid sha256:${pointer.oid}\nsize ${pointer.size}\n`);
}

export function decodePointer(data: Buffer): LfsPointer | undefined {
  if (data.length > 1024 || !data.subarray(0, 8).equals(Buffer.from("version "))) return undefined;
  const match = /^version https:\/\/git-lfs\.github\.com\/spec\/v1\noid sha256:([0-9a-f]{64})\nsize (\d+)\n/.exec(
    data.toString("latin1"),
  );
  return match ? { oid: match[1] ?? "", size: Number(match[2]) } : undefined;
}
