import { isHfError, systemCode } from "../core/errors.ts";
import type { Environment, Warn } from "../core/ports.ts";
import { readRegularFileSync } from "../core/read-file.ts";
import type { Settings } from "../core/settings.ts";
import { readProxySettings } from "../hub/index.ts";
import type { HubClientOptions } from "../hub/index.ts";

/** Bytes; those that systems bring have a quarter of a megabyte. */
const LARGEST_BUNDLE = 16 * 1024 * 1024;

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
    return {
      proxy,
      ca: [readRegularFileSync(bundle, LARGEST_BUNDLE).toString()],
    };
  } catch (error) {
    const why = isHfError(error) ? `${error.message}.` : `${bundle} (${systemCode(error) ?? "unreadable"}).`;
    warn?.(`The certificates of SSL_CERT_FILE can't be read: ${why}`);
    return { proxy };
  }
}
