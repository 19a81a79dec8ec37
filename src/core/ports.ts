/** The one place a request names its body: text or bytes, both short. Files never travel through here. */
export type RequestBody = string | Uint8Array;

/** What the library passes to a `fetch`. The global `fetch` fits. */
export interface FetchInit {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: RequestBody;
  /** Redirects are always followed by hand, so that the credential is decided again on every hop. */
  readonly redirect: "manual";
  readonly signal?: AbortSignal;
}

/** What the library reads of an answer. A standard `Response` fits. */
export interface FetchResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: AsyncIterable<Uint8Array> | null;
}

/** An injected `fetch`: called with an absolute URL, answers with a response whose redirects were not followed. */
export type Fetch = (url: string, init: FetchInit) => Promise<FetchResponse>;

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Waits `ms` milliseconds; rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Facts of the machine that decide where files are and what they may be. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  /** The home folder as the operating system gives it. */
  readonly home: string;
  readonly cwd: string;
  /** Home folder of another user for `~name`, or undefined where there is no such user. */
  userHome(name: string): string | undefined;
}

/** A message for the person, while a command works. The text may hold a server's words and is made plain first. */
export type Warn = (message: string) => void;
