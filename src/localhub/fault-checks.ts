import type { Check } from "./shape.ts";
import { fail } from "./shape.ts";

/** Hostile values are wanted, but Node sends none that would end the line; `garbage` can. */
export const headerValue: Check = (value, at) =>
  (typeof value === "string" && /^[\t\x20-\x7e\x80-\xff]*$/.test(value)) ||
  fail(at, "text without control characters or characters beyond latin1 (for others write the bytes with garbage)");

export const headerName: Check = (value, at) =>
  (typeof value === "string" && /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(value)) || fail(at, "the name of a header");
