import type { Identity } from "../../auth/index.ts";
import { isHfError, TokenError, UsageError } from "../../core/errors.ts";
import type { Secret } from "../../core/secret.ts";
import { plainText } from "../../core/terminal-text.ts";
import type { Session } from "../../api/index.ts";
import { command, switchFlag } from "../command.ts";
import type { CliContext } from "../context.ts";
import { tick } from "../output.ts";
import { confirmRevoking, revokeOptions } from "../revoking.ts";

interface Flags {
  readonly yes?: boolean;
}

export const authRevoke = command<Flags>({
  brief: "End a token at the Hub, such as one that has leaked",
  description: [
    "Takes the token that you name: hf auth revoke --token-stdin < leaked.txt. Without one, that of HF_TOKEN, after asking;",
    "or it asks for a paste. Saved logins are ended by 'hf auth logout --revoke'. Comes back when the Hub refuses the token.",
  ].join("\n"),
  flags: { yes: switchFlag("Do not ask") },
  run: async (flags, context) => {
    const session = await context.session();
    const { insecureEndpoint, readableLogins, revokeToken, whoami } = await import("../../auth/index.ts");
    const { endpoint } = session.settings;
    const insecure = insecureEndpoint(endpoint);
    if (insecure !== undefined) throw insecure;
    const { token, source, named } = await tokenToRevoke(context, session);
    const { origin, host } = new URL(endpoint);
    let owner: Identity | undefined;
    try {
      owner = await whoami(session.connect({ token, origin, source }), { signal: context.signal });
    } catch (error) {
      if (!isHfError(error) || (error.code !== "ERR_HF_INVALID_TOKEN" && error.code !== "ERR_HF_RATE_LIMITED"))
        throw error;
      // Said as a failure: a token that was copied without its last letter looks the same and is still out there.
      if (error.code === "ERR_HF_INVALID_TOKEN") throw unknownToken(host, source, error);
    }
    const from = named && owner !== undefined ? "" : ` from ${source}`;
    const what = `${owner === undefined ? "the token" : describeOwner(owner)}${from}`;
    // Who hands a token to this command by a pipe or a file has said what is wanted.
    if (!named || context.interactive) await confirmRevoking(context, what, flags.yes === true);
    await revokeToken({ token, endpoint }, revokeOptions(session, context));
    const holders = readableLogins(await session.store.read())
      .filter((login) => login.token?.equals(token) === true)
      .map(({ name }) => plainText(name, 120));
    return {
      data: {
        revoked: true,
        endpoint,
        user: owner === undefined ? null : plainText(owner.name, 120),
        tokenName: owner?.token?.name === undefined ? null : plainText(owner.token.name, 120),
        source,
        savedAs: holders,
      },
      human: [`${tick(context.printer)} Revoked ${what}: ${host} refuses it now`],
      quiet: [],
      notes: [
        ...holders.map((name) => `It is still saved here as '${name}': 'hf auth logout --name ${name}' takes it away.`),
        ...(source.startsWith("env:") ? [`${source.slice(4)} still holds it: unset it.`] : []),
      ],
    };
  },
});

interface Named {
  readonly token: Secret;
  readonly source: string;
  /** By a flag of this command, and not only found. */
  readonly named: boolean;
}

async function tokenToRevoke(context: CliContext, session: Session): Promise<Named> {
  const given = await context.namedToken();
  if (given !== undefined) return { ...given, named: true };
  const { cleanToken, resolveToken } = await import("../../auth/index.ts");
  const found = await resolveToken(session.sources());
  if (found.kind === "found" && found.source.startsWith("env:")) return { ...found, named: false };
  if (!context.interactive) {
    throw new UsageError("ERR_HF_USAGE", "No token was named to revoke, and no variable holds one.", {
      hint: "Pipe it in: hf auth revoke --token-stdin < leaked.txt. A saved login is ended by 'hf auth logout --revoke'.",
    });
  }
  const prompts = await context.prompts();
  const cleaned = cleanToken(await prompts.secret("Token to revoke (it is not shown):"));
  if (cleaned.kind === "clean") return { token: cleaned.token, source: "the prompt", named: true };
  const why = cleaned.kind === "empty" ? "Nothing was pasted" : `What was pasted ${cleaned.reason}`;
  throw new UsageError("ERR_HF_USAGE", `${why}. Nothing was changed.`, { hint: "Run 'hf auth revoke' again." });
}

function describeOwner(owner: Identity): string {
  const name = owner.token?.name === undefined ? "a token" : `the token '${plainText(owner.token.name, 60)}'`;
  return `${name} of ${plainText(owner.name, 60)}`;
}

function unknownToken(host: string, source: string, cause: Error): TokenError {
  return new TokenError(
    "ERR_HF_INVALID_TOKEN",
    `${host} does not know the token from ${source}. Nothing was revoked.`,
    {
      cause,
      status: 401,
      hint: "It is revoked or expired already, or of another Hub (--endpoint), or not copied whole.",
    },
  );
}
