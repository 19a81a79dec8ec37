import type { Seed } from "../../src/localhub/index.ts";

/** A repo for each kind of file, by the name of the kind. */
export const KINDS = {
  small: "torture/small",
  large: "torture/large",
  mixed: "torture/mixed",
  names: "torture/names",
  ranged: "torture/ranged",
} as const;
export type Kind = keyof typeof KINDS;

type Files = NonNullable<NonNullable<NonNullable<Seed["repos"]>[number]["commits"]>[number]["files"]>;

const small: Files = Object.fromEntries(
  Array.from({ length: 20 }, (_, at) => [`data/${at}.txt`, `file number ${at}\n`.repeat(at + 1)]),
);
const large: Files = {
  "a.safetensors": { size: 6_000_000, seed: 1 },
  "b.safetensors": { size: 3_000_000, seed: 2 },
  "same-as-b.safetensors": { size: 3_000_000, seed: 2 },
};
/** Large enough to come over several connections, where each is held to {@link RANGED_RATE}. */
const ranged: Files = { "model.safetensors": { size: 26_000_000, seed: 4 } };
const names: Files = {
  "a file with spaces.txt": "1",
  "größe/東京.txt": "2",
  "100%.txt": "3",
  "what?#.txt": "4",
  "'quoted' \"twice\".txt": "5",
  [`${"n".repeat(120)}.bin`]: { size: 400_000, seed: 3 },
  "empty.txt": "",
};

/** Bytes a second of each connection with which one of them would need more than two seconds for the file. */
export const RANGED_RATE = 7_000_000;

export const TORTURE_SEED: Seed = {
  users: [{ name: "torture" }],
  repos: [
    { id: KINDS.small, commits: [{ message: "Upload", files: small }] },
    { id: KINDS.large, commits: [{ message: "Upload", files: large }] },
    { id: KINDS.mixed, commits: [{ message: "Upload", files: { ...small, ...large } }] },
    { id: KINDS.names, commits: [{ message: "Upload", files: names }] },
    { id: KINDS.ranged, commits: [{ message: "Upload", files: ranged }] },
  ],
};

/** Files of each repo, which is what a whole snapshot must have; with the `.gitattributes` that says what is in LFS. */
export const FILES: Readonly<Record<Kind, number>> = {
  small: Object.keys(small).length + 1,
  large: Object.keys(large).length + 1,
  mixed: Object.keys(small).length + Object.keys(large).length + 1,
  names: Object.keys(names).length + 1,
  ranged: Object.keys(ranged).length + 1,
};
