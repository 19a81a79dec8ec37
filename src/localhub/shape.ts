import { isRecord } from "./http.ts";

/**
 * Small checks of which shapes of JSON are put together. Each looks at one value and throws an Error `where: what was
 * expected` when it does not fit.
 */
export type Check = (value: unknown, at: string) => void;

export function fail(at: string, want: string): never {
  throw new Error(`${at}: expected ${want}`);
}

export const string: Check = (value, at) => typeof value === "string" || fail(at, "text");
export const number: Check = (value, at) =>
  (typeof value === "number" && Number.isFinite(value)) || fail(at, "a number");
export const boolean: Check = (value, at) => typeof value === "boolean" || fail(at, "true or false");
export const date: Check = (value, at) =>
  (typeof value === "string" && !Number.isNaN(Date.parse(value))) || fail(at, "a date like 2026-01-31T10:00:00Z");
export const record: Check = (value, at) => isRecord(value) || fail(at, "an object");
export const oneOf =
  (...choices: readonly unknown[]): Check =>
  (value, at) =>
    choices.includes(value) || fail(at, `one of ${choices.map((choice) => JSON.stringify(choice)).join(", ")}`);
export const list =
  (inner: Check): Check =>
  (value, at) => {
    if (!Array.isArray(value)) fail(at, "a list");
    value.forEach((item, index) => inner(item, `${at}[${index}]`));
  };
export const map =
  (inner: Check): Check =>
  (value, at) => {
    if (!isRecord(value)) fail(at, "an object");
    for (const [key, item] of Object.entries(value)) inner(item, `${at}.${key}`);
  };
/** Every field is looked at: one that is in neither list is an error. */
export const object =
  (required: Record<string, Check>, optional: Record<string, Check>): Check =>
  (value, at) => {
    if (!isRecord(value)) fail(at, "an object");
    for (const key of Object.keys(required)) if (!Object.hasOwn(value, key)) fail(`${at}.${key}`, "a value");
    // Own fields alone: `constructor` is not a field that every shape has.
    const known = new Map([...Object.entries(required), ...Object.entries(optional)]);
    for (const [key, item] of Object.entries(value)) {
      const inner = known.get(key);
      if (!inner) throw new Error(`${at}.${key}: unknown field`);
      inner(item, `${at}.${key}`);
    }
  };
export const integer =
  (least: number, most: number): Check =>
  (value, at) =>
    (Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most) ||
    fail(
      at,
      Math.abs(most) === Number.MAX_SAFE_INTEGER
        ? `a whole number${least === -most ? "" : ` of at least ${least}`}`
        : `a whole number from ${least} to ${most}`,
    );
/** Any of the checks will do. */
export const orElse =
  (...choices: readonly Check[]): Check =>
  (value, at) => {
    const problems: string[] = [];
    for (const choice of choices) {
      try {
        choice(value, at);
        return;
      } catch (error) {
        problems.push(error instanceof Error ? error.message : String(error));
      }
    }
    throw new Error(
      problems.map((problem, index) => (index === 0 ? problem : problem.replace(`${at}: expected `, ""))).join(", or "),
    );
  };
