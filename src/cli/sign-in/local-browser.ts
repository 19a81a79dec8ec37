import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { withoutTokens } from "../../auth/index.ts";
import type { Environment } from "../../core/ports.ts";

/** Facts that tell whether a browser of this machine can be seen by the person. */
export interface Surroundings {
  readonly env: Environment;
  readonly platform: NodeJS.Platform;
  /** @default asks the file system */
  readonly exists?: (path: string) => boolean;
}

const REMOTE = ["SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"];
const CONTAINER = [
  "container",
  "KUBERNETES_SERVICE_HOST",
  "CODESPACES",
  "REMOTE_CONTAINERS",
  "GITPOD_WORKSPACE_ID",
  "COLAB_RELEASE_TAG",
];
const CONTAINER_FILES = ["/.dockerenv", "/run/.containerenv"];

/**
 * Why the browser that would open is not one that the person sees, or undefined where it is. A way back over loopback
 * ends on this machine, and there must be the browser too.
 */
export function whyNoBrowser({ env, platform, exists = existsSync }: Surroundings): string | undefined {
  const isSet = (name: string): boolean => (env[name] ?? "") !== "";
  if (REMOTE.some(isSet)) return "you are here over SSH";
  if (isSet("CI")) return "this is a CI job";
  if (platform === "darwin" || platform === "win32") return undefined;
  if (CONTAINER.some(isSet) || CONTAINER_FILES.some((path) => exists(path))) return "this is a container";
  return isSet("DISPLAY") || isSet("WAYLAND_DISPLAY") ? undefined : "there is no display";
}

/**
 * Hands an address to the browser, without a shell in between and without the tokens of our environment. That it works
 * can't be seen from here, so the address is always shown as well.
 */
export function openBrowser(url: string, { env, platform }: Surroundings): void {
  const [program, ...args] = opener({ env, platform });
  try {
    const child = spawn(program, [...args, url], {
      env: withoutTokens(env),
      stdio: "ignore",
      detached: true,
      shell: false,
    });
    child.on("error", () => undefined);
    child.unref();
  } catch {
    // No such program: the address is on the screen.
  }
}

/** The browser that the user named in `BROWSER`, where that is one program: a list or a template is for shells. */
export function namedBrowser(env: Environment): string | undefined {
  const named = env["BROWSER"] ?? "";
  return /^[^\s:%'"]+$/.test(named) ? named : undefined;
}

function opener({ env, platform }: Surroundings): [string, ...string[]] {
  const named = platform === "win32" ? undefined : namedBrowser(env);
  if (named !== undefined) return [named];
  // By whole paths where the system has them: a program of that name in the current folder is not meant.
  if (platform === "darwin") return ["/usr/bin/open"];
  if (platform === "win32") return ["C:\\Windows\\System32\\rundll32.exe", "url.dll,FileProtocolHandler"];
  return ["xdg-open"];
}
