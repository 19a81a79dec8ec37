import { encode } from "uqr";

/** Light modules around the code that the standard asks for; scanners do with half of it. */
const BORDER = 2;
const LIGHT_ON_DARK = ["█", "▀", "▄", " "];

/**
 * A QR code as lines of half blocks, or undefined where the terminal is too narrow for it.
 * @param colour paints it dark on light, whatever the colours of the terminal; without, a dark terminal is assumed
 */
export function qrLines(text: string, columns: number, colour: boolean): readonly string[] | undefined {
  const { data, size } = encode(text, { border: BORDER });
  if (size > columns) return undefined;
  const lines: string[] = [];
  for (let row = 0; row < size; row += 2) {
    let line = "";
    for (let column = 0; column < size; column++) {
      const upper = data[row]?.[column] === true ? 2 : 0;
      const lower = data[row + 1]?.[column] === true || row + 1 >= size ? 1 : 0;
      line += LIGHT_ON_DARK[upper + lower] ?? " ";
    }
    // White blocks on black.
    lines.push(colour ? `\u001b[97;40m${line}\u001b[0m` : line);
  }
  return lines;
}
