import { HUB_ORIGINS, isLoopback } from "../core/credential.ts";
import { parseEndpoint } from "../core/settings.ts";
import { insecureEndpoint } from "./endpoint-rule.ts";
import { withTrusted } from "./login-record.ts";
import type { ChangeOptions, StoreContents, StorePlan, TokenStore } from "./token-store.ts";

export interface TrustReport {
  readonly origin: string;
  /** False when saved logins went there already: huggingface.co, this machine, or trusted before. */
  readonly changed: boolean;
}

/**
 * Lets the saved logins of huggingface.co go to another https endpoint from now on: a mirror. For `hf auth trust URL`.
 * @throws UsageError `ERR_HF_INVALID_ENDPOINT`
 * @throws TokenError `ERR_HF_INSECURE_ENDPOINT` for plain http
 */
export async function trustEndpoint(
  store: TokenStore,
  endpoint: string,
  options: ChangeOptions = {},
): Promise<TrustReport> {
  const url = new URL(parseEndpoint(endpoint));
  const insecure = insecureEndpoint(url.href);
  if (insecure !== undefined) throw insecure;
  if (HUB_ORIGINS.includes(url.origin) || isLoopback(url)) return { origin: url.origin, changed: false };
  return (await store.write((now) => planTrust(now, url.origin), options)).report;
}

function planTrust(now: StoreContents, origin: string): StorePlan<TrustReport> {
  if (now.record.kind === "unreadable") throw now.record.error;
  const { record } = now.record;
  if (record.trusted.includes(origin)) return { steps: [], report: { origin, changed: false } };
  return { steps: [{ do: "write-record", record: withTrusted(record, origin) }], report: { origin, changed: true } };
}
