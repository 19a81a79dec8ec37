import type { SourceReport } from "../../auth/index.ts";
import { command, switchFlag } from "../command.ts";
import { alignColumns, tick } from "../output.ts";
import type { Json } from "../output.ts";

interface Flags {
  readonly offline?: boolean;
}

export const authStatus = command<Flags>({
  brief: "Show every place a token may come from, which one is used and what it hides",
  description:
    "Works without the network unless a token is in use: then the Hub is asked once, so that a dead token shows.",
  flags: { offline: switchFlag("Do not ask the Hub") },
  run: async (flags, context) => {
    const session = await context.session();
    const { lookAlikes, surveySources, whoami } = await import("../../auth/index.ts");
    const { resolution, sources } = await surveySources(session.sources(), Date.now());
    const store = await session.store.describe();
    const unsafe = [store.tokenFile, store.storedTokens, store.folder].flatMap((file) =>
      file.unsafe === undefined ? [] : [`${file.path} ${file.unsafe}`],
    );
    const similar = lookAlikes(context.env);
    const offline = flags.offline === true || session.settings.offline;
    let user: string | null = null;
    let problem: { readonly message: string; readonly hint: string | undefined; readonly code: string } | undefined;
    let exit = resolution.kind === "found" ? 0 : 3;
    if (resolution.kind === "found" && !offline) {
      try {
        user = (await whoami(await session.hub("required"), { signal: context.signal })).name;
      } catch (error) {
        const { isHfError } = await import("../../core/errors.ts");
        if (!isHfError(error)) throw error;
        problem = { message: error.message, hint: error.hint, code: error.code };
        if (error.code === "ERR_HF_INVALID_TOKEN") exit = 3;
      }
    }
    const { endpoint, tokenPath, hubCache } = session.settings;
    const rows = sources.map((source) => [mark(source.state), source.source, describe(source)]);
    return {
      data: {
        signedIn: resolution.kind === "found" && problem?.code !== "ERR_HF_INVALID_TOKEN",
        user,
        endpoint,
        active: resolution.kind === "anonymous" ? null : resolution.source,
        sources: sources.map(sourceData),
        unsafe,
        lookAlikes: [...similar],
        checked: problem === undefined ? user !== null : false,
        problem:
          problem === undefined ? null : { code: problem.code, message: problem.message, hint: problem.hint ?? null },
        tokenPath,
        hubCache,
      },
      human: [
        user === null ? endpoint : `${tick(context.printer)} ${user} at ${endpoint}`,
        ...alignColumns(rows).map((line) => `  ${line}`),
      ],
      quiet: resolution.kind === "anonymous" ? [] : [resolution.source],
      notes: [
        ...(resolution.kind === "anonymous" ? ["Not signed in. Sign in with 'hf auth login', or set HF_TOKEN."] : []),
        ...sources.flatMap((source) => (source.reason === undefined ? [] : advice(source.reason, source.hint))),
        ...sources.flatMap((source) => source.warnings),
        ...(problem === undefined ? [] : advice(problem.message, problem.hint)),
        ...unsafe.map((words) => `${words}. Mend it with chmod.`),
        ...similar.map((name) => `${name} is set, but is not read. The variable is called HF_TOKEN.`),
      ],
      exit,
    };
  },
});

function mark(state: SourceReport["state"]): string {
  return { active: "*", shadowed: "-", absent: " ", unreadable: "!", "wrong-endpoint": "!", refused: "!" }[state];
}

function describe(source: SourceReport): string {
  const facts: string[] = [source.state === "wrong-endpoint" ? "wrong endpoint" : source.state];
  if (source.shadowedBy !== undefined)
    facts[0] = `${facts[0]}${source.state === "shadowed" ? "" : ", shadowed"} by ${source.shadowedBy}`;
  if (source.token !== undefined) facts.push(source.token);
  if (source.tokenName !== undefined) facts.push(`saved as ${source.tokenName}`);
  if (source.expiresAt !== undefined) {
    facts.push(`${source.expired === true ? "expired" : "expires"} ${source.expiresAt.toISOString().slice(0, 10)}`);
  }
  return facts.join(", ");
}

function advice(message: string, hint: string | undefined): string[] {
  return hint === undefined ? [message] : [`${message} ${hint}`];
}

function sourceData(source: SourceReport): Json {
  return {
    source: source.source,
    state: source.state,
    shadowedBy: source.shadowedBy ?? null,
    token: source.token ?? null,
    tokenName: source.tokenName ?? null,
    expiresAt: source.expiresAt?.toISOString() ?? null,
    expired: source.expired ?? null,
    reason: source.reason ?? null,
    code: source.code ?? null,
    hint: source.hint ?? null,
    warnings: [...source.warnings],
  };
}
