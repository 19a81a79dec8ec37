/**
 * The patterns of `.gitattributes` and `.gitignore`. They come from whoever uploads, so they are matched by walking
 * back to the last star alone: no pattern takes more than pattern times path steps in one segment.
 */
export function matchesPattern(pattern: string, path: string): boolean {
  const clean = pattern.replace(/\/+$/, "");
  if (clean === "") return false;
  const names = path.split("/");
  if (!clean.includes("/")) return matchesName(clean, names.at(-1) ?? "");
  return matchesSegments(clean.replace(/^\/+/, "").split("/"), names);
}

/** Segments, where `**` stands for any number of them. */
function matchesSegments(pattern: readonly string[], names: readonly string[]): boolean {
  return matchWithStars(
    pattern.length,
    names.length,
    (index) => pattern[index] === "**",
    (index, at) => matchesName(pattern[index] ?? "", names[at] ?? ""),
  );
}

type Piece = { star: boolean; fits: (character: string) => boolean };

function matchesName(pattern: string, name: string): boolean {
  const pieces = piecesOf(pattern);
  const characters = [...name];
  return matchWithStars(
    pieces.length,
    characters.length,
    (index) => pieces[index]?.star === true,
    (index, at) => pieces[index]?.fits(characters[at] ?? "") === true,
  );
}

/** The well-known two-pointer match: on a miss only the last star takes one more. */
function matchWithStars(
  patternLength: number,
  length: number,
  isStar: (index: number) => boolean,
  fits: (index: number, at: number) => boolean,
): boolean {
  let index = 0;
  let at = 0;
  let star = -1;
  let starAt = 0;
  while (at < length) {
    if (index < patternLength && isStar(index)) {
      star = index++;
      starAt = at;
    } else if (index < patternLength && fits(index, at)) {
      index++;
      at++;
    } else if (star >= 0) {
      index = star + 1;
      at = ++starAt;
    } else {
      return false;
    }
  }
  while (index < patternLength && isStar(index)) index++;
  return index === patternLength;
}

function piecesOf(pattern: string): Piece[] {
  const pieces: Piece[] = [];
  const characters = [...pattern];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? "";
    const close = character === "[" ? closingBracket(characters, at) : -1;
    if (character === "*") pieces.push({ star: true, fits: () => false });
    else if (character === "?") pieces.push({ star: false, fits: () => true });
    else if (close > 0) {
      pieces.push(bracket(characters.slice(at + 1, close)));
      at = close;
    } else {
      const exact = character === "\\" && at + 1 < characters.length ? characters[++at] : character;
      pieces.push({ star: false, fits: (one) => one === exact });
    }
  }
  return pieces;
}

function closingBracket(characters: readonly string[], open: number): number {
  // A bracket right after the opening (or its negation) stands for itself; `[:space:]` has a bracket of its own.
  let at = open + 1;
  if (characters[at] === "!" || characters[at] === "^") at++;
  if (characters[at] === "]") at++;
  for (; at < characters.length; at++) {
    if (characters[at] === "[" && characters[at + 1] === ":") {
      const end = characters.indexOf("]", at);
      if (end > 0) at = end;
    } else if (characters[at] === "]") return at;
  }
  return -1;
}

function bracket(inside: readonly string[]): Piece {
  const negated = inside[0] === "!" || inside[0] === "^";
  const set = inside.slice(negated ? 1 : 0);
  const text = set.join("");
  const has = (character: string): boolean => {
    if (text.includes("[:space:]") && /\s/.test(character)) return true;
    for (let at = 0; at < set.length; at++) {
      const from = set[at] ?? "";
      const to = set[at + 1] === "-" ? set[at + 2] : undefined;
      if (to === undefined ? from === character : from <= character && character <= to) return true;
      if (to !== undefined) at += 2;
    }
    return false;
  };
  return { star: false, fits: (character) => has(character) !== negated };
}
