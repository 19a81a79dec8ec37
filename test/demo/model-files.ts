import { createHash } from "node:crypto";
import { closeSync, mkdirSync, openSync, readSync, statSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";

/** Sizes of a very small Llama: 36 MB of weights in 16 bits, 39 tensors. */
const VOCABULARY = 4096;
const HIDDEN = 512;
const INNER = 1536;
const LAYERS = 4;
const BYTES = 2;

export type ModelFiles = {
  /** Path in the repo to the file on disk. */
  files: Record<string, string>;
  weights: { bytes: number; sha256: string };
};

/** Writes the files of a model below `folder`. The same bytes each time. */
export function writeModel(folder: string): ModelFiles {
  mkdirSync(folder, { recursive: true });
  const texts = { "README.md": README, LICENSE, "config.json": config(), "tokenizer.json": tokenizer() };
  const files: Record<string, string> = {};
  for (const [name, text] of Object.entries(texts)) {
    files[name] = join(folder, name);
    writeFileSync(join(folder, name), text);
  }
  const path = join(folder, "model.safetensors");
  files["model.safetensors"] = path;
  const sha256 = writeSafetensors(path, tensors());
  return { files, weights: { bytes: statSync(path).size, sha256 } };
}

type Tensor = { name: string; shape: readonly number[] };

function tensors(): Tensor[] {
  const square = [HIDDEN, HIDDEN];
  const layers = Array.from({ length: LAYERS }, (_, layer): Tensor[] => {
    const named = (name: string, shape: readonly number[]): Tensor => ({
      name: `model.layers.${layer}.${name}`,
      shape,
    });
    return [
      named("input_layernorm.weight", [HIDDEN]),
      ...["q", "k", "v", "o"].map((one) => named(`self_attn.${one}_proj.weight`, square)),
      named("post_attention_layernorm.weight", [HIDDEN]),
      named("mlp.gate_proj.weight", [INNER, HIDDEN]),
      named("mlp.up_proj.weight", [INNER, HIDDEN]),
      named("mlp.down_proj.weight", [HIDDEN, INNER]),
    ];
  });
  return [
    { name: "model.embed_tokens.weight", shape: [VOCABULARY, HIDDEN] },
    ...layers.flat(),
    { name: "model.norm.weight", shape: [HIDDEN] },
    { name: "lm_head.weight", shape: [VOCABULARY, HIDDEN] },
  ];
}

/**
 * The format in full: eight bytes with the length of the header, the header as JSON padded with blanks to a multiple of
 * eight, then the tensors one after the other. Answers the file's sha256.
 */
function writeSafetensors(path: string, tensors: readonly Tensor[]): string {
  const table: Record<string, unknown> = { __metadata__: { format: "pt" } };
  let end = 0;
  for (const { name, shape } of tensors) {
    const begin = end;
    end += count(shape) * BYTES;
    table[name] = { dtype: "F16", shape, data_offsets: [begin, end] };
  }
  const json = JSON.stringify(table);
  const header = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const hash = createHash("sha256");
  const file = openSync(path, "w");
  try {
    const random = createRandom(20_260_105);
    const pieces = [
      length,
      header,
      ...tensors.map(
        ({ shape }) =>
          () =>
            numbers(count(shape), random),
      ),
    ];
    for (const piece of pieces) {
      const bytes = typeof piece === "function" ? piece() : piece;
      hash.update(bytes);
      writeSync(file, bytes);
    }
  } finally {
    closeSync(file);
  }
  return hash.digest("hex");
}

/** Reads a header as a stranger would, and holds it against the size of the file. */
export function describeSafetensors(path: string): { tensors: number; parameters: number } {
  const file = openSync(path, "r");
  try {
    const length = Buffer.alloc(8);
    readSync(file, length, 0, 8, 0);
    const header = Buffer.alloc(Number(length.readBigUInt64LE()));
    readSync(file, header, 0, header.length, 8);
    const table: unknown = JSON.parse(header.toString("utf8"));
    const rows = Object.entries(table as Record<string, { shape: number[]; data_offsets: [number, number] }>);
    const found = rows.filter(([name]) => name !== "__metadata__").map(([, row]) => row);
    const end = Math.max(...found.map((row) => row.data_offsets[1]));
    if (8 + header.length + end !== statSync(path).size) throw new Error(`${path}: the size does not fit the header`);
    return { tensors: found.length, parameters: found.reduce((sum, row) => sum + count(row.shape), 0) };
  } finally {
    closeSync(file);
  }
}

function count(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Small numbers of both signs as 16-bit floats: nothing infinite, nothing that is no number. */
function numbers(length: number, random: () => number): Buffer {
  const halves = new Uint16Array(length);
  for (let i = 0; i < length; i++) {
    const bits = random();
    halves[i] = (bits & 0x83ff) | ((6 + ((bits >>> 16) & 3)) << 10);
  }
  return Buffer.from(halves.buffer);
}

function createRandom(seed: number): () => number {
  let x = seed;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

function config(): string {
  const values = {
    architectures: ["LlamaForCausalLM"],
    hidden_size: HIDDEN,
    intermediate_size: INNER,
    model_type: "llama",
    num_attention_heads: 8,
    num_hidden_layers: LAYERS,
    num_key_value_heads: 8,
    torch_dtype: "float16",
    vocab_size: VOCABULARY,
  };
  return `${JSON.stringify(values, undefined, 2)}\n`;
}

function tokenizer(): string {
  const words = Array.from({ length: VOCABULARY - 1 }, (_, index) => [`word${index}`, index + 1] as const);
  const vocab = Object.fromEntries([["<unk>", 0] as const, ...words]);
  const model = { type: "WordLevel", vocab, unk_token: "<unk>" };
  return `${JSON.stringify({ version: "1.0", added_tokens: [], pre_tokenizer: { type: "Whitespace" }, model })}\n`;
}

const README = `---
license: apache-2.0
library_name: transformers
pipeline_tag: text-generation
extra_gated_prompt: By asking you agree to the licence of this model.
extra_gated_fields:
  What do you want to use it for: text
  Country: country
  I agree to the licence: checkbox
---

# Gated tiny

A very small model behind a gate. It knows nothing; it is here to be fetched.
`;

const LICENSE = "Copyright Acme Research. You may use these weights for anything, for they are good for nothing.\n";
