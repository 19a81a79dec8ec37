const LETTERS = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
/** Codes with a name that are no countries: unions, outlying pieces, tests, and the unknown. */
const OTHERS = new Set(["AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"]);

let known: ReadonlyMap<string, string> | undefined;

/** Two-letter codes to English names, by name, from the data that Node carries. */
export function countries(): ReadonlyMap<string, string> {
  return (known ??= new Map(list().toSorted((a, b) => a[1].localeCompare(b[1], "en"))));
}

function list(): [string, string][] {
  const names = new Intl.DisplayNames(["en"], { type: "region", fallback: "none" });
  return LETTERS.flatMap((first) =>
    LETTERS.flatMap((second): [string, string][] => {
      const code = first + second;
      const name = names.of(code);
      // A code that was given up stands for another one in its canonical form.
      const current = Intl.getCanonicalLocales(`und-${code}`)[0] === `und-${code}`;
      return name === undefined || !current || OTHERS.has(code) ? [] : [[code, name]];
    }),
  );
}
