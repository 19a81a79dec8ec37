import type { HfErrorCode } from "../core/errors.ts";
import { resolveToken } from "./resolve.ts";
import type { SourceReading, TokenResolution, TokenSource } from "./resolve.ts";
import { maskToken } from "./token-store.ts";

/**
 * `active`: this token is used. `promised`: it will be got over the network when it is used. `shadowed`: it would be, were it not for an earlier source. `unreadable`: the file
 * can't be read. `wrong-endpoint`: the token may not go to the endpoint in use. `refused`: anything else that keeps a
 * source that is set from being used.
 */
export type SourceState = "active" | "promised" | "shadowed" | "absent" | "unreadable" | "wrong-endpoint" | "refused";

/** One row of `auth status`. */
export interface SourceReport {
  readonly source: string;
  readonly state: SourceState;
  /** The earlier source that decides, also when it decides by being refused. */
  readonly shadowedBy?: string;
  /** Masked. */
  readonly token?: string;
  readonly tokenName?: string;
  readonly expiresAt?: Date;
  readonly expired?: boolean;
  /** What an exchanged token is limited to, and who the job is that gets it. */
  readonly resource?: string;
  readonly subject?: string;
  /** Why it can't be used. */
  readonly reason?: string;
  readonly code?: HfErrorCode;
  readonly hint?: string;
  readonly warnings: readonly string[];
}

export interface SourceSurvey {
  readonly resolution: TokenResolution;
  readonly sources: readonly SourceReport[];
}

/** Asks every source, also those behind the one that decides, so that a person sees what hides what. */
export async function surveySources(sources: readonly TokenSource[], now: number): Promise<SourceSurvey> {
  const readings: { readonly name: string; readonly reading: SourceReading }[] = [];
  for (const source of sources) {
    const reading = await source.read();
    // After the reading: a source that depends on the folder knows only then whose rule it found.
    readings.push({ name: source.name, reading });
  }
  // The same rule as everywhere, over what was read just now: the rows can't tell another story than the winner.
  const resolution = await resolveToken(readings.map(({ name, reading }) => ({ name, read: async () => reading })));
  const decidingAt = resolution.kind === "anonymous" ? readings.length : resolution.passed.length;
  const reports = readings.map(({ name, reading }, at): SourceReport => {
    const decider = resolution.kind === "anonymous" || at <= decidingAt ? undefined : resolution.source;
    return reportOf(name, reading, decider, now);
  });
  return { resolution, sources: reports };
}

function reportOf(source: string, reading: SourceReading, decider: string | undefined, now: number): SourceReport {
  const shadow = decider === undefined ? {} : { shadowedBy: decider };
  switch (reading.kind) {
    case "absent":
      return { source, state: "absent", warnings: [] };
    case "refused": {
      const { code, message, hint } = reading.error;
      const state = stateOf(code);
      return { source, state, ...shadow, reason: message, code, ...(hint === undefined ? {} : { hint }), warnings: [] };
    }
    case "promised": {
      const { resource, subject } = reading;
      const state = decider === undefined ? "promised" : "shadowed";
      return { source, state, ...shadow, resource, ...(subject === undefined ? {} : { subject }), warnings: [] };
    }
    case "found": {
      const { token, tokenName, expiresAt, resource, subject, warnings = [] } = reading;
      const masked = maskToken(token);
      return {
        source,
        state: decider === undefined ? "active" : "shadowed",
        ...shadow,
        ...(masked === undefined ? {} : { token: masked }),
        ...(tokenName === undefined ? {} : { tokenName }),
        ...(expiresAt === undefined ? {} : { expiresAt, expired: expiresAt.getTime() <= now }),
        ...(resource === undefined ? {} : { resource }),
        ...(subject === undefined ? {} : { subject }),
        warnings,
      };
    }
  }
}

function stateOf(code: HfErrorCode): SourceState {
  switch (code) {
    case "ERR_HF_TOKEN_ENDPOINT":
    case "ERR_HF_INSECURE_ENDPOINT":
      return "wrong-endpoint";
    case "ERR_HF_TOKEN_FILE":
    case "ERR_HF_STORE_UNREADABLE":
    case "ERR_HF_DISK":
    case "ERR_HF_KEYCHAIN":
      return "unreadable";
    default:
      return "refused";
  }
}
