import { hubAddress, repoInAddress } from "../hub/index.ts";
import type { CallOptions, HubClient } from "../hub/index.ts";
import { sharpenFor } from "./access.ts";
import type { Session } from "./session.ts";

/**
 * Does what is about the token alone. A refusal has the verdict that `hf access` would give as its cause.
 * @throws what the work throws
 */
export async function aboutToken<T>(
  session: Session,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    signal?.throwIfAborted();
    throw await sharpenFor(session, error, session.connect(undefined), undefined, { signal, tokenNeed: "required" });
  }
}

/**
 * The session's client, whose refusals have the verdict of `hf access` as their cause: of the repo that the call's
 * address names, for one more request at most.
 * @throws HfError the reason of a token source that is there and can't be used
 */
export async function hubWith(session: Session): Promise<HubClient> {
  let hub: HubClient;
  try {
    hub = await session.hub();
  } catch (error) {
    throw await sharpenFor(session, error, session.connect(undefined), undefined);
  }
  const sharpened = async (error: unknown, target: string | URL, options: CallOptions = {}): Promise<unknown> => {
    const { signal, subject } = options;
    signal?.throwIfAborted();
    const url = typeof target === "string" ? hubAddress(hub.endpoint, target) : target;
    const repo = subject?.repo ?? repoInAddress(url, hub.endpoint);
    // Another Hub's refusal, or one that nobody in particular got, says nothing of this token.
    if (options.anonymous === true || url.origin !== new URL(hub.endpoint).origin) return error;
    const about = repo === undefined ? undefined : { repo, revision: subject?.revision, path: subject?.entry };
    const sends = options.json !== undefined || options.form !== undefined || options.ndjson !== undefined;
    const reads = /^(?:GET|HEAD)$/i.test(options.method ?? (sends ? "POST" : "GET"));
    return sharpenFor(session, error, hub, about, { need: reads ? "read" : "write", signal });
  };
  const explained =
    <T>(ask: (target: string | URL, options?: CallOptions) => Promise<T>) =>
    async (target: string | URL, options?: CallOptions): Promise<T> => {
      try {
        return await ask(target, options);
      } catch (error) {
        throw await sharpened(error, target, options);
      }
    };
  return {
    ...hub,
    request: explained(hub.request),
    json: explained(hub.json),
    open: explained(hub.open),
    openBody: explained(hub.openBody),
    async *pages(path, options) {
      try {
        yield* hub.pages(path, options);
      } catch (error) {
        throw await sharpened(error, path, options);
      }
    },
  };
}
