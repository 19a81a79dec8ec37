import { errorEntry } from "../core/error-table.ts";
import { diskError, HfError, isHfError } from "../core/errors.ts";
import type { HfErrorCode } from "../core/errors.ts";
import { redact } from "../core/redact.ts";
import { plainJson, plainLine, plainText } from "../core/terminal-text.ts";

export type OutputFormat = "human" | "agent" | "json" | "quiet";

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined };

/** What a command answers. The command decides what is said; this file alone decides how it looks. */
export interface Report {
  /** The answer as one JSON document; `schema` is put in front. */
  readonly data: { readonly [key: string]: Json | undefined };
  /** The JSON document instead of `data`, where Python's program answers with a bare list. */
  readonly list?: readonly Json[];
  /** The answer for an agent, line by line. Absent: `key=value` of `data`. */
  readonly agent?: readonly string[];
  /** The answer for a person, line by line. Absent: `key: value` lines of `data`. */
  readonly human?: readonly string[];
  /** The one thing a script wants, line by line. Absent: nothing. */
  readonly quiet?: readonly string[];
  /** The lines hold a value that was asked for as it is, as a token; they are not made plain. @default false */
  readonly raw?: boolean;
  /** Advice for a person, on stderr; never in json or quiet. */
  readonly notes?: readonly string[];
  /** Exit code when it is not 0 although the command did its work: `auth status` when nothing is signed in. */
  readonly exit?: number;
}

export interface Printer {
  readonly format: OutputFormat;
  readonly colour: boolean;
  /** Width of the terminal that the answer goes to. Undefined: it goes elsewhere, and lines stay whole. */
  readonly columns?: number | undefined;
  /** True: every line on stderr is one JSON object, for a program that watches the work. */
  readonly ndjson?: boolean;
  out(text: string): void;
  err(text: string): void;
}

/** Version of the JSON documents. It grows when a name in them changes its meaning or goes away. */
const SCHEMA = 1;

/** The work was done, and it found something that is wrong. */
export const EXIT_FINDINGS = 20;

export function exitCode(error: unknown): number {
  return isHfError(error) ? exitOf(error.code) : 1;
}

export function exitOf(code: HfErrorCode): number {
  return errorEntry(code).exit;
}

/**
 * Prints a report in the printer's format and answers the exit code. Names of files, folders and variables may hold
 * anything, so lines for people are made plain here, whoever made them. What a script asked for with `quiet` is given
 * as it is: it may be a path that the script is to open.
 */
export function printReport(report: Report, printer: Printer): number {
  const shown = report.raw === true ? (line: string): string => line : plainOutput;
  switch (printer.format) {
    case "json":
      printer.out(`${plainJson(report.list ?? { schema: SCHEMA, ...report.data })}\n`);
      break;
    case "agent":
      for (const line of report.agent ?? [flat(report.data).join(" ")]) printer.out(`${shown(line)}\n`);
      break;
    case "quiet":
      for (const line of report.quiet ?? []) printer.out(`${line}\n`);
      break;
    case "human":
      for (const line of report.human ?? flat(report.data, ": ")) printer.out(`${shown(line)}\n`);
      for (const note of report.notes ?? []) printNote(note, printer);
      break;
    default:
      printer.format satisfies never;
  }
  return report.exit ?? 0;
}

/** Errors of which the page of their code tells no more than they do. */
const EXPLAINED: ReadonlySet<HfErrorCode> = new Set(["ERR_HF_USAGE", "ERR_HF_INTERRUPTED", "ERR_HF_INTERNAL"]);

/** Prints an error, with its next step, and answers the exit code. */
export function printError(thrown: unknown, printer: Printer, debug: boolean): number {
  const error = isHfError(thrown) ? thrown : unexpected(thrown);
  const exit = exitCode(error);
  if (printer.format === "json" || printer.ndjson === true) {
    const event = printer.ndjson === true ? { event: "error" } : {};
    printer.err(`${plainJson({ ...event, error: errorData(error, exit) })}\n`);
    return exit;
  }
  printer.err(`${paint(printer, "31", "Error:")} ${error.message}\n`);
  printer.err(`${paint(printer, "1", "Next:")} ${error.hint}\n`);
  if (!EXPLAINED.has(error.code)) printer.err(`More: hf help ${error.code}\n`);
  if (error.requestId !== undefined) printer.err(`Request id: ${error.requestId}\n`);
  if (debug && error.stack !== undefined) printer.err(`${redact(error.stack)}\n`);
  return exit;
}

function printNote(note: string, printer: Printer): void {
  printer.err(printer.ndjson === true ? `${plainJson({ event: "note", message: note })}\n` : `${plainOutput(note)}\n`);
}

/** A warning or a word on progress that is worth a line of its own. */
export function printWarning(message: string, printer: Printer): void {
  const text = plainText(redact(message), 2000);
  if (printer.ndjson === true) printer.err(`${plainJson({ event: "warning", message: text })}\n`);
  else printer.err(`${paint(printer, "33", "Warning:")} ${text}\n`);
}

export function tick(printer: Printer): string {
  return paint(printer, "32", "✓");
}

export function cross(printer: Printer): string {
  return paint(printer, "31", "✗");
}

/**
 * One line as several that fit the terminal, those after the first one indented. Words stay whole, so that an address
 * can be copied, and so does `whole`, a command in the line.
 */
export function wrapLine(line: string, { columns }: Pick<Printer, "columns">, indent = "", whole = ""): string[] {
  if (columns === undefined || shownLength(line) <= columns) return [line];
  if (whole.includes(" ")) {
    // Stands for a blank for a moment; plain text holds none.
    const joint = "\u001f";
    const joined = line.replace(whole, () => whole.replaceAll(" ", joint));
    return wrapLine(joined, { columns }, indent).map((part) => part.replaceAll(joint, " "));
  }
  const lines: string[] = [];
  // Blanks at the beginning belong to the first word: they are an indent too.
  let current = "";
  for (const word of line.match(/^\s*\S+|\S+/g) ?? []) {
    const joined = current === "" ? word : `${current} ${word}`;
    if (current.trim() === "" || shownLength(joined) <= columns) {
      current = joined;
      continue;
    }
    lines.push(current);
    current = indent + word;
  }
  return [...lines, current];
}

/** A colour takes no room. */
function shownLength(text: string): number {
  return text.replaceAll(/\u001b\[\d+m/g, "").length;
}

/** Colours for the marks and commands of a doctor's report. */
export function paintFor(
  printer: Printer,
): (kind: "error" | "warning" | "note" | "fine" | "command", text: string) => string {
  const codes = { error: "31", warning: "33", note: "2", fine: "32", command: "36" };
  return (kind, text) => paint(printer, codes[kind], text);
}

/** Columns padded to their widest cell; the last one is left ragged. */
export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  return rows.map((row) =>
    row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join("  "),
  );
}

function errorData(error: HfError, exit: number): Json {
  return {
    code: error.code,
    message: error.message,
    hint: error.hint,
    cause: causeOf(error),
    requestId: error.requestId ?? null,
    exit,
  };
}

/** Our own colours, and no other sequence: a name can't hold more than the colours that we use. */
const COLOUR = /(\u001b\[(?:0|1|31|32|33)m)/;

/** A line for people, without what a terminal would act on. */
export function plainOutput(line: string): string {
  return line
    .split(COLOUR)
    .map((part, at) => (at % 2 === 1 ? part : plainLine(part)))
    .join("");
}

/** For a refusal the kind of its verdict, as `hf access` names it; else the message of what was behind the error. */
function causeOf({ cause }: HfError): string | null {
  if (typeof cause === "string") return plainText(redact(cause));
  return cause instanceof Error ? plainText(redact(cause.message)) : null;
}

function unexpected(thrown: unknown): HfError {
  // A fault of the disk that nobody expected is no fault of the program: it names its path and its code.
  if (thrown instanceof Error && "path" in thrown && typeof thrown.path === "string" && "syscall" in thrown) {
    return diskError(thrown, `use a file (${String(thrown.syscall)})`, thrown.path);
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new HfError("ERR_HF_INTERNAL", `Something went wrong that should not: ${message}`, { cause: thrown });
}

function flat(data: Report["data"], separator = "="): string[] {
  return Object.entries(data).flatMap(([key, value]) => {
    if (value === undefined || value === null) return [];
    const text = typeof value === "object" ? JSON.stringify(value) : String(value);
    return [`${key}${separator}${plainText(text, 2000)}`];
  });
}

function paint(printer: Printer, code: string, text: string): string {
  return printer.colour ? `\u001b[${code}m${text}\u001b[0m` : text;
}
