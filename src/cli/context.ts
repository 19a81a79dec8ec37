import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { diskError, HfError, UsageError } from "../core/errors.ts";
import type { Environment, Machine } from "../core/ports.ts";
import { readSettings, parseEndpoint } from "../core/settings.ts";
import type { Settings } from "../core/settings.ts";
import { Secret } from "../core/secret.ts";
import { userHome } from "../core/user-home.ts";
import type { Session } from "../api/index.ts";
import type { CommonFlags } from "./command.ts";
import { printWarning } from "./output.ts";
import type { OutputFormat, Printer } from "./output.ts";
import type { ProcessPort } from "./process-port.ts";
import type { Prompts } from "./prompts.ts";

/** Everything a command may ask for. What is expensive is a function, run once, on first use. */
export interface CliContext {
  readonly printer: Printer;
  readonly debug: boolean;
  readonly env: Environment;
  readonly machine: Machine;
  /** Aborted by Ctrl-C and by SIGTERM. */
  readonly signal: AbortSignal;
  /** True when somebody sits there: stdin and stderr are terminals and the format is for people. */
  readonly interactive: boolean;
  settings(): Settings;
  /** The token that was named on this command line, if any. */
  namedToken(): Promise<NamedToken | undefined>;
  session(): Promise<Session>;
  prompts(): Promise<Prompts>;
  /** A line on stderr while the command works; only in formats for people. */
  say(line: string): void;
  /** A warning on stderr, in every format. */
  warn(message: string): void;
  /** Progress drawing needs the stream itself. */
  readonly stderr: NodeJS.WriteStream;
  /** True when progress is a bar that redraws itself, not lines. */
  bars(settings: Settings): boolean;
  /** The error that a person should read for what was thrown. */
  explain(error: unknown): unknown;
  close(): void;
}

export interface NamedToken {
  readonly token: Secret;
  /** `flag:--token`, `flag:--token-stdin` or `flag:--token-file`. */
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
    colour: flags.noColor !== true && (env["NO_COLOR"] ?? "") === "" && process.stdout.isTTY && process.stderr.isTTY,
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
  };
  const machine = { platform: process.platform, home: homedir(), cwd: process.cwd(), userHome };
  const interrupt = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => interrupt.abort(interrupted(signal));
  const signals: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM"];
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
  const namedToken = once(() => readNamedToken(flags, process, warn));
  const context: CliContext = {
    printer,
    debug: flags.debug === true,
    env,
    machine,
    signal: interrupt.signal,
    interactive: format === "human" && process.stdin.isTTY && process.stderr.isTTY,
    settings,
    namedToken,
    session: once(async () => {
      const { openSession } = await import("../api/index.ts");
      const named = await namedToken();
      return openSession({
        settings: settings(),
        env,
        platform: process.platform,
        uid: process.getuid?.(),
        warn,
        ...(named === undefined ? {} : { explicit: { token: named.token, source: named.source } }),
        ...(flags.debug === true ? { onExchange: (line: string) => printer.err(`${line}\n`) } : {}),
      });
    }),
    prompts: once(async () => {
      const { createPrompts } = await import("./prompts.ts");
      return createPrompts(process.stdin, process.stderr);
    }),
    say: (line) => {
      if (format === "human") printer.err(`${line}\n`);
    },
    warn,
    stderr: process.stderr,
    bars: ({ disableProgress }) =>
      disableProgress === false || (process.stderr.isTTY && env["TERM"] !== "dumb" && (env["CI"] ?? "") === ""),
    explain: (error) => (interrupt.signal.aborted ? interrupt.signal.reason : error),
    close: () => {
      for (const name of signals) process.off(name, onSignal);
    },
  };
  return context;
}

function interrupted(signal: NodeJS.Signals): HfError {
  return new HfError("ERR_HF_INTERRUPTED", signal === "SIGINT" ? "Stopped by Ctrl-C." : "Stopped by SIGTERM.");
}

async function readNamedToken(
  flags: CommonFlags,
  process: ProcessPort,
  warn: (message: string) => void,
): Promise<NamedToken | undefined> {
  const given = [flags.token !== undefined, flags.tokenStdin === true, flags.tokenFile !== undefined];
  if (given.filter(Boolean).length > 1) {
    throw new UsageError("ERR_HF_USAGE", "--token, --token-stdin and --token-file exclude each other.", {
      hint: "Give one of them.",
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
  if (flags.tokenFile !== undefined) {
    let text: string;
    try {
      text = readFileSync(flags.tokenFile, "utf8");
    } catch (error) {
      throw diskError(error, "read the token file", flags.tokenFile);
    }
    return { ...(await cleaned(text, "--token-file", warn)), source: "flag:--token-file" };
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
