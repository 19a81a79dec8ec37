import { X509Certificate } from "node:crypto";
import { lookAlikes } from "../auth/index.ts";
import { isHfError } from "../core/errors.ts";
import type { HfError } from "../core/errors.ts";
import type { Environment } from "../core/ports.ts";
import { proxyFor, readProxySettings } from "../hub/index.ts";
import type { VariablesEvidence } from "./evidence.ts";
import { lookAt, readStart } from "./look.ts";
import { describeToken } from "./token-content.ts";

const TOKEN_VARIABLES = ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HUGGINGFACE_TOKEN"];
const CERTIFICATE_VARIABLES = ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"];

export function collectVariables(env: Environment, endpoint: string): VariablesEvidence {
  return {
    tokens: TOKEN_VARIABLES.flatMap((name) => {
      const value = env[name] ?? "";
      return value === "" ? [] : [{ name, content: describeToken(value) }];
    }),
    emptyTokens: TOKEN_VARIABLES.filter((name) => env[name] === ""),
    lookAlikes: lookAlikes(env),
    unreadableCertificates: CERTIFICATE_VARIABLES.flatMap((name) => {
      const path = env[name] ?? "";
      const why = path === "" ? undefined : whyUnreadable(path);
      return why === undefined ? [] : [{ name, path, why }];
    }),
    proxyError: whyNoProxy(env, endpoint),
  };
}

function whyUnreadable(path: string): string | undefined {
  const { kind, error } = lookAt(path);
  if (kind === "absent") return "it is not there";
  if (kind === "hidden") return `it can't be read (${error ?? "unknown"})`;
  if (kind !== "file") return "it is not a file";
  const start = readStart(path, 4 * 1024 * 1024, { followLinks: true });
  if (start === undefined) return "it can't be read";
  try {
    // The first of them. Node passes over what it can't read without a word.
    return new X509Certificate(start).issuer === "" ? "it holds no certificate" : undefined;
  } catch {
    return "it holds no certificate in PEM that can be read";
  }
}

function whyNoProxy(env: Environment, endpoint: string): HfError | undefined {
  try {
    proxyFor(new URL(endpoint), readProxySettings(env));
    return undefined;
  } catch (error) {
    if (isHfError(error)) return error;
    throw error;
  }
}
