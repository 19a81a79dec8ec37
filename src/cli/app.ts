import { buildApplication, ExitCode, run, text_en } from "@stricli/core";
import { systemCode, UsageError } from "../core/errors.ts";
import { plainText } from "../core/terminal-text.ts";
import { redact } from "../core/redact.ts";
import type { TreeContext } from "./command.ts";
import { createContext, formatOf } from "./context.ts";
import type { CliContext } from "./context.ts";
import { printError, printReport } from "./output.ts";
import type { Printer } from "./output.ts";
import type { ProcessPort } from "./process-port.ts";
import { routes } from "./routes.ts";

export { refreshInFull } from "./refresh-in-full.ts";
export { tokenInFull } from "./token-in-full.ts";

const USAGE: readonly number[] = [ExitCode.InvalidArgument, ExitCode.UnknownCommand];

/** Parses and runs one command line through the command tree. Answers the exit code. */
export async function runApp(argv: readonly string[], process: ProcessPort): Promise<number> {
  let exit = 0;
  let complaints = "";
  let fault: unknown;
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error) => {
      if (!isReaderGone(error)) fault ??= error;
    });
  }
  const app = buildApplication(routes, {
    name: "hf",
    scanner: { caseStyle: "allow-kebab-for-camel", allowArgumentEscapeSequence: true },
    documentation: { caseStyle: "convert-camel-to-kebab", disableAnsiColor: true, onlyRequiredInUsageLine: true },
    localization: { text: text_en },
  });
  const tree: TreeContext & { process: { exitCode?: number | string | null } } = {
    process: {
      stdout: { write: (text: string) => void process.stdout.write(text) },
      stderr: { write: (text: string) => void (complaints += text) },
    },
    perform: async (flags, work) => {
      let printer = plainPrinter(argv, process);
      let context: CliContext | undefined;
      try {
        context = createContext(flags, process);
        printer = context.printer;
        const answer = await work(context);
        exit = typeof answer === "number" ? answer : printReport(answer, printer);
      } catch (error) {
        exit = printError(context?.explain(error) ?? error, printer, flags.debug === true);
      } finally {
        context?.close();
      }
    },
  };
  await run(app, withEmptyValues(withHelp(argv)), tree);
  // A stream tells of a fault after the write that met it.
  await new Promise((resolve) => setImmediate(resolve));
  if (fault !== undefined) {
    const { unwritten } = await import("./unwritten.ts");
    return printError(unwritten(fault), plainPrinter(argv, process), false);
  }
  const treeExit = Number(tree.process.exitCode ?? 0);
  if (treeExit === 0) {
    if (complaints !== "") process.stderr.write(complaints);
    return exit;
  }
  const printer = plainPrinter(argv, process);
  const error = USAGE.includes(treeExit)
    ? usage(complaints, withHelp(argv))
    : new Error(plainText(redact(complaints), 2000));
  return printError(error, printer, false);
}

/** A reader that has seen enough, as in `| head`, is no fault of this program. */
function isReaderGone(error: unknown): boolean {
  return systemCode(error) === "EPIPE";
}

/** `--flag=` gives an empty value; the parser would take the whole word for an argument. */
function withEmptyValues(argv: readonly string[]): readonly string[] {
  const end = argv.includes("--") ? argv.indexOf("--") : argv.length;
  return argv.flatMap((word, at) => (at < end && /^--[\w-]+=$/.test(word) ? [word.slice(0, -1), ""] : [word]));
}

/** `hf help auth login` is `hf auth login --help`; codes of errors have a command of their own. */
function withHelp(argv: readonly string[]): readonly string[] {
  const [first, second = ""] = argv;
  const isOwn = first !== "help" || second.startsWith("-") || /^err_/i.test(second);
  return isOwn ? argv : [...argv.slice(1), "--help"];
}

function usage(complaints: string, argv: readonly string[]): UsageError {
  const words = argv.filter((word) => !word.startsWith("-")).slice(0, 2);
  if (words[0] === "run" && !argv.includes("--")) {
    return new UsageError("ERR_HF_USAGE", complaints.replace(/\s+/g, " ").trim(), {
      hint: "Put -- before the command, as in: hf run -- python train.py --epochs 3",
    });
  }
  const unknown = /No command registered for `(.*?)`/.exec(complaints)?.[1];
  // What stands before an unknown word was found, so its help is there; the word's own is not.
  const path = unknown === undefined ? words : words.slice(0, Math.max(0, words.indexOf(unknown)));
  return new UsageError("ERR_HF_USAGE", complaints.replace(/\s+/g, " ").trim(), {
    hint: `See ${["hf", ...path.map((word) => plainText(word, 40)), "--help"].join(" ")}`,
  });
}

function plainPrinter(words: readonly string[], process: ProcessPort): Printer {
  // What comes after -- is another program's.
  const argv = words.includes("--") ? words.slice(0, words.indexOf("--")) : words;
  const at = argv.indexOf("--format");
  const format = at === -1 ? undefined : argv[at + 1];
  return {
    format: formatOf({ json: argv.includes("--json"), ...(format === undefined ? {} : { format }) }, true),
    colour: false,
    ndjson: argv.includes("--progress=ndjson") || argv[argv.indexOf("--progress") + 1] === "ndjson",
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
  };
}
