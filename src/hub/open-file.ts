import { NetworkError } from "../core/errors.ts";
import { isCommit } from "../core/repo.ts";
import type { HubClient } from "./client.ts";
import type { Subject } from "./refusal.ts";
import type { Reached } from "./exchange.ts";
import type { OpenedBody } from "./transfer-types.ts";

export interface OpenFileOptions {
  /** First byte, and the last one where not all after it are wanted; both counted from 0. */
  readonly range?: { readonly start: number; readonly end?: number };
  /** A strong etag as the storage gave it, with its quotes: the range counts only while the content is that. */
  readonly ifRange?: string;
  /** @default "GET" */
  readonly method?: "GET" | "HEAD";
  /** What is asked for, for the words of a refusal. */
  readonly subject?: Subject;
  /** @default the client's */
  readonly retries?: number;
  /** On connections that served no call before. @default false */
  readonly fresh?: boolean;
  readonly signal?: AbortSignal;
}

/** A file of a repo whose bytes wait on the connection: receive them or cancel. */
export interface OpenedFile extends OpenedBody {
  /** 200 the whole, 206 the range that was asked for. */
  readonly status: number;
  /** Where the bytes come from, after redirects. */
  readonly url: URL;
  /** Full commit that the Hub resolved the revision to. */
  readonly commit: string | undefined;
  /** Name of the content as the Hub gives it, without quotes: sha256 for LFS, else git's blob id. */
  readonly etag: string | undefined;
  /** Bytes of the whole content, where it was said. */
  readonly size: number | undefined;
  readonly xetHash: string | undefined;
}

/** The Hub counts in windows of five minutes. Who fetches a thousand files rather waits for the next one than begins again. */
const WINDOW_MS = 310_000;

/**
 * Asks for one file and follows to where its bytes are. What the Hub says about the file is read from the Hub's own
 * answers alone: a storage host knows nothing of commits, and its etags mean something else.
 * @param path below the endpoint, percent-encoded: `acme/tiny/resolve/main/config.json`
 * @throws HfError the refusal; with `status` 416 where the range begins after the content's end
 */
export async function openFile(
  client: Pick<HubClient, "endpoint" | "openBody">,
  path: string,
  options: OpenFileOptions = {},
): Promise<OpenedFile> {
  const { range, ifRange, method = "GET", subject, retries, fresh, signal } = options;
  const headers: Record<string, string> = { accept: "*/*" };
  if (range !== undefined) headers["range"] = `bytes=${range.start}-${range.end ?? ""}`;
  if (range !== undefined && ifRange !== undefined) headers["if-range"] = ifRange;
  const reached = await client.openBody(path, {
    method,
    headers,
    maxWaitMs: WINDOW_MS,
    ...(subject === undefined ? {} : { subject }),
    ...(retries === undefined ? {} : { retries }),
    ...(fresh === undefined ? {} : { fresh }),
    ...(signal === undefined ? {} : { signal }),
  });
  const { answer, url } = reached;
  if (answer.status !== 200 && !(answer.status === 206 && range !== undefined)) {
    answer.cancel();
    throw new NetworkError("ERR_HF_BAD_ANSWER", `${url.host} answered ${answer.status} where a file was asked for.`, {
      status: answer.status,
      hint: "Check HF_ENDPOINT, and proxies on the way.",
    });
  }
  return {
    status: answer.status,
    headers: answer.headers,
    length: answer.length,
    receive: (onBytes) => answer.receive(onBytes),
    cancel: () => answer.cancel(),
    url,
    ...fileFacts(reached, new URL(client.endpoint).origin),
  };
}

/** What the Hub says about a file, without its bytes. */
export type FileFacts = Pick<OpenedFile, "commit" | "etag" | "size" | "xetHash">;

/**
 * Asks the Hub alone about one file: a redirect to where the bytes are is not followed, as it says all there is to say.
 * @param path below the endpoint, percent-encoded: `acme/tiny/resolve/main/config.json`
 * @throws HfError the refusal
 */
export async function askFile(
  client: Pick<HubClient, "endpoint" | "openBody">,
  path: string,
  options: Pick<OpenFileOptions, "subject" | "retries" | "signal"> = {},
): Promise<FileFacts> {
  const reached = await client.openBody(path, {
    ...options,
    method: "HEAD",
    headers: { accept: "*/*" },
    redirect: "within",
  });
  reached.answer.cancel();
  return fileFacts(reached, new URL(client.endpoint).origin);
}

function fileFacts({ answer, heads }: Reached<OpenedBody>, hubOrigin: string): FileFacts {
  const hub = heads.filter((head) => head.url.origin === hubOrigin);
  const said = (name: string): string | undefined =>
    hub.map((head) => head.headers.get(name)).find((value) => value !== null) ?? undefined;
  const commit = said("x-repo-commit");
  const etag = said("x-linked-etag") ?? hub.at(-1)?.headers.get("etag") ?? undefined;
  const linkedSize = decimal(said("x-linked-size"));
  const total = /^bytes (?:\d+-\d+|\*)\/(\d+)$/.exec(answer.headers.get("content-range") ?? "")?.[1];
  const whole = answer.status === 200 ? (decimal(answer.headers.get("content-length")) ?? answer.length) : undefined;
  return {
    commit: commit !== undefined && isCommit(commit) ? commit : undefined,
    etag: etag?.replace(/^W\//, "").replace(/^"(.*)"$/, "$1"),
    size: linkedSize ?? decimal(total) ?? whole,
    xetHash: said("x-xet-hash"),
  };
}

function decimal(text: string | null | undefined): number | undefined {
  return typeof text === "string" && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
