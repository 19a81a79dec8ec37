/**
 * Text of a server made safe for a terminal: control characters, escape sequences' introducers, bidi overrides and
 * zero-width characters go; line breaks and tabs become one blank. Names, messages and URLs of a server pass through
 * here before they are shown.
 */
export function plainText(text: string, maxLength = 500): string {
  const plain = text
    .replace(/[\t\n\v\f\r\u0085\u2028\u2029]+/g, " ")
    .replace(
      /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g,
      "",
    )
    .replace(/[\u{e0000}-\u{e007f}]/gu, "")
    .trim();
  return plain.length > maxLength ? `${plain.slice(0, maxLength - 1)}…` : plain;
}
