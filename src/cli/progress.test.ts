import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { DownloadEvent } from "../download/index.ts";
import { createProgress } from "./progress.ts";
import type { ProgressView } from "./progress.ts";

/** A terminal that shows what is on it after cursor movements; it throws on a sequence that it does not know. */
class Screen {
  readonly isTTY = true;
  columns: number;
  readonly rows: string[] = [""];
  #row = 0;

  constructor(columns: number) {
    this.columns = columns;
  }

  write(text: string): boolean {
    for (const part of text.split(/(\u001b\[2K|\u001b\[1A|\r|\n)/)) {
      if (part === "\n") this.rows[++this.#row] ??= "";
      else if (part === "\u001b[1A") this.#row--;
      else if (part === "\u001b[2K") this.rows[this.#row] = "";
      else if (part !== "\r") {
        assert.ok(!part.includes("\u001b"), `an unknown sequence in ${JSON.stringify(part)}`);
        assert.ok(part.length < this.columns, `a line of ${part.length} on ${this.columns} columns wraps`);
        this.rows[this.#row] += part;
      }
    }
    return true;
  }

  get text(): string {
    return this.rows.join("\n").replace(/\n+$/, "");
  }
}

function drawOn(columns: number): { readonly screen: Screen; readonly view: ProgressView; pass(ms: number): void } {
  const screen = new Screen(columns);
  let time = 0;
  const view = createProgress({
    stream: screen as unknown as NodeJS.WriteStream,
    bar: true,
    now: () => time,
    warn: (message) => assert.fail(message),
  });
  return { screen, view, pass: (ms) => void (time += ms) };
}

const planned = (files: number, bytes: number): DownloadEvent => ({
  kind: "planned",
  commit: "c",
  files,
  bytes,
  missingFiles: files,
  missingBytes: bytes,
});
const progress = (bytes: number, total: number, active: { path: string; bytes: number; size: number }[], files = 3) =>
  ({ kind: "progress", bytes, totalBytes: total, files: 0, totalFiles: files, active }) as const;

describe("createProgress() on a terminal", () => {
  it("shows the whole and the largest files, each with its rate and its time left, and takes them away", () => {
    const { screen, view, pass } = drawOn(100);
    const a = { path: "model-00001-of-00002.safetensors", size: 80_000_000 };
    const b = { path: "onnx/model.onnx", size: 20_000_000 };
    view.onEvent(planned(3, 100_000_100));
    view.onEvent({ kind: "started", ...a });
    view.onEvent({ kind: "started", ...b });
    view.onEvent(
      progress(0, 100_000_100, [
        { ...a, bytes: 0 },
        { ...b, bytes: 0 },
      ]),
    );
    pass(10_000);
    const active = [
      { ...a, bytes: 20_000_000 },
      { ...b, bytes: 10_000_000 },
      { path: "config.json", bytes: 50, size: 100 },
    ];
    view.onEvent(progress(30_000_050, 100_000_100, active));
    const [title, first, second, bar, ...more] = screen.text.split("\n");
    assert.equal(title, "Fetching 3 files, 100.0 MB");
    assert.match(
      first ?? "",
      /^ {2}model-00001-of-00002\.safetensors +25% {2}20\.0 MB\/80\.0 MB {2}2\.0 MB\/s {2}30 s left$/,
    );
    assert.match(second ?? "", /^ {2}onnx\/model\.onnx +50% {2}10\.0 MB\/20\.0 MB {2}1\.0 MB\/s {2}10 s left$/);
    assert.match(bar ?? "", /^\[=+ +\] {2}30% {2}30\.0 MB\/100\.0 MB {2}3\.0 MB\/s {2}24 s left {2}0\/3 files$/);
    assert.deepEqual(more, []);
    view.onEvent(progress(90_000_000, 100_000_100, []));
    assert.equal(screen.text.split("\n").length, 2, "lines of files that have ended are gone");
    view.end();
    assert.equal(screen.text, "Fetching 3 files, 100.0 MB");
  });

  it("keeps every line within the terminal, whatever the names are", () => {
    const { screen, view, pass } = drawOn(60);
    view.onEvent(planned(2, 60_000_000));
    const active = ["y".repeat(300), "東京".repeat(40), `a\u001b[2Jb\u202e${"c".repeat(90)}`].map((path) => ({
      path,
      bytes: 1_000_000,
      size: 20_000_000,
    }));
    pass(1000);
    view.onEvent(progress(3_000_000, 60_000_000, active));
    const lines = screen.text.split("\n").slice(1);
    assert.equal(lines.length, 4);
    for (const line of lines.slice(0, 3)) assert.match(line, /… *\S* .*5%/u);
  });

  it("shows one file, and a narrow terminal, the bar alone", () => {
    for (const [columns, files] of [
      [100, 1],
      [40, 3],
    ] as const) {
      const { screen, view } = drawOn(columns);
      view.onEvent(planned(files, 60_000_000));
      view.onEvent(progress(3_000_000, 60_000_000, [{ path: "a", bytes: 3, size: 60_000_000 }], files));
      assert.equal(screen.text.split("\n").length, 2);
    }
  });

  it("does not speak of a rate where everything was on this machine", () => {
    const { screen, view } = drawOn(100);
    view.onEvent(planned(9, 1_100_000));
    view.onEvent({ kind: "done", files: 9, downloadedBytes: 0 });
    const last = screen.text.split("\n").at(-1);
    assert.equal(last, "9 files, 1.1 MB, were on this machine already; nothing had to be fetched");
  });
});
