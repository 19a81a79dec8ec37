import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isHfError } from "../../core/errors.ts";
import { mayLead, readReconstruction } from "./reconstruction.ts";

const CAS = new URL("https://cas.example.org/");
const A = "a".repeat(64);
const B = "b".repeat(64);
const WINDOW = { start: 1000, end: 3000 };

type Json = Record<string, unknown>;
const url = "https://data.example.org/x?sig=1";
const range = (start: number, end: number): Json => ({ start, end });
const entry = (chunks: Json, bytes: Json, more: Json = {}): Json => ({ url, ranges: [{ chunks, bytes }], ...more });
const term = (hash: string, start: number, end: number, size: number, more: Json = {}): Json => ({
  hash,
  unpacked_length: size,
  range: range(start, end),
  ...more,
});
/** 2,000 bytes of a file: 100 bytes before them, twice the same chunk, then another xorb. */
const good = (): Json & { terms: Json[]; xorbs: Json } => ({
  offset_into_first_range: 100,
  terms: [term(A, 2, 4, 800), term(B, 0, 1, 700), term(A, 3, 4, 400), term(B, 5, 6, 250)],
  xorbs: {
    [A]: [entry(range(2, 4), range(50, 949))],
    [B]: [entry(range(0, 1), range(0, 699)), entry(range(5, 9), range(3000, 3999))],
  },
});
const bad = (error: unknown): boolean =>
  isHfError(error) && error.code === "ERR_HF_BAD_ANSWER" && error.hint !== undefined;

describe("readReconstruction()", () => {
  it("looks no endless terms up among endless ranges", () => {
    const one = { chunks: range(0, 1), bytes: range(0, 9) };
    const terms = (count: number): Json[] => Array.from({ length: count }, () => term(A, 0, 1, 1));
    const said = (count: number, ranges: number): Json => ({
      offset_into_first_range: 0,
      terms: terms(count),
      xorbs: { [A]: [{ url, ranges: Array.from({ length: ranges }, () => one) }] },
    });
    const window = (size: number) => ({ start: 0, end: size });
    assert.equal(readReconstruction(said(60_000, 8192), window(60_000), CAS).length, 1);
    assert.throws(() => readReconstruction(said(65_537, 1), window(65_537), CAS), bad);
    assert.throws(() => readReconstruction(said(1, 8193), window(1), CAS), bad);
  });

  it("gives one request for each range, with every place its content is for", () => {
    const ranges = readReconstruction(good(), WINDOW, CAS);
    assert.deepEqual(
      ranges.map(({ xorb, first, last, chunks, uses }) => ({ xorb, first, last, chunks, uses })),
      [
        {
          xorb: A,
          first: 50,
          last: 949,
          chunks: range(2, 4),
          uses: [
            { start: 2, end: 4, at: 900, size: 800 },
            { start: 3, end: 4, at: 2400, size: 400 },
          ],
        },
        { xorb: B, first: 0, last: 699, chunks: range(0, 1), uses: [{ start: 0, end: 1, at: 1700, size: 700 }] },
        { xorb: B, first: 3000, last: 3999, chunks: range(5, 9), uses: [{ start: 5, end: 6, at: 2800, size: 250 }] },
      ],
    );
    assert.equal(ranges[0]?.url.href, url);
  });

  it("reads the first version alike", () => {
    const { xorbs, ...rest } = good();
    const info = Object.fromEntries(
      Object.entries(xorbs as Record<string, { ranges: { chunks: Json; bytes: Json }[] }[]>).map(([hash, entries]) => [
        hash,
        entries.flatMap(({ ranges }) => ranges.map(({ chunks, bytes }) => ({ url, range: chunks, url_range: bytes }))),
      ]),
    );
    assert.deepEqual(
      readReconstruction({ ...rest, fetch_info: info }, WINDOW, CAS),
      readReconstruction(good(), WINDOW, CAS),
    );
  });

  it("asks for several ranges of one address one by one, and only for those that are used", () => {
    const answer = good();
    answer.xorbs[B] = [
      {
        url,
        ranges: [
          { chunks: range(0, 1), bytes: range(0, 699) },
          { chunks: range(5, 6), bytes: range(3000, 3299) },
          { chunks: range(7, 9), bytes: range(5000, 5999) },
        ],
      },
    ];
    assert.deepEqual(
      readReconstruction(answer, WINDOW, CAS).map(({ first }) => first),
      [50, 0, 3000],
    );
  });

  it("refuses what does not add up, before a byte is fetched", () => {
    const change = (edit: (answer: ReturnType<typeof good>) => void): unknown => {
      const answer = good();
      edit(answer);
      return answer;
    };
    const cases: Record<string, unknown> = {
      "no object": null,
      "a list": [],
      "no terms": change((answer) => (answer.terms = [])),
      "an offset below zero": change((answer) => (answer["offset_into_first_range"] = -1)),
      "an offset behind the first term": change((answer) => (answer["offset_into_first_range"] = 800)),
      "half an offset": change((answer) => (answer["offset_into_first_range"] = 0.5)),
      "less than was asked for": change((answer) => answer.terms.pop()),
      "a term too many": change((answer) => answer.terms.push(term(B, 5, 6, 250))),
      "a size of nothing": change((answer) => (answer.terms[1] = term(B, 0, 1, 0))),
      "a size that is no number": change(
        (answer) => (answer.terms[1] = term(B, 0, 1, 700, { unpacked_length: "700" })),
      ),
      "more than the chunks can hold": change((answer) => (answer.terms[1] = term(B, 0, 1, 300_000))),
      "a range that ends before it starts": change((answer) => (answer.terms[1] = term(B, 1, 1, 700))),
      "more chunks than a xorb has": change((answer) => (answer.terms[1] = term(B, 0, 9000, 700))),
      "a xorb that is not told": change((answer) => delete answer.xorbs[B]),
      "a hash that is none": change((answer) => (answer.xorbs["../x"] = [])),
      "chunks that are not told": change((answer) => (answer.terms[0] = term(A, 1, 4, 800))),
      "bytes that end before they start": change((answer) => (answer.xorbs[A] = [entry(range(2, 4), range(949, 50))])),
      "a range of bytes beyond a xorb": change((answer) => (answer.xorbs[A] = [entry(range(2, 4), range(0, 2 ** 31))])),
    };
    for (const [name, answer] of Object.entries(cases)) {
      assert.throws(() => readReconstruction(answer, WINDOW, CAS), bad, name);
    }
  });

  it("refuses a plan that fetches far more than the file has", () => {
    const hashes = Array.from({ length: 10 }, (_, index) => String(index).repeat(64));
    const answer = {
      offset_into_first_range: 0,
      terms: hashes.map((hash) => term(hash, 0, 1, 200)),
      xorbs: Object.fromEntries(hashes.map((hash) => [hash, [entry(range(0, 1), range(0, 60 * 1024 * 1024))]])),
    };
    assert.throws(() => readReconstruction(answer, WINDOW, CAS), bad);
  });

  it("asks no address but https, and loopback only for a storage that is there itself", () => {
    const at = (address: unknown, cas: URL): unknown => {
      const answer = good();
      answer.xorbs[A] = [entry(range(2, 4), range(50, 949), { url: address })];
      return readReconstruction(answer, WINDOW, cas);
    };
    const near = new URL("http://127.0.0.1:9/");
    for (const [address, cas] of [
      ["http://data.example.org/x", CAS],
      ["http://127.0.0.1:80/x", CAS],
      ["http://data.example.org/x", near],
      ["file:///etc/passwd", CAS],
      ["https://user:secret@data.example.org/x", CAS],
      ["//data.example.org/x", CAS],
      [undefined, CAS],
    ] as const) {
      assert.throws(() => at(address, cas), bad, String(address));
    }
    assert.doesNotThrow(() => at("http://localhost:80/x", near));
    assert.equal(mayLead(new URL("https://hub.example.org"), new URL("http://localhost")), false);
  });
});
