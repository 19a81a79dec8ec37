import { HfError, isHfError } from "../core/errors.ts";
import type { HfErrorCode } from "../core/errors.ts";
import { redact } from "../core/redact.ts";
import { plainText } from "../core/terminal-text.ts";

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

/** Exit codes, as the README lists them. Every code of an error has its row; the compiler sees to that. */
const EXIT: Record<HfErrorCode, number> = {
  ERR_HF_USAGE: 2,
  ERR_HF_INVALID_REPO_ID: 2,
  ERR_HF_INVALID_REVISION: 2,
  ERR_HF_INVALID_ENDPOINT: 2,
  ERR_HF_NO_TERMINAL: 2,
  ERR_HF_TOKEN_NAME: 2,
  ERR_HF_NOT_SIGNED_IN: 3,
  ERR_HF_INVALID_TOKEN: 3,
  ERR_HF_ORG_TOKEN: 3,
  ERR_HF_TOKEN_REFUSED: 3,
  ERR_HF_OIDC: 3,
  ERR_HF_TOKEN_ENDPOINT: 3,
  ERR_HF_INSECURE_ENDPOINT: 3,
  ERR_HF_GATED_SIGN_IN: 3,
  ERR_HF_GATED_REPO: 4,
  ERR_HF_GATED_PENDING: 4,
  ERR_HF_GATED_REJECTED: 4,
  ERR_HF_GATED_RESET: 4,
  ERR_HF_SCOPE_MISSING: 4,
  ERR_HF_ORG_POLICY: 4,
  ERR_HF_REPO_DISABLED: 4,
  ERR_HF_FORBIDDEN: 4,
  ERR_HF_NOT_READ_ONLY: 4,
  ERR_HF_PRIVATE_OR_MISSING: 5,
  ERR_HF_REPO_NOT_FOUND: 5,
  ERR_HF_REVISION_NOT_FOUND: 5,
  ERR_HF_ENTRY_NOT_FOUND: 5,
  ERR_HF_NO_SPACE: 6,
  ERR_HF_DISK: 6,
  ERR_HF_STORE_UNREADABLE: 6,
  ERR_HF_TOKEN_FILE: 6,
  ERR_HF_KEYCHAIN: 6,
  ERR_HF_LOCK_TIMEOUT: 10,
  ERR_HF_INTEGRITY: 7,
  ERR_HF_UNSAFE_NAME: 7,
  ERR_HF_NETWORK: 8,
  ERR_HF_TIMEOUT: 8,
  ERR_HF_TLS: 8,
  ERR_HF_PROXY: 8,
  ERR_HF_REDIRECT: 8,
  ERR_HF_BAD_ANSWER: 8,
  ERR_HF_HUB_DOWN: 8,
  ERR_HF_NOT_REVOKED: 1,
  ERR_HF_HTTP: 1,
  ERR_HF_CONFLICT: 1,
  ERR_HF_RATE_LIMITED: 9,
  ERR_HF_OFFLINE: 11,
  ERR_HF_GIT: 1,
  // As shells have it.
  ERR_HF_COMMAND_NOT_FOUND: 127,
  ERR_HF_COMMAND_NOT_RUN: 126,
  ERR_HF_INTERRUPTED: 130,
  ERR_HF_INTERNAL: 1,
};

/** The work was done, and it found something that is wrong. */
export const EXIT_FINDINGS = 20;

export function exitCode(error: unknown): number {
  return isHfError(error) ? exitOf(error.code) : 1;
}

export function exitOf(code: HfErrorCode): number {
  return EXIT[code];
}

/** Prints a report in the printer's format and answers the exit code. */
export function printReport(report: Report, printer: Printer): number {
  switch (printer.format) {
    case "json":
      printer.out(`${JSON.stringify(report.list ?? { schema: SCHEMA, ...report.data })}\n`);
      break;
    case "agent":
      for (const line of report.agent ?? [flat(report.data).join(" ")]) printer.out(`${line}\n`);
      break;
    case "quiet":
      for (const line of report.quiet ?? []) printer.out(`${line}\n`);
      break;
    case "human":
      for (const line of report.human ?? flat(report.data, ": ")) printer.out(`${line}\n`);
      for (const note of report.notes ?? []) printNote(note, printer);
      break;
    default:
      printer.format satisfies never;
  }
  return report.exit ?? 0;
}

/** Prints an error, with its next step, and answers the exit code. */
export function printError(thrown: unknown, printer: Printer, debug: boolean): number {
  const error = isHfError(thrown) ? thrown : unexpected(thrown);
  const exit = exitCode(error);
  if (printer.format === "json" || printer.ndjson === true) {
    const event = printer.ndjson === true ? { event: "error" } : {};
    printer.err(`${JSON.stringify({ ...event, error: errorData(error, exit) })}\n`);
    return exit;
  }
  printer.err(`${paint(printer, "31", "Error:")} ${error.message}\n`);
  if (error.hint !== undefined) printer.err(`${paint(printer, "1", "Next:")} ${error.hint}\n`);
  if (error.requestId !== undefined) printer.err(`Request id: ${error.requestId}\n`);
  if (debug && error.stack !== undefined) printer.err(`${redact(error.stack)}\n`);
  return exit;
}

function printNote(note: string, printer: Printer): void {
  printer.err(printer.ndjson === true ? `${JSON.stringify({ event: "note", message: note })}\n` : `${note}\n`);
}

/** A warning or a word on progress that is worth a line of its own. */
export function printWarning(message: string, printer: Printer): void {
  const text = plainText(redact(message), 2000);
  if (printer.ndjson === true) printer.err(`${JSON.stringify({ event: "warning", message: text })}\n`);
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
 * can be copied.
 */
export function wrapLine(line: string, { columns }: Pick<Printer, "columns">, indent = ""): string[] {
  if (columns === undefined || line.length <= columns) return [line];
  const lines: string[] = [];
  // Blanks at the beginning belong to the first word: they are an indent too.
  let current = "";
  for (const word of line.match(/^\s*\S+|\S+/g) ?? []) {
    const joined = current === "" ? word : `${current} ${word}`;
    if (current.trim() === "" || joined.length <= columns) {
      current = joined;
      continue;
    }
    lines.push(current);
    current = indent + word;
  }
  return [...lines, current];
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
    hint: error.hint ?? null,
    cause: error.cause instanceof Error ? plainText(redact(error.cause.message)) : null,
    requestId: error.requestId ?? null,
    exit,
  };
}

function unexpected(thrown: unknown): HfError {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new HfError("ERR_HF_INTERNAL", `Something went wrong that should not: ${message}`, {
    cause: thrown,
    hint: "Run it again with --debug and report what it prints; tokens are struck from it.",
  });
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
