import { posix } from "node:path";
import { UsageError } from "../core/errors.ts";
import type { Environment } from "../core/ports.ts";
import { plainText } from "../core/terminal-text.ts";

export const SHELLS = ["bash", "zsh", "sh", "fish", "cmd", "powershell"] as const;
export type Shell = (typeof SHELLS)[number];

export interface ShellLine {
  readonly shell: Shell;
  readonly line: string;
  /** What is to be done with the line, for a person. */
  readonly where: string;
  /** The file that it belongs into; undefined when it is run once, and lasts. */
  readonly file?: string;
}

/**
 * The shell of a name, as people and systems write it.
 * @throws UsageError for another one
 */
export function parseShell(name: string): Shell {
  const known = shellOf(name);
  if (known !== undefined) return known;
  throw new UsageError("ERR_HF_USAGE", `'${plainText(name, 60)}' is not a shell that is known here.`, {
    hint: `Use --shell with one of ${SHELLS.join(", ")}.`,
  });
}

/** The shell that the environment names. On Windows, where it names none: cmd sets PROMPT, PowerShell does not. */
export function guessShell(env: Environment, platform: NodeJS.Platform): Shell {
  const named = shellOf(posix.basename((env["SHELL"] ?? "").replaceAll("\\", "/")));
  if (platform !== "win32") return named ?? "sh";
  return named ?? ((env["PROMPT"] ?? "") === "" ? "powershell" : "cmd");
}

/**
 * The line that sets a variable in a shell, for this session or for all later ones.
 * @throws UsageError when the value can't be written for that shell so that it arrives unchanged
 */
export function shellLine(
  shell: Shell,
  name: string,
  value: string,
  options: { readonly permanent: boolean; readonly env: Environment },
): ShellLine {
  const { permanent, env } = options;
  const once = { shell, where: "Run it in each new shell, or let the shell do it: see --permanent." };
  switch (shell) {
    case "bash":
    case "zsh":
    case "sh": {
      const line = `export ${name}=${posixQuote(value)}`;
      if (!permanent) return { ...once, line };
      const file = startupFile(shell, env);
      return { shell, line, file, where: `Add it to ${file}, and keep that file to yourself (chmod 600).` };
    }
    case "fish": {
      const quoted = fishQuote(value);
      if (!permanent) return { ...once, line: `set -gx ${name} ${quoted}` };
      return { shell, line: `set -Ux ${name} ${quoted}`, where: "Run it once: fish keeps it for all later sessions." };
    }
    case "cmd": {
      const plain = cmdValue(value);
      if (!permanent) return { ...once, line: `set "${name}=${plain}"` };
      return { shell, line: `setx ${name} "${plain}"`, where: "Run it once: it holds for programs started after it." };
    }
    case "powershell": {
      const quoted = `'${value.replaceAll("'", "''")}'`;
      if (!permanent) return { ...once, line: `$Env:${name} = ${quoted}` };
      return {
        shell,
        line: `[Environment]::SetEnvironmentVariable('${name}', ${quoted}, 'User')`,
        where: "Run it once: it holds for programs started after it.",
      };
    }
  }
}

function shellOf(name: string): Shell | undefined {
  const plain = name
    .toLowerCase()
    .replace(/\.exe$/, "")
    .replace(/^-/, "");
  if (plain === "pwsh") return "powershell";
  if (["dash", "ash", "ksh"].includes(plain)) return "sh";
  return SHELLS.find((shell) => shell === plain);
}

function startupFile(shell: "bash" | "zsh" | "sh", env: Environment): string {
  if (shell === "bash") return "~/.bashrc";
  if (shell === "sh") return "~/.profile";
  return (env["ZDOTDIR"] ?? "") === "" ? "~/.zshrc" : `${env["ZDOTDIR"]}/.zshrc`;
}

function posixQuote(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`;
}

/** Inside single quotes fish takes a backslash for one only before another and before a quote. */
function fishQuote(value: string): string {
  return `'${value.replace(/[\\']/g, "\\$&")}'`;
}

/** cmd replaces percent signs also inside quotes, and has no way to write a quote that every program reads alike. */
function cmdValue(value: string): string {
  if (!/["%!^\\]/.test(value)) return value;
  throw new UsageError("ERR_HF_USAGE", "This token holds a character that cmd would change.", {
    hint: "Use --shell powershell.",
  });
}
