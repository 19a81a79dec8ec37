import type { Session } from "../../api/index.ts";
import type { LoginOptions, LoginReport, TokenResolution } from "../../auth/index.ts";
import { isHfError, UsageError } from "../../core/errors.ts";
import type { Secret } from "../../core/secret.ts";
import { plainText } from "../../core/terminal-text.ts";
import { command, switchFlag, valueFlag } from "../command.ts";
import type { CliContext, NamedToken } from "../context.ts";
import { storeGitCredential } from "../git-credential.ts";
import { tick } from "../output.ts";
import type { Report } from "../output.ts";
import type { PageWay } from "../sign-in/ways.ts";

interface Flags {
  readonly web?: boolean;
  readonly device?: boolean;
  readonly name?: string;
  readonly store?: string;
  readonly force?: boolean;
  readonly addToGitCredential?: boolean;
}

/** Milliseconds that the Hub has to say whether the token of who seems signed in is alive. */
const CHECK_MS = 5000;

type Found = Extract<TokenResolution, { kind: "found" }>;

export const authLogin = command<Flags>({
  brief: "Sign in: the token is checked with the Hub, then saved where Python's tools find it too",
  description: [
    "On a terminal it asks how: with your browser, with a code on another device, or by pasting a token, which is not",
    "shown. Sign-ins by browser or code are renewed by themselves. In a script: hf auth login --token-stdin < token.txt",
    "Nothing is saved before the Hub has accepted the token. By browser or code you let in the application of Python's",
    "tools, 26be6b09-91c5-47da-9861-d2d2bb7a7e36; HF_DEVICE_CODE_OAUTH_CLIENT_ID names another.",
  ].join("\n"),
  flags: {
    web: switchFlag("Sign in with the browser of this machine"),
    device: switchFlag("Sign in with a code that you enter in any browser, on any device"),
    name: valueFlag("Name to save the login under (default: the token's own name at the Hub)", "NAME"),
    store: valueFlag("file (the default, as Python's tools need it) or keychain, which is the system's own", "STORE"),
    force: switchFlag("Sign in although somebody is signed in; also begin a new store when the old one can't be read"),
    addToGitCredential: switchFlag("Store the token with git's credential helper as well"),
  },
  run: async (flags, context) => {
    const session = await context.session();
    const { insecureEndpoint, login, resolveToken } = await import("../../auth/index.ts");
    const { endpoint } = session.settings;
    const named = await context.namedToken();
    const force = flags.force === true;
    const { storeOf } = await import("../keychain-or-file.ts");
    const store = storeOf(flags.store);
    const asked = askedWay(flags, named !== undefined);
    // Whoever gives a token, or a name that is not in use, wants another login.
    if (named === undefined && !force) {
      const current = await resolveToken(session.sources());
      const meant = current.kind === "found" && (flags.name === undefined || flags.name === current.tokenName);
      if (meant && (await isKnown(context, session, current))) return already(context, current, flags);
    }
    const insecure = insecureEndpoint(endpoint);
    if (insecure !== undefined) throw insecure;
    const inKeychain = store === "keychain" && (await keychainWorks(context, session));
    const save = (given: Pick<LoginOptions, "token" | "source" | "refreshToken" | "expiresAt">): Promise<LoginReport> =>
      login({
        ...given,
        name: flags.name,
        inKeychain,
        endpoint,
        store: session.store,
        connect: session.connect,
        env: context.env,
        onUnreadable: force ? "import" : "refuse",
        signal: context.signal,
      });
    const way = asked ?? (named === undefined ? await chooseWay(context) : "token");
    let token: Secret;
    let report: LoginReport;
    let wantsGit = flags.addToGitCredential === true;
    if (way === "token") {
      const given = named ?? (await askForToken(context, endpoint));
      // Asked before anything is saved, so that Ctrl-C here still leaves everything as it was.
      if (named === undefined && !wantsGit) wantsGit = await askForGit(context);
      token = given.token;
      report = await save(given);
    } else {
      // A token that is renewed every month is not one to leave with git's helpers, so nobody is asked about it.
      const { signInByPage } = await import("../sign-in/ways.ts");
      const source = way === "web" ? "the browser sign-in" : "the device sign-in";
      [token, report] = await signInByPage(way, context, session, async (tokens) => {
        return [tokens.token, await save({ ...tokens, source })] as const;
      });
    }
    const git = wantsGit ? await storeGitCredential(context, token) : undefined;
    return saved(context, report, git);
  },
});

async function keychainWorks(context: CliContext, { store }: Session): Promise<boolean> {
  const { keychainOrFile } = await import("../keychain-or-file.ts");
  if (store.keychain === undefined) throw new TypeError("a program that does not know where it is");
  const prompts = context.interactive ? await context.prompts() : undefined;
  return keychainOrFile(store.keychain, {
    warn: context.warn,
    confirm: prompts === undefined ? undefined : (question) => prompts.confirm(question, false),
  });
}

function askedWay(flags: Flags, hasToken: boolean): PageWay | undefined {
  const asked = [flags.web === true && "--web", flags.device === true && "--device", hasToken && "a token"].filter(
    (one) => one !== false,
  );
  if (asked.length > 1) {
    throw new UsageError("ERR_HF_USAGE", `${asked.join(" and ")} exclude each other.`, { hint: "Give one of them." });
  }
  if (flags.web === true) return "web";
  return flags.device === true ? "device" : undefined;
}

/** Where nobody sees a browser of this machine, the way back over loopback leads nowhere: it is offered last. */
async function chooseWay(context: CliContext): Promise<PageWay | "token"> {
  if (!context.interactive) return "token";
  const { whyNoBrowser } = await import("../sign-in/local-browser.ts");
  const why = whyNoBrowser({ env: context.env, platform: context.machine.platform });
  const web = {
    value: "web",
    label: why === undefined ? "With your browser" : `With a browser on this machine (${why})`,
  };
  const device = { value: "device", label: "With a code that you enter in a browser, on any device" };
  const paste = { value: "token", label: "Paste a token" };
  const choices = why === undefined ? [web, device, paste] : [device, paste, web];
  const prompts = await context.prompts();
  const chosen = await prompts.choose("How do you want to sign in?", choices);
  return chosen === "web" || chosen === "device" ? chosen : "token";
}

async function askForToken(context: CliContext, endpoint: string): Promise<NamedToken> {
  if (!context.interactive) {
    throw new UsageError("ERR_HF_NO_TERMINAL", "There is no terminal to ask for a token on.", {
      hint: "Pipe the token in: hf auth login --token-stdin < token.txt. Or use --device, --token-file FILE, or HF_TOKEN.",
    });
  }
  const { cleanToken } = await import("../../auth/index.ts");
  context.say(`Make a token of type Read at ${endpoint}/settings/tokens`);
  const prompts = await context.prompts();
  const cleaned = cleanToken(await prompts.secret("Token (it is not shown):"));
  if (cleaned.kind === "clean") {
    if (cleaned.warning !== undefined) context.warn(`What you pasted ${cleaned.warning}.`);
    return { token: cleaned.token, source: "the prompt" };
  }
  const why = cleaned.kind === "empty" ? "Nothing was pasted" : `What was pasted ${cleaned.reason}`;
  throw new UsageError("ERR_HF_USAGE", `${why}. Nothing was changed.`, { hint: "Run 'hf auth login' again." });
}

async function askForGit(context: CliContext): Promise<boolean> {
  if (!context.interactive) return false;
  const { findHelpers } = await import("../../git/index.ts");
  const helpers = await findHelpers({ env: context.env }).catch(() => undefined);
  if (helpers === undefined) return false;
  if (helpers.length === 0) {
    // There is nothing in git that could keep the token, so the question would be an empty one.
    context.say("git keeps no passwords here. To use git with the Hub: 'hf auth setup-git'.");
    return false;
  }
  const prompts = await context.prompts();
  return prompts.confirm("Add token as git credential? (Y/n)", true);
}

/** False for a token that the Hub does not know any more: who has that one is not signed in. */
async function isKnown(context: CliContext, session: Session, current: Found): Promise<boolean> {
  const { offline, endpoint } = session.settings;
  if (offline) return true;
  const { credentialOf, whoami } = await import("../../auth/index.ts");
  const hub = session.connect(credentialOf(current, endpoint));
  try {
    await whoami(hub, { signal: AbortSignal.any([context.signal, AbortSignal.timeout(CHECK_MS)]) });
  } catch (error) {
    context.signal.throwIfAborted();
    // Any other failure says nothing about the token.
    if (!isHfError(error) || error.code !== "ERR_HF_INVALID_TOKEN") return true;
    context.warn(error.message);
    return false;
  }
  return true;
}

async function already(context: CliContext, { source, token, tokenName }: Found, flags: Flags): Promise<Report> {
  const as = tokenName === undefined ? "" : ` as ${plainText(tokenName, 120)}`;
  const git = flags.addToGitCredential === true ? await storeGitCredential(context, token) : undefined;
  return {
    data: { alreadySignedIn: true, source, tokenName: tokenName ?? null, git: git?.data ?? null },
    human: [`${tick(context.printer)} Already signed in${as}, by ${source}`, ...(git?.human ?? [])],
    quiet: [],
    notes: [
      "Use --force to sign in again, --name NAME to add another login, 'hf auth whoami' to see who it is, 'hf auth switch' to change.",
    ],
  };
}

function saved(
  context: CliContext,
  report: LoginReport,
  git: Awaited<ReturnType<typeof storeGitCredential>> | undefined,
): Report {
  const name = plainText(report.name, 120);
  const role =
    report.role === undefined ? "" : ` (${report.role === "fineGrained" ? "fine-grained" : report.role} token)`;
  const notes: string[] = [];
  const { expiresAt } = report;
  if (report.copy !== undefined) notes.push(`The file of saved logins could not be read; a copy is at ${report.copy}`);
  if (report.imported.length > 0) {
    notes.push(`Taken over from it: ${report.imported.map((one) => plainText(one, 60)).join(", ")}`);
  }
  if (report.overriddenBy !== undefined) {
    notes.push(`${report.overriddenBy} is set and comes before saved logins: unset it to use this one.`);
  }
  if (report.keychain !== undefined) {
    notes.push(
      "Python's tools can't read the keychain: to them you are not signed in here. 'hf run -- CMD' gives them the token.",
    );
  }
  // The Hub's own name for a sign-in by page has the account in it: the same person came again.
  const again = report.expiresAt !== undefined && report.name === `oauth-${report.user}`;
  if (report.replacedOther && !again) {
    notes.push(
      `It took the place of another login named ${name}, whose token is not saved any more. With --name NAME both stay.`,
    );
  }
  if (report.role === "write") notes.push("This token can also write. To download, a read token is enough.");
  return {
    data: {
      name,
      user: report.user,
      role: report.role ?? null,
      endpoint: report.endpoint,
      replaced: report.replaced,
      replacedOther: report.replacedOther,
      expiresAt: expiresAt?.toISOString() ?? null,
      store: report.keychain === undefined ? "file" : "keychain",
      tokenPath: report.tokenPath,
      storedTokensPath: report.storedTokensPath,
      overriddenBy: report.overriddenBy ?? null,
      copy: report.copy ?? null,
      git: git?.data ?? null,
    },
    human: [
      `${tick(context.printer)} Signed in to ${report.endpoint} as ${report.user}${role}`,
      ...(report.keychain === undefined
        ? [`  saved as ${name} in ${report.storedTokensPath}`, `  active token in ${report.tokenPath}`]
        : [`  saved as ${name} in ${report.keychain}; no file holds it`]),
      ...(expiresAt === undefined ? [] : [`  renewed by itself before ${expiresAt.toISOString().slice(0, 10)}`]),
      ...(git?.human ?? []),
    ],
    quiet: [report.user],
    notes,
  };
}
