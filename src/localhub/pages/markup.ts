/** HTML that is safe to send: made only by `markup`, which escapes everything that is not HTML already. */
export class Markup {
  readonly source: string;
  constructor(source: string) {
    this.source = source;
  }
}

/** `false` and `undefined` are nothing, so that `condition && markup…` reads well. */
export type Piece = Markup | string | number | false | undefined | readonly Piece[];

/**
 * Template tag: the fixed text is HTML, what is put in is text and is escaped for element content and for attributes in
 * double quotes. Attributes are always written in double quotes.
 */
export function markup(strings: TemplateStringsArray, ...pieces: readonly Piece[]): Markup {
  return new Markup(strings.reduce((sum, part, index) => sum + sourceOf(pieces[index - 1]) + part));
}

function sourceOf(piece: Piece): string {
  if (piece === undefined || piece === false) return "";
  if (piece instanceof Markup) return piece.source;
  if (typeof piece === "object") return piece.map(sourceOf).join("");
  return escapeText(String(piece));
}

const NAMES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

export function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => NAMES[character] ?? character);
}
