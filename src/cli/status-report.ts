import type { SourceReport, SourceSurvey, StoreDescription } from "../auth/index.ts";
import type { Settings } from "../core/settings.ts";
import { alignColumns } from "./output.ts";
import type { Json, Report } from "./output.ts";

export interface StatusProblem {
  readonly message: string;
  readonly hint: string | undefined;
  readonly code: string;
}

export interface StatusFacts {
  readonly survey: SourceSurvey;
  readonly store: StoreDescription;
  /** Variables that look like ours and are not read. */
  readonly similar: readonly string[];
  /** Variables of a token that are set and hold nothing. */
  readonly empty: readonly string[];
  readonly settings: Pick<Settings, "endpoint" | "tokenPath" | "hubCache" | "disableImplicitToken">;
  /** Whose token it is; null when the Hub was not asked, or had no answer. */
  readonly user: string | null;
  /** Why the Hub had no answer. */
  readonly problem: StatusProblem | undefined;
  /** The sign of a thing that is well. */
  readonly tick: string;
}

/** What `hf auth status` tells of facts that were gathered. */
export function statusReport(facts: StatusFacts): Report {
  const { survey, store, similar, settings, user, problem } = facts;
  const told = problem ?? whyNobody(survey);
  const { resolution, sources } = survey;
  // Where the file that is named holds no token, its mode is somebody else's business.
  const noToken = sources.some((source) => source.source === store.source && source.state === "refused");
  const unsafe = [...(noToken ? [] : [store.tokenFile]), store.storedTokens, store.folder].filter(
    (file) => file.unsafe !== undefined,
  );
  const dead = problem?.code === "ERR_HF_INVALID_TOKEN";
  const promised = resolution.kind === "promised";
  const { endpoint, tokenPath, hubCache } = settings;
  const rows = sources.map((source) => [mark(source.state), source.source, describe(source)]);
  return {
    data: {
      // Not known without the network.
      signedIn: promised ? null : resolution.kind === "found" && !dead,
      user,
      endpoint,
      active: resolution.kind === "anonymous" ? null : resolution.source,
      sources: sources.map(sourceData),
      unsafe: unsafe.map((file) => `${file.path} ${file.unsafe}`),
      lookAlikes: [...similar],
      empty: [...facts.empty],
      implicitTokenDisabled: settings.disableImplicitToken,
      checked: problem === undefined ? user !== null : false,
      problem: told === undefined ? null : { code: told.code, message: told.message, hint: told.hint ?? null },
      tokenPath,
      hubCache,
    },
    human: [
      user === null ? endpoint : `${facts.tick} ${user} at ${endpoint}`,
      ...alignColumns(rows).map((line) => `  ${line}`),
    ],
    quiet: resolution.kind === "anonymous" ? [] : [resolution.source],
    notes: [
      ...(resolution.kind === "anonymous" ? ["Not signed in. Sign in with 'hf auth login', or set HF_TOKEN."] : []),
      ...sources.flatMap((source) => (source.reason === undefined ? [] : advice(source.reason, source.hint))),
      ...sources.flatMap((source) => source.warnings),
      ...(problem === undefined ? [] : advice(problem.message, problem.hint)),
      ...unsafe.map(
        ({ path, unsafe: why, mend }) => `${path} ${why}.${mend === undefined ? "" : ` Mend it with: ${mend}`}`,
      ),
      ...facts.empty.map((name) => `${name} is set but empty; it counts as not set.`),
      ...(settings.disableImplicitToken
        ? ["HF_HUB_DISABLE_IMPLICIT_TOKEN is set: what needs no token, such as a download, is asked for without one."]
        : []),
      ...similar.map((name) => `${name} is set, but is not read. The variable is called HF_TOKEN.`),
    ],
    exit: promised || (resolution.kind === "found" && !dead) ? 0 : 3,
  };
}

/** For a program: a status that ends with an exit code has the same parts as an error. */
function whyNobody({ resolution }: SourceSurvey): StatusProblem | undefined {
  switch (resolution.kind) {
    case "anonymous":
      return {
        code: "ERR_HF_NOT_SIGNED_IN",
        message: "Nobody is signed in.",
        hint: "Sign in with 'hf auth login', or set HF_TOKEN.",
      };
    case "refused":
      return { code: resolution.error.code, message: resolution.error.message, hint: resolution.error.hint };
    case "found":
    case "promised":
      return undefined;
  }
}

function mark(state: SourceReport["state"]): string {
  return {
    active: "*",
    promised: "*",
    shadowed: "-",
    absent: " ",
    unreadable: "!",
    "wrong-endpoint": "!",
    refused: "!",
  }[state];
}

function describe(source: SourceReport): string {
  const words: Partial<Record<SourceReport["state"], string>> = {
    "wrong-endpoint": "wrong endpoint",
    promised: "exchanged when it is used",
  };
  const facts: string[] = [words[source.state] ?? source.state];
  if (source.shadowedBy !== undefined)
    facts[0] = `${facts[0]}${source.state === "shadowed" ? "" : ", shadowed"} by ${source.shadowedBy}`;
  if (source.token !== undefined) facts.push(source.token);
  if (source.resource !== undefined) facts.push(`for ${source.resource}`);
  if (source.subject !== undefined) facts.push(`as ${source.subject}`);
  if (source.tokenName !== undefined) facts.push(`saved as ${source.tokenName}`);
  if (source.expiresAt !== undefined) {
    facts.push(`${source.expired === true ? "expired" : "expires"} ${source.expiresAt.toISOString().slice(0, 10)}`);
  }
  return facts.join(", ");
}

function advice(message: string, hint: string | undefined): string[] {
  return hint === undefined ? [message] : [`${message} ${hint}`];
}

function sourceData(source: SourceReport): Json {
  return {
    source: source.source,
    state: source.state,
    shadowedBy: source.shadowedBy ?? null,
    token: source.token ?? null,
    tokenName: source.tokenName ?? null,
    expiresAt: source.expiresAt?.toISOString() ?? null,
    expired: source.expired ?? null,
    resource: source.resource ?? null,
    subject: source.subject ?? null,
    reason: source.reason ?? null,
    code: source.code ?? null,
    hint: source.hint ?? null,
    warnings: [...source.warnings],
  };
}
