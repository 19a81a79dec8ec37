import { realpathSync } from "node:fs";
import process from "node:process";
import { systemClock } from "../core/clock.ts";
import { DiskError, safeText } from "../core/errors.ts";
import type { Clock, Environment } from "../core/ports.ts";
import { plainText } from "../core/terminal-text.ts";
import { KEYCHAIN_PROGRAM } from "./keychain-program.ts";
import { withoutTokens } from "./token-variables.ts";

/** The system's own store of secrets. Every call ends within its limit, whatever the store does. */
export interface Keychain {
  /** `secret-service`, `macos-keychain`, `windows-credentials`. */
  readonly backend: string;
  /** The same for people. */
  readonly label: string;
  /**
   * What is kept under a name, or undefined where there is nothing: a keychain that is locked is no such answer.
   * @throws DiskError `ERR_HF_KEYCHAIN`
   */
  read(account: string): Promise<string | undefined>;
  /** @throws DiskError `ERR_HF_KEYCHAIN` */
  write(account: string, text: string): Promise<void>;
  /**
   * False when there was nothing.
   * @throws DiskError `ERR_HF_KEYCHAIN`
   */
  remove(account: string): Promise<boolean>;
}

export interface KeychainOptions {
  readonly platform: NodeJS.Platform;
  readonly env: Environment;
  /** The Node that runs us. */
  readonly execPath: string;
  /** A file of this package: the optional package is looked for from there. */
  readonly from: string;
  /** Milliseconds that the keychain has for one call. @default 3_000 */
  readonly timeoutMs?: number | undefined;
  /** Milliseconds that the process may take to start, on a busy machine. The call's own time counts from then. @default 7_000 */
  readonly startMs?: number | undefined;
  /** @default the real clock */
  readonly clock?: Pick<Clock, "now"> | undefined;
  /** @default one for this process */
  readonly memory?: KeychainMemory | undefined;
}

/** What a process knows of its keychain, so that a person does not wait for one that is silent call after call. */
export interface KeychainMemory {
  /** Milliseconds since the epoch until which it counts as silent. */
  silentUntil: number;
}

/** On the process and not in this module: the program is several bundles, and each has a module of its own. */
function thisProcess(): KeychainMemory {
  const shared = globalThis as { [MEMORY]?: KeychainMemory };
  return (shared[MEMORY] ??= { silentUntil: 0 });
}

const MEMORY: unique symbol = Symbol.for("latchkey.keychain");

const BACKENDS: Partial<Record<NodeJS.Platform, readonly [string, string]>> = {
  darwin: ["macos-keychain", "the macOS keychain"],
  win32: ["windows-credentials", "the Windows Credential Manager"],
};
const SECRET_SERVICE = ["secret-service", "the keychain (Secret Service)"] as const;

const TIMEOUT_MS = 3_000;
const START_MS = 7_000;
/** Milliseconds that one which did not answer is not asked again. */
const PAUSE_MS = 5_000;
const LARGEST = 64 * 1024;

/**
 * The keychain through `@napi-rs/keyring`, an optional package, in a process of its own: a call into it that hangs
 * can't be taken back, and would keep ours alive. The secret goes there and back through pipes, never in an argument.
 */
export function createKeychain(options: KeychainOptions): Keychain {
  const { platform, execPath, from, timeoutMs = TIMEOUT_MS, startMs = START_MS } = options;
  const { clock = systemClock, memory = thisProcess() } = options;
  const [backend, label] = BACKENDS[platform] ?? SECRET_SERVICE;

  const call = async (action: "read" | "write" | "remove", account: string, text?: string): Promise<unknown> => {
    if (clock.now() < memory.silentUntil) throw silent(label, timeoutMs);
    const isSilent = (): DiskError => {
      memory.silentUntil = clock.now() + PAUSE_MS;
      return silent(label, timeoutMs);
    };
    const { ProgramFault, runProgram } = await import("../core/run-program.ts");
    let result;
    try {
      result = await runProgram({
        words: [execPath, "-e", KEYCHAIN_PROGRAM],
        env: withoutTokens(options.env),
        input: JSON.stringify({
          from: realPath(from),
          action,
          account,
          text,
          linux: !(platform in BACKENDS),
          limit: timeoutMs,
        }),
        timeoutMs: startMs + timeoutMs,
        maxBytes: LARGEST,
      });
    } catch (error) {
      if (!(error instanceof ProgramFault)) throw error;
      if (error.kind === "too-slow") throw isSilent();
      throw broken(label, error.kind === "too-much" ? "it says too much" : "its program could not be run");
    }
    const answer = readAnswer(result.stdout);
    if (answer["kind"] === "done") return answer["value"];
    if (answer["kind"] === "slow") throw isSilent();
    throw faultOf(label, answer, result.stderr);
  };

  return {
    backend,
    label,
    async read(account) {
      const value = await call("read", account);
      if (value === null || value === undefined) return undefined;
      if (typeof value === "string") return value;
      throw broken(label, "it gave no text");
    },
    async write(account, text) {
      await call("write", account, text);
    },
    remove: async (account) => (await call("remove", account)) === true,
  };
}

/**
 * Keeps something, finds it again and takes it away, so that a keychain which can't do one of the three is known
 * before a token depends on it.
 * @throws DiskError `ERR_HF_KEYCHAIN`
 */
export async function tryKeychain(keychain: Keychain): Promise<void> {
  const random = process.getBuiltinModule("node:crypto").randomBytes(12).toString("hex");
  const account = `self-test ${random}`;
  await keychain.write(account, random);
  const found = await keychain.read(account);
  const removed = await keychain.remove(account);
  if (found === random && removed && (await keychain.read(account)) === undefined) return;
  throw broken(keychain.label, "it does not give back what it was given");
}

function readAnswer(stdout: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(stdout);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** What the stores' own words mean. There are no codes behind them. */
const LOCKED =
  /\block(?:ed)?\b|prompt was dismissed|interaction is not allowed|(?:cancell?ed|denied) by the user|user cancell?ed/i;
const NOT_THERE = /dbus|d-bus|serviceunknown|not provided by any|no result found|no such interface|platform failure/i;

function faultOf(label: string, answer: Record<string, unknown>, stderr: string): DiskError {
  const said = typeof answer["message"] === "string" ? answer["message"] : stderr;
  const file = "or keep the login in a file: hf auth login --store file";
  switch (answer["kind"]) {
    case "no-package":
      return new DiskError("ERR_HF_KEYCHAIN", "The optional package @napi-rs/keyring is not installed.", {
        hint: `Install it beside this one (npm install -g @napi-rs/keyring), ${file}`,
      });
    case "old-package":
      return new DiskError("ERR_HF_KEYCHAIN", "This @napi-rs/keyring can't be held to one keychain.", {
        hint: `Install version 2.1.2 or newer, ${file}`,
      });
  }
  const words = safeText(said.trim(), 300);
  if (LOCKED.test(said)) {
    return new DiskError("ERR_HF_KEYCHAIN", `${sentence(label)} is locked.`, {
      hint: "Unlock it (signing in to the desktop does), then run the command again.",
    });
  }
  if (NOT_THERE.test(said)) {
    // Without a bus D-Bus wants to start one, and its words are about the display that this takes.
    const why = /x11|\$display|autolaunch/i.test(said) ? "no D-Bus session is running here" : words;
    return new DiskError("ERR_HF_KEYCHAIN", `${sentence(label)} is not there: ${why}`, {
      hint: `Start a keyring in this session (gnome-keyring, KWallet, KeePassXC), ${file}`,
    });
  }
  return broken(label, words === "" ? "no reason was given" : words);
}

function silent(label: string, timeoutMs: number): DiskError {
  return new DiskError("ERR_HF_KEYCHAIN", `${sentence(label)} did not answer within ${timeoutMs / 1000} s.`, {
    hint: "It may be locked and asking for its password. Unlock it, then run the command again.",
  });
}

function broken(label: string, why: string): DiskError {
  return new DiskError("ERR_HF_KEYCHAIN", `${sentence(label)} can't be used: ${plainText(why, 300)}`, {
    hint: "Keep the login in a file: hf auth login --store file",
  });
}

function sentence(label: string): string {
  return label.charAt(0).toUpperCase() + label.slice(1);
}

/** The program may have been started by a link to it; its packages lie where it really is. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
