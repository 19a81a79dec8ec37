import { NetworkError } from "../core/errors.ts";
import { atEndpoint, headerText } from "./redirects.ts";

/**
 * The address of the next page, from a `Link` header (RFC 8288). Never of another origin than the endpoint's, with
 * which the credential of the first page would else be lost or leak.
 * @throws NetworkError `ERR_HF_BAD_ANSWER` the link leads elsewhere, or is no address
 */
export function nextPage(header: string | null, current: URL, endpoint: string): URL | undefined {
  const target = header === null ? undefined : linkTarget(headerText(header), "next");
  if (target === undefined) return undefined;
  const sound = !/[\x00-\x1f\x7f]/.test(target) && URL.canParse(target, current.href);
  const url = sound ? atEndpoint(new URL(target, current), endpoint) : undefined;
  if (url === undefined || url.origin !== new URL(endpoint).origin || url.username !== "" || url.password !== "") {
    throw new NetworkError(
      "ERR_HF_BAD_ANSWER",
      `The next page of ${current.host}${current.pathname} is elsewhere: ${target}`,
      {
        hint: "The list was not read to its end. Check HF_ENDPOINT: a mirror must rewrite the addresses that it passes on.",
      },
    );
  }
  return url;
}

/** The target of the first link of relation `rel`; a link can hold commas and semicolons between its brackets. */
export function linkTarget(header: string, rel: string): string | undefined {
  let at = 0;
  while (at < header.length) {
    const open = header.indexOf("<", at);
    const close = header.indexOf(">", open);
    if (open < 0 || close < 0) return undefined;
    const end = header.indexOf("<", close);
    const parameters = header.slice(close + 1, end < 0 ? header.length : end);
    const found = /;\s{0,9}rel\s{0,9}=\s{0,9}(?:"([^"]*)"|([^\s;,"]+))/i.exec(parameters);
    const relations = (found?.[1] ?? found?.[2] ?? "").toLowerCase().split(/\s+/);
    if (relations.includes(rel)) return header.slice(open + 1, close).trim();
    at = end < 0 ? header.length : end;
  }
  return undefined;
}
