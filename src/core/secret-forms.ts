/** The forms in which one secret turns up in text, to be sought as {@link createSought} says. */
export interface SecretForms {
  readonly exact: readonly string[];
  readonly loose: readonly string[];
}

/** Shorter forms would strike ordinary words. */
export const SHORTEST = 6;

/**
 * Loosely sought are the secret itself and what is made of it by base64, by hex and by lists of numbers, of its UTF-8
 * and of its UTF-16, once; and by base64 and hex a second time. Percent-encoding, escapes, wrapped lines and separators
 * need no forms: they are undone, or left out, while reading.
 */
export function formsOf(value: string): SecretForms {
  const utf8 = Buffer.from(value, "utf8");
  const utf16 = Buffer.from(value, "utf16le");
  const hex = utf8.toString("hex");
  const once = [...base64Forms(utf8), hex, hex.toUpperCase()];
  const twice = once.flatMap((form) => [...base64Forms(Buffer.from(form)), Buffer.from(form).toString("hex")]);
  const lists = [[...utf8].join(" "), [...utf8].map((byte) => byte.toString(16).padStart(2, "0")).join(" 0x")];
  const exact = asItIs(value, utf8).filter((form) => form.length >= SHORTEST);
  return { exact, loose: [value, ...once, ...base64Forms(utf16), utf16.toString("hex"), ...lists, ...twice] };
}

function asItIs(value: string, utf8: Buffer): string[] {
  const bytes = [...utf8].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
  const percent = encodeURIComponent(value);
  const json = JSON.stringify(value).slice(1, -1);
  const found = new Set([value, percent, percent.replace(/%../g, (hex) => hex.toLowerCase())]);
  found.add(percent.replaceAll("%20", "+")).add(bytes).add(bytes.toUpperCase());
  found
    .add(json)
    .add(json.replaceAll("/", "\\/"))
    .add(json.replace(/[\u0080-\uffff]/g, escapeUnit));
  for (const form of base64Forms(utf8)) found.add(form);
  return [...found];
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function base64Forms(bytes: Buffer): string[] {
  const found = new Set<string>();
  for (const shift of [0, 1, 2]) {
    const core = base64Core(bytes, shift);
    found.add(core);
    found.add(core.replaceAll("+", "-").replaceAll("/", "_"));
  }
  return [...found];
}

/** The part of a base64 text that `value` alone decides when `shift` unknown bytes (as in `user:token`) stand before it. */
function base64Core(value: Buffer, shift: number): string {
  const bytes = Buffer.concat([Buffer.alloc(shift), value]);
  const text = bytes.toString("base64").replaceAll("=", "");
  const start = shift === 0 ? 0 : shift + 1;
  const end = Math.floor((bytes.length * 8) / 6);
  return text.slice(start, end);
}
