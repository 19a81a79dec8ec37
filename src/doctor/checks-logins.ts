import { dirname } from "node:path";
import type { Check } from "./check.ts";
import type { Evidence } from "./evidence.ts";
import type { Finding } from "./finding.ts";
import { systemCode } from "../core/errors.ts";
import type { HfError } from "../core/errors.ts";
import { shellWord } from "../core/shell-word.ts";
import { isClosed } from "./look.ts";
import { isUnsafe, refusalWords, setLine, staleLock, unsetLine } from "./words.ts";

function userLine({ uid, name }: Evidence["user"]): readonly string[] {
  return uid === undefined ? [] : [`user ${uid}${name === undefined ? ", which has no account here" : ` (${name})`}`];
}

export const LOGIN_CHECKS: readonly Check[] = [
  { area: "logins", find: noHome },
  { area: "logins", find: homeNotWritable },
  { area: "logins", find: wrongKind },
  { area: "logins", find: unreadable },
  { area: "logins", find: foreignForRoot },
  { area: "logins", find: content },
  { area: "logins", find: faults },
  { area: "logins", find: loose },
  { area: "logins", find: locked },
  { area: "logins", find: homeBySudo },
  { area: "logins", find: elsewhere },
];

/** A user without an account or a home: containers that run under any number. */
function noHome({ env, user, settings, platform }: Evidence): readonly Finding[] {
  if (platform === "win32" || (env["HF_HOME"] ?? "") !== "" || (env["XDG_CACHE_HOME"] ?? "") !== "") return [];
  const home = env["HOME"] ?? user.home;
  const why =
    home === "" || home === "/"
      ? `HOME is ${home === "" ? "empty" : "/"}, so logins and models would go to ${settings.home}.`
      : /^\/(?:nonexistent|dev\/null)\b/.test(home)
        ? `The home folder of this user is ${home}, which stands for none.`
        : undefined;
  if (why === undefined) return [];
  return [
    {
      code: "no-home",
      severity: "error",
      message: why,
      evidence: userLine(user),
      fix: {
        text: "Set HF_HOME to a folder that is this user's own; in a container, to a volume.",
        command: setLine("HF_HOME", "/data/huggingface", platform),
      },
    },
  ];
}

function homeNotWritable(evidence: Evidence): readonly Finding[] {
  const { logins, settings, user, platform } = evidence;
  const { home } = logins;
  if (home.refusal === undefined || noHome(evidence).length > 0) return [];
  const full = ["ENOSPC", "EDQUOT"].includes(home.refusal);
  // Whoever's home folder it is keeps it: there `HOME` is wrong, not the owner.
  const mendable =
    isClosed(home.refusal) && platform !== "win32" && user.name !== undefined && !isAtOrAbove(home.tried, user.home);
  const foreign =
    isClosed(home.refusal) && home.owner !== undefined && user.uid !== undefined && home.owner !== user.uid;
  const why = foreign
    ? `${home.tried} belongs to user ${home.owner}, and this user may not write there (${home.refusal})`
    : refusalWords(home.refusal);
  return [
    {
      code: "home-not-writable",
      severity: "error",
      message: `No login can be saved in ${settings.home}: ${why}.`,
      evidence: [...(home.tried === home.path || foreign ? [] : [`tried: ${home.tried}`]), ...userLine(user)],
      fix: {
        text: mendable
          ? "Make the folder yours, or set HF_HOME to one that is."
          : full
            ? "Free some space, or set HF_HOME to a folder on another disk."
            : foreign && isAtOrAbove(home.tried, user.home)
              ? "Set HOME to this user's own folder, or HF_HOME to one that this user may write to."
              : "Set HF_HOME to a folder that this user may write to.",
        command: mendable
          ? `sudo chown -R ${shellWord(user.name)} ${shellWord(home.tried)}`
          : setLine("HF_HOME", platform === "win32" ? "C:\\huggingface" : "/data/huggingface", platform),
      },
    },
  ];
}

function isAtOrAbove(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}

/** The folder of logins can't be entered, so that nothing in it can be looked at: told once, of the folder. */
function isShut({ home, storedTokens }: Evidence["logins"]): boolean {
  return isClosed(home.refusal) && storedTokens.kind === "hidden" && isClosed(storedTokens.error);
}

function wrongKind({ logins }: Evidence): readonly Finding[] {
  return [logins.tokenFile, logins.storedTokens, ...logins.others].flatMap((look): Finding[] => {
    const dangling = look.kind === "absent" && look.link;
    if (look.kind !== "folder" && look.kind !== "other" && !dangling) return [];
    const what = dangling
      ? "is a link that leads nowhere"
      : look.kind === "folder"
        ? "is a folder"
        : "is a pipe or a device";
    return [
      {
        code: "token-file-wrong-kind",
        severity: "error",
        message: `${look.path} should be a file, and ${what}.`,
        evidence: [],
        fix: {
          text: "Move it away, then sign in.",
          command: `mv ${shellWord(look.path)} ${shellWord(`${look.path}.old`)}`,
        },
      },
    ];
  });
}

function unreadable({ logins, user, platform }: Evidence): readonly Finding[] {
  return [logins.tokenFile, logins.storedTokens].flatMap((look): Finding[] => {
    const foreign = look.uid !== undefined && user.uid !== undefined && user.uid !== 0 && look.uid !== user.uid;
    const hidden = look.kind === "hidden";
    if (hidden && isShut(logins) && dirname(look.path) === logins.home.path) return [];
    const lost = look.kind === "file" && look.path === logins.tokenFile.path && logins.content === undefined;
    if (!hidden && !lost && !(foreign && look.kind === "file")) return [];
    const owner = look.uid === undefined ? [] : [`it belongs to user ${look.uid}, you are ${user.uid ?? "unknown"}`];
    // A number without an account, as containers run under, has no sudo.
    const mendable = foreign && user.name !== undefined;
    const command = `sudo chown ${user.uid ?? "$USER"} ${shellWord(look.path)}`;
    return [
      {
        code: foreign ? "token-file-foreign" : "token-file-unreadable",
        severity: hidden || lost ? "error" : "warning",
        message: hidden || lost ? `${look.path} can't be read.` : `${look.path} belongs to another user.`,
        evidence: hidden ? [`the system says ${look.error ?? "no"}`] : owner,
        fix: {
          text: mendable
            ? "Make the file yours (it was often written with sudo), or sign in again."
            : foreign
              ? "Hand the token in as HF_TOKEN, or set HF_HOME to a folder of this user's own."
              : "Check the modes of the file and of the folders above it.",
          ...(platform === "win32" || (foreign && !mendable)
            ? {}
            : { command: mendable ? command : `ls -ld ${shellWord(dirname(look.path))} ${shellWord(look.path)}` }),
        },
      },
    ];
  });
}

/** Root can read everything; but what it saves in somebody's folder, that one can no longer read. */
function foreignForRoot(evidence: Evidence): readonly Finding[] {
  const { logins, user } = evidence;
  // Told with more words by `homeBySudo()`.
  if (user.uid !== 0 || homeBySudo(evidence).length > 0) return [];
  const { home, tokenFile, storedTokens } = logins;
  const owned = [{ path: home.tried, uid: home.owner }, tokenFile, storedTokens];
  const foreign = owned.flatMap(({ path, uid }) => (uid === undefined || uid === 0 ? [] : [{ path, uid }]));
  const [one] = foreign;
  if (one === undefined) return [];
  const folder = one.path === home.tried;
  return [
    {
      code: "token-file-foreign",
      severity: "warning",
      message: folder
        ? `You are root, and the folder of logins belongs to user ${one.uid}: what is saved now will belong to root, and that user can't read it.`
        : `You are root, and the login here belongs to user ${one.uid}, who can read and change the token that you use.`,
      evidence: foreign.map(({ path, uid }) => `${path} belongs to user ${uid}`),
      fix: {
        text: `Run it as that user (a container: --user ${one.uid}), or set HF_HOME to a folder of root's own.`,
      },
    },
  ];
}

function content({ logins, settings }: Evidence): readonly Finding[] {
  const found = logins.content;
  if (found === undefined || found.kind === "token") return [];
  const path = settings.tokenPath;
  const again = { text: "Sign in again; the file is then written anew.", command: "hf auth login --force" };
  switch (found.kind) {
    case "padded":
      return [
        {
          code: "token-file-content",
          severity: "warning",
          message: `The token file ${found.words.replace(/, which .*/, "")}: this program takes that away, other tools send it along and are refused.`,
          evidence: [path],
          fix: {
            text: "Write the token alone, without a line end.",
            command: "hf doctor --fix",
            action: { do: "clean-token-file", path },
          },
        },
      ];
    case "empty":
      return [
        {
          code: "token-file-content",
          severity: "warning",
          message: "The token file is empty: it counts as not signed in.",
          evidence: [path],
          fix: again,
        },
      ];
    case "wrong":
      return [
        {
          code: "token-file-content",
          severity: "error",
          message: `The token file ${found.words}.`,
          evidence: [path],
          fix: again,
        },
      ];
  }
}

function faults({ logins }: Evidence): readonly Finding[] {
  // Told once, of the folder.
  const told = (error: HfError): boolean => {
    const code = systemCode(error.cause);
    return (logins.home.refusal === "ENOTDIR" && code === "ENOTDIR") || (isShut(logins) && isClosed(code));
  };
  const found = logins.faults.filter((error) => !told(error));
  return found.map((error) => ({
    code: "logins-unreadable",
    severity: "error",
    message: error.message,
    evidence: [],
    fix: { text: error.hint },
  }));
}

function loose({ logins, user }: Evidence): readonly Finding[] {
  // A file that holds no token is somebody else's business, whatever HF_TOKEN_PATH says: its mode may be meant.
  const holdsToken = logins.content?.kind === "token" || logins.content?.kind === "padded";
  const unsafe = logins.states.filter(isUnsafe).filter(({ path }) => path !== logins.tokenFile.path || holdsToken);
  return unsafe.flatMap((state): Finding[] => {
    const folder = logins.states.at(-1) === state;
    const foreign = state.unsafe.startsWith("belongs");
    // Told with more words by `unreadable()` and `foreignForRoot()`.
    if (foreign && (!folder || user.uid === 0)) return [];
    return [
      {
        code: folder ? "folder-loose" : "token-file-loose",
        severity: "warning",
        message: `${state.path} ${state.unsafe}.`,
        evidence: [],
        fix: {
          text: foreign
            ? "Make it yours, or set HF_HOME to a folder that is."
            : folder
              ? "Take the right to write there from other users."
              : "Make it readable by you alone.",
          command: foreign
            ? `sudo chown ${user.uid ?? "$USER"} ${shellWord(state.path)}`
            : `chmod ${folder ? "go-w" : "600"} ${shellWord(state.path)}`,
          // A folder that somebody made as it is may be shared on purpose.
          ...(folder ? {} : { action: { do: "make-private", path: state.path } }),
        },
      },
    ];
  });
}

function locked({ logins, cache }: Evidence): readonly Finding[] {
  const { lock } = logins;
  if (lock.state === "held") {
    const who = lock.holder === undefined ? "another process" : `process ${lock.holder.pid} (${lock.holder.name})`;
    return [
      {
        code: "store-locked",
        severity: "warning",
        message: `The saved logins are locked by ${who}: a sign-in or a switch waits until it ends.`,
        evidence: [lock.path],
        fix: {
          text: "Let it end, or end it if it hangs. The lock goes with it; do not delete the file.",
          ...(lock.holder === undefined ? {} : { command: `kill ${lock.holder.pid}` }),
        },
      },
    ];
  }
  // Where the system has locks, nobody minds what the file holds.
  const works = (logins.home.locks ?? cache.probe.locks) !== false;
  return lock.stale === undefined || works ? [] : [staleLock(lock.stale)];
}

function homeBySudo({ env, user, settings }: Evidence): readonly Finding[] {
  const by = env["SUDO_USER"] ?? "";
  if (user.uid !== 0 || by === "" || by === "root" || !settings.home.includes(`/${by}/`)) return [];
  return [
    {
      code: "home-by-sudo",
      severity: "warning",
      message: `You are root by sudo, in the home of ${by}: what is saved now will belong to root, and ${by} can't read it later.`,
      evidence: [settings.home],
      fix: { text: "Run it without sudo, or with 'sudo -H' for root's own logins." },
    },
  ];
}

/** A login that was saved before the home was moved, and is missed, or forgotten. */
function elsewhere({ logins, env, settings, platform }: Evidence): readonly Finding[] {
  if (logins.elsewhere === undefined) return [];
  const name = ["HF_TOKEN_PATH", "HF_HOME", "XDG_CACHE_HOME"].find((variable) => (env[variable] ?? "") !== "");
  if (name === undefined) return [];
  const nobody = logins.survey?.resolution.kind === "anonymous";
  return [
    {
      code: "login-elsewhere",
      severity: nobody ? "warning" : "note",
      message: nobody
        ? `Nobody is signed in here, and the login at the usual place is not used: ${name} names another place.`
        : `There is a login at the usual place, which is not used: ${name} names another one.`,
      evidence: [`not used: ${logins.elsewhere}`, `looked for: ${settings.tokenPath}`],
      fix: {
        text: nobody
          ? `To use it, take ${name} away; else sign in here.`
          : `If that one is meant, take ${name} away. If it is forgotten, sign it out there.`,
        command: unsetLine(name, platform),
      },
    },
  ];
}
