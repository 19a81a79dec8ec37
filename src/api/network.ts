import { readFileSync } from "node:fs";
import { systemCode } from "../core/errors.ts";
import type { Environment, Warn } from "../core/ports.ts";
import type { Settings } from "../core/settings.ts";
import { readProxySettings } from "../hub/index.ts";
import type { HubClientOptions } from "../hub/index.ts";

/**
 * The way to the Hub as the usual variables describe it: proxies, and the authorities to trust. `SSL_CERT_FILE` is
 * Python's spelling; `NODE_EXTRA_CA_CERTS` is read by Node itself.
 */
export function networkOf(
  env: Environment,
  { endpoint }: Settings,
  warn: Warn | undefined,
): Pick<HubClientOptions, "ca" | "proxy"> {
  const proxy = readProxySettings(env);
  const bundle = env["SSL_CERT_FILE"] || env["REQUESTS_CA_BUNDLE"];
  // Reading a bundle takes longer than a short call; nothing asks for it on plain http.
  if (bundle === undefined || bundle === "" || !endpoint.startsWith("https:")) return { proxy };
  try {
    return { proxy, ca: [readFileSync(bundle, "utf8")] };
  } catch (error) {
    warn?.(`The certificates of SSL_CERT_FILE can't be read: ${bundle} (${systemCode(error) ?? "unreadable"}).`);
    return { proxy };
  }
}
