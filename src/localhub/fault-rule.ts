import { headerName, headerValue } from "./fault-checks.ts";
import type { Check } from "./shape.ts";
import { fail, integer, list, map, object, oneOf, orElse, string } from "./shape.ts";

/**
 * A fault as plain data: which requests it means, and what goes wrong with them. Several effects in one rule work
 * together, except that only one of them can answer in place of the hub.
 */
export type FaultRule = FaultMatch & FaultEffects;

/** Which requests; every field that is there must fit. */
export type FaultMatch = {
  /** Default: both. */
  origin?: "hub" | "cdn";
  /** `GET` does not mean `HEAD`. */
  method?: string;
  /** Part of path and query as sent; with a `*` (any run of characters) in it, the whole of them. */
  path?: string;
  /** `acme/model` of any type, or `datasets/acme/data`; former ids count as they are written. */
  repo?: string;
  /** How many matching requests it spoils before it is gone; default: all. */
  times?: number;
  /** How many matching requests pass unharmed first; default 0. */
  skip?: number;
};

export type FaultEffects = {
  /** Milliseconds before the head. The request has had its effect by then. */
  delay?: number;
  /**
   * Silence before the head, or after so many bytes of the body: for `ms` milliseconds, default until the client leaves.
   */
  stall?: { afterBytes?: number; ms?: number };
  /** The connection ends before the head, or after so many bytes of the body; `reset`: by a TCP reset. */
  cut?: { afterBytes?: number; reset?: boolean };
  /** Bytes per second. */
  slowBody?: number;
  /** Wrong bytes of the right size: `bytes` of them (default 1) from the offset `at` in the file on. */
  corrupt?: { at: number; bytes?: number };

  /** Answer with this status in place of the hub: 200 to 599. */
  status?: number;
  /** Text of the error; default: the name of the status. */
  message?: string;
  /** `Retry-After`: seconds, a text as it stands, or an HTTP date so many seconds from now. */
  retryAfter?: number | string | { dateIn: number };
  /** `RateLimit: "<bucket>";r=<left>;t=<reset>`; defaults: `api` and 0. */
  rateLimit?: { reset: number; left?: number; bucket?: "api" | "resolvers" | "pages" };
  /**
   * Send the client elsewhere, default with 302. Headers about the file stay. `{base}` and `{target}` stand for the
   * request's own origin, and path with query.
   */
  redirect?: string | { to: string; status?: 301 | 302 | 303 | 307 | 308 };
  /** A page in place of the answer, as captive portals send it; `true`: one of ours. Status 200, or `status`. */
  htmlBody?: true | string;
  /** An error that repeats the credential it was sent, also in base64. Status 401, or `status`. */
  echoCredential?: true;
  /** Bytes that are not HTTP (`true`), or these (latin1), as they stand; then the connection ends. */
  garbage?: true | string;
  /** Header lines without end. */
  endlessHeaders?: true;

  /** `ETag`, quotes included, as it stands. */
  etag?: string;
  /** `X-Repo-Commit`. */
  commit?: string;
  /** `X-Linked-ETag`. */
  linkedEtag?: string;
  /** `X-Linked-Size`. */
  linkedSize?: number | string;
  /** `Link`; `{base}` and `{target}` as in `redirect`. */
  link?: string;
  /** `Content-Range` of a 206: shifted by a number, or a text. Such a rule means requests with a `Range` alone. */
  wrongContentRange?: number | string;
  setHeader?: Record<string, string>;
  /** Without `Content-Length` the end of the connection ends the body. */
  dropHeader?: string[];
  /** Another name for an entry, wherever the API lists entries. */
  treePath?: { from: string; to: string };

  /** A whole 200 to a request for a range; a rule with it means no other requests. */
  ignoreRange?: true;
  /** `Content-Length` too large or too small by so much. Too large, the connection ends after the body. */
  wrongLength?: number;
  /** `Transfer-Encoding: chunked` in place of a length. */
  chunked?: true;
  /** The body compressed, asked for or not. */
  gzip?: true;
  /** The connection ends just after the answer, unannounced. */
  connectionClose?: true;
};

/** A timer cannot wait longer. */
const MOST_MS = 2 ** 31 - 1;

const yes = oneOf(true);
const count = integer(0, Number.MAX_SAFE_INTEGER);
const milliseconds = integer(0, MOST_MS);
const signed = integer(-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);

const MATCH: Record<keyof FaultMatch, Check> = {
  origin: oneOf("hub", "cdn"),
  method: string,
  path: string,
  repo: string,
  times: integer(1, Number.MAX_SAFE_INTEGER),
  skip: count,
};

const EFFECTS: Record<keyof FaultEffects, Check> = {
  delay: milliseconds,
  stall: object({}, { afterBytes: count, ms: milliseconds }),
  cut: object({}, { afterBytes: count, reset: oneOf(true, false) }),
  slowBody: integer(1, Number.MAX_SAFE_INTEGER),
  corrupt: object({ at: count }, { bytes: integer(1, Number.MAX_SAFE_INTEGER) }),
  status: integer(200, 599),
  message: string,
  retryAfter: orElse(signed, headerValue, object({ dateIn: integer(-(10 ** 9), 10 ** 9) }, {})),
  rateLimit: object({ reset: count }, { left: count, bucket: oneOf("api", "resolvers", "pages") }),
  redirect: orElse(headerValue, object({ to: headerValue }, { status: oneOf(301, 302, 303, 307, 308) })),
  htmlBody: orElse(yes, string),
  echoCredential: yes,
  garbage: orElse(yes, string),
  endlessHeaders: yes,
  etag: headerValue,
  commit: headerValue,
  linkedEtag: headerValue,
  linkedSize: orElse(signed, headerValue),
  link: headerValue,
  wrongContentRange: orElse(signed, headerValue),
  setHeader: map(headerValue),
  dropHeader: list(headerName),
  treePath: object({ from: string, to: string }, {}),
  ignoreRange: yes,
  wrongLength: signed,
  chunked: yes,
  gzip: yes,
  connectionClose: yes,
};

const RULE = object({}, { ...MATCH, ...EFFECTS });

/** Of these one rule can have but one. */
const ANSWERS = ["redirect", "htmlBody", "echoCredential", "garbage", "endlessHeaders"] as const;
const WITH_STATUS = ["message", "retryAfter", "rateLimit"] as const;
/** Node writes these itself, whatever it is told. */
const NOT_DROPPED = ["date", "connection", "keep-alive", "transfer-encoding"];

/**
 * Narrows JSON to a rule. Every field is looked at, and so is whether they go together: a fault that does not happen
 * would let a test pass.
 * @throws Error `where: what is wrong`.
 */
export function parseFaultRule(value: unknown, where = "fault"): FaultRule {
  RULE(value, where);
  const rule = value as FaultRule;
  const has = (name: keyof FaultRule): boolean => rule[name] !== undefined;
  if (!(Object.keys(EFFECTS) as (keyof FaultRule)[]).some(has)) fail(where, "something that goes wrong");
  const answers = ANSWERS.filter(has);
  if (answers.length > 1) throw new Error(`${where}: ${answers.join(" and ")} do not go together`);
  for (const name of ["redirect", "garbage", "endlessHeaders"] as const) {
    if (has("status") && has(name)) throw new Error(`${where}: status and ${name} do not go together`);
  }
  for (const name of WITH_STATUS) if (has(name) && !has("status")) fail(`${where}.${name}`, "a status beside it");
  if (has("message") && (has("htmlBody") || has("echoCredential"))) {
    throw new Error(`${where}: message and ${answers.join("")} do not go together`);
  }
  if (has("repo") && rule.origin === "cdn") {
    throw new Error(`${where}.repo: the CDN's addresses name no repo; match by path`);
  }
  if (rule.wrongLength !== undefined && (has("chunked") || has("gzip"))) {
    throw new Error(`${where}: wrongLength goes neither with chunked nor with gzip`);
  }
  for (const name of Object.keys(rule.setHeader ?? {})) {
    headerName(name, `${where}.setHeader`);
    if (name.toLowerCase() === "transfer-encoding") fail(`${where}.setHeader`, "chunked: true, or garbage");
  }
  for (const name of rule.dropHeader ?? []) {
    if (NOT_DROPPED.includes(name.toLowerCase())) fail(`${where}.dropHeader`, `another name than ${name}`);
  }
  return rule;
}

/** One rule or a list of them. Copies, so that later changes of the argument change nothing. */
export function parseFaultRules(value: unknown, where = "fault"): FaultRule[] {
  const rules = Array.isArray(value)
    ? value.map((one, index) => parseFaultRule(one, `${where}[${index}]`))
    : [parseFaultRule(value, where)];
  return structuredClone(rules);
}
