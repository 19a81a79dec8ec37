import { createHmac, timingSafeEqual } from "node:crypto";
import type { Hub } from "./model.ts";

/** How long a link to the CDN is good for, in seconds. */
export const LINK_SECONDS = 3600;

/**
 * Address of an LFS file on the CDN. Whoever has it may read the file until it expires, without any token: so it goes
 * out only after all checks.
 */
export function signedLink(hub: Hub, oid: string, fileName: string): string {
  const expires = Math.floor(hub.now() / 1000) + LINK_SECONDS;
  const query = new URLSearchParams({ filename: fileName, Expires: String(expires) });
  query.set("Signature", sign(hub, `GET ${oid} ${fileName} ${expires}`));
  return `${hub.origins.cdn}/lfs/${oid}?${query}`;
}

export function checkLink(hub: Hub, oid: string, query: URLSearchParams): "good" | "expired" | "forged" {
  const expires = query.get("Expires") ?? "";
  return checkSignature(hub, `GET ${oid} ${query.get("filename") ?? ""} ${expires}`, query);
}

/** Address on the hub where this content, and no other, may be put (`""`) or asked after (`/verify`), without a token. */
export function uploadLink(hub: Hub, oid: string, size: number, action: "" | "/verify"): string {
  const expires = Math.floor(hub.now() / 1000) + LINK_SECONDS;
  const query = new URLSearchParams({ size: String(size), Expires: String(expires) });
  query.set("Signature", sign(hub, `upload${action} ${oid} ${size} ${expires}`));
  return `${hub.origins.hub}/api/lfs-storage/${oid}${action}?${query}`;
}

export function checkUploadLink(
  hub: Hub,
  oid: string,
  action: "" | "/verify",
  query: URLSearchParams,
): "good" | "expired" | "forged" {
  const expires = query.get("Expires") ?? "";
  return checkSignature(hub, `upload${action} ${oid} ${query.get("size") ?? ""} ${expires}`, query);
}

/** Address of some bytes of a xorb, `first` to `last` inclusive; it is good for those alone. */
export function xorbLink(hub: Hub, hash: string, first: number, last: number): string {
  const expires = Math.floor(hub.now() / 1000) + LINK_SECONDS;
  const range = `bytes=${first}-${last}`;
  const query = new URLSearchParams({ "X-Xet-Signed-Range": range, Expires: String(expires) });
  query.set("Signature", sign(hub, `xorb ${hash} ${range} ${expires}`));
  return `${hub.origins.cdn}/xorbs/default/${hash}?${query}`;
}

export function checkXorbLink(
  hub: Hub,
  hash: string,
  query: URLSearchParams,
  range: string | undefined,
): "good" | "expired" | "forged" {
  const signed = query.get("X-Xet-Signed-Range") ?? "";
  if (range?.trim() !== signed) return "forged";
  return checkSignature(hub, `xorb ${hash} ${signed} ${query.get("Expires") ?? ""}`, query);
}

function checkSignature(hub: Hub, signed: string, query: URLSearchParams): "good" | "expired" | "forged" {
  const expected = sign(hub, signed);
  const given = Buffer.from(query.get("Signature") ?? "");
  if (given.length !== expected.length || !timingSafeEqual(given, Buffer.from(expected))) return "forged";
  // The signature covers a text of parts with blanks between: a blank in one of them could move the borders.
  const expires = query.get("Expires") ?? "";
  if (!/^\d+$/.test(expires)) return "forged";
  return Number(expires) * 1000 <= hub.now() ? "expired" : "good";
}

export function sign(hub: Hub, what: string): string {
  return createHmac("sha256", hub.secret).update(what).digest("hex");
}
