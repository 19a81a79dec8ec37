import { isHfError } from "../core/errors.ts";
import type { Repo, RepoType } from "../core/repo.ts";
import { ownerOf } from "./account.ts";
import type { AccessHub } from "./evidence.ts";
import { nearNames, readListing } from "./near-names.ts";
import type { AccessEvidence } from "./types.ts";
import { AT_ONCE } from "./patience.ts";

/**
 * A question about names. `same-owner`: what else the owner has, for a name mistyped. `other-type`: the same name as a
 * dataset, where a model was meant. `elsewhere`: the same name under an owner who is spelt alike, or under any where
 * none was given.
 */
export type NameQuestion = "same-owner" | "other-type" | "elsewhere";

const OTHER_TYPE: Record<RepoType, RepoType> = { model: "dataset", dataset: "model", space: "model", kernel: "model" };

/** Data, by what it is called. */
const DATA = /(?:^|[-_./])(?:data|datasets?|corpus|corpora)(?:[-_./]|$)|\.(?:parquet|csv|tsv|jsonl|arrow)$/i;
const MODEL = /(?:^|[-_./])models?(?:[-_./]|$)|\.(?:safetensors|gguf|onnx)$/i;

/** The other type that the words which were given speak of: a "dataset" asked for as a model. */
export function hintedType({ type, id }: Repo, files: readonly string[] = []): RepoType | undefined {
  const words = [id.slice(id.indexOf("/") + 1), ...files];
  const wanted = type === "dataset" ? MODEL : DATA;
  return words.some((word) => wanted.test(word)) ? OTHER_TYPE[type] : undefined;
}

/** What was found, as evidence. */
export type NamesFound = Pick<AccessEvidence, "near" | "askedOtherType">;

/** Repos that could be meant, the likeliest first. What can't be asked finds nothing. */
export async function askNames(
  hub: AccessHub,
  repo: Repo,
  questions: readonly NameQuestion[],
  signal: AbortSignal | undefined,
): Promise<NamesFound> {
  const found = await Promise.all(questions.map((question) => list(hub, repo, question, signal)));
  return { near: nearNames(repo, found.flat()), askedOtherType: questions.includes("other-type") };
}

/**
 * The same with two questions at most, where the answer to the first one tells which second one is worth asking: a
 * mistyped owner has nothing, and one who has other things may have this as another type.
 */
export async function askNamesInTurn(hub: AccessHub, repo: Repo, signal: AbortSignal | undefined): Promise<NamesFound> {
  const hinted = hintedType(repo) !== undefined;
  const first: NameQuestion = ownerOf(repo) === "" ? "elsewhere" : hinted ? "other-type" : "same-owner";
  const found = await list(hub, repo, first, signal);
  const near = nearNames(repo, found);
  if (near.length > 0) return { near };
  const second =
    first === "other-type" ? "same-owner" : found.length > 0 || first === "elsewhere" ? "other-type" : "elsewhere";
  const more = await askNames(hub, repo, [second], signal);
  return { ...more, askedOtherType: first === "other-type" || second === "other-type" };
}

async function list(
  hub: AccessHub,
  repo: Repo,
  question: NameQuestion,
  signal: AbortSignal | undefined,
): Promise<readonly Repo[]> {
  const owner = ownerOf(repo);
  const name = repo.id.slice(owner === "" ? 0 : owner.length + 1);
  const type = question === "other-type" ? OTHER_TYPE[repo.type] : repo.type;
  const query = {
    "same-owner": { author: owner, limit: "200" },
    "other-type": { search: repo.id, limit: "20" },
    // Of a hundred that are called alike, those that many people use.
    elsewhere: { search: name, sort: "downloads", limit: "100" },
  }[question];
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
