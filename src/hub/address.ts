import { UsageError } from "../core/errors.ts";

/** Values of a query or a form; an array repeats the name, undefined leaves it out. */
export type Values = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/**
 * An address below the endpoint, which may hold a path itself.
 * @param path already percent-encoded where it holds names (`encodeSegment`, `encodePath`)
 * @throws UsageError `ERR_HF_USAGE` the path has `.` or `..` segments, a query or a fragment
 */
export function hubAddress(endpoint: string, path: string, query: Values = {}): URL {
  const dots = path.split("/").some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment));
  // URL would resolve the first, drop the second and cut at the third: the request would be another one than asked for.
  if (dots || /[\x00-\x20\x7f\\]/.test(path) || /[?#]/.test(path)) {
    throw new UsageError("ERR_HF_USAGE", `'${path}' can't be a path at the Hub.`, {
      hint: "Give names without '.' and '..' parts, and percent-encode other signs.",
    });
  }
  const url = new URL(`${endpoint}/${path.replace(/^\//, "")}`);
  url.search = encodeValues(query);
  return url;
}

/** `a=1&b=2&b=3`, as forms and queries have it. */
export function encodeValues(values: Values): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue;
    for (const one of typeof value === "object" ? value : [value]) parameters.append(name, String(one));
  }
  return parameters.toString();
}
