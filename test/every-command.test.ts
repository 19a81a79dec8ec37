import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { routes } from "../src/cli/routes.ts";
import { errorEntry, isErrorCode } from "../src/core/error-table.ts";
import type { HfErrorCode } from "../src/core/error-table.ts";
import { FINDING_CODES } from "../src/doctor/index.ts";
import type { FindingCode } from "../src/doctor/index.ts";
import { errorOf } from "./support/printed-error.ts";
import { nobody, serve } from "./support/scripted-server.ts";
import { HF, startWorld } from "./support/world.ts";
import type { Outcome, RunOptions, World } from "./support/world.ts";

/** Programs that run at the same time. */
const AT_ONCE = 4;
/** Nobody: a number that owns nothing. */
const UID = 65534;

let world: World;
const homes: string[] = [];
const ends: (() => Promise<void>)[] = [];
const later = { after: (close: () => Promise<void>): void => void ends.push(close) };
before(async () => {
  world = await startWorld();
  // For a user who owns nothing here.
  chmodSync(world.folder, 0o755);
});
after(async () => {
  await Promise.all(ends.map((close) => close()));
  for (const home of homes) chmodSync(home, 0o700);
  await world.close();
});

/** The words of every command there is, also of those that are hidden; one of two names for the same command. */
function leaves(map: unknown, words: readonly string[] = [], seen = new Set<unknown>()): readonly string[] {
  const entries = (map as { getAllEntries(): { name: { original: string }; target: unknown }[] }).getAllEntries();
  return entries.flatMap(({ name, target }) => {
    const path = [...words, name.original];
    if (typeof target === "object" && target !== null && "getAllEntries" in target) return leaves(target, path, seen);
    if (seen.has(target)) return [];
    seen.add(target);
    return [path.join(" ")];
  });
}

/** What a command needs so that it gets as far as the trouble. */
const MORE: Readonly<Record<string, string>> = {
  "auth login": "--token-stdin --force",
  "auth logout": "--revoke --yes",
  "auth switch": "mine",
  "auth revoke": "--token-stdin --yes",
  "auth use": "mine",
  "auth ci": "github",
  "auth git-credential": "get",
  "auth trust": "https://mirror.example",
  "access check": "alice/tiny-model",
  "access open": "alice/tiny-model --no-browser",
  "access wait": "acme/gated-manual --timeout 1s",
  "access list": "alice/tiny-model acme/gated-manual",
  download: "alice/tiny-model",
  doctor: "--timeout 1",
  "cache ready": "alice/tiny-model",
  run: "-- node -e 0",
  help: "ERR_HF_USAGE",
};
/** Their answer is the token. */
const TELLS_TOKEN = new Set(["auth token", "auth env", "auth git-credential"]);
/** They end a token at the Hub, so they have one of their own. */
const ENDS_TOKEN = new Set(["auth revoke", "auth logout", "auth login"]);

/** One of each kind that reads saved logins in a way of its own. */
const READING = [
  "auth whoami",
  "auth status",
  "auth login",
  "auth logout",
  "access check",
  "access list",
  "download",
  "doctor",
  "run",
  "auth list",
  "auth switch",
  "auth token",
  "auth use",
  "auth git-credential",
];

interface Trouble {
  readonly what: string;
  /** `asking`: those that were seen to ask the Hub for something. @default every command there is */
  readonly commands?: readonly string[] | "asking";
  /** Codes by which some command tells of it. */
  readonly seen: readonly (HfErrorCode | FindingCode)[];
  /** Words in the place of those that the command needs. */
  readonly words?: string;
  /** What is in the home of each command. @default a saved login */
  readonly home?: (home: string, token: string) => void;
  /** Made once. */
  readonly options?: () => Promise<RunOptions> | RunOptions;
  /** A redirection of the shell. */
  readonly shell?: string;
  readonly skip?: string | false;
}

const windows = process.platform === "win32" ? "Windows has no such shell" : false;

/** A Hub that answers everything in the same way. */
async function answering(status: number, body: string, headers: Record<string, string> = {}): Promise<RunOptions> {
  const { url } = await serve(later, (_request, response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(body);
  });
  return { env: { HF_ENDPOINT: url } };
}

/** A home in which one login is saved. */
function signIn(home: string, token: string): void {
  writeFileSync(join(home, "token"), token, { mode: 0o600 });
  writeFileSync(join(home, "stored_tokens"), `[mine]\nhf_token = ${token}\nrefresh_token = renew-me\n\n`, {
    mode: 0o600,
  });
}

/** Nobody's, and nobody may write there. */
function readOnly(home: string, token: string): void {
  signIn(home, token);
  if (process.getuid?.() === 0) for (const name of ["token", "stored_tokens"]) chownSync(join(home, name), UID, UID);
  chmodSync(home, 0o555);
}

function whyNoOtherUser(): string | false {
  if (process.platform === "win32") return "Windows has no modes";
  if (process.getuid?.() !== 0) return false;
  const tried = spawnSync(process.execPath, [HF, "version"], { uid: UID, gid: UID });
  return tried.status === 0 ? false : "root may write anywhere, and nobody else can start the program here";
}

const HOUR = { "retry-after": "3600" };
const TROUBLES: readonly Trouble[] = [
  {
    what: "no home",
    seen: ["ERR_HF_DISK", "no-home"],
    options: () => ({ env: { HF_HOME: undefined, HOME: "/dev/null", HF_TOKEN: token() } }),
  },
  {
    what: "a read-only home",
    seen: ["ERR_HF_DISK", "home-not-writable"],
    skip: whyNoOtherUser(),
    home: readOnly,
    options: () => (process.getuid?.() === 0 ? { uid: UID } : {}),
  },
  {
    what: "garbage in the token file",
    commands: READING,
    seen: ["ERR_HF_TOKEN_REFUSED", "token-file-content"],
    home: (home) => writeFileSync(join(home, "token"), Buffer.alloc(5000, "\u0000\u009bü")),
  },
  {
    what: "a folder for a token file",
    seen: ["ERR_HF_TOKEN_FILE", "token-file-wrong-kind"],
    home: (home) => mkdirSync(join(home, "token")),
  },
  {
    what: "a list of logins that nobody can read",
    commands: READING,
    seen: ["ERR_HF_STORE_UNREADABLE", "logins-unreadable"],
    home: (home) => writeFileSync(join(home, "stored_tokens"), '{"mine": {}}'),
  },
  {
    what: "nobody at the endpoint",
    seen: ["ERR_HF_NETWORK", "host-unreachable"],
    options: async () => ({ env: { HF_ENDPOINT: await nobody() } }),
  },
  {
    what: "401",
    commands: "asking",
    seen: ["ERR_HF_INVALID_TOKEN", "token-invalid"],
    options: () => answering(401, '{"error":"Invalid credentials in Authorization header"}'),
  },
  {
    what: "403",
    commands: "asking",
    seen: ["ERR_HF_FORBIDDEN"],
    options: () => answering(403, '{"error":"Forbidden"}'),
  },
  {
    what: "404",
    commands: "asking",
    seen: ["ERR_HF_BAD_ANSWER", "not-a-hub"],
    options: () => answering(404, '{"error":"Not found"}'),
  },
  {
    what: "429",
    commands: "asking",
    seen: ["ERR_HF_RATE_LIMITED"],
    options: () => answering(429, '{"error":"Too many requests"}', HOUR),
  },
  {
    what: "500",
    commands: "asking",
    seen: ["ERR_HF_HUB_DOWN", "hub-down"],
    options: () => answering(500, '{"error":"Internal error"}', HOUR),
  },
  {
    what: "a web page",
    commands: "asking",
    seen: ["ERR_HF_BAD_ANSWER", "not-a-hub"],
    options: () => answering(200, "<!doctype html><p>Sign in", { "content-type": "text/html" }),
  },
  {
    what: "JSON that ends too soon",
    commands: "asking",
    seen: ["ERR_HF_BAD_ANSWER", "not-a-hub"],
    options: () => answering(200, '{"name": "ali'),
  },
  {
    what: "JSON of another shape",
    commands: "asking",
    seen: ["ERR_HF_BAD_ANSWER"],
    options: () => answering(200, '[{"name": 3}, null]'),
  },
  { what: "an unknown flag", seen: ["ERR_HF_USAGE"], words: "--no-such-flag" },
  { what: "no arguments", seen: ["ERR_HF_USAGE"], words: "" },
  {
    what: "a full disk for its answer",
    seen: ["ERR_HF_NO_SPACE"],
    shell: "> /dev/full",
    skip: process.platform === "linux" ? false : "no /dev/full",
  },
  { what: "no standard input", commands: READING, seen: ["ERR_HF_USAGE"], shell: "<&-", skip: windows },
  { what: "no network wanted", seen: ["ERR_HF_OFFLINE"], options: () => ({ env: { HF_HUB_OFFLINE: "1" } }) },
  {
    what: "an endpoint that is no address",
    seen: ["ERR_HF_INVALID_ENDPOINT", "endpoint-invalid"],
    options: () => ({ env: { HF_ENDPOINT: "not an address" } }),
  },
];

const token = (command = ""): string => world.token(ENDS_TOKEN.has(command) ? "bob-write" : "alice-read");

function run(command: string, trouble: Trouble, options: RunOptions): Promise<Outcome> {
  const home = join(world.folder, String(homes.length));
  mkdirSync(home);
  homes.push(home);
  (trouble.home ?? signIn)(home, token(command));
  const words = `${command} ${trouble.words ?? MORE[command] ?? ""}`.split(" ").filter((word) => word !== "");
  const end = words.includes("--") ? words.indexOf("--") : words.length;
  const all = [HF, ...words.slice(0, end), "--json", ...words.slice(end)];
  const input = command === "auth git-credential" ? "protocol=https\nhost=huggingface.co\n\n" : `${token(command)}\n`;
  const more = { timeoutMs: 50_000, ...options, input, env: { HF_HOME: home, ...options.env } };
  if (trouble.shell === undefined) return world.run(process.execPath, all, more);
  return world.run("sh", ["-c", `exec "$0" "$@" ${trouble.shell}`, process.execPath, ...all], more);
}

/** The code and the next step of each trouble that a report tells, where its exit code says that there is one. */
function troublesOf(command: string, document: Record<string, unknown>): readonly (readonly [unknown, unknown])[] {
  type Part = Record<string, unknown> | undefined;
  const parts = (name: string): readonly Part[] => document[name] as readonly Part[];
  const verdict = (part: Part): readonly [unknown, unknown] => [part?.["code"], (part?.["next"] as Part)?.["text"]];
  switch (command) {
    case "auth status": {
      const problem = document["problem"] as Part;
      return [[problem?.["code"], problem?.["hint"]]];
    }
    case "auth logout":
      return parts("kept").map((part) => [part?.["code"], part?.["hint"]]);
    case "access check":
    case "access wait":
      return [verdict(document)];
    case "access list":
      return parts("repos")
        .filter((part) => part?.["allowed"] !== true)
        .map(verdict);
    case "cache ready":
      return [[document["code"], document["hint"]]];
    case "doctor":
      return parts("findings").map((part) => [part?.["code"], (part?.["fix"] as Part)?.["text"]]);
    default:
      throw new Error(`hf ${command} is not known to fail by its exit code alone`);
  }
}

function isFindingCode(text: string): boolean {
  return FINDING_CODES.some((code) => code === text);
}

/** @returns the codes that were told */
function judge(command: string, done: Outcome): readonly string[] {
  const text = done.stdout + done.stderr;
  assert.ok(done.exit >= 0, "it was killed at its time limit");
  assert.doesNotMatch(text, /\n\s+at \S|node:internal/, "a stack trace");
  const seen = TELLS_TOKEN.has(command) ? done.stderr : text;
  assert.ok(!seen.includes(token(command).slice(3)), "the token");
  if (done.exit === 0) return [];
  const error = errorOf(done);
  if (error === undefined) {
    const troubles = troublesOf(command, JSON.parse(done.stdout) as Record<string, unknown>);
    assert.ok(troubles.length > 0, "an exit code without a trouble");
    for (const [code, next] of troubles) {
      const known = command === "doctor" ? isFindingCode : isErrorCode;
      assert.ok(typeof code === "string" && known(code), String(code));
      assert.match(String(next), /\w+ \w+/);
    }
    return troubles.map(([code]) => String(code));
  }
  const { code, exit, hint, message } = error;
  assert.ok(typeof code === "string" && isErrorCode(code), String(code));
  assert.notEqual(code, "ERR_HF_INTERNAL", String(message));
  assert.deepEqual([exit, done.exit], [errorEntry(code).exit, errorEntry(code).exit]);
  for (const part of [hint, message]) assert.match(String(part), /\w+ \w+/);
  return [code];
}

describe("every command", () => {
  const commands = leaves(routes);
  const asking: string[] = [];

  before(async () => {
    const left = [...commands];
    const work = async (): Promise<void> => {
      for (let command = left.shift(); command !== undefined; command = left.shift()) {
        let asked = false;
        const { url } = await serve(later, (_request, response) => {
          asked = true;
          response.writeHead(404).end();
        });
        await run(command, { what: "a Hub", seen: [] }, { env: { HF_ENDPOINT: url } });
        if (asked) asking.push(command);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  });

  it("is known here with what it needs", () => {
    assert.ok(commands.length >= 25, commands.join());
    for (const name of [...Object.keys(MORE), ...READING]) assert.ok(commands.includes(name), name);
    for (const name of ["access wait", "auth refresh", "auth revoke", "auth whoami", "download", "doctor"])
      assert.ok(asking.includes(name), `${name} is not among ${asking.join()}`);
    assert.ok(TROUBLES.filter((trouble) => trouble.commands === undefined).length >= 6);
  });

  for (const trouble of TROUBLES) {
    it(
      `fails with a code and a next step, or not at all: ${trouble.what}`,
      { skip: trouble.skip ?? false },
      async () => {
        await world.hub.reset();
        const options = (await trouble.options?.()) ?? {};
        const left = [...(trouble.commands === "asking" ? asking : (trouble.commands ?? commands))];
        const faults: string[] = [];
        const seen = new Set<string>();
        const work = async (): Promise<void> => {
          for (let command = left.shift(); command !== undefined; command = left.shift()) {
            const done = await run(command, trouble, options);
            try {
              for (const code of judge(command, done)) seen.add(code);
            } catch (error) {
              faults.push(`hf ${command}: ${String(error)}\n${done.exit} ${done.stdout}${done.stderr}`);
            }
          }
        };
        await Promise.all(Array.from({ length: AT_ONCE }, work));
        assert.deepEqual(faults, []);
        // Else the trouble was none.
        for (const code of trouble.seen) assert.ok(seen.has(code), `${code} is not among ${[...seen].join()}`);
      },
    );
  }
});
