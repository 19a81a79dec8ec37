import { cleanToken, whoami as askWhoami } from "../auth/index.ts";
import type { ExplicitToken, Identity, TokenResolution } from "../auth/index.ts";
import { TokenError } from "../core/errors.ts";
import type { Environment, Fetch, Warn } from "../core/ports.ts";
import { parseRepoAddress } from "../core/repo-address.ts";
import { parseRepoSpec } from "../core/repo.ts";
import type { Repo } from "../core/repo.ts";
import { Secret } from "../core/secret.ts";
import { parseEndpoint, placeOf, readSettings } from "../core/settings.ts";
import type { HubClient } from "../hub/index.ts";
import type { DownloadEvent, DownloadPlan, DownloadResult } from "../download/index.ts";
import { openAccess, subjectOf } from "./access.ts";
import type { AccessReport } from "./access.ts";
import { ambientEnvironment, ambientMachine, ambientProgram, maskInLog } from "./ambient.ts";
import { downloadEvents } from "./download-events.ts";
import type { DownloadStep } from "./download-events.ts";
import { applyDownloadWith, downloadFileWith, downloadSnapshotWith, planDownloadWith } from "./download.ts";
import type {
  ApplyDownloadOptions,
  DownloadFileOptions,
  DownloadSnapshotOptions,
  PlanDownloadOptions,
} from "./download.ts";
import { aboutToken, hubWith } from "./refusing-hub.ts";
import { openSession } from "./session.ts";
import type { Session } from "./session.ts";

/** What every function of the library takes. Nothing of it is read before the call. */
export interface HubOptions {
  /**
   * A token for this call alone; `"name:work"`: the saved login of that name; `false`: none.
   * Default: found as `hf auth status` shows it.
   */
  readonly token?: string | Secret | false;
  /** Address of the Hub. Default: `HF_ENDPOINT`, else https://huggingface.co */
  readonly endpoint?: string;
  /** Variables to read instead of the process's own. `HOME` (on Windows `USERPROFILE`) is the home folder if it is set. */
  readonly env?: Environment;
  /** Sends the calls of the API. Contents of files go over sockets of our own. Default: `node:http` and `node:https`. */
  readonly fetch?: Fetch;
  /** Ends the work; the promise rejects with `ERR_HF_INTERRUPTED` or the signal's reason. */
  readonly signal?: AbortSignal;
  /** Takes what a person should know though the work goes on. Default: nobody. */
  readonly onWarning?: Warn;
}

/**
 * Which token a call would use, and from where: the first source that is not absent decides.
 * @example
 * const found = await resolveToken();
 * if (found.kind === "found") console.error(`using ${found.source}`);
 * @throws UsageError `ERR_HF_INVALID_ENDPOINT`
 */
export async function resolveToken(options: HubOptions = {}): Promise<TokenResolution> {
  return sessionOf(options).resolve();
}

/**
 * Who the token speaks for. The Hub limits this call strictly: ask once, and keep the answer.
 * @throws TokenError `ERR_HF_NOT_SIGNED_IN`, `ERR_HF_INVALID_TOKEN`, `ERR_HF_TOKEN_REFUSED`
 * @throws RateLimitError, NetworkError
 */
export async function whoami(options: HubOptions = {}): Promise<Identity> {
  const { signal } = options;
  const session = sessionOf(options);
  return aboutToken(session, signal, async () => askWhoami(await session.hub("required"), { signal }));
}

/**
 * A client for any call of the Hub's API, with the token found by itself. The token goes to the endpoint alone.
 * @example
 * const hub = await createHub();
 * const info = await hub.json("api/models/acme/tiny");
 * @throws HfError the reason of a token source that is there and can't be used
 */
export async function createHub(options: HubOptions = {}): Promise<HubClient> {
  return hubWith(sessionOf(options));
}

export interface CheckAccessOptions extends HubOptions {
  /** @default "read" */
  readonly need?: "read" | "write";
  /** Branch, tag or commit. @default "main" */
  readonly revision?: string;
  /** A file to ask about. Default: one that nearly every repo has. */
  readonly path?: string;
}

/**
 * May this token read (or write) a repo, and if not which of the known causes it is, with the evidence and the one
 * thing to do. A refusal is an answer here, not an error. At most four requests.
 * @example
 * const { verdict } = await checkAccess("acme/gated-tiny");
 * if (!verdict.allowed) console.error(`${verdict.kind}: ${verdict.message} ${verdict.next.text}`);
 * @param repo as in {@link downloadSnapshot}, or an `hf://` address, or the address of the repo's page
 * @throws UsageError a name that can't be one
 */
export async function checkAccess(repo: string | Repo, options: CheckAccessOptions = {}): Promise<AccessReport> {
  const session = sessionOf(options);
  const { endpoint } = session.settings;
  const subject = typeof repo === "string" ? subjectOf(parseRepoAddress(repo, { endpoint })) : { repo: repoOf(repo) };
  const { revision, path, need, signal } = options;
  const desk = await openAccess(session);
  return desk.check(
    { ...subject, ...(revision === undefined ? {} : { revision }), ...(path === undefined ? {} : { path }) },
    { need, signal },
  );
}

/**
 * Brings a repo, or the entries of it that are wanted, into the cache that is shared with Python. Every byte is
 * verified before it becomes visible; what is there already is not fetched again.
 * @param repo `namespace/name`, with its type in front for others than models (`datasets/acme/words`), or a `Repo`
 * @throws AccessError gated, disabled, forbidden; NotFoundError; IntegrityError; DiskError; NetworkError; OfflineError
 */
export async function downloadSnapshot(
  repo: string | Repo,
  options: HubOptions & DownloadSnapshotOptions = {},
): Promise<DownloadResult> {
  return downloadSnapshotWith(sessionOf(options), repoOf(repo), workOf(options));
}

/**
 * Brings one file of a repo into the shared cache. `path` of the result is where to open it.
 * @param subject the repo as in {@link downloadSnapshot}, and the file's path in it
 * @throws as {@link downloadSnapshot}
 */
export async function downloadFile(
  subject: { readonly repo: string | Repo; readonly path: string },
  options: HubOptions & DownloadFileOptions = {},
): Promise<DownloadResult> {
  return downloadFileWith(sessionOf(options), repoOf(subject.repo), subject.path, workOf(options));
}

/**
 * What {@link downloadSnapshot} (or {@link downloadFile}, with `path`) would do with the same options: what is there,
 * what is missing, whether it fits on the disk. Asks the Hub; writes nothing into the cache.
 * @example
 * const plan = await planDownload("acme/tiny");
 * console.log(`${plan.missingFiles} files, ${plan.missingBytes} bytes`);
 * @throws as {@link downloadSnapshot}, but for a want of space, which `shortBytes` tells
 */
export async function planDownload(
  repo: string | Repo,
  options: HubOptions & PlanDownloadOptions = {},
): Promise<DownloadPlan> {
  return planDownloadWith(sessionOf(options), repoOf(repo), workOf(options));
}

/**
 * Carries out a plan of {@link planDownload}: the same entries of the same commit into the same place, also when the
 * branch has moved since, or when the cache has changed. The plan is plain data and may have been kept as JSON.
 * @example
 * const plan = await planDownload("acme/tiny");
 * if (plan.missingBytes < 1e9) await applyDownload(plan);
 * @throws as {@link downloadSnapshot}; DiskError `ERR_HF_NO_SPACE` before the first byte, unless `allowLowSpace`
 */
export async function applyDownload(
  plan: DownloadPlan,
  options: HubOptions & ApplyDownloadOptions = {},
): Promise<DownloadResult> {
  return applyDownloadWith(sessionOf(options), { ...plan, repo: repoOf(plan.repo) }, workOf(options));
}

/**
 * {@link downloadSnapshot} (or {@link downloadFile}, with `path`) as the events of it: `planned`, `started`, `progress`
 * (at most 10 a second), `resumed`, `verified`, `retry`, `kept`, and at last `done` with the result. Leaving the loop stops
 * the download.
 * @example
 * for await (const event of download("acme/tiny")) {
 *   if (event.kind === "progress") console.error(event.bytes, event.totalBytes);
 *   if (event.kind === "done") console.log(event.result.path);
 * }
 * @throws as {@link downloadSnapshot}, out of the loop
 */
export function download(
  repo: string | Repo,
  options: HubOptions & Omit<PlanDownloadOptions, "onEvent"> = {},
): AsyncGenerator<DownloadStep, void, void> {
  const { path, ...more } = options;
  return downloadEvents((onEvent, stop) => {
    const signal = options.signal === undefined ? stop : AbortSignal.any([options.signal, stop]);
    const asked = { ...more, onEvent, signal };
    return path === undefined ? downloadSnapshot(repo, asked) : downloadFile({ repo, path }, asked);
  });
}

export type { DownloadEvent };

function sessionOf(options: HubOptions): Session {
  const env = options.env ?? ambientEnvironment();
  const machine = ambientMachine(env);
  const read = readSettings(env, machine);
  read.warnings.forEach((warning) => options.onWarning?.(warning));
  const settings =
    options.endpoint === undefined ? read : { ...read, endpoint: parseEndpoint(options.endpoint), endpointSet: true };
  return openSession({
    settings,
    env,
    platform: machine.platform,
    cwd: machine.cwd,
    explicit: explicitToken(options.token),
    onSecret: maskInLog,
    program: ambientProgram(),
    ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
    ...(options.onWarning === undefined ? {} : { warn: options.onWarning }),
  });
}

/** Before the name of a saved login, where a token could stand. */
const BY_NAME = "name:";

/** Whoever names a token means that one: an empty variable passed on must not turn into another identity. */
function explicitToken(token: HubOptions["token"]): ExplicitToken | false | undefined {
  if (token === undefined || token === false) return token;
  if (token instanceof Secret) return { token, source: "argument" };
  // No token of the Hub holds a colon.
  if (token.startsWith(BY_NAME)) return { tokenName: token.slice(BY_NAME.length), source: "argument" };
  const cleaned = cleanToken(token);
  if (cleaned.kind === "clean") return { token: cleaned.token, source: "argument" };
  const why = cleaned.kind === "empty" ? "is empty" : cleaned.reason;
  throw new TokenError("ERR_HF_TOKEN_REFUSED", `The token that was passed ${why}.`, {
    hint: "Leave 'token' out to use the saved login, or pass false to use none.",
  });
}

function repoOf(repo: string | Repo): Repo {
  return typeof repo === "string" ? parseRepoSpec(repo) : parseRepoSpec(repo.id, repo.type);
}

interface Places {
  readonly cacheDir?: string | undefined;
  readonly localDir?: string | undefined;
}

/** The caller's options without those that the session has taken, with the places that they name made absolute. */
function workOf<T extends HubOptions & Places>(
  options: T,
): Omit<T, "token" | "endpoint" | "env" | "fetch" | "onWarning"> {
  const { token: _token, endpoint: _endpoint, env: _env, fetch: _fetch, onWarning, ...work } = options;
  const env = options.env ?? ambientEnvironment();
  const { cacheDir, localDir } = options;
  const place = (text: string, name: string): string => placeOf(text, name, env, ambientMachine(env));
  return {
    ...work,
    ...(cacheDir === undefined ? {} : { cacheDir: place(cacheDir, "cacheDir") }),
    ...(localDir === undefined ? {} : { localDir: place(localDir, "localDir") }),
    ...(onWarning === undefined ? {} : { warn: onWarning }),
  };
}
