import { createHash, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Content } from "./content.ts";
import { bufferContent, fileContent, generatedContent } from "./content.ts";
import type { LfsSource, LfsStore } from "./storage.ts";
import type { XetStore } from "./xet/store.ts";

/**
 * LFS contents over one folder, which is asked for when the first upload comes. What is only in Xet storage is put
 * together from there.
 * With `persist` the sources referred to are written down as `<oid>.json` beside the uploads and found after a restart.
 */
export function createLfsStore(
  folder: () => Promise<string>,
  xet: Pick<XetStore, "fileBySha256" | "fileContent">,
  persist?: { dir: string },
): LfsStore {
  const known = new Map<string, Content>();
  return {
    find(oid) {
      const found = known.get(oid) ?? (persist && load(persist.dir, oid));
      if (found) {
        known.set(oid, found);
        return found;
      }
      const file = xet.fileBySha256(oid);
      return file && xet.fileContent(file);
    },
    refer(oid, source) {
      known.set(oid, openSource(source));
      if (!persist) return;
      const path = `${blobPath(persist.dir, oid)}.json`;
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, JSON.stringify(source));
    },
    async receive(oid, size, body) {
      // It becomes a path.
      if (!/^[0-9a-f]{64}$/.test(oid)) return "mismatch";
      const dir = await folder();
      const path = blobPath(dir, oid);
      await mkdir(dirname(path), { recursive: true });
      const part = join(dir, `incoming-${randomUUID()}`);
      try {
        const got = await writeHashed(part, body, size ?? Infinity);
        if (got.sha256 !== oid || (size !== undefined && got.size !== size)) return "mismatch";
        await rename(part, path);
        known.set(oid, fileContent(path, got.size));
        return "stored";
      } finally {
        await rm(part, { force: true });
      }
    },
  };
}

/** Writes no byte above `most`: what was announced smaller must not fill the disk. */
async function writeHashed(
  path: string,
  body: AsyncIterable<Uint8Array>,
  most: number,
): Promise<{ sha256: string; size: number }> {
  const hash = createHash("sha256");
  let size = 0;
  const file = await open(path, "wx");
  try {
    for await (const chunk of body) {
      hash.update(chunk);
      size += chunk.length;
      if (size <= most) await file.writeFile(chunk);
    }
  } finally {
    await file.close();
  }
  return { sha256: hash.digest("hex"), size };
}

export function openSource(source: LfsSource): Content {
  switch (source.kind) {
    case "generated":
      return generatedContent(source.size, source.seed);
    case "file":
      return fileContent(source.path, source.size);
    case "bytes":
      return bufferContent(Buffer.from(source.base64, "base64"));
  }
}

/** `<dir>/ab/cd/abcd…`, as git-lfs lays out its own store. */
function blobPath(dir: string, oid: string): string {
  return join(dir, oid.slice(0, 2), oid.slice(2, 4), oid);
}

function load(dir: string, oid: string): Content | undefined {
  if (!/^[0-9a-f]{64}$/.test(oid)) return undefined;
  const path = blobPath(dir, oid);
  if (existsSync(path)) return fileContent(path, statSync(path).size);
  if (!existsSync(`${path}.json`)) return undefined;
  const source = readSource(JSON.parse(readFileSync(`${path}.json`, "utf8")));
  return source && openSource(source);
}

function readSource(value: unknown): LfsSource | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { kind, size, seed, path, base64 } = value as Record<string, unknown>;
  if (kind === "generated" && typeof size === "number" && typeof seed === "number") return { kind, size, seed };
  if (kind === "file" && typeof size === "number" && typeof path === "string") return { kind, size, path };
  if (kind === "bytes" && typeof base64 === "string") return { kind, base64 };
  return undefined;
}
