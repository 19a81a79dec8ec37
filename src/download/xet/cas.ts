import type { Credential } from "../../core/credential.ts";
import { NetworkError } from "../../core/errors.ts";
import type { Clock } from "../../core/ports.ts";
import { encodeSegment, repoApiPath } from "../../core/repo.ts";
import type { Repo } from "../../core/repo.ts";
import { Secret } from "../../core/secret.ts";
import type { HubClient, OpenedFile } from "../../hub/index.ts";
import type { FileRange, XorbRange } from "./reconstruction.ts";
import { mayLead, readReconstruction } from "./reconstruction.ts";

/** The Xet storage behind one commit of a repo. */
export interface Cas {
  /**
   * How to put a part of a file together.
   * @param hash the file's name in the storage: 64 hex digits
   * @throws NetworkError; the Hub's refusal of a token for the storage
   */
  reconstruct(hash: string, window: FileRange, signal: AbortSignal): Promise<XorbRange[]>;
  /** The bytes of one range, on the connection. @throws NetworkError, with `status` where the storage refuses */
  open(range: XorbRange, signal: AbortSignal): Promise<Pick<OpenedFile, "receive" | "cancel">>;
}

export interface CasSetup {
  readonly hub: HubClient;
  readonly repo: Repo;
  readonly commit: string;
  readonly clock: Clock;
}

/** An answer about 256 MiB of a file: longer is not an honest one. */
const MOST_JSON = 32 * 1024 * 1024;
/** Seconds before its end that a token is renewed, as Python's engine does it. */
const EARLY = 30;

interface Access {
  readonly client: HubClient;
  readonly url: URL;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/**
 * Asks the Hub for a token when the first file is fetched, and again when it ends. That token goes to the storage's
 * origin alone and the Hub's own never leaves the Hub: each has a client of its own. The signed addresses get neither.
 */
export function createCas({ hub, repo, commit, clock }: CasSetup): Cas {
  let access: Promise<Access> | undefined;
  /** The second version is asked until the storage says that it has only the first. */
  let version: "v1" | "v2" = "v2";

  // Without a signal: others wait for the same token.
  const start = (): Promise<Access> => {
    const asked = askToken(hub, repo, commit);
    access = asked;
    asked.catch(() => {
      if (access === asked) access = undefined;
    });
    return asked;
  };
  const current = async (): Promise<Access> => {
    const mine = access ?? start();
    const known = await mine;
    if (known.expiresAt - EARLY * 1000 > clock.now()) return known;
    // The first to notice renews it. A new one is taken as it is, or a clock that goes wrong would ask for ever.
    return access === mine ? start() : (access ?? start());
  };
  const ask = async (hash: string, window: FileRange, signal: AbortSignal): Promise<XorbRange[]> => {
    const known = await current();
    const { client, url } = known;
    const answer = await client.request(`${version}/reconstructions/${hash}`, {
      headers: { range: `bytes=${window.start}-${window.end - 1}` },
      redirect: "refuse",
      refusals: "return",
      retries: 1,
      maxBytes: MOST_JSON,
      signal,
    });
    if (answer.status === 200) return readReconstruction(answer.json(), window, url);
    if (version === "v2" && (answer.status === 404 || answer.status === 501)) {
      version = "v1";
      return ask(hash, window, signal);
    }
    // A token that the storage does not take any more; the next try has another.
    if (answer.status === 401 && (await access) === known) access = undefined;
    throw refusal(url, answer.status);
  };
  return {
    reconstruct: ask,
    async open({ url, first, last }, signal) {
      const { client } = await current();
      const { answer } = await client.openBody(url, {
        headers: { range: `bytes=${first}-${last}`, accept: "*/*" },
        anonymous: true,
        redirect: "refuse",
        refusals: "return",
        retries: 0,
        signal,
      });
      const length = last - first + 1;
      const range = answer.headers.get("content-range") ?? "";
      const right = answer.status === 206 && range.startsWith(`bytes ${first}-${last}/`);
      if (right && (answer.length ?? length) === length) return answer;
      answer.cancel();
      if (answer.status >= 400) throw refusal(url, answer.status);
      throw new NetworkError("ERR_HF_BAD_ANSWER", `${url.host} sent other bytes than were asked for.`, {
        status: answer.status,
        hint: HINT,
      });
    },
  };
}

async function askToken(hub: HubClient, repo: Repo, commit: string): Promise<Access> {
  const path = `${repoApiPath(repo)}/xet-read-token/${encodeSegment(commit)}`;
  const body = await hub.json(path, { subject: { repo, revision: commit } });
  const { accessToken, exp, casUrl } = (typeof body === "object" && body !== null ? body : {}) as Record<
    string,
    unknown
  >;
  const from = new URL(hub.endpoint);
  const good =
    typeof accessToken === "string" &&
    /^[\x21-\x7e]{1,16384}$/.test(accessToken) &&
    typeof exp === "number" &&
    typeof casUrl === "string" &&
    URL.canParse(casUrl) &&
    mayLead(from, new URL(casUrl));
  if (!good) {
    throw new NetworkError("ERR_HF_BAD_ANSWER", `${from.host} gave no way into its Xet storage.`, { hint: HINT });
  }
  const url = new URL(casUrl);
  const credential: Credential = { token: Secret.of(accessToken), origin: url.origin, source: "xet" };
  return { client: hub.at(`${url.origin}${url.pathname.replace(/\/+$/, "")}`, credential), url, expiresAt: exp * 1000 };
}

function refusal(url: URL, status: number): NetworkError {
  return new NetworkError("ERR_HF_HTTP", `The Xet storage at ${url.host} answered ${status}.`, { status, hint: HINT });
}

const HINT = "Try again, or take the other way: --transport http.";
