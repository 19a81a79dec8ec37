import { parseRepoId } from "../core/repo.ts";
import type { Repo, RepoType } from "../core/repo.ts";

/** Names that are shown at most. */
const MOST = 3;
/** What the Hub lists is looked at so far. */
const MOST_LISTED = 1000;

/** The ids of a listing of repos. What is no sound id is left out, so that a name of a server is safe to show and to use. */
export function readListing(body: unknown, type: RepoType): readonly Repo[] {
  if (!Array.isArray(body)) return [];
  return body.slice(0, MOST_LISTED).flatMap((entry: unknown): Repo[] => {
    if (typeof entry !== "object" || entry === null || !("id" in entry) || typeof entry.id !== "string") return [];
    try {
      return [{ type, id: parseRepoId(entry.id) }];
    } catch {
      return [];
    }
  });
}

/**
 * Those of `found` that could be meant by `wanted`, the likeliest first: another casing, the same name of another type,
 * few letters of difference.
 */
export function nearNames(wanted: Repo, found: readonly Repo[]): readonly Repo[] {
  const seen = new Set<string>();
  return (
    found
      .map((repo) => ({ repo, distance: distanceOf(wanted, repo) }))
      .filter(({ repo, distance }) => {
        const key = `${repo.type}/${repo.id}`;
        if (distance === undefined || seen.has(key)) return false;
        seen.add(key);
        return true;
      })
      // Of equally close ones the Hub's order says which is used most.
      .toSorted((a, b) => (a.distance ?? 0) - (b.distance ?? 0))
      .slice(0, MOST)
      .map(({ repo }) => repo)
  );
}

function distanceOf(wanted: Repo, { type, id }: Repo): number | undefined {
  const from = wanted.id.toLowerCase();
  // Where the owner was left out, every owner is as likely.
  const to = (wanted.id.includes("/") ? id : id.slice(id.indexOf("/") + 1)).toLowerCase();
  if (type !== wanted.type) return from === to ? 0.5 : undefined;
  if (from === to) return id === wanted.id ? undefined : wanted.id.includes("/") ? 0 : 0.25;
  const edits = editDistance(from, to);
  // In a short name two letters make another word.
  return edits <= Math.min(3, Math.floor(from.length / 5)) || plain(from) === plain(to) ? edits : undefined;
}

/** Without what people leave out or mix up. */
function plain(id: string): string {
  return id.replace(/[-_.]/g, "");
}

/** Letters to insert, delete, replace, or swap with their neighbour. Ids have at most 193 letters. */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, (before[j - 2] ?? 0) + 1);
      }
      row.push(best);
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
