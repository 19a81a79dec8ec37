import { isHfError } from "../core/errors.ts";
import { createRepo, encodePath, repoPath } from "../core/repo.ts";
import type { HubClient } from "../hub/index.ts";

export interface FindStorageOptions {
  /** Milliseconds that each of the two questions has. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Files that a Hub keeps in its storage, and not in git, by their names. */
const LARGE = /\.(?:safetensors|bin|gguf|onnx|pt|pth|h5|msgpack|parquet|zip)$/;
const MOST_BODY = 1024 * 1024;

/**
 * Where an endpoint sends those who want a large file: the origin that its redirect names, as it answers nobody in
 * particular about the first open repo that has one. Nothing follows the redirect.
 * @returns no origin where the endpoint hands the bytes out itself, lists no such file, or can't be asked in time
 */
export async function findStorage(
  client: Pick<HubClient, "endpoint" | "json" | "openBody">,
  { timeoutMs, signal }: FindStorageOptions,
): Promise<readonly string[]> {
  const once = { retries: 0, timeoutMs, signal, anonymous: true };
  try {
    const list = await client.json("api/models", { ...once, query: { limit: 10, full: "true" }, maxBytes: MOST_BODY });
    const path = firstLargeFile(list);
    if (path === undefined) return [];
    const { answer, url } = await client.openBody(path, { ...once, method: "HEAD", redirect: "within" });
    answer.cancel();
    const location = answer.headers.get("location") ?? "";
    if (!URL.canParse(location, url.href)) return [];
    const { protocol, origin } = new URL(location, url);
    return /^https?:$/.test(protocol) && origin !== new URL(client.endpoint).origin ? [origin] : [];
  } catch (error) {
    // That the Hub does not answer is found elsewhere, with more words.
    if (isHfError(error) || signal.aborted) return [];
    throw error;
  }
}

function firstLargeFile(list: unknown): string | undefined {
  if (!Array.isArray(list)) return undefined;
  for (const repo of list as readonly unknown[]) {
    if (typeof repo !== "object" || repo === null || !("id" in repo) || typeof repo.id !== "string") continue;
    // A gate would be the answer.
    if ("gated" in repo && repo.gated !== false) continue;
    const siblings = "siblings" in repo && Array.isArray(repo.siblings) ? (repo.siblings as readonly unknown[]) : [];
    for (const file of siblings) {
      const name = typeof file === "object" && file !== null && "rfilename" in file ? file.rfilename : undefined;
      if (typeof name === "string" && LARGE.test(name))
        return `${repoPath(createRepo(repo.id))}/resolve/main/${encodePath(name)}`;
    }
  }
  return undefined;
}
