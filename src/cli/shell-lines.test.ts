import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { HfError } from "../core/errors.ts";
import { guessShell, parseShell, shellLine } from "./shell-lines.ts";
import type { Shell } from "./shell-lines.ts";

/** Everything that a token may hold: what can stand in a header, one character each, and what shells make of it. */
const PRINTABLE = Array.from({ length: 94 }, (_, at) => String.fromCharCode(33 + at)).join("");
const HOSTILE = [
  PRINTABLE,
  `hf_${"x".repeat(34)}`,
  "a'b",
  "'",
  "\\",
  "\\'",
  "a\\",
  "$(id)",
  "`id`",
  "!!",
  "%PATH%",
  '"; id; "',
  "-n",
  "~",
  "a\\\\'b",
];

const once = (shell: Shell, value: string, permanent = false, env: NodeJS.ProcessEnv = {}) =>
  shellLine(shell, "HF_TOKEN", value, { permanent, env });

/** Why a shell is not tried, or false. */
function missing(program: string): string | false {
  return spawnSync(program, ["-c", "exit 0"]).status === 0 ? false : `${program} is not installed`;
}

describe("shellLine() for real shells", () => {
  for (const [shell, program] of [
    ["sh", "sh"],
    ["bash", "bash"],
    ["zsh", "zsh"],
    ["fish", "fish"],
  ] as const) {
    it(`brings every value unchanged through ${program}`, { skip: missing(program) }, () => {
      const home = mkdtempSync(join(tmpdir(), "latchkey-shell-"));
      const out = join(home, "out");
      const env = { PATH: process.env["PATH"], HOME: home, OUT: out };
      try {
        for (const permanent of [false, true]) {
          for (const value of HOSTILE) {
            const { line } = once(shell, value, permanent);
            // A child sees it: the variable is exported.
            const script = `${line}\nsh -c 'printf %s "$HF_TOKEN" > "$OUT"'\n`;
            const ran = spawnSync(program, ["-c", script], { env, cwd: home, encoding: "utf8" });
            assert.equal(ran.status, 0, ran.stderr);
            assert.equal(readFileSync(out, "utf8"), value);
          }
        }
      } finally {
        rmSync(home, { recursive: true, force: true });
      }
    });
  }

  it("brings every value unchanged through PowerShell", { skip: missing("pwsh") }, () => {
    for (const value of HOSTILE) {
      const script = `${once("powershell", value).line}; [Console]::Out.Write($Env:HF_TOKEN)`;
      assert.equal(spawnSync("pwsh", ["-NoProfile", "-Command", script], { encoding: "utf8" }).stdout, value);
    }
  });
});

describe("shellLine()", () => {
  it("writes PowerShell's quotes twice, and nothing else", () => {
    assert.equal(once("powershell", "a'b$c`d").line, "$Env:HF_TOKEN = 'a''b$c`d'");
    const permanent = once("powershell", "a'b", true);
    assert.equal(permanent.line, "[Environment]::SetEnvironmentVariable('HF_TOKEN', 'a''b', 'User')");
  });

  it("writes for cmd what cmd leaves as it is, and refuses the rest", () => {
    assert.equal(once("cmd", "hf_abc").line, 'set "HF_TOKEN=hf_abc"');
    assert.equal(once("cmd", "hf_abc", true).line, 'setx HF_TOKEN "hf_abc"');
    for (const value of ['a"b', "%PATH%", "a^b", "a!b", "a\\"]) {
      assert.throws(
        () => once("cmd", value),
        (error) => error instanceof HfError && error.code === "ERR_HF_USAGE" && !error.message.includes(value),
      );
    }
  });

  it("names the file of the permanent line, where there is one", () => {
    assert.equal(once("bash", "x", true).file, "~/.bashrc");
    assert.equal(once("zsh", "x", true).file, "~/.zshrc");
    assert.equal(once("zsh", "x", true, { ZDOTDIR: "/z" }).file, "/z/.zshrc");
    assert.equal(once("sh", "x", true).file, "~/.profile");
    assert.equal(once("fish", "x", true).file, undefined);
    assert.equal(once("bash", "x").file, undefined);
  });
});

describe("parseShell() and guessShell()", () => {
  it("take the names that people and systems use", () => {
    for (const [name, shell] of [
      ["bash", "bash"],
      ["Bash.exe", "bash"],
      ["-zsh", "zsh"],
      ["pwsh", "powershell"],
      ["powershell.exe", "powershell"],
      ["dash", "sh"],
    ] as const) {
      assert.equal(parseShell(name), shell, name);
    }
    assert.throws(() => parseShell("tcsh"), /tcsh/);
  });

  it("look at the environment", () => {
    assert.equal(guessShell({ SHELL: "/usr/bin/fish" }, "linux"), "fish");
    assert.equal(guessShell({ SHELL: "/bin/tcsh" }, "linux"), "sh");
    assert.equal(guessShell({}, "darwin"), "sh");
    assert.equal(guessShell({}, "win32"), "powershell");
    assert.equal(guessShell({ PROMPT: "$P$G" }, "win32"), "cmd");
    assert.equal(guessShell({ SHELL: "C:\\Program Files\\Git\\usr\\bin\\bash.exe", PROMPT: "$P$G" }, "win32"), "bash");
  });
});
