import { isOurHelper } from "./helper-command.ts";

/**
 * The values of `credential.<endpoint>.helper` with our helper in place: an empty one first, which makes git forget the
 * helpers configured before it, so that the token is not stored a second time by one of those. Values of the user stay.
 */
export function withHelper(values: readonly string[], helper: string): readonly string[] {
  const at = values.findIndex(isOurHelper);
  // An older path of ours is renewed where it stands.
  if (at >= 0) return [...values.slice(0, at), helper, ...values.slice(at + 1).filter((value) => !isOurHelper(value))];
  return [...values, "", helper];
}

/** The values without our helper and the empty one that came with it. */
export function withoutHelper(values: readonly string[]): readonly string[] {
  const kept: string[] = [];
  for (const value of values) {
    if (!isOurHelper(value)) kept.push(value);
    else if (kept.at(-1) === "") kept.pop();
  }
  return kept;
}
