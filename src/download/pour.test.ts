import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HfError, NetworkError } from "../core/errors.ts";
import type { OpenedFile } from "../hub/index.ts";
import { pour } from "./pour.ts";
import type { PourOptions } from "./pour.ts";

const COMMIT = "c".repeat(40);
const TEXT = "0123456789";
const BROKEN = new NetworkError("ERR_HF_NETWORK", "the connection broke");

interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly length?: number;
  readonly commit?: string;
  readonly parts?: readonly string[];
  /** Thrown after the parts. */
  readonly fault?: Error;
}

/** The peer, as a list of answers; asked once more than the test foresaw, it fails the test. */
function setup(answers: readonly (Answer | Error)[], more: Partial<PourOptions> = {}) {
  const asked: { from: number; etag: string | undefined }[] = [];
  const retries: number[] = [];
  let counted = 0;
  let cancelled = 0;
  let kept = "";
  const open = async (from: number, etag: string | undefined): Promise<OpenedFile> => {
    const answer = answers[asked.length];
    asked.push({ from, etag });
    if (answer === undefined) throw new Error(`unexpected request ${asked.length}`);
    if (answer instanceof Error) throw answer;
    const { status = from === 0 ? 200 : 206, headers = {}, parts = [TEXT.slice(from)], fault } = answer;
    const range = { "content-range": `bytes ${from}-${TEXT.length - 1}/${TEXT.length}` };
    const all: Readonly<Record<string, string>> = status === 206 ? { ...range, ...headers } : headers;
    return {
      status,
      headers: { get: (name) => all[name] ?? null },
      length: answer.length,
      commit: answer.commit ?? COMMIT,
      etag: undefined,
      size: undefined,
      xetHash: undefined,
      url: new URL("http://localhost/"),
      async receive(onBytes) {
        for (const part of parts) await onBytes(Buffer.from(part));
        if (fault !== undefined) throw fault;
        return parts.join("").length;
      },
      cancel: () => void cancelled++,
    };
  };
  const run = pour(
    { path: "file.txt", size: TEXT.length, commit: COMMIT, open },
    {
      write(bytes, offset) {
        assert.equal(offset, kept.length);
        kept += Buffer.from(bytes).toString();
      },
      restart: () => void (kept = ""),
    },
    {
      clock: { now: () => 0, sleep: async () => undefined },
      random: () => 0.5,
      signal: new AbortController().signal,
      onBytes: (count) => void (counted += count),
      onRetry: ({ from }) => void retries.push(from),
      ...more,
    },
  );
  return { run, asked, retries, seen: () => ({ kept, counted, cancelled }) };
}

describe("pour()", () => {
  it("goes on from the last byte that came, for the content of the same strong etag", async () => {
    const { run, asked, retries, seen } = setup([
      { headers: { etag: '"abc"' }, parts: ["01", "2"], fault: BROKEN },
      { headers: { etag: 'W/"abc"' }, parts: ["34"], fault: BROKEN },
      {},
    ]);
    await run;
    assert.deepEqual(asked, [
      { from: 0, etag: undefined },
      { from: 3, etag: '"abc"' },
      { from: 5, etag: undefined },
    ]);
    assert.deepEqual(retries, [3, 5]);
    assert.deepEqual(seen(), { kept: TEXT, counted: TEXT.length, cancelled: 2 });
  });

  it("begins anew when the whole comes for a range, and when the range is refused", async () => {
    const whole = setup([
      { parts: ["0123"], fault: BROKEN },
      { status: 200, parts: [TEXT] },
    ]);
    await whole.run;
    assert.deepEqual([whole.seen().kept, whole.seen().counted], [TEXT, TEXT.length]);
    const refused = setup([
      { parts: ["0123"], fault: BROKEN },
      new HfError("ERR_HF_HTTP", "no such range", { status: 416 }),
      {},
    ]);
    await refused.run;
    assert.deepEqual(
      refused.asked.map(({ from }) => from),
      [0, 4, 0],
    );
    assert.deepEqual([refused.seen().kept, refused.seen().counted], [TEXT, TEXT.length]);
  });

  it("is content when the connection breaks after the last byte", async () => {
    const { run, asked } = setup([{ parts: [TEXT], fault: BROKEN }]);
    await run;
    assert.equal(asked.length, 1);
  });

  for (const range of [
    "bytes 2-9/10",
    "bytes 4-8/10",
    "bytes 4-9/11",
    "bytes 3-9/10",
    "bytes 4-9",
    "",
    "lines 4-9/10",
  ]) {
    it(`refuses a range '${range}' where bytes 4-9 of 10 were asked for`, async () => {
      const { run, seen } = setup([{ parts: ["0123"], fault: BROKEN }, { headers: { "content-range": range } }]);
      await assert.rejects(run, { code: "ERR_HF_INTEGRITY" });
      assert.equal(seen().kept, "0123");
    });
  }

  it("refuses another commit, another length, more bytes and fewer", async () => {
    for (const answer of [
      { commit: "d".repeat(40) },
      { length: 9 },
      { length: 11 },
      { parts: [TEXT, "x"] },
      { parts: ["012"] },
    ]) {
      const { run, seen } = setup([answer]);
      await assert.rejects(run, { code: "ERR_HF_INTEGRITY" });
      assert.equal(seen().cancelled, 1);
      assert.ok(seen().kept.length <= TEXT.length, "more was written than the content has");
    }
  });

  it("gives up after five tries in a row that bring nothing; any byte begins the count anew", async () => {
    const empty: Answer = { parts: [], fault: BROKEN };
    const byte = (at: number): Answer => ({ parts: [TEXT.charAt(at)], fault: BROKEN });
    const four = [empty, empty, empty, empty];
    const patient = setup([...four, byte(0), ...four, byte(1), ...four, {}]);
    await patient.run;
    const barren = setup([byte(0), ...four, empty]);
    await assert.rejects(barren.run, { code: "ERR_HF_NETWORK" });
    assert.equal(barren.asked.length, 6);
  });

  it("does not ask again where that is of no use: a refusal, a peer that cannot be reached", async () => {
    const refusal = setup([{ parts: ["01"], fault: BROKEN }, new HfError("ERR_HF_GATED_REPO", "no")]);
    await assert.rejects(refusal.run, { code: "ERR_HF_GATED_REPO" });
    const unreachable = setup([BROKEN]);
    await assert.rejects(unreachable.run, { code: "ERR_HF_NETWORK" });
    assert.equal(unreachable.asked.length, 1);
  });

  it("stops between two tries when aborted", async () => {
    const stop = new AbortController();
    const { run, asked } = setup([{ parts: ["01"], fault: BROKEN }], {
      signal: stop.signal,
      clock: {
        now: () => 0,
        async sleep(_ms, signal) {
          stop.abort(new Error("enough"));
          signal?.throwIfAborted();
        },
      },
    });
    await assert.rejects(run, /enough/);
    assert.equal(asked.length, 1);
  });
});
