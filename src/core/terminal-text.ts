/** One blank each. */
const BREAKS = /[\t\n\v\f\r\u0085\u2028\u2029]+/g;
/** The same without tabs, which part the columns of lines for programs. */
const LINE_BREAKS = /[\n\v\f\r\u0085\u2028\u2029]+/g;
/**
 * Nothing: controls, the introducers of escape sequences among them; what turns the direction of text; what no terminal
 * shows, and what may therefore say to a machine what no person sees. The two selectors that choose between a sign and its
 * picture stay.
 */
const UNSEEN = /(?!\t|\ufe0e|\ufe0f)[\p{Cc}\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\u180e\ufff9-\ufffb]/gu;

/**
 * Text of a server made safe for a terminal: control characters, escape sequences' introducers, bidi overrides and
 * zero-width characters go; line breaks and tabs become one blank. Names, messages and URLs of a server pass through
 * here before they are shown.
 */
export function plainText(text: string, maxLength = 500): string {
  const plain = plainLine(text.replace(BREAKS, " ")).trim();
  return plain.length > maxLength ? `${plain.slice(0, maxLength - 1)}…` : plain;
}

/** {@link plainText} for a line that was laid out already: whole, with its tabs, and its blanks at both ends. */
export function plainLine(line: string): string {
  return line.replace(LINE_BREAKS, " ").replace(UNSEEN, "");
}

/** JSON in which no character does anything to a terminal: each that {@link plainText} would take away is escaped. */
export function plainJson(value: unknown): string {
  return JSON.stringify(value).replace(UNSEEN, (char) =>
    Array.from({ length: char.length }, (_, at) => `\\u${char.charCodeAt(at).toString(16).padStart(4, "0")}`).join(""),
  );
}
