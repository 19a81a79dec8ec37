import { arch, release } from "node:os";
import { VERSION } from "../../core/version.ts";
import { command } from "../command.ts";

export const env = command({
  brief: "Print the versions, paths and switches that decide what happens here; no secret is among them",
  flags: {},
  run: async (_flags, context) => {
    const settings = context.settings();
    const session = await context.session();
    const { existsSync } = await import("node:fs");
    const { findHelpers } = await import("../../git/index.ts");
    const { oauthClientId, resolveToken } = await import("../../auth/index.ts");
    const helpers = await findHelpers({ env: context.env }).catch(() => undefined);
    // Only its source is told: nothing is asked of the network, exchanged or renewed for it.
    const resolution = settings.disableImplicitToken ? await session.resolve() : await resolveToken(session.sources());
    const facts: Record<string, string | number | boolean | null> = {
      version: VERSION,
      node: process.version,
      platform: `${context.machine.platform}-${arch()}-${release()}`,
      tokenSource: resolution.kind === "anonymous" ? null : resolution.source,
      savedToken: existsSync(settings.tokenPath),
      gitCredentialHelpers: helpers?.join(", ") ?? null,
      endpoint: settings.endpoint,
      HF_HOME: settings.home,
      HF_HUB_CACHE: settings.hubCache,
      HF_TOKEN_PATH: settings.tokenPath,
      HF_STORED_TOKENS_PATH: settings.storedTokensPath,
      HF_HUB_OFFLINE: settings.offline,
      HF_HUB_DISABLE_IMPLICIT_TOKEN: settings.disableImplicitToken,
      HF_HUB_DISABLE_PROGRESS_BARS: settings.disableProgress ?? null,
      HF_HUB_DISABLE_SYMLINKS: settings.disableSymlinks,
      HF_DEVICE_CODE_OAUTH_CLIENT_ID: oauthClientId(context.env),
      HF_HUB_DISABLE_XET: settings.disableXet,
      HF_HUB_ETAG_TIMEOUT: settings.requestTimeoutMs / 1000,
      HF_HUB_DOWNLOAD_TIMEOUT: settings.downloadTimeoutMs / 1000,
    };
    return {
      data: facts,
      human: Object.entries(facts).map(([name, value]) => `- ${name}: ${value ?? "none"}`),
      quiet: [VERSION],
    };
  },
});
