/**
 * `text` without the characters at its end that match `outer`, a pattern for one character. A loop, because `/x+$/`
 * begins anew at every `x` of a run: a text with a long run in its middle would cost the square of its length.
 */
export function trimEnd(text: string, outer: RegExp): string {
  let end = text.length;
  while (end > 0 && outer.test(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

/** {@link trimEnd}, at both ends. */
export function trimBoth(text: string, outer: RegExp): string {
  let start = 0;
  while (start < text.length && outer.test(text.charAt(start))) start++;
  return trimEnd(text.slice(start), outer);
}
