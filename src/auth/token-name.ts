import { UsageError } from "../core/errors.ts";
import { plainText } from "../core/terminal-text.ts";

const LONGEST = 120;

/**
 * A name that the store and Python can hold, made of a name that came from a server: one line without control or
 * invisible characters, no outer blanks, and neither empty nor `DEFAULT`, which Python takes for something else.
 * @param fallback used when nothing is left; itself made safe
 * @default fallback "token"
 */
export function safeTokenName(name: string, fallback = "token"): string {
  // Half a surrogate pair can't be written as UTF-8.
  const whole = Buffer.from(name, "utf8").toString("utf8");
  const plain = plainText(whole.slice(0, 4 * LONGEST), LONGEST)
    .replace(/\s+/g, " ")
    .trim();
  if (plain === "DEFAULT") return "DEFAULT-token";
  if (plain !== "") return plain;
  return fallback === "token" ? "token" : safeTokenName(fallback);
}

/**
 * A name that the user chose, which is taken as it is or refused.
 * @throws UsageError `ERR_HF_TOKEN_NAME`
 */
export function parseTokenName(name: string): string {
  const safe = safeTokenName(name);
  if (name === safe) return name;
  throw new UsageError("ERR_HF_TOKEN_NAME", `'${plainText(name, 60)}' can't be the name of a saved login.`, {
    hint: `A name is one line of visible characters, at most ${LONGEST}, and not DEFAULT. '${safe}' would do.`,
  });
}

/** Up to three of `names` that look like what was typed, the nearest first. */
export function closeNames(typed: string, names: readonly string[]): string[] {
  const wanted = typed.toLowerCase();
  return names
    .map((name) => {
      const lower = name.toLowerCase();
      const related = wanted !== "" && (lower.startsWith(wanted) || wanted.startsWith(lower));
      return { name, distance: related ? 1 : editDistance(wanted, lower) };
    })
    .filter(({ name, distance }) => distance <= Math.max(1, Math.floor(Math.min(name.length, typed.length) / 3)))
    .toSorted((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ name }) => name);
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
