import assert from "node:assert/strict";
import { compilePattern } from "../../src/download/index.ts";
import { PYTHON_VERSIONS } from "./environments.ts";
import type { Row } from "./table.ts";

const COUNT = 10_000;
const SIGNS = ["*", "*", "?", "[", "]", "!", "-", "^", "a", "b", "c", "A", "/", ".", "é", "😀", "\\", "{", "}", "\n"];
/** Classes of every form: plain, negated, with what closes them inside, with ranges forward, backward and broken off. */
const CLASSES = [
  "[a-c]",
  "[!ab]",
  "[^a]",
  "[]a]",
  "[!]]",
  "[c-a!b]",
  "[!c-a]",
  "[a-]",
  "[-b]",
  "[a-c-]",
  "[é-ü]",
  "[c-ab]",
];
const LETTERS = ["a", "b", "c", "A", "/", ".", "-", "]", "!", "^", "é", "😀", "\\", "{", "\n", "aa", "b/c"];

/** Patterns and paths, the same on each run. Half of the paths are made out of their pattern, so that many match. */
function cases(): [pattern: string, path: string][] {
  let state = 20_261_124;
  const next = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const pick = (from: readonly string[]): string => from[next(from.length)] ?? "";
  const some = (from: readonly string[], most: number): string[] =>
    Array.from({ length: 1 + next(most) }, () => pick(from));
  return Array.from({ length: COUNT }, (_, at) => {
    const signs = some([...SIGNS, ...CLASSES], 8);
    const like = signs.map((sign) => {
      if (sign === "*") return next(2) === 0 ? "" : some(LETTERS, 3).join("");
      return sign === "?" || CLASSES.includes(sign) || next(12) === 0 ? pick(LETTERS) : sign;
    });
    const path = at % 2 === 0 ? like.join("") : some(LETTERS, 6).join("");
    return [signs.join(""), path === "" ? "a" : path];
  });
}

export const patternRows: readonly Row[] = PYTHON_VERSIONS.map((version) => ({
  name: `${COUNT} patterns choose what Python's choose`,
  who: `Python ${version}`,
  run: async (world) => {
    const all = cases();
    const code = `
import sys
from huggingface_hub.utils import filter_repo_objects
cases = json.loads(sys.stdin.read())
print(json.dumps([len(list(filter_repo_objects([path], allow_patterns=[pattern]))) == 1 for pattern, path in cases]))`;
    const theirs = (await world.python(version, code, { input: JSON.stringify(all) })) as boolean[];
    const differ = all.filter(([pattern, path], at) => compilePattern(pattern)(path) !== theirs[at]);
    assert.deepEqual(differ.slice(0, 10), [], `${differ.length} differ`);
    const matches = theirs.filter(Boolean).length;
    assert.ok(matches > COUNT / 10 && matches < COUNT / 2, `${matches} match: nothing is compared so`);
  },
}));
