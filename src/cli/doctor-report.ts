import { safeText } from "../core/errors.ts";
import { AREAS } from "../doctor/index.ts";
import type { Area, Evidence, FixPlan, FixResult, PlacedFinding, Severity } from "../doctor/index.ts";
import { EXIT_FINDINGS, wrapLine } from "./output.ts";
import type { Json, Printer, Report } from "./output.ts";

/** How a severity is marked; colours are the printer's. */
export type Paint = (severity: Severity | "fine" | "command", text: string) => string;

export interface DoctorFacts {
  readonly evidence: Evidence;
  readonly findings: readonly PlacedFinding[];
  readonly paint: Paint;
  /** What `--fix` planned, and did. */
  readonly fixes: DoctorFixes | undefined;
  /** Path of the file that was written for a question. */
  readonly bundle: string | undefined;
  /** Of the terminal. */
  readonly columns: number | undefined;
}

export interface DoctorFixes {
  readonly plan: FixPlan;
  /** False when nobody agreed: nothing was changed. */
  readonly done: boolean;
  readonly results: readonly FixResult[];
}

const MARKS: Readonly<Record<Severity, string>> = { error: "✗", warning: "!", note: "·" };

/** What `hf doctor` tells: findings with the most important first, then what was looked at and is well. */
export function doctorReport({ evidence, findings, paint, fixes, bundle, columns }: DoctorFacts): Report {
  const width = reportWidth({ columns });
  const errors = findings.filter(({ severity }) => severity === "error").length;
  return {
    data: {
      healthy: errors === 0,
      errors,
      warnings: findings.filter(({ severity }) => severity === "warning").length,
      findings: findings.map(findingData),
      fine: [...fineAreas(findings, evidence)],
      facts: factsOf(evidence),
      fixes: fixes === undefined ? null : fixesData(fixes),
      bundle: bundle === undefined ? null : safeText(bundle, 1000),
    },
    human: [
      ...(fixes === undefined ? [] : describeFixes(fixes, paint, width)),
      summary(findings),
      ...findings.flatMap((finding) => ["", ...describe(finding, paint, width)]),
      "",
      ...closing(findings, evidence, fixes === undefined, paint),
    ],
    notes: [
      ...(fixes !== undefined && !fixes.done && fixes.plan.steps.length > 0
        ? ["Nothing was changed. 'hf doctor --fix --yes' does it without asking."]
        : []),
      ...(bundle === undefined
        ? []
        : [`Written to ${safeText(bundle, 1000)}, without tokens. Read it before you show it to others.`]),
    ],
    agent: findings.map(({ severity, code, message, fix }) =>
      safeText(
        `${severity} ${code}: ${message} Fix: ${fix.text}${fix.command === undefined ? "" : ` Command: ${fix.command}`}`,
        2000,
      ),
    ),
    quiet: findings.filter(({ severity }) => severity !== "note").map(({ code }) => code),
    exit: errors > 0 ? EXIT_FINDINGS : 0,
  };
}

/** What `--bundle -` tells: the bundle alone, in every format the same document. */
export function bundleReport(bundle: Readonly<Record<string, unknown>>, findings: readonly PlacedFinding[]): Report {
  // Plain texts, numbers and lists of them, made so by `makeBundle()`.
  const data = bundle as Report["data"];
  const lines = JSON.stringify(data, null, 2).split("\n");
  const healthy = findings.every(({ severity }) => severity !== "error");
  return { data, human: lines, agent: lines, quiet: lines, exit: healthy ? 0 : EXIT_FINDINGS };
}

function summary(findings: readonly PlacedFinding[]): string {
  const count = (severity: Severity, one: string, many: string): string[] => {
    const found = findings.filter((finding) => finding.severity === severity).length;
    return found === 0 ? [] : [`${found} ${found === 1 ? one : many}`];
  };
  const parts = [
    ...count("error", "error", "errors"),
    ...count("warning", "warning", "warnings"),
    ...count("note", "note", "notes"),
  ];
  if (parts.length === 0) return "Everything is as it should be.";
  const wrong = findings.some(({ severity }) => severity !== "note");
  return wrong ? `Found ${parts.join(", ")}.` : `Nothing is wrong. ${parts.join("")} to know:`;
}

function describe(
  { severity, message, evidence, fix }: PlacedFinding,
  paint: Paint,
  width: Pick<Printer, "columns">,
): readonly string[] {
  const mark = MARKS[severity];
  const [first = "", ...more] = wrapLine(`${mark} ${safeText(message, 1000)}`, width, "  ");
  return [
    `${paint(severity, mark)}${first.slice(mark.length)}`,
    ...more,
    ...evidence.flatMap((line) => wrapLine(`    ${safeText(line, 1000)}`, width, "      ")),
    ...wrapLine(`  → ${safeText(fix.text, 1000)}`, width, "    "),
    // Whole, to be copied.
    ...(fix.command === undefined ? [] : [`      ${paint("command", safeText(fix.command, 2000))}`]),
  ];
}

/** Of the terminal, as long as a line can be read at a glance; elsewhere what a terminal usually has. */
export function reportWidth({ columns = 80 }: Pick<Printer, "columns">): Required<Pick<Printer, "columns">> {
  return { columns: Math.min(columns, 100) };
}

function closing(
  findings: readonly PlacedFinding[],
  evidence: Evidence,
  offerFix: boolean,
  paint: Paint,
): readonly string[] {
  const fine = fineAreas(findings, evidence);
  const fixable = findings.filter(({ fix }) => fix.action !== undefined).length;
  return [
    ...(fine.length === 0 ? [] : [`${paint("fine", "✓")} well: ${fine.join(", ")}`]),
    ...(evidence.network.kind === "off"
      ? [`  not looked at: network (${evidence.network.why === "offline" ? "switched off" : "no usable proxy"})`]
      : []),
    ...signedInAs(evidence),
    ...(isReached(evidence) ? ["  Refused for one repo alone? 'hf access REPO' says why."] : []),
    ...(fixable === 0 || !offerFix
      ? []
      : [
          `  'hf doctor --fix' mends ${fixable === 1 ? "one of these" : `${fixable} of these`}, after showing what it will do.`,
        ]),
  ];
}

/** There is a way to the Hub, so that another cause may lie with a repo. */
function isReached({ network }: Evidence): boolean {
  return network.kind === "asked" && network.endpoint.hops.every(({ failure }) => failure === undefined);
}

/** What `--fix` would do, an item for each step. */
export function describePlan({ steps }: FixPlan, printer: Pick<Printer, "columns">): readonly string[] {
  return steps.flatMap(({ words }) => wrapLine(`  - ${safeText(words, 1000)}`, reportWidth(printer), "    "));
}

function describeFixes(
  { plan, done, results }: DoctorFixes,
  paint: Paint,
  width: Pick<Printer, "columns">,
): readonly string[] {
  if (plan.steps.length === 0) return ["Nothing here can be mended without you.", ""];
  if (!done) {
    return ["This would be done:", ...describePlan(plan, width), ""];
  }
  return [
    ...results.flatMap(({ words, failure }) => {
      const [kind, mark, word] =
        failure === undefined ? (["fine", "✓", "done"] as const) : (["error", "✗", "not done"] as const);
      const [first = "", ...more] = wrapLine(`${mark} ${word}: ${safeText(words, 1000)}`, width, "  ");
      const why = failure === undefined ? [] : wrapLine(`    ${safeText(failure, 1000)}`, width, "    ");
      return [`${paint(kind, mark)}${first.slice(mark.length)}`, ...more, ...why];
    }),
    "",
  ];
}

function fixesData({ plan, done, results }: DoctorFixes): Json {
  if (!done) return plan.steps.map(({ words }) => ({ words: safeText(words, 1000), done: false, failure: null }));
  return results.map(({ words, failure }) => ({
    words: safeText(words, 1000),
    done: failure === undefined,
    failure: failure === undefined ? null : safeText(failure, 1000),
  }));
}

function userOf({ network }: Evidence): string | undefined {
  return network.kind === "asked" && network.identity.kind === "known" ? network.identity.identity.name : undefined;
}

function signedInAs(evidence: Evidence): readonly string[] {
  const user = userOf(evidence);
  const { resolution } = evidence.logins.survey ?? {};
  if (user === undefined || resolution?.kind !== "found") return [];
  return [`  signed in as ${user}, by ${safeText(resolution.source, 1000)}`];
}

/** Parts without a finding that a person has to act on. */
function fineAreas(findings: readonly PlacedFinding[], { network, cache }: Evidence): readonly Area[] {
  const troubled = new Set(findings.filter(({ severity }) => severity !== "note").map(({ area }) => area));
  const unknown = new Set<Area>();
  if (network.kind === "off" || network.unclearStorage.length > 0) unknown.add("network");
  // Told once, of the folder of logins above it.
  if (cache.probe.refusal !== undefined) unknown.add("cache");
  // Only the Hub can say that a token is well.
  if (network.kind === "off" || network.identity.kind !== "known") unknown.add("token");
  return AREAS.filter((area) => !troubled.has(area) && !unknown.has(area));
}

function findingData({ code, severity, area, message, evidence, fix }: PlacedFinding): Json {
  return {
    code,
    severity,
    area,
    message: safeText(message, 2000),
    evidence: evidence.map((line) => safeText(line, 2000)),
    fix: {
      text: safeText(fix.text, 2000),
      command: fix.command === undefined ? null : safeText(fix.command, 2000),
      automatic: fix.action !== undefined,
    },
  };
}

function factsOf(evidence: Evidence): { readonly [key: string]: Json } {
  const { platform, program, settings, logins, cache } = evidence;
  const resolution = logins.survey?.resolution;
  return {
    platform,
    node: program.nodeVersion,
    program: safeText(program.script, 1000),
    endpoint: settings.endpoint,
    source: resolution === undefined || resolution.kind === "anonymous" ? null : safeText(resolution.source, 1000),
    user: userOf(evidence) ?? null,
    home: safeText(settings.home, 1000),
    hubCache: safeText(settings.hubCache, 1000),
    freeBytes: cache.freeBytes ?? null,
  };
}
