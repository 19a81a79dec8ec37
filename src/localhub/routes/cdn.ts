import type { HubResponse } from "../http.ts";
import { disposition, serveContent } from "../serve-content.ts";
import { checkLink } from "../signed-links.ts";
import type { Call, Route } from "../router.ts";

export const cdnRoutes: readonly Route[] = [
  { method: "GET", pattern: "/lfs/:oid", handler: serveLfs, origin: "cdn", auth: "open" },
];

function serveLfs({ hub, request, params }: Call): HubResponse {
  const oid = params.named["oid"] ?? "";
  const link = checkLink(hub, oid, request.query);
  if (link !== "good") return denied(link === "expired" ? "Request has expired" : "Access Denied");
  const content = hub.storage.lfs.find(oid);
  if (!content) return denied("Access Denied");
  return serveContent(request, content, `"${oid}"`, {
    "Content-Type": "binary/octet-stream",
    "Content-Disposition": disposition(request.query.get("filename") ?? oid),
    "Cache-Control": "public, max-age=31536000",
  });
}

/** XML, as object stores refuse. */
function denied(message: string): HubResponse {
  const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code><Message>${message}</Message></Error>`;
  return { status: 403, headers: { "Content-Type": "application/xml" }, body: Buffer.from(body) };
}
