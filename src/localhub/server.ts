import { randomBytes } from "node:crypto";
import type { Server } from "node:http";
import { createServer } from "node:http";
import type { Caller } from "./access.ts";
import { callerFor } from "./access.ts";
import type { FaultRule } from "./fault-rule.ts";
import { createFaultRules } from "./fault-rules.ts";
import type { Fault } from "./faults.ts";
import { createHandler } from "./handler.ts";
import type { HubRequest } from "./http.ts";
import type { Journal } from "./journal.ts";
import { createJournal } from "./journal.ts";
import type { Hub } from "./model.ts";
import { createHub } from "./model.ts";
import { callerBySession } from "./pages/index.ts";
import type { Quotas } from "./rate-limit.ts";
import { createRateLimiter, HUB_QUOTAS } from "./rate-limit.ts";
import { createControl } from "./routes/control.ts";
import { routes } from "./routes/index.ts";
import { applySeed } from "./seed-apply.ts";
import type { Seed } from "./seed.ts";
import { defaultSeed } from "./seed.ts";
import { serveRequest } from "./serve-request.ts";
import { takeStateFolder } from "./state-owner.ts";
import { loadState, saveState } from "./state.ts";
import { createFolderStorage } from "./storage-folder.ts";
import { createMemoryStorage } from "./storage-memory.ts";
import type { Storage } from "./storage.ts";

export type LocalhubOptions = {
  /** Port of the hub; default 0 = any free one. */
  port?: number;
  /** Port of the CDN; default 0 = any free one. */
  cdnPort?: number;
  /** What the hub holds; default `defaultSeed()`. */
  seed?: Seed;
  /**
   * Folder that keeps everything over restarts; made when missing. Once it holds a hub the seed counts no more, but for
   * `reset()`. Default: in memory.
   */
  stateDir?: string;
  /** Refuse with 429 when a window is used up; default false: the headers count, nothing is refused. */
  enforceRateLimit?: boolean;
  /** Requests per window; default the Hub's own. */
  quotas?: Quotas;
  /** Milliseconds since 1970; default the real clock. Expiry of tokens and links follows it. */
  now?: () => number;
};

/** A running Hub. */
export type Localhub = {
  /** `http://localhost:PORT`: what `HF_ENDPOINT` is set to. */
  readonly url: string;
  /** `http://127.0.0.1:PORT`: where large files come from, another host on purpose. */
  readonly cdnUrl: string;
  /** Token values by the names of the seed; made anew on every start, the same after `reset()`. */
  readonly tokens: Readonly<Record<string, string>>;
  /** What the hub holds now; tests may look and change. */
  readonly model: Hub;
  readonly journal: Journal;
  /** Faults written as code, asked for every request. */
  readonly faults: Fault[];
  /**
   * Makes something go wrong; the rules work in the order in which they were set. Returns a function that takes the rule
   * away again.
   * @throws Error saying what is wrong with the rule.
   */
  fault(rule: FaultRule): () => void;
  /** Back to the seed: repos, accounts, requests; the journal and the faults are emptied. Ports and tokens stay. */
  reset(): Promise<void>;
  /** Ends all connections, those in use too, and frees both ports. */
  close(): Promise<void>;
};

/**
 * Starts the emulator on loopback.
 * @throws when the port is taken, the seed cannot be applied, or another localhub has the state folder.
 */
export async function startLocalhub(options: LocalhubOptions = {}): Promise<Localhub> {
  const release = options.stateDir === undefined ? () => {} : takeStateFolder(options.stateDir);
  try {
    return await start(options, release);
  } catch (error) {
    release();
    throw error;
  }
}

async function start(options: LocalhubOptions, release: () => void): Promise<Localhub> {
  const now = options.now ?? Date.now;
  const seed = options.seed ?? defaultSeed();
  const tokens: Record<string, string> = {};
  const { stateDir } = options;
  const openStorage = (): Storage => (stateDir === undefined ? createMemoryStorage() : createFolderStorage(stateDir));
  const save = (): void => {
    if (stateDir !== undefined) saveState(hub, stateDir);
  };
  const hub = createHub(openStorage(), now, randomBytes(32));
  if (stateDir !== undefined && loadState(hub, stateDir)) {
    for (const token of hub.tokens.values()) tokens[token.name] = token.value;
  } else {
    await applySeed(hub, seed, tokens);
    save();
  }
  const limiter = createRateLimiter({
    now,
    enforce: options.enforceRateLimit ?? false,
    quotas: options.quotas ?? HUB_QUOTAS,
  });
  const journal = createJournal();
  const faults: Fault[] = [];
  const rules = createFaultRules(now);
  const handler = createHandler({ hub, routes, limiter, identify: (request) => identify(hub, request) });
  const reset = async (): Promise<void> => {
    for (const repo of hub.repos.values()) hub.storage.drop(repo._id);
    await hub.storage.close();
    const fresh = createHub(openStorage(), now, hub.secret);
    await applySeed(fresh, seed, tokens);
    Object.assign(hub, { ...fresh, origins: hub.origins });
    save();
    limiter.reset();
    journal.clear();
    faults.length = 0;
    rules.clear();
  };
  const control = createControl({ hub, journal, rules, reset });

  const serve = (origin: "hub" | "cdn"): Server =>
    createServer({ keepAliveTimeout: 30_000 }, (incoming, outgoing) => {
      void serveRequest({ origin, handler, control, journal, faults, rules, now, save }, incoming, outgoing);
    });
  const hubServers = await listenOnLoopback(() => serve("hub"), options.port ?? 0);
  const cdn = serve("cdn");
  try {
    await listen(cdn, "127.0.0.1", options.cdnPort ?? 0);
  } catch (error) {
    await Promise.all(hubServers.map(stop));
    throw error;
  }
  hub.origins.hub = `http://localhost:${portOf(hubServers[0])}`;
  hub.origins.cdn = `http://127.0.0.1:${portOf(cdn)}`;

  return {
    url: hub.origins.hub,
    cdnUrl: hub.origins.cdn,
    tokens,
    model: hub,
    journal,
    faults,
    fault: (rule) => rules.add(rule),
    reset,
    async close() {
      await Promise.all([...hubServers, cdn].map(stop));
      await hub.storage.close();
      release();
    },
  };
}

/** By the Authorization header; without one, by the session of the web pages. */
function identify(hub: Hub, request: HubRequest): Caller {
  const authorization = request.headers["authorization"];
  return authorization === undefined ? callerBySession(hub, request) : callerFor(hub, authorization);
}

/**
 * `localhost` is 127.0.0.1 for some clients and ::1 for others, so the hub listens on both, on one port. Where IPv6 is
 * not there, on the first alone.
 */
async function listenOnLoopback(make: () => Server, port: number): Promise<Server[]> {
  for (let tries = 0; ; tries++) {
    const four = make();
    await listen(four, "127.0.0.1", port);
    const six = make();
    try {
      await listen(six, "::1", portOf(four));
      return [four, six];
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code !== "EADDRINUSE") return [four];
      await stop(four);
      // Someone has that port on ::1; with a free choice another port will do.
      if (port !== 0 || tries >= 20) throw error;
    }
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function portOf(server: Server | undefined): number {
  const address = server?.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
