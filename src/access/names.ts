import { isHfError } from "../core/errors.ts";
import type { Repo, RepoType } from "../core/repo.ts";
import { ownerOf } from "./account.ts";
import type { AccessHub } from "./evidence.ts";
import { nearNames, readListing } from "./near-names.ts";
import type { AccessEvidence } from "./types.ts";
import { AT_ONCE } from "./patience.ts";

/**
 * A question about names. `same-owner`: what else the owner has, for a name mistyped. `elsewhere`: the same name under an
 * owner who is spelt alike, or under any where none was given. A type: the same name as a repo of that type.
 */
export type NameQuestion = "same-owner" | "elsewhere" | RepoType;

/** What is meant in place of a type, the likeliest first. */
const OTHER_TYPES: Record<RepoType, readonly [RepoType, RepoType]> = {
  model: ["dataset", "space"],
  dataset: ["model", "space"],
  space: ["model", "dataset"],
  kernel: ["model", "space"],
};

/** Things of a type, by what they are called. */
const WORDS: readonly (readonly [RepoType, RegExp])[] = [
  ["dataset", /(?:^|[-_./])(?:data|datasets?|corpus|corpora)(?:[-_./]|$)|\.(?:parquet|csv|tsv|jsonl|arrow)$/i],
  ["space", /(?:^|[-_./])(?:spaces?|demos?|playground|leaderboard)(?:[-_./]|$)|^(?:app\.py|Dockerfile)$/i],
  ["model", /(?:^|[-_./])models?(?:[-_./]|$)|\.(?:safetensors|gguf|onnx)$/i],
];

/** The other type that the words which were given speak of: a "dataset" asked for as a model. */
export function hintedType({ type, id }: Repo, files: readonly string[] = []): RepoType | undefined {
  const words = [id.slice(id.indexOf("/") + 1), ...files];
  const spokenOf = WORDS.filter(([, pattern]) => words.some((word) => pattern.test(word))).map(([one]) => one);
  return spokenOf.find((one) => OTHER_TYPES[type].includes(one));
}

/** The types that could be meant in place of the repo's own, the likeliest first. */
export function otherTypes(repo: Repo): readonly [RepoType, RepoType] {
  const [first, second] = OTHER_TYPES[repo.type];
  return hintedType(repo) === second ? [second, first] : [first, second];
}

/** What was found, as evidence. */
export type NamesFound = Pick<AccessEvidence, "near" | "askedTypes">;

/** Repos that could be meant, the likeliest first. What can't be asked finds nothing. */
export async function askNames(
  hub: AccessHub,
  repo: Repo,
  questions: readonly NameQuestion[],
  signal: AbortSignal | undefined,
): Promise<NamesFound> {
  const { found, asked } = await listAll(hub, repo, questions, signal);
  return { near: nearNames(repo, found), askedTypes: asked };
}

/**
 * The same with `most` questions, the last of which is chosen by the answers to the others: a mistyped owner has nothing,
 * and one who has other things may have this as another type.
 */
export async function askNamesInTurn(
  hub: AccessHub,
  repo: Repo,
  most: 2 | 3,
  signal: AbortSignal | undefined,
): Promise<NamesFound> {
  const [likely, other] = otherTypes(repo);
  if (ownerOf(repo) === "" && most === 3) return askNames(hub, repo, ["elsewhere", likely, other], signal);
  const hinted = hintedType(repo) !== undefined;
  const first: NameQuestion = ownerOf(repo) === "" ? "elsewhere" : hinted && most === 2 ? likely : "same-owner";
  const { found, asked } = await listAll(hub, repo, most === 3 ? [first, likely] : [first], signal);
  const near = nearNames(repo, found);
  if (near.length > 0) return { near, askedTypes: asked };
  const hasOthers = first === "elsewhere" || found.some(({ type }) => type === repo.type);
  const last = first === likely ? "same-owner" : !hasOthers ? "elsewhere" : most === 3 ? other : likely;
  const more = await listAll(hub, repo, [last], signal);
  return { near: nearNames(repo, more.found), askedTypes: [...asked, ...more.asked] };
}

async function listAll(
  hub: AccessHub,
  repo: Repo,
  questions: readonly NameQuestion[],
  signal: AbortSignal | undefined,
): Promise<{ readonly found: readonly Repo[]; readonly asked: readonly RepoType[] }> {
  const found = await Promise.all(questions.map((question) => list(hub, repo, question, signal)));
  return { found: found.flat(), asked: questions.filter((one) => one !== "same-owner" && one !== "elsewhere") };
}

async function list(
  hub: AccessHub,
  repo: Repo,
  question: NameQuestion,
  signal: AbortSignal | undefined,
): Promise<readonly Repo[]> {
  const owner = ownerOf(repo);
  const name = repo.id.slice(owner === "" ? 0 : owner.length + 1);
  const type = question === "same-owner" || question === "elsewhere" ? repo.type : question;
  const query =
    question === "same-owner"
      ? { author: owner, limit: "200" }
      : question === "elsewhere"
        ? // Of a hundred that are called alike, those that many people use.
          { search: name, sort: "downloads", limit: "100" }
        : { search: repo.id, limit: "20" };
  try {
    const answer = await hub.request(`api/${type}s`, {
      query,
      ...AT_ONCE,
      ...(signal === undefined ? {} : { signal }),
    });
    return readListing(answer.json(), type);
  } catch (error) {
    signal?.throwIfAborted();
    if (!isHfError(error)) throw error;
    return [];
  }
}
