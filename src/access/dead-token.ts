import { isHfError } from "../core/errors.ts";
import type { HfError } from "../core/errors.ts";
import { repoApiPath } from "../core/repo.ts";
import type { Repo } from "../core/repo.ts";
import type { CallOptions, HubClient } from "../hub/index.ts";

export interface DeadTokenOptions {
  readonly repo: Repo;
  /** Told once, before anything is asked without the token. */
  readonly onAnonymous: (error: HfError) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The same client until the Hub says that it does not know the token. Then nobody in particular asks once whether the
 * repo is open to everybody; if it is, this call and all later ones go without the token, to the same endpoint. For a
 * private or gated repo, and for every other refusal, nothing changes.
 */
export function withoutDeadToken(hub: HubClient, options: DeadTokenOptions): HubClient {
  let isDead = false;
  let probe: Promise<boolean> | undefined;

  /** True when the call may be made again without the token. */
  const mayGoOn = async (error: unknown): Promise<boolean> => {
    if (!isHfError(error) || error.code !== "ERR_HF_INVALID_TOKEN") return false;
    probe ??= isPublic(hub, options).then((open) => {
      if (open) options.onAnonymous(error);
      return open;
    });
    isDead = await probe;
    return isDead;
  };
  const call = async <T>(ask: (more: { readonly anonymous?: true }) => Promise<T>): Promise<T> => {
    if (isDead) return ask({ anonymous: true });
    try {
      return await ask({});
    } catch (error) {
      if (await mayGoOn(error)) return ask({ anonymous: true });
      throw error;
    }
  };
  const dressed =
    <T>(ask: (target: string | URL, options: CallOptions) => Promise<T>) =>
    (target: string | URL, own: CallOptions = {}): Promise<T> =>
      call((more) => ask(target, { ...own, ...more }));
  return {
    ...hub,
    request: dressed(hub.request),
    json: dressed(hub.json),
    open: dressed(hub.open),
    openBody: dressed(hub.openBody),
    async *pages(path, own = {}) {
      let isFirst = true;
      try {
        for await (const page of hub.pages(path, isDead ? { ...own, anonymous: true } : own)) {
          isFirst = false;
          yield page;
        }
      } catch (error) {
        // Pages that were given already would come twice.
        if (!isFirst || isDead || !(await mayGoOn(error))) throw error;
        yield* hub.pages(path, { ...own, anonymous: true });
      }
    },
  };
}

/** The description of a gated repo is given to everybody, so it must say itself that there is no gate. */
async function isPublic(hub: HubClient, { repo, signal }: DeadTokenOptions): Promise<boolean> {
  try {
    const answer: unknown = await hub.json(repoApiPath(repo), {
      query: { expand: ["gated", "private"] },
      anonymous: true,
      retries: 1,
      ...(signal === undefined ? {} : { signal }),
    });
    return (
      typeof answer === "object" &&
      answer !== null &&
      "gated" in answer &&
      answer.gated === false &&
      !("private" in answer && answer.private !== false)
    );
  } catch (error) {
    signal?.throwIfAborted();
    if (!isHfError(error)) throw error;
    return false;
  }
}
