import type { AccessEvidence, AccessVerdict, HubReading, NextStep } from "../access/index.ts";
import type { AccessReport } from "../api/index.ts";
import { safeText } from "../core/errors.ts";
import { repoPath } from "../core/repo.ts";
import { alignColumns, cross, exitOf, tick, wrapLine } from "./output.ts";
import type { Json, Printer, Report } from "./output.ts";
import type { ListedRepo } from "./repo-list.ts";

/** A verdict with its evidence, for a person, for a program, and as an exit code. */
export function accessReport({ verdict, evidence }: AccessReport, printer: Printer): Report {
  const rows = facts(evidence);
  // Words that do not fit go on below the words, not below the names.
  const indent = " ".repeat(4 + Math.max(...rows.map(([name = ""]) => name.length)));
  return {
    data: accessData({ verdict, evidence }),
    human: [
      ...wrapLine(`${mark(verdict, printer)} ${verdict.message} (${verdict.kind})`, printer, "  "),
      ...rows.flatMap(([name = "", words = ""]) => besideName(`  ${name}`.padEnd(indent.length), words, printer)),
      ...wrapLine(`Next: ${verdict.next.text}`, printer, "  ", commandIn(verdict.next)),
    ],
    quiet: [verdict.kind],
    exit: verdictExit(verdict),
  };
}

/** Words that do not fit go on below the words, and the gap after the name stays as wide as that of its neighbours. */
function besideName(name: string, words: string, { columns }: Printer): string[] {
  const room = columns === undefined ? undefined : Math.max(20, columns - name.length);
  return wrapLine(words, { columns: room }).map((line, at) => (at === 0 ? name : " ".repeat(name.length)) + line);
}

/** The command that stands in a step's words; a line is not broken within it. */
function commandIn({ text, command, afterwards }: NextStep): string | undefined {
  return [command, afterwards].find((one) => one !== undefined && text.includes(one));
}

/** A repo, or a line of a list that names none. */
export type TableRow = AccessReport | Extract<ListedRepo, { kind: "bad" }>;

/**
 * Many verdicts as one table, and below it what to do about those that were refused, each thing once.
 * The exit code is the worst of them: the highest.
 */
export function accessTable(rows: readonly TableRow[], printer: Printer): Report {
  const cells: string[][] = [];
  const steps = new Map<string, { readonly repos: string[]; readonly command: string | undefined }>();
  const exits: number[] = [];
  for (const row of rows) {
    if ("kind" in row) {
      const { place, text, error } = row;
      cells.push([cross(printer), safeText(text, 60), "no-repo"]);
      const words = `${error.message} ${error.hint}`;
      steps.set(words, { repos: [...(steps.get(words)?.repos ?? []), safeText(place, 200)], command: undefined });
      exits.push(exitOf(error.code));
      continue;
    }
    const { verdict, evidence } = row;
    const name = repoPath(evidence.subject.repo);
    cells.push([mark(verdict, printer), name, verdict.kind]);
    exits.push(verdictExit(verdict));
    if (verdict.kind === "ok") continue;
    const { text } = verdict.next;
    steps.set(text, { repos: [...(steps.get(text)?.repos ?? []), name], command: commandIn(verdict.next) });
  }
  const next = [...steps].flatMap(([text, { repos, command }]) =>
    wrapLine(`${repos.join(", ")}: ${text}`, printer, "  ", command),
  );
  const reports = rows.flatMap((row) => ("kind" in row ? [] : [row]));
  const bad = rows.flatMap((row) => ("kind" in row ? [row] : []));
  const exit = Math.max(0, ...exits);
  return {
    data: {
      allowed: bad.length === 0 && reports.every(({ verdict }) => verdict.allowed),
      exit,
      repos: reports.map((report) => accessData(report)),
      badLines: bad.map(({ place, text, error }) => ({
        place: safeText(place, 500),
        text: safeText(text, 200),
        code: error.code,
        message: error.message,
        hint: error.hint,
      })),
    },
    human: [...alignColumns(cells), ...(next.length === 0 ? [] : ["", ...next])],
    quiet: rows.map((row) => ("kind" in row ? "no-repo" : row.verdict.kind)),
    exit,
  };
}

export function verdictExit({ code }: AccessVerdict): number {
  return code === undefined ? 0 : exitOf(code);
}

function mark({ allowed }: AccessVerdict, printer: Printer): string {
  return allowed ? tick(printer) : cross(printer);
}

/** The evidence line by line: which token, whose, and what the Hub said. */
function facts(evidence: AccessEvidence): string[][] {
  const { account, answer, anonymous, gate } = evidence;
  const { status, said, requestId } = hubSaid(answer);
  const rows = [["token:", tokenWords(evidence)]];
  if (account?.kind === "known") {
    const { name, token } = account.account;
    const rights = [token?.name, token?.role].filter((word) => word !== undefined).join(", ");
    rows.push(["account:", rights === "" ? name : `${name} (${rights})`]);
  } else if (account?.kind === "unknown") {
    rows.push(["account:", `unknown: ${account.error.message}`]);
  }
  if (gate !== undefined) rows.push(["gate:", gate === "auto" ? "opens at once for who asks" : "people decide"]);
  if (said !== "" || status !== undefined) {
    const words = said === "" ? String(status) : status === undefined ? said : `${said} (${status})`;
    rows.push(["Hub said:", words]);
  }
  if (anonymous !== undefined) {
    const open = isOpen(anonymous);
    const words = open ? "anybody may read it" : "nobody may read it without a token";
    rows.push(["without:", open === undefined ? "the Hub did not say" : words]);
  }
  if (requestId !== undefined) rows.push(["request:", requestId]);
  return rows.map(([name = "", words = ""]) => [name, safeText(words, 1000)]);
}

function tokenWords({ token }: AccessEvidence): string {
  if (token.kind === "none") {
    return token.keptBack === undefined
      ? "none"
      : `none; ${token.keptBack} is kept back by HF_HUB_DISABLE_IMPLICIT_TOKEN`;
  }
  const words = [token.kind === "withheld" ? `${token.source}, not sent` : token.source];
  if (token.kind === "used" && token.tokenName !== undefined) words.push(`saved as ${token.tokenName}`);
  if (token.kind === "used" && token.expiresAt !== undefined) {
    words.push(`ends ${token.expiresAt.toISOString().slice(0, 10)}`);
  }
  if (token.shadows.length > 0) words.push(`hides ${token.shadows.join(", ")}`);
  return words.join("; ");
}

interface Said {
  readonly status: number | undefined;
  readonly said: string;
  readonly requestId: string | undefined;
}

function hubSaid(answer: HubReading): Said {
  if (answer.kind === "readable") return { status: answer.status, said: "", requestId: answer.requestId };
  return { status: answer.error.status, said: answer.said, requestId: answer.error.requestId };
}

/** The JSON of one repo; the names are part of the public face. */
function accessData({ verdict, evidence }: AccessReport): { readonly [key: string]: Json | undefined } {
  const { subject, token, account, answer, anonymous, gate, endpoint, need } = evidence;
  const { status, said, requestId } = hubSaid(answer);
  // Without a token the answer is the one that everybody gets.
  const open = token.kind !== "used" && need === "read" && status !== undefined ? answer : anonymous;
  return {
    repo: subject.repo.id,
    repoType: subject.repo.type,
    revision: subject.revision ?? null,
    path: subject.path ?? null,
    need,
    verdict: verdict.kind,
    allowed: verdict.allowed,
    certain: verdict.certain,
    reason: "reason" in verdict ? (verdict.reason ?? null) : null,
    names: verdict.kind === "misspelt" ? verdict.names.map((repo) => repoPath(repo)) : [],
    retryAfter: verdict.kind === "rate-limited" ? (verdict.retryAfter ?? null) : null,
    message: verdict.message,
    next: {
      text: verdict.next.text,
      command: verdict.next.command ?? null,
      url: verdict.next.url ?? null,
      afterwards: verdict.next.afterwards ?? null,
    },
    code: verdict.code ?? null,
    exit: verdictExit(verdict),
    endpoint,
    token:
      token.kind === "none"
        ? { source: null, keptBack: token.keptBack ?? null, sent: false, shadows: [] }
        : {
            source: token.source,
            keptBack: null,
            sent: token.kind === "used",
            tokenName: token.kind === "used" ? plain(token.tokenName) : null,
            expiresAt: token.kind === "used" ? (token.expiresAt?.toISOString() ?? null) : null,
            shadows: [...token.shadows],
          },
    account: account?.kind === "known" ? plain(account.account.name) : null,
    gate: gate ?? null,
    public: open === undefined ? null : (isOpen(open) ?? null),
    hub: {
      status: status ?? null,
      said: said === "" ? null : plain(said),
      requestId: plain(requestId),
    },
  };
}

/** Whether nobody in particular may; undefined where no answer came, or one that is about something else. */
function isOpen(reading: HubReading): boolean | undefined {
  if (reading.kind === "readable") return true;
  return [401, 403, 404].includes(reading.error.status ?? 0) ? false : undefined;
}

function plain(text: string | undefined): string | null {
  return text === undefined ? null : safeText(text, 1000);
}
