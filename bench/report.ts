import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../test/support/root.ts";
import type { Answer, Row } from "./measure.ts";

/** A file of `bench/results`. */
interface Results {
  readonly date: string;
  readonly machine: {
    readonly cpu?: string;
    readonly cores: number;
    readonly memoryGb: number;
    readonly kernel: string;
  };
  readonly versions: Readonly<Record<string, string>>;
  readonly answers: readonly Answer[];
}

/** An answer with the run that it is from. */
interface Dated extends Answer {
  readonly results: Results;
}

function page(all: readonly Dated[]): string {
  const parts = all.map(({ question, rows, absent, results }) =>
    [
      `## ${question[0]?.toUpperCase()}${question.slice(1)}`,
      "",
      `Measured ${results.date.slice(0, 10)}: ${machine(results)}.`,
      "",
      ...table(rows),
      ...absent.flatMap((why) => ["", `Absent: ${why}.`]),
      "",
    ].join("\n"),
  );
  return [
    "# Benchmarks",
    "",
    "Made by `npm run bench` and `npm run bench:report`; `bench/README.md` says how to read them. Only the ratios, to the first row",
    "of each table, can be compared between machines.",
    "",
    "![Time against the first row of each question](benchmarks.svg)",
    "",
    ...parts,
  ].join("\n");
}

function machine({ machine: { cpu, cores, memoryGb, kernel }, versions }: Results): string {
  const named = Object.entries(versions).map(([name, version]) => `${name} ${shortVersion(version)}`);
  return `${cpu ?? "unknown processor"}, ${cores} cores, ${Math.round(memoryGb)} GB, Linux ${kernel.split("-")[0]}; ${named.join(", ")}`;
}

function shortVersion(text: string): string {
  return /\d+(?:\.\d+)+/.exec(text)?.[0] ?? text;
}

function table(rows: readonly Row[]): string[] {
  const cells = rows.map((row) => [
    row.name,
    row.ratio.toFixed(2),
    String(row.wallMs),
    String(row.cpuSeconds),
    String(row.peakRssMb),
  ]);
  const lines = [["", "ratio", "wall ms", "CPU s", "RSS MB"], ...cells];
  const widths = [0, 1, 2, 3, 4].map((at) => Math.max(3, ...lines.map((line) => line[at]?.length ?? 0)));
  const draw = (line: readonly string[]): string =>
    `| ${line.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join(" | ")} |`;
  const rule = `| ${widths.map((width, at) => (at === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  const [head = [], ...body] = lines;
  return [draw(head), rule, ...body.map(draw)];
}

const LINE = 20;
const NAMES = 420;
const BARS = 420;

/** A bar for each row, as long as its ratio; one that is off the scale ends in a break and its number. */
function chart(all: readonly Dated[]): string {
  const parts: string[] = [];
  let y = 10;
  for (const { question, rows } of all) {
    y += LINE;
    parts.push(`<text x="10" y="${y}" font-weight="bold">${escaped(question)}</text>`);
    const most = Math.min(10, Math.max(...rows.map((row) => row.ratio)));
    for (const { name, ratio } of rows) {
      y += LINE;
      const width = Math.max(2, Math.round((Math.min(ratio, most) / most) * BARS));
      const fill = name.startsWith("hf ") ? "#ff9d00" : "#9aa5b1";
      const more = ratio > most ? " →" : "";
      parts.push(
        `<text x="${NAMES - 8}" y="${y}" text-anchor="end">${escaped(name)}</text>`,
        `<rect x="${NAMES}" y="${y - 12}" width="${width}" height="14" fill="${fill}"/>`,
        `<text x="${NAMES + width + 6}" y="${y}">${ratio.toFixed(2)}${more}</text>`,
      );
    }
    y += LINE / 2;
  }
  const size = `width="${NAMES + BARS + 80}" height="${y + 10}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="#ffffff"/>\n${parts.join("\n")}\n</svg>\n`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

// `npm run bench:report`: the newest answer to every question, as docs/benchmarks.md and a chart beside it.
const folder = join(root, "bench", "results");
const newest = new Map<string, Dated>();
for (const file of readdirSync(folder).toSorted()) {
  const results = JSON.parse(readFileSync(join(folder, file), "utf8")) as Results;
  for (const answer of results.answers) newest.set(answer.question, { ...answer, results });
}
const answers = [...newest.values()];
writeFileSync(join(root, "docs", "benchmarks.svg"), chart(answers));
writeFileSync(join(root, "docs", "benchmarks.md"), page(answers));
