import { buildCommand } from "@stricli/core";
import type { Command, CommandContext } from "@stricli/core";
import type { CliContext } from "./context.ts";
import type { Report } from "./output.ts";

/** Flags that every command has. */
export interface CommonFlags {
  readonly json?: boolean;
  readonly format?: string;
  readonly quiet?: boolean;
  readonly noColor?: boolean;
  readonly endpoint?: string;
  readonly token?: string;
  readonly tokenStdin?: boolean;
  readonly tokenFile?: string;
  readonly envFile?: string;
  readonly dotenv?: string;
  readonly debug?: boolean;
  /** Of commands that work for a while: how that is shown. */
  readonly progress?: string;
}

/** What the command tree hands to a command: the streams, and the one way to run it with a context of its own. */
export interface TreeContext extends CommandContext {
  readonly perform: (flags: CommonFlags, work: (context: CliContext) => Promise<Report | number>) => Promise<void>;
}

/** A flag that takes no value. */
export function switchFlag(brief: string): SwitchFlag {
  return { kind: "boolean", optional: true, withNegated: false, brief };
}

/** A flag that takes one value. */
export function valueFlag(brief: string, placeholder: string): ValueFlag {
  return { kind: "parsed", parse: String, optional: true, brief, placeholder };
}

/** A flag that may be given several times. */
export function listFlag(brief: string, placeholder: string): ListFlag {
  return { kind: "parsed", parse: String, optional: true, variadic: true, brief, placeholder };
}

export interface SwitchFlag {
  readonly kind: "boolean";
  readonly optional: true;
  readonly withNegated: false;
  readonly brief: string;
  readonly hidden?: boolean;
}
export interface ValueFlag {
  readonly kind: "parsed";
  readonly parse: (text: string) => string;
  readonly optional: true;
  readonly brief: string;
  readonly placeholder: string;
  readonly hidden?: boolean;
}
export interface ListFlag {
  readonly kind: "parsed";
  readonly parse: (text: string) => string;
  readonly optional: true;
  readonly variadic: true;
  readonly brief: string;
  readonly placeholder: string;
}

const commonFlags = {
  json: switchFlag("Answer with one JSON document (same as --format json)"),
  format: valueFlag("human, agent, json or quiet", "FORMAT"),
  quiet: switchFlag("Print the one thing a script wants (same as --format quiet)"),
  noColor: switchFlag("No colours, also on a terminal"),
  endpoint: valueFlag("Address of the Hub (default: HF_ENDPOINT, else https://huggingface.co)", "URL"),
  token: valueFlag("Token for this command; other users of this machine can see it, prefer --token-stdin", "TOKEN"),
  tokenStdin: switchFlag("Read the token for this command from standard input"),
  tokenFile: valueFlag("Read the token for this command from a file", "FILE"),
  envFile: valueFlag("Take HF_TOKEN for this command from a file of variables such as .env, and nothing else", "FILE"),
  dotenv: valueFlag("The same for a file that is not yours: Node obeys NODE_OPTIONS in the file of --env-file", "FILE"),
  debug: switchFlag("Show requests and stack traces on stderr, with every token struck out"),
};

export interface Argument {
  readonly brief: string;
  readonly placeholder: string;
  readonly optional?: boolean;
  /** This and all that follow. */
  readonly rest?: boolean;
}

export interface CommandSpec<F extends object> {
  readonly brief: string;
  readonly description?: string;
  readonly flags: { readonly [K in keyof F]-?: SwitchFlag | ValueFlag | ListFlag };
  readonly args?: readonly Argument[];
  /** What stands behind the command's name in the usage line. @default its arguments that must be given */
  readonly usage?: string;
  /** Letters for flags, besides -q. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** Imports the rooms that it needs by itself, so that loading the tree loads none of them. */
  readonly run: (flags: F & CommonFlags, context: CliContext, args: readonly string[]) => Promise<Report | number>;
}

/** A leaf of the command tree: the command's own flags and the common ones, its report printed, its failure explained. */
export function command<F extends object>(spec: CommandSpec<F>): Command<TreeContext> {
  const args = spec.args ?? [];
  const rest = args.find((argument) => argument.rest === true);
  const single = args.filter((argument) => argument !== rest);
  // The builder's types describe each flag of a literal; here the flags are data, checked by CommandSpec instead.
  const parameters = {
    flags: { ...spec.flags, ...commonFlags },
    aliases: { q: "quiet", ...spec.aliases },
    positional:
      rest === undefined
        ? { kind: "tuple", parameters: single.map((argument) => ({ ...argument, parse: String })) }
        : { kind: "array", parameter: { ...rest, parse: String }, minimum: 0 },
  };
  // The usage line has what must be given; what may be given and decides what happens is named by the command.
  const usage = spec.usage === undefined ? {} : { customUsage: [spec.usage] };
  const docs = {
    ...usage,
    brief: spec.brief,
    ...(spec.description === undefined ? {} : { fullDescription: spec.description }),
  };
  return buildCommand({
    func: async function (this: TreeContext, flags: F & CommonFlags, ...words: (string | undefined)[]): Promise<void> {
      const given = words.filter((word) => word !== undefined);
      await this.perform(flags, (context) => spec.run(flags, context, given));
    },
    parameters,
    docs,
  } as unknown as Parameters<typeof buildCommand>[0]) as unknown as Command<TreeContext>;
}
