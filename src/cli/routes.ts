import { buildRouteMap } from "@stricli/core";
import type { TreeContext } from "./command.ts";
import { accessCheck } from "./commands/access.ts";
import { accessList } from "./commands/access-list.ts";
import { accessOpen } from "./commands/access-open.ts";
import { accessWait } from "./commands/access-wait.ts";
import { authCi } from "./commands/auth-ci.ts";
import { authEnv } from "./commands/auth-env.ts";
import { authGitCredential } from "./commands/auth-git-credential.ts";
import { authList } from "./commands/auth-list.ts";
import { authLogin } from "./commands/auth-login.ts";
import { authLogout } from "./commands/auth-logout.ts";
import { authRefresh } from "./commands/auth-refresh.ts";
import { authRevoke } from "./commands/auth-revoke.ts";
import { authSetupGit } from "./commands/auth-setup-git.ts";
import { authStatus } from "./commands/auth-status.ts";
import { authSwitch } from "./commands/auth-switch.ts";
import { authToken } from "./commands/auth-token.ts";
import { authTrust } from "./commands/auth-trust.ts";
import { authUse } from "./commands/auth-use.ts";
import { authWhoami } from "./commands/auth-whoami.ts";
import { doctor } from "./commands/doctor.ts";
import { cacheReady } from "./commands/cache-ready.ts";
import { download } from "./commands/download.ts";
import { env } from "./commands/env.ts";
import { help } from "./commands/help.ts";
import { run } from "./commands/run.ts";
import { version } from "./commands/version.ts";

const auth = buildRouteMap<string, TreeContext>({
  routes: {
    login: authLogin,
    logout: authLogout,
    whoami: authWhoami,
    status: authStatus,
    list: authList,
    switch: authSwitch,
    token: authToken,
    refresh: authRefresh,
    revoke: authRevoke,
    use: authUse,
    env: authEnv,
    ci: authCi,
    "setup-git": authSetupGit,
    "git-credential": authGitCredential,
    trust: authTrust,
  },
  aliases: { ls: "list" },
  docs: { brief: "Sign in, see which token is used and why, sign out" },
});

const accessRoutes = buildRouteMap<string, TreeContext>({
  routes: { check: accessCheck, open: accessOpen, wait: accessWait, list: accessList },
  defaultCommand: "check",
  docs: {
    brief: "May I read a repo, and if not, why, and what is the one thing to do",
    fullDescription: [
      "May I read a repo, and if not, why, and what is the one thing to do",
      "",
      "  hf access REPO [--write] [--revision REV] [--repo-type TYPE]",
      "  hf access wait REPO [--timeout 1h]",
    ].join("\n"),
  },
});

/** Help takes the default command's own name for another name of the map, and would show a `hf check` that is not there. */
const access: typeof accessRoutes = {
  ...accessRoutes,
  getOtherAliasesForInput: () => ({ original: [], "convert-camel-to-kebab": [] }),
};

const cache = buildRouteMap<string, TreeContext>({
  routes: { ready: cacheReady },
  docs: { brief: "See what is in the shared cache" },
});

/** Every command. Those at the end are spellings of `huggingface-cli`, kept for scripts and fingers. */
export const routes = buildRouteMap<string, TreeContext>({
  routes: {
    auth,
    run,
    access,
    download,
    doctor,
    cache,
    env,
    help,
    version,
    whoami: authWhoami,
    login: authLogin,
    logout: authLogout,
  },
  aliases: { why: "access" },
  docs: {
    brief: "Carries you from an empty machine to the gated model on disk, and keeps the token safe on the way",
    hideRoute: { login: true, logout: true },
  },
});
