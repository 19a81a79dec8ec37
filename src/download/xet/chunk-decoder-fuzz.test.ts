import assert from "node:assert/strict";
import { it } from "node:test";
import { isHfError } from "../../core/errors.ts";
import { decodeChunk, encodeChunk } from "../../localhub/xet/xorb.ts";
import { createChunkDecoder } from "./chunk-decoder.ts";
import { createKernel, MOST_CONTENT } from "./kernel.ts";

const RUNS = 100_000;

/** Numbers that are the same in every run: a failure can be looked at again. */
function numbers(seed: number): (below: number) => number {
  let x = seed | 0 || 1;
  return (below) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % below;
  };
}

/**
 * Two decoders that were written apart, the emulator's plain one and the kernel, see the same damaged chunk. Either both
 * refuse it, or both give the same bytes: which of the two kinds of damage it is, only a hash can tell.
 */
it(`decodes ${RUNS} damaged chunks as another decoder does, or refuses them as it does`, (test) => {
  const kernel = createKernel();
  const random = numbers(20_261_124);
  const words = Buffer.from(Array.from({ length: 600 }, (_, at) => `word${(at * 7919) % 601} `).join(""));
  const noise = Buffer.from(Array.from({ length: 4000 }, () => random(256)));
  const floats = Buffer.from(Float32Array.from({ length: 900 }, (_, at) => 1 + (at % 100) / 1e4).buffer);
  const contents = [words, noise, floats, Buffer.alloc(3000), words.subarray(0, 90), floats.subarray(0, 61)];
  const samples = contents.flatMap((content) =>
    (["none", "lz4", "grouped-lz4"] as const).map((scheme) => encodeChunk(content, scheme)),
  );
  const seen = { same: 0, refused: 0 };
  for (let run = 0; run < RUNS; run++) {
    const good = samples[random(samples.length)] ?? Buffer.alloc(0);
    const damaged = damage(good, random);
    const expected = reference(damaged);
    let got: Buffer | undefined;
    try {
      const parts: Buffer[] = [];
      const decoder = createChunkDecoder({
        kernel,
        chunks: { start: 0, end: 1 },
        breaks: new Set(),
        onContent: (content) => parts.push(Buffer.from(content)),
      });
      const piece = 1 + random(damaged.length);
      for (let at = 0; at < damaged.length; at += piece) decoder.feed(damaged.subarray(at, at + piece));
      decoder.finish();
      got = Buffer.concat(parts);
    } catch (error) {
      if (!isHfError(error) || error.code !== "ERR_HF_INTEGRITY") throw error;
    }
    const where = `run ${run}: ${damaged.subarray(0, 64).toString("hex")}`;
    assert.equal(got === undefined, expected === undefined, where);
    if (got !== undefined && expected !== undefined) assert.ok(got.equals(expected), where);
    seen[got === undefined ? "refused" : "same"]++;
  }
  test.diagnostic(JSON.stringify(seen));
  assert.ok(seen.same > RUNS / 20 && seen.refused > RUNS / 20, "the damage is of one kind only");
});

function reference(bytes: Buffer): Buffer | undefined {
  const size = bytes.length >= 8 ? bytes.readUIntLE(5, 3) : 0;
  return size > MOST_CONTENT ? undefined : decodeChunk(bytes);
}

function damage(good: Buffer, random: (below: number) => number): Buffer {
  let bytes = Buffer.from(good);
  for (let times = 1 + random(3); times > 0; times--) {
    // Most of it hits what is no content: headers, tokens, the first sequences.
    const at = random(random(2) === 0 ? Math.min(40, bytes.length) : bytes.length);
    switch (random(7)) {
      case 0:
        bytes[at] = random(256);
        break;
      case 1:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
        break;
      case 2:
        bytes[at] = [0, 1, 15, 0x0f, 0xf0, 0xff][random(6)] ?? 0;
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random(4))]);
        break;
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from([random(256)]), bytes.subarray(at)]);
        break;
      case 5:
        // The length in the header made right again: damage behind it is then looked at.
        if (bytes.length > 8) bytes.writeUIntLE(bytes.length - 8, 1, 3);
        break;
      default:
        bytes.copyWithin(at, random(bytes.length), bytes.length);
    }
    if (bytes.length === 0) bytes = Buffer.from([random(256)]);
  }
  if (random(2) === 0 && bytes.length > 8) bytes.writeUIntLE(bytes.length - 8, 1, 3);
  return bytes;
}
