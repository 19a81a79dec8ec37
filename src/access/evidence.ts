import { isHfError, NetworkError } from "../core/errors.ts";
import type { HfError } from "../core/errors.ts";
import { encodePath, encodeSegment, parseRepoId, repoApiPath, repoPath } from "../core/repo.ts";
import type { Repo } from "../core/repo.ts";
import { refusalError, repoInAddress, requestId, serverText, toldSeconds } from "../hub/index.ts";
import type { HubClient } from "../hub/index.ts";
import { standingOf } from "./account.ts";
import { askNames, askNamesInTurn, otherTypes } from "./names.ts";
import type { NamesFound } from "./names.ts";
import { AT_ONCE, SOON } from "./patience.ts";
import { hasMoved } from "./verdict-parts.ts";
import type {
  AccessEvidence,
  AccessNeed,
  AccessSubject,
  Account,
  AccountReading,
  GateMode,
  HubReading,
  TokenFacts,
} from "./types.ts";

export type AccessHub = Pick<HubClient, "endpoint" | "credential" | "openBody" | "request">;

export interface CollectOptions {
  readonly token: TokenFacts;
  /** @default "read" */
  readonly need?: AccessNeed | undefined;
  /** Asks who the token speaks for. Undefined: nobody asks. */
  readonly whoami?: (() => Promise<Account>) | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly signal?: AbortSignal | undefined;
}

/** Nearly every repo has it, no gate lets it through, and the Hub looks at the gate before it looks for the file. */
const USUAL_FILE = ".gitattributes";
/** Given to everybody, also by a gated repo, so they say nothing about the gate. */
const OPEN_TO_ALL = new Set(["README.md", "LICENSE", "LICENSE.md", "LICENSE.txt"]);

/**
 * Finds out what a verdict needs, by at most four questions in two rounds (three for a name, see `askNamesInTurn`):
 * first the file and the account; then, by what the Hub said, what anybody may do, how the gate lets people in, or which
 * names exist. No question is asked whose answer would change nothing.
 * @throws the signal's reason when aborted
 */
export async function collectEvidence(
  hub: AccessHub,
  subject: AccessSubject,
  options: CollectOptions,
): Promise<AccessEvidence> {
  const { token, need = "read", whoami, now, signal } = options;
  const asks = token.kind === "used" && whoami !== undefined;
  const [answer, account] = await Promise.all([
    askAccess(hub, subject, { need, now, signal }),
    asks ? askAccount(whoami) : undefined,
  ]);
  signal?.throwIfAborted();
  const first: AccessEvidence = { subject, need, endpoint: hub.endpoint, now, token, answer, account };
  return { ...first, ...(await secondRound(hub, first, { now, signal })) };
}

export interface Asking {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly signal: AbortSignal | undefined;
}

/** The one question that a verdict can't do without. A refusal is an answer here; only an abort throws. */
export async function askAccess(
  hub: AccessHub,
  subject: AccessSubject,
  asking: Asking & { readonly need: AccessNeed },
): Promise<HubReading> {
  return asking.need === "write" ? askToWrite(hub, subject, asking) : askFile(hub, subject, false, asking);
}

async function secondRound(hub: AccessHub, evidence: AccessEvidence, asking: Asking): Promise<Partial<AccessEvidence>> {
  const { answer, token, subject, need } = evidence;
  const repo = answer.at ?? subject.repo;
  const withToken = token.kind === "used";
  // Nobody may write without a token, so there is nothing to compare with.
  const compares = withToken && need === "read";
  const nobody = async () => (compares ? { anonymous: await askFile(hub, { ...subject, repo }, true, asking) } : {});
  if (answer.kind === "readable") return nobody();
  switch (answer.error.code) {
    case "ERR_HF_GATED_REPO":
    case "ERR_HF_GATED_RESET":
      return { gate: await askGateMode(hub, repo, asking.signal) };
    case "ERR_HF_INVALID_TOKEN":
    case "ERR_HF_FORBIDDEN":
    case "ERR_HF_SCOPE_MISSING":
    case "ERR_HF_ORG_POLICY":
      return nobody();
    case "ERR_HF_PRIVATE_OR_MISSING":
    case "ERR_HF_REPO_NOT_FOUND":
      // A repo that the Hub led to is there. Without a token, a missing name and a closed one are as far from writing.
      if (hasMoved(evidence) || (need === "write" && !withToken)) return {};
      return askForNames(hub, evidence, repo, asking.signal);
    default:
      return {};
  }
}

/** Three questions are left where nobody is signed in, else two. */
function askForNames(
  hub: AccessHub,
  { token, account }: AccessEvidence,
  repo: Repo,
  signal: AbortSignal | undefined,
): Promise<NamesFound> {
  if (token.kind !== "used") return askNamesInTurn(hub, repo, 3, signal);
  // Of one's own namespace the owner is right.
  const mine = account?.kind === "known" && standingOf(account.account, repo) !== "stranger";
  return mine ? askNames(hub, repo, ["same-owner", otherTypes(repo)[0]], signal) : askNamesInTurn(hub, repo, 2, signal);
}

/** Asks for a file's head, as a download would, without its bytes. */
async function askFile(
  hub: AccessHub,
  subject: AccessSubject,
  anonymous: boolean,
  { now, signal }: Asking,
): Promise<HubReading> {
  const { repo, revision = "main", path } = subject;
  const file = path === undefined || OPEN_TO_ALL.has(path) ? USUAL_FILE : path;
  const address = `${repoPath(repo)}/resolve/${encodeSegment(revision)}/${encodePath(file)}`;
  const about = { repo, revision, entry: file };
  return reading(repo, signal, async () => {
    const { answer, url, heads } = await hub.openBody(address, {
      method: "HEAD",
      headers: { accept: "*/*" },
      redirect: "moved",
      refusals: "return",
      ...SOON,
      anonymous,
      subject: about,
      ...(signal === undefined ? {} : { signal }),
    });
    answer.cancel();
    const { status, headers } = answer;
    const at = heads
      .map((head) => sound(repoInAddress(head.url, hub.endpoint), repo))
      .findLast((one) => one !== undefined);
    if (status < 400) {
      // Captive portals answer 200 to everything; only a Hub names the commit.
      if (!heads.some((head) => head.headers.get("x-repo-commit") !== null)) throw noHub(url, status);
      return { kind: "readable", at, status, requestId: requestId(headers) };
    }
    return refusal(hub, { status, headers, body: "", url, at, anonymous, now, subject: about });
  }).then((read) => {
    // The gate is looked at before the file: one that is missing by nobody's wish means that it is open.
    const missing = read.kind === "refused" && read.error.code === "ERR_HF_ENTRY_NOT_FOUND" && file === USUAL_FILE;
    const unborn =
      read.kind === "refused" && read.error.code === "ERR_HF_REVISION_NOT_FOUND" && subject.revision === undefined;
    if (read.kind === "readable" || !(missing || unborn)) return read;
    return { kind: "readable", at: read.at, status: read.error.status ?? 404, requestId: read.error.requestId };
  });
}

async function askToWrite(hub: AccessHub, { repo }: AccessSubject, { now, signal }: Asking): Promise<HubReading> {
  return reading(repo, signal, async () => {
    const { status, headers, text, url } = await hub.request(`${repoApiPath(repo)}/auth-check/write`, {
      refusals: "return",
      ...SOON,
      subject: { repo },
      maxBytes: 256 * 1024,
      ...(signal === undefined ? {} : { signal }),
    });
    const at = sound(repoInAddress(url, hub.endpoint), repo);
    if (status < 300) {
      if (/html/i.test(headers.get("content-type") ?? "")) throw noHub(url, status);
      return { kind: "readable", at, status, requestId: requestId(headers) };
    }
    return refusal(hub, { status, headers, body: text, url, at, anonymous: false, now, subject: { repo } });
  });
}

async function reading(
  repo: Repo,
  signal: AbortSignal | undefined,
  ask: () => Promise<HubReading>,
): Promise<HubReading> {
  try {
    return await ask();
  } catch (error) {
    signal?.throwIfAborted();
    if (!isHfError(error)) throw error;
    return { kind: "refused", error, at: repo, said: "" };
  }
}

interface Refusal {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: string;
  readonly url: URL;
  readonly at: Repo | undefined;
  readonly anonymous: boolean;
  readonly now: number;
  readonly subject: { readonly repo: Repo; readonly revision?: string; readonly entry?: string };
}

function refusal({ endpoint, credential }: AccessHub, facts: Refusal): HubReading {
  const { status, headers, url, at, anonymous, now, subject } = facts;
  const whole = {
    ...facts,
    // A repo that has moved refuses under its new name.
    subject: at === undefined ? subject : { ...subject, repo: at },
    endpoint,
    credentialSent: !anonymous && credential !== undefined && url.origin === credential.origin,
    credentialSource: credential?.source,
    retryAfter: toldSeconds(status, headers, now),
  };
  return { kind: "refused", error: refusalError(whole), at, said: serverText(whole) };
}

/** A name that a redirect gave is a server's word: it must be a sound id, and of the same type. */
function sound(at: Repo | undefined, asked: Repo): Repo | undefined {
  if (at === undefined || at.type !== asked.type) return undefined;
  try {
    return { type: at.type, id: parseRepoId(at.id) };
  } catch {
    return undefined;
  }
}

function noHub(url: URL, status: number): HfError {
  return new NetworkError(
    "ERR_HF_BAD_ANSWER",
    `${url.host} answered ${status} without what every Hub says of a file.`,
    {
      status,
      hint: "Check HF_ENDPOINT, and whether this network wants a sign-in of its own in a browser first.",
    },
  );
}

async function askAccount(whoami: () => Promise<Account>): Promise<AccountReading> {
  try {
    return { kind: "known", account: await whoami() };
  } catch (error) {
    if (!isHfError(error)) throw error;
    return { kind: "unknown", error };
  }
}

/** What stands beside a verdict and is no part of it: without an answer the verdict has less to say. */
async function aside<T>(signal: AbortSignal | undefined, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    signal?.throwIfAborted();
    if (!isHfError(error)) throw error;
    return undefined;
  }
}

/** How the gate lets people in, as the repo's page says. */
export async function askGateMode(
  hub: AccessHub,
  repo: Repo,
  signal: AbortSignal | undefined,
): Promise<GateMode | undefined> {
  return aside(signal, async () => {
    const answer = await hub.request(repoApiPath(repo), {
      query: { expand: "gated" },
      ...AT_ONCE,
      ...(signal === undefined ? {} : { signal }),
    });
    return readGateMode(answer.json());
  });
}

/** How a gate lets people in, by the description of its repo; undefined where there is none, or it does not say. */
export function readGateMode(body: unknown): GateMode | undefined {
  const gated = typeof body === "object" && body !== null && "gated" in body ? body.gated : undefined;
  return gated === "auto" || gated === "manual" ? gated : undefined;
}
