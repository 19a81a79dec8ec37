import { setMaxListeners } from "node:events";
import { userInfo } from "node:os";
import { systemClock } from "../core/clock.ts";
import { HfError, UsageError } from "../core/errors.ts";
import type { Environment, Machine } from "../core/ports.ts";
import { readSettings, parseEndpoint } from "../core/settings.ts";
import type { Settings } from "../core/settings.ts";
import { Secret } from "../core/secret.ts";
import { ownHome, userHome } from "../core/user-home.ts";
import { isGithubRunner, maskCommand } from "../core/github-runner.ts";
import type { Session, SessionOptions } from "../api/index.ts";
import type { CommonFlags } from "./command.ts";
import { createCountdown } from "./countdown.ts";
import type { RunningProgram } from "./find-program.ts";
import { plainOutput, printWarning } from "./output.ts";
import type { OutputFormat, Printer } from "./output.ts";
import { currentFolder } from "./process-port.ts";
import type { ProcessPort } from "./process-port.ts";
import type { Prompts } from "./prompts.ts";
import type { ChildRun } from "./run-child.ts";

/** Everything a command may ask for. What is expensive is a function, run once, on first use. */
export interface CliContext {
  readonly printer: Printer;
  readonly debug: boolean;
  readonly env: Environment;
  readonly machine: Machine;
  /** Has a secret that was just made masked in the log of the job. Undefined: there is no such log. */
  readonly onSecret: ((secret: Secret) => void) | undefined;
  /** Where this program and its Node are. */
  readonly program: RunningProgram & {
    /** Of Node, as `20.19.1`. */
    readonly nodeVersion: string;
  };
  readonly user: {
    /** Undefined on Windows. */
    readonly uid: number | undefined;
    /** Undefined when the system has no account for this user. */
    name(): string | undefined;
  };
  /** Aborted by Ctrl-C, by SIGTERM, and by SIGHUP when the terminal goes away. */
  readonly signal: AbortSignal;
  /** True when somebody sits there: stdin and stderr are terminals and the format is for people. */
  readonly interactive: boolean;
  /** True when the answer goes to a terminal, where it stays on the screen. */
  readonly answersTerminal: boolean;
  settings(): Settings;
  /** The token that was named on this command line, if any. */
  namedToken(): Promise<NamedToken | undefined>;
  session(): Promise<Session>;
  /** A session with the saved login of that name, and no other. */
  sessionAs(tokenName: string): Promise<Session>;
  prompts(): Promise<Prompts>;
  /** A line on stderr while the command works; only in formats for people. */
  say(line: string): void;
  /** A warning on stderr, in every format. */
  warn(message: string): void;
  /** Progress drawing needs the stream itself. */
  readonly stderr: NodeJS.WriteStream;
  /** True when progress is a bar that redraws itself, not lines. */
  bars(settings: Settings): boolean;
  /** Runs a command in our place and answers its exit code; from now on signals are the command's. */
  runChild(run: ChildRun): Promise<number>;
  /** The error that a person should read for what was thrown. */
  explain(error: unknown): unknown;
  close(): void;
}

export interface NamedToken {
  readonly token: Secret;
  /** `flag:--token`, `flag:--token-stdin`, `flag:--token-file` or `env-file:HF_TOKEN`. */
  readonly source: string;
}

const FORMATS: readonly OutputFormat[] = ["human", "agent", "json", "quiet"];

/**
 * The format that the flags ask for.
 * @param lenient answers `human` for nonsense, for use where another error is being reported already
 * @throws UsageError two different formats, or an unknown one
 */
export function formatOf(flags: CommonFlags, lenient = false): OutputFormat {
  const named = flags.format === "auto" ? "human" : flags.format;
  const asked = [named, flags.json === true ? "json" : undefined, flags.quiet === true ? "quiet" : undefined];
  const formats = [...new Set(asked.filter((format) => format !== undefined))];
  const format = formats[0] ?? "human";
  const known = FORMATS.find((candidate) => candidate === format);
  if (known !== undefined && formats.length <= 1) return known;
  if (lenient) return "human";
  if (formats.length > 1)
    throw new UsageError("ERR_HF_USAGE", `${formats.join(" and ")} exclude each other.`, {
      hint: "Give one of --json, --quiet and --format.",
    });
  throw new UsageError("ERR_HF_USAGE", `'${format}' is not a format.`, { hint: `Use one of ${FORMATS.join(", ")}.` });
}

export function createContext(flags: CommonFlags, process: ProcessPort): CliContext {
  const env: Environment = process.env;
  const format = formatOf(flags);
  const printer: Printer = {
    format,
    ndjson: flags.progress === "ndjson",
    colour: flags.noColor !== true && (env["NO_COLOR"] ?? "") === "" && process.stdout.isTTY && process.stderr.isTTY,
    columns: process.stdout.isTTY ? process.stdout.columns : undefined,
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
  };
  const machine = { platform: process.platform, home: ownHome(), cwd: currentFolder(process), userHome };
  const interrupt = new AbortController();
  // All that works at the same time listens to it; Node takes more than ten for a leak, and tells the person so.
  setMaxListeners(0, interrupt.signal);
  const onSignal = (signal: NodeJS.Signals): void => {
    // The terminal has written ^C where the cursor was.
    if (signal === "SIGINT" && process.stderr.isTTY && process.stdin.isTTY) process.stderr.write("\n");
    interrupt.abort(interrupted(signal));
  };
  const signals: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const name of signals) process.on(name, onSignal);
  const warned = new Set<string>();
  const warn = (message: string): void => {
    if (warned.has(message)) return;
    warned.add(message);
    printWarning(message, printer);
  };
  const settings = once((): Settings => {
    const read = readSettings(env, machine);
    read.warnings.forEach(warn);
    if (flags.endpoint === undefined) return read;
    return { ...read, endpoint: parseEndpoint(flags.endpoint), endpointSet: true };
  });
  const namedToken = once(() => readNamedToken(flags, process, warn, interrupt.signal));
  const live = format === "human" && process.stderr.isTTY && env["TERM"] !== "dumb" && (env["CI"] ?? "") === "";
  const interactive = format === "human" && process.stdin.isTTY && process.stderr.isTTY;
  const prompts = once(async () => {
    const { createPrompts } = await import("./prompts.ts");
    return createPrompts(process.stdin, process.stderr, interrupt.signal);
  });
  const confirmEndpoint = async (origin: string): Promise<boolean> => {
    if (!interactive) return false;
    return (await prompts()).confirm(`May your saved logins of huggingface.co be sent to ${origin}? (y/N)`, false);
  };
  const program = {
    execPath: process.execPath,
    script: process.argv[1] ?? "",
    nodeVersion: process.version.replace(/^v/, ""),
  };
  const onSecret = isGithubRunner(env) ? (secret: Secret) => printer.err(maskCommand(secret)) : undefined;
  const open = async (explicit: SessionOptions["explicit"]): Promise<Session> => {
    const { openSession } = await import("../api/index.ts");
    return openSession({
      settings: settings(),
      env,
      platform: process.platform,
      uid: process.getuid?.(),
      cwd: machine.cwd,
      program,
      warn,
      showWait: createCountdown({ stream: process.stderr, live, warn, now: () => performance.now() }),
      explicit,
      confirmEndpoint,
      onSecret,
      ...(flags.debug === true ? { onExchange: (line: string) => printer.err(`${line}\n`) } : {}),
    });
  };
  const close = (): void => {
    for (const name of signals) process.off(name, onSignal);
  };
  const context: CliContext = {
    printer,
    debug: flags.debug === true,
    env,
    machine,
    program,
    onSecret,
    user: { uid: process.getuid?.(), name: accountName },
    signal: interrupt.signal,
    interactive,
    settings,
    namedToken,
    answersTerminal: process.stdout.isTTY,
    session: once(async () => open(await namedToken())),
    sessionAs: async (tokenName) => {
      if ((await namedToken()) !== undefined) {
        throw new UsageError("ERR_HF_USAGE", "A saved login and a token were named; only one of them can be used.", {
          hint: "Leave out --as, or the flag with the token.",
        });
      }
      return open({ tokenName, source: "flag:--as" });
    },
    prompts,
    say: (line) => {
      if (format === "human" && printer.ndjson !== true) printer.err(`${plainOutput(line)}\n`);
    },
    warn,
    stderr: process.stderr,
    bars: ({ disableProgress }) =>
      disableProgress === false || (process.stderr.isTTY && env["TERM"] !== "dumb" && (env["CI"] ?? "") === ""),
    explain: (error) => (interrupt.signal.aborted ? interrupt.signal.reason : error),
    runChild: async (run) => {
      close();
      const { runChild } = await import("./run-child.ts");
      return runChild(run, process);
    },
    close,
  };
  return context;
}

function interrupted(signal: NodeJS.Signals): HfError {
  return new HfError("ERR_HF_INTERRUPTED", signal === "SIGINT" ? "Stopped by Ctrl-C." : `Stopped by ${signal}.`);
}

/** A container may run under a number that no account has. */
function accountName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}

async function readNamedToken(
  flags: CommonFlags,
  process: ProcessPort,
  warn: (message: string) => void,
  signal: AbortSignal,
): Promise<NamedToken | undefined> {
  const { token, tokenFile } = flags;
  const envFile = flags.envFile ?? flags.dotenv;
  const given = [token, flags.tokenStdin === true || undefined, tokenFile, flags.envFile, flags.dotenv];
  if (given.filter((one) => one !== undefined).length > 1) {
    throw new UsageError("ERR_HF_USAGE", "Several of the flags that name a token were given.", {
      hint: "Give one of --token, --token-stdin, --token-file, --env-file and --dotenv.",
    });
  }
  if (flags.token !== undefined) {
    // Known before anything else happens, so that no message can show it.
    if (flags.token !== "") Secret.of(flags.token);
    warn(
      "--token shows the token to every user of this machine and leaves it in the shell's history. Use --token-stdin.",
    );
    return { ...(await cleaned(flags.token, "--token", warn)), source: "flag:--token" };
  }
  if (flags.tokenStdin === true) {
    if (process.stdin.isTTY) {
      throw new UsageError("ERR_HF_USAGE", "--token-stdin needs a token on standard input, but that is the terminal.", {
        hint: "Pipe it in, as in: hf auth login --token-stdin < token.txt",
      });
    }
    return { ...(await cleaned(await readAll(process.stdin), "--token-stdin", warn)), source: "flag:--token-stdin" };
  }
  const read = async (path: string, doing: string): Promise<string> => {
    const { readNamedFile } = await import("./read-named-file.ts");
    return readNamedFile(path, { doing, clock: systemClock, signal });
  };
  if (tokenFile !== undefined) {
    const text = await read(tokenFile, "read the token file");
    return { ...(await cleaned(text, "--token-file", warn)), source: "flag:--token-file" };
  }
  if (envFile !== undefined) {
    const { tokenInEnvFile } = await import("./env-file.ts");
    const text = await read(envFile, "read the file of variables");
    const { name, value } = tokenInEnvFile(text, envFile, { warn, obeyed: flags.envFile !== undefined });
    return { ...(await cleaned(value, `${envFile} (${name})`, warn)), source: `env-file:${name}` };
  }
  return undefined;
}

async function cleaned(text: string, flag: string, warn: (message: string) => void): Promise<{ token: Secret }> {
  const { cleanToken } = await import("../auth/index.ts");
  const result = cleanToken(text);
  if (result.kind !== "clean") {
    const why = result.kind === "empty" ? "is empty" : result.reason;
    throw new UsageError("ERR_HF_USAGE", `The token given with ${flag} ${why}.`, {
      hint: "Copy it again from the Hub's page of access tokens: it is one word that begins with hf_",
    });
  }
  if (result.warning !== undefined) warn(`The token given with ${flag} ${result.warning}.`);
  return { token: result.token };
}

/** The longest input taken for a token. A file of another kind is refused before it fills the memory. */
const LONGEST_INPUT = 64 * 1024;

async function readAll(stream: NodeJS.ReadStream): Promise<string> {
  let text = "";
  stream.setEncoding("utf8");
  for await (const chunk of stream) {
    text += String(chunk);
    if (text.length > LONGEST_INPUT) break;
  }
  return text;
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
