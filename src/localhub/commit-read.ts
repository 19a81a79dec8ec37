import type { HubRequest } from "./http.ts";
import { isRecord } from "./http.ts";
import type { LfsPointer } from "./git-objects.ts";
import { safePath } from "./names.ts";
import { badRequest, Refusal } from "./refusals.ts";

export type CommitHeader = { summary: string; description: string; parentCommit: string | undefined };

/** One change of a commit. `blob` is the git id of a content that is kept already. */
export type CommitStep =
  | { kind: "file"; path: string; blob: string; from: string | undefined }
  | { kind: "lfs"; path: string; pointer: LfsPointer; from: string | undefined }
  | { kind: "delete"; path: string; what: "file" | "folder" | "entry" };

export type CommitRequest = { header: CommitHeader; steps: CommitStep[] };

/** Puts away the bytes of a file and returns the change that they mean. */
export type KeepFile = (path: string, data: Buffer, from: string | undefined) => CommitStep | Promise<CommitStep>;

/** Longest line of a commit: some clients send large files inside it, as base64. */
const LONGEST_LINE = 256 * 1024 * 1024;

/**
 * Reads a commit, line by line (NDJSON) or as one JSON object. Contents go to `keep` as they come, so that only one
 * is held at a time.
 * @throws Refusal 400 for anything that is not a commit.
 */
export async function readCommitRequest(request: HubRequest, keep: KeepFile): Promise<CommitRequest> {
  const type = request.headers["content-type"] ?? "";
  return type.includes("application/json") ? readWhole(request, keep) : readLines(request, keep);
}

async function readLines(request: HubRequest, keep: KeepFile): Promise<CommitRequest> {
  let header: CommitHeader | undefined;
  const steps: CommitStep[] = [];
  for await (const line of linesOf(request.body.stream())) {
    const parsed = parseJson(line);
    if (!isRecord(parsed) || typeof parsed["key"] !== "string")
      throw badRequest("Invalid line: expected key and value");
    if (parsed["key"] === "header") {
      if (header) throw badRequest("Only one header is allowed");
      header = readHeader(parsed["value"]);
    } else {
      if (!header) throw badRequest("The first line must be the header");
      steps.push(await readStep(parsed["key"], parsed["value"], keep));
    }
  }
  if (!header) throw badRequest("The header is missing");
  return { header, steps };
}

async function readWhole(request: HubRequest, keep: KeepFile): Promise<CommitRequest> {
  const body = parseJson((await request.body.bytes(LONGEST_LINE)).toString("utf8"));
  if (!isRecord(body)) throw badRequest("Invalid input: expected object");
  const steps: CommitStep[] = [];
  const lists = { files: "file", lfsFiles: "lfsFile", deletedFiles: "deletedFile", deletedFolders: "deletedFolder" };
  for (const [name, key] of Object.entries({ ...lists, deletedEntries: "deletedEntry" })) {
    const list = body[name] ?? [];
    if (!Array.isArray(list)) throw badRequest(`Invalid input: expected array\n  → at ${name}`);
    for (const one of list) steps.push(await readStep(key, one, keep));
  }
  return { header: readHeader(isRecord(body["header"]) ? body["header"] : body), steps };
}

function readHeader(value: unknown): CommitHeader {
  const { summary, description, parentCommit } = isRecord(value) ? value : {};
  if (typeof summary !== "string" || summary.trim() === "") throw badRequest("Invalid header: a summary is needed");
  const parent = parentCommit ?? undefined;
  if (parent !== undefined && (typeof parent !== "string" || !/^[0-9a-f]{7,40}$/i.test(parent))) {
    throw badRequest("Invalid header: parentCommit must be the id of a commit");
  }
  return {
    summary,
    description: typeof description === "string" ? description : "",
    parentCommit: parent?.toLowerCase(),
  };
}

async function readStep(key: string, value: unknown, keep: KeepFile): Promise<CommitStep> {
  if (!isRecord(value)) throw badRequest(`Invalid ${key}: expected object`);
  switch (key) {
    case "file":
      return keep(safePath(value["path"]), contentOf(value), oldPath(value));
    case "lfsFile":
      return { kind: "lfs", path: safePath(value["path"]), pointer: pointerOf(value), from: oldPath(value) };
    case "deletedFile":
      return { kind: "delete", path: safePath(value["path"]), what: "file" };
    case "deletedFolder":
      return { kind: "delete", path: folderPath(value["path"]), what: "folder" };
    case "deletedEntry":
      return { kind: "delete", path: folderPath(value["path"]), what: "entry" };
    default:
      throw badRequest(`Invalid key: ${key}`);
  }
}

function oldPath(value: Record<string, unknown>): string | undefined {
  return value["oldPath"] === undefined || value["oldPath"] === null ? undefined : safePath(value["oldPath"]);
}

/** Python ends the name of a folder with a slash. */
function folderPath(value: unknown): string {
  return safePath(typeof value === "string" ? value.replace(/\/$/, "") : value);
}

function contentOf(value: Record<string, unknown>): Buffer {
  const { content, encoding } = value;
  if (typeof content !== "string") throw badRequest("Invalid file: expected content as string");
  if (encoding === "base64") return Buffer.from(content, "base64");
  if (encoding === undefined || encoding === "utf-8" || encoding === "utf8") return Buffer.from(content, "utf8");
  throw badRequest('Invalid file: encoding must be "base64" or "utf-8"');
}

function pointerOf(value: Record<string, unknown>): LfsPointer {
  const { algo, oid, size } = value;
  if (algo !== undefined && algo !== "sha256") throw badRequest('Invalid lfsFile: algo must be "sha256"');
  if (typeof oid !== "string" || !/^[0-9a-f]{64}$/.test(oid)) throw badRequest("Invalid lfsFile: oid must be a sha256");
  if (size !== undefined && !isSize(size)) throw badRequest("Invalid lfsFile: size must be a number of bytes");
  return { oid, size: size ?? -1 };
}

export function isSize(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badRequest("Invalid JSON");
  }
}

async function* linesOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  let length = 0;
  const take = (): string => {
    const line = Buffer.concat(parts).toString("utf8");
    parts = [];
    length = 0;
    return line;
  };
  for await (const chunk of stream) {
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a)) {
      parts.push(rest.subarray(0, end));
      rest = rest.subarray(end + 1);
      const line = take();
      if (line.trim() !== "") yield line;
    }
    parts.push(rest);
    length += rest.length;
    if (length > LONGEST_LINE) throw new Refusal(413, "Payload Too Large");
  }
  const last = take();
  if (last.trim() !== "") yield last;
}
