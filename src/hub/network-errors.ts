import { HfError, NetworkError, systemCode } from "../core/errors.ts";
import type { RetryKind } from "./retry.ts";

const UNREACHABLE = new Set([
  "ENOTFOUND",
  "EAI_AGAIN",
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENETDOWN",
  "EADDRNOTAVAIL",
  "UND_ERR_CONNECT_TIMEOUT",
]);
const TIMED_OUT = new Set(["ETIMEDOUT", "UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"]);
const TLS =
  /^(?:CERT_|CRL_|UNABLE_TO_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|ERROR_IN_C|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH_|EPROTO$)/;

/**
 * A failure below HTTP as a coded error that names the host and the next step. Errors that have a code already pass
 * through.
 */
export function networkError(error: unknown, url: URL): HfError {
  if (error instanceof HfError) return error;
  const code = systemCode(error);
  const host = url.host;
  const options = (hint: string): { cause: unknown; hint: string } => ({ cause: error, hint });
  if (code !== undefined && TLS.test(code)) {
    return new NetworkError("ERR_HF_TLS", `No trusted TLS connection to ${host} (${code}).`, options(tlsHint(code)));
  }
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return new NetworkError(
      "ERR_HF_NETWORK",
      `The host ${url.hostname} could not be found (${code}).`,
      options("Check the network, the spelling of HF_ENDPOINT, and HTTPS_PROXY if you are behind a proxy."),
    );
  }
  if (code !== undefined && TIMED_OUT.has(code)) return timeoutError(host, error);
  if (code !== undefined && UNREACHABLE.has(code)) {
    return new NetworkError(
      "ERR_HF_NETWORK",
      `${host} could not be reached (${code}).`,
      options("Check the network, HF_ENDPOINT, and HTTPS_PROXY if you are behind a proxy."),
    );
  }
  if (code === "HPE_HEADER_OVERFLOW" || code === "UND_ERR_HEADERS_OVERFLOW") {
    return new NetworkError("ERR_HF_BAD_ANSWER", `${host} sent headers without end.`, options(NOT_A_HUB));
  }
  if (code?.startsWith("HPE_") === true || code?.startsWith("Z_") === true || code === "UND_ERR_SOCKET_PARSER") {
    return new NetworkError("ERR_HF_BAD_ANSWER", `${host} did not answer in HTTP (${code}).`, options(NOT_A_HUB));
  }
  const why = code ?? (error instanceof Error ? error.message : String(error));
  return new NetworkError(
    "ERR_HF_NETWORK",
    `The connection to ${host} broke (${why}).`,
    options("Try again; if it stays so, check the network and proxies on the way."),
  );
}

/** @param ms the limit that was passed, where it was ours */
export function timeoutError(host: string, cause?: unknown, ms?: number): NetworkError {
  const limit = ms === undefined ? "in time" : `within ${ms / 1000} s`;
  return new NetworkError("ERR_HF_TIMEOUT", `${host} did not answer ${limit}.`, {
    ...(cause === undefined ? {} : { cause }),
    hint: "Check the network and try again. HF_HUB_ETAG_TIMEOUT gives the Hub more seconds.",
  });
}

/** An answer that came, but so slowly that its sender may mean never to end. Another try would only wait again. */
export class SlowAnswerError extends NetworkError {
  constructor(host: string, what: string) {
    super("ERR_HF_TIMEOUT", `${host} answers too slowly: ${what}.`, {
      hint: "Check the network and proxies on the way, and try again later.",
    });
  }
}

/** Whether a failure below HTTP is worth another try, and how many. A certificate or a broken peer does not mend. */
export function retryKind(error: HfError): RetryKind | undefined {
  if (error instanceof SlowAnswerError) return undefined;
  if (error.code === "ERR_HF_TIMEOUT") return "timeout";
  if (error.code !== "ERR_HF_NETWORK") return undefined;
  const code = systemCode(error.cause);
  return code !== undefined && UNREACHABLE.has(code) ? "unreachable" : "network";
}

const NOT_A_HUB = "Something else than a Hub answers there. Check HF_ENDPOINT and proxies on the way.";

function tlsHint(code: string): string {
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID") {
    return "Check this machine's clock. If it is right, the server's certificate has run out.";
  }
  if (/SELF_SIGNED|UNABLE_TO_|DEPTH_ZERO/.test(code)) {
    return "A proxy or server with its own certificate authority? Set NODE_EXTRA_CA_CERTS (or SSL_CERT_FILE) to its PEM file.";
  }
  if (/ALTNAME|HOSTNAME_MISMATCH/.test(code)) {
    return "The certificate is that of another host: check the name in HF_ENDPOINT, and proxies on the way.";
  }
  return "Check HF_ENDPOINT, and proxies on the way. Certificates of your own go into NODE_EXTRA_CA_CERTS.";
}
