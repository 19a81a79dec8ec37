import { resolveToken } from "../../src/auth/index.ts";
import type { SourceSurvey } from "../../src/auth/index.ts";
import { Secret } from "../../src/core/secret.ts";
import { readSettings } from "../../src/core/settings.ts";
import type { Evidence } from "../../src/doctor/index.ts";

/** Of the machine in {@link healthy}. */
export const NOW = 1_800_000_000_000;
const HOME = "/home/me/.cache/huggingface";

/** A survey in which the token file decides. */
export async function signedIn(): Promise<SourceSurvey> {
  const source = `file:${HOME}/token`;
  const token = Secret.of(`hf_${"h".repeat(34)}`);
  const resolution = await resolveToken([{ name: source, read: async () => ({ kind: "found", token }) }]);
  return { resolution, sources: [{ source, state: "active", token: "hf_****hhhh", warnings: [] }] };
}

/** What is collected on a machine with nothing wrong: signed in with a read token, the network up, a disk with room. */
export async function healthy(): Promise<Evidence> {
  const machine = { platform: "linux", home: "/home/me", cwd: "/home/me/work", userHome: () => undefined } as const;
  const settings = readSettings({}, machine);
  const tried = { refusal: undefined, symlinks: true, locks: true };
  const path = (name: string) => `${HOME}/${name}`;
  const ours = "/usr/lib/node_modules/latchkey/dist/bin/hf.cjs";
  return {
    platform: "linux",
    now: NOW,
    env: { HOME: "/home/me", PATH: "/usr/bin" },
    settings,
    endpointError: undefined,
    user: { uid: 1000, name: "me", home: "/home/me", inContainer: false },
    mounted: undefined,
    program: {
      nodeVersion: "20.19.0",
      script: "/usr/bin/hf",
      realScript: ours,
      onPath: [{ name: "hf", path: "/usr/bin/hf", kind: "ours" }],
      binFolder: "/usr/bin",
      binOnPath: true,
      relativePath: [],
    },
    logins: {
      home: { path: HOME, tried: HOME, ...tried },
      tokenFile: { path: path("token"), kind: "file", link: false, mode: 0o600, uid: 1000 },
      storedTokens: { path: path("stored_tokens"), kind: "file", link: false, mode: 0o600, uid: 1000 },
      others: [],
      content: { kind: "token", words: "" },
      states: ["token", "stored_tokens", "latchkey.json", ""].map((name) => ({ path: path(name), exists: true })),
      faults: [],
      survey: await signedIn(),
      renewed: false,
      savedLogins: 1,
      elsewhere: undefined,
      hiddenBy: undefined,
      lock: { path: path("stored_tokens.lock"), state: "free", holder: undefined, stale: undefined },
    },
    variables: { tokens: [], emptyTokens: [], lookAlikes: [], unreadableCertificates: [], proxyError: undefined },
    git: { kind: "found", helpers: 1, ours: [{ node: "/usr/bin/node", program: "/usr/bin/hf", works: true }] },
    dotenv: [],
    netrc: undefined,
    exposed: [],
    cache: {
      probe: { path: path("hub"), tried: path("hub"), ...tried },
      freeBytes: 500e9,
      hasInodes: true,
      fileSystem: undefined,
      elsewhere: undefined,
      locks: { held: [], stale: [] },
    },
    network: {
      kind: "asked",
      endpoint: {
        host: "huggingface.co",
        proxy: undefined,
        hops: [
          { hop: "name", to: "huggingface.co", ms: 4, failure: undefined, detail: "192.0.2.1" },
          { hop: "answer", to: "https://huggingface.co", ms: 90, failure: undefined, detail: "status 200" },
        ],
      },
      storage: [{ host: "cas-bridge.xethub.hf.co", proxy: undefined, hops: [] }],
      unclearStorage: [],
      hubTime: { theirs: NOW, ours: NOW },
      identity: {
        kind: "known",
        identity: { type: "user", name: "me", orgs: [], token: { name: "laptop", role: "read" } },
      },
      limitMs: 2000,
    },
  };
}
