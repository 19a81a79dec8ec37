import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { routes } from "../src/cli/routes.ts";
import { HF, startWorld } from "./support/world.ts";
import type { World } from "./support/world.ts";

/**
 * Every command with a token of its own, in ordinary, debug, failing and interrupted form. The token must be in no
 * output, also not encoded, except where printing it is the command's work.
 */
let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world.close());

/** Elsewhere the keychain is the one of the person who runs the tests. */
const KEYCHAIN =
  process.platform === "linux" ? [["auth", "login", "--store", "keychain", "--force", "--token-stdin"]] : [];
const COMMANDS: readonly (readonly string[])[] = [
  ["auth", "whoami"],
  ["auth", "status"],
  ["auth", "list"],
  ["auth", "switch", "alice-read"],
  ["auth", "refresh"],
  ["auth", "trust", "https://mirror.example"],
  ["auth", "ci", "github"],
  ["auth", "ci", "gitlab"],
  ["auth", "use", "alice-read"],
  ["auth", "use"],
  ["auth", "use", "--remove"],
  ["auth", "setup-git"],
  ["auth", "git-credential", "store"],
  ["auth", "git-credential", "erase"],
  ["auth", "setup-git", "--remove"],
  ["auth", "env", "--write", ".env"],
  ["auth", "revoke"],
  ["run", "--mask", "--", "sh", "-c", 'echo "$HF_TOKEN" | base64; env; exit 3'],
  ["run", "--read-only", "--", "true"],
  ["run", "--", "no-such-program"],
  ["help"],
  ...KEYCHAIN,
  ["whoami"],
  ["env"],
  ["doctor"],
  ["doctor", "--fix", "--yes"],
  ["doctor", "--advise"],
  ["version"],
  ["download", "acme/gated-manual"],
  ["download", "acme/gated-manual", "config.json", "--force-download"],
  ["download", "carol/gated-model"],
  ["download", "alice/xet-model", "--transport", "xet", "--force-download"],
  ["download", "alice/nothing-here"],
  ["download", "acme/gated-manual", "--prefer-offline", "--no-resume"],
  ["cache", "ready", "acme/gated-manual"],
  ["auth", "login", "--force", "--token-stdin"],
  ["auth", "logout", "--name", "nobody"],
  ["auth", "nonsense"],
  ["access", "acme/gated-manual"],
  ["why", "carol/gated-model", "--write"],
  ["access", "list", "alice/nothing-here", "acme/private-model"],
  ["access", "open", "acme/gated-manual", "--no-browser"],
  ["access", "wait", "acme/gated-auto", "--timeout", "1s"],
  ["login", "--device"],
  ["login", "--force", "--token-stdin"],
  ["auth", "login", "--device", "--force", "--endpoint", "http://127.0.0.1:9"],
  ["logout", "--name", "nobody"],
  ["auth", "logout"],
];
/** Their work is to print the token. */
const PRINT_IT = ["auth token"];
/** With the saved login, and the last one with the token in the environment. */
const FORMS: readonly { readonly words: readonly string[]; readonly variable?: true }[] = [
  { words: [] },
  { words: ["--json"] },
  { words: ["--format", "agent", "--debug"] },
  { words: ["--debug"], variable: true },
];

function assertAbsent(text: string, token: string, what: string): void {
  const base64 = Buffer.from(token).toString("base64");
  const forms = [
    token,
    token.slice(3),
    encodeURIComponent(token),
    base64.slice(0, -2),
    Buffer.from(`u:${token}`).toString("base64"),
  ];
  for (const form of forms) assert.ok(!text.includes(form), `${what} shows the token`);
}

describe("the canary run", () => {
  it("shows the token nowhere, whatever the command, its form and its fate", async () => {
    const token = world.token("alice-read");
    for (const command of COMMANDS) {
      await world.hf(["auth", "login", "--force", "--token-stdin"], { input: token });
      const runs = FORMS.map(async ({ words, variable }) => {
        const env = variable === true ? { HF_TOKEN: token } : {};
        // Behind `--` they would be the command's own.
        const end = command.indexOf("--");
        const all = end < 0 ? [...command, ...words] : [...command.slice(0, end), ...words, ...command.slice(end)];
        const done = await world.hf(all, { env, input: inputOf(command, token) });
        assertAbsent(done.stdout + done.stderr, token, `hf ${all.join(" ")}`);
      });
      await Promise.all(runs);
    }
    // Written there because that was asked for.
    rmSync(join(world.folder, ".env"));
  });

  it("has a row for every command that there is", () => {
    const rows = [...COMMANDS.map((words) => words.join(" ")), ...PRINT_IT];
    const missing = leaves(routes).filter((path) => !rows.some((row) => row === path || row.startsWith(`${path} `)));
    assert.deepEqual(missing, []);
    assert.ok(leaves(routes).length > 25);
  });

  it("shows the token nowhere when a server echoes it, in a body, a header and an escape sequence", async () => {
    const token = world.token("bob-read");
    const remove = world.hub.fault({ status: 403, echoCredential: true });
    for (const command of [["whoami"], ["download", "alice/tiny-model"], ["access", "alice/tiny-model"]]) {
      const done = await world.hf([...command, "--debug"], { env: { HF_TOKEN: token } });
      assert.notEqual(done.exit, 0);
      assertAbsent(done.stdout + done.stderr, token, command.join(" "));
    }
    remove();
  });

  it("shows the token nowhere when it is interrupted, and no child's arguments hold it", async () => {
    const token = world.token("alice-read");
    const remove = world.hub.fault({ path: "/resolve", stall: {} });
    const asked = (part: string) => (): boolean => world.hub.journal.entries.some(({ url }) => url.includes(part));
    for (const { words, ready, saved } of [
      { words: ["download", "acme/gated-manual", "--debug", "--force-download"], ready: asked("/resolve") },
      { words: ["auth", "login", "--device", "--force", "--debug"], ready: /oauth\/device/, saved: true },
      { words: ["auth", "login", "--web", "--force", "--debug"], ready: /oauth\/authorize/, saved: true },
      {
        words: ["access", "wait", "carol/gated-model", "--timeout", "1m", "--debug"],
        ready: asked("carol/gated-model"),
      },
      {
        words: ["run", "--mask", "--debug", "--", "sh", "-c", 'echo "$HF_TOKEN"; exec sleep 60'],
        ready: /\[redacted\]/,
      },
    ] as readonly {
      readonly words: readonly string[];
      readonly ready: RegExp | (() => boolean);
      readonly saved?: boolean;
    }[]) {
      const what = `an interrupted ${words.join(" ")}`;
      if (saved === true) await world.hf(["auth", "login", "--force", "--token-stdin"], { input: token });
      world.hub.journal.clear();
      const child = spawn(process.execPath, [HF, ...words], {
        cwd: world.folder,
        env: { ...world.env, DISPLAY: ":0", BROWSER: "true", ...(saved === true ? {} : { HF_TOKEN: token }) },
      });
      let text = "";
      child.stdout.on("data", (part: Buffer) => (text += part.toString()));
      child.stderr.on("data", (part: Buffer) => (text += part.toString()));
      const ended = new Promise<unknown>((resolve) => child.once("close", (code, signal) => resolve(code ?? signal)));
      await until(() => (ready instanceof RegExp ? ready.test(text) : ready())).catch((error: unknown) => {
        child.kill("SIGKILL");
        throw new Error(`${what}: ${text}`, { cause: error });
      });
      assertAbsent(argumentsOfAll(), token, `an argument list beside ${what}`);
      child.kill("SIGINT");
      // A command that is run dies by the signal, and takes us with it.
      assert.equal(await ended, words[0] === "run" ? "SIGINT" : 130, `${what}: ${text}`);
      assertAbsent(text, token, what);
    }
    remove();
  });

  it("shows the token nowhere in what a doctor says and writes, wherever it lies about", async () => {
    const token = world.token("alice-read");
    const folder = join(world.folder, "careless");
    const home = join(folder, "home");
    mkdirSync(home, { recursive: true });
    const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
    write(".env", `HF_TOKEN=${token}\nPASSWORD=${token}\n`);
    write(".netrc", `machine localhost login me password ${token}\nmachine huggingface.co password ${token}\n`);
    write(".gitconfig", `[credential]\n\thelper = "!f() { echo password=${token}; }; f"\n`);
    write("home/token", `"Bearer ${token}"`);
    write("home/stored_tokens", `{"work": {"token": "${token}"}}`);
    write("home/stored_tokens.lock", `1\n${token}\n`);
    await world.run("git", ["init", "--quiet"], { cwd: folder });
    await world.run("git", ["add", "--force", ".env"], { cwd: folder });
    const env = {
      HOME: folder,
      HF_HOME: home,
      HUGGING_FACE_HUB_TOKEN: token,
      HF_API_TOKEN: token,
      HTTPS_PROXY: `socks5://me:${token}@127.0.0.1:1`,
      TRANSFORMERS_CACHE: `/data/${token}`,
      PATH: `${join(folder, token)}:${process.env["PATH"]}`,
    };
    const forms: readonly (readonly string[])[] = [
      ["--bundle", "one.json"],
      ["--json", "--bundle", "two.json"],
      ["--format", "agent", "--debug", "--bundle", "three.json"],
      ["--advise"],
      ["--fix", "--yes", "--bundle", "four.json"],
    ];
    for (const words of forms) {
      const done = await world.hf(["doctor", ...words], { cwd: folder, env });
      assertAbsent(done.stdout + done.stderr, token, `hf doctor ${words.join(" ")}`);
      if (words.includes("--advise")) continue;
      assert.equal(done.exit, 20, done.stderr);
      const bundle = readFileSync(join(folder, words.at(-1) ?? ""), "utf8");
      assert.match(bundle, /"logins-unreadable"/);
      assertAbsent(bundle, token, "a bundle");
    }
    // Other tests look for the token in every file.
    rmSync(folder, { recursive: true });
  });

  it("shows the token nowhere when it is ended at the Hub, nor when that fails", async () => {
    const token = world.token("alice-read");
    for (const command of [
      ["auth", "revoke", "--token-stdin"],
      ["auth", "revoke", "--yes"],
      ["auth", "logout", "--revoke", "--yes"],
      ["auth", "logout", "--name", "alice-read", "--revoke", "--yes"],
    ]) {
      for (const words of [[], ["--json"], ["--format", "agent", "--debug"]]) {
        await world.hub.reset();
        await world.hf(["auth", "login", "--force", "--token-stdin"], { input: token });
        const remove = world.hub.fault({ path: "/api/credentials/revoke", status: 403, echoCredential: true });
        const env = command.includes("logout") ? {} : { HF_TOKEN: token };
        for (const exit of [4, 0]) {
          const done = await world.hf([...command, ...words], { env, input: token });
          assert.equal(done.exit, exit, done.stderr);
          assertAbsent(done.stdout + done.stderr, token, `hf ${[...command, ...words].join(" ")}`);
          remove();
        }
      }
    }
    await world.hub.reset();
  });

  it("leaves the token in no file but the token store", async () => {
    const token = world.token("alice-read");
    await world.hf(["auth", "login", "--force", "--token-stdin"], { input: token });
    await world.hf(["download", "acme/gated-manual", "--debug"]);
    const holders = filesBelow(world.folder).filter(
      (path) => statSync(path).size < 1e6 && readFileSync(path).includes(token),
    );
    assert.deepEqual(holders.toSorted(), [join(world.home, "stored_tokens"), join(world.home, "token")]);
  });
});

/** What a command reads from its standard input. */
function inputOf(command: readonly string[], token: string): string {
  if (!command.includes("git-credential")) return token;
  return `protocol=http\nhost=${new URL(world.hub.url).host}\nusername=hf_user\npassword=${token}\n\n`;
}

interface Routes {
  getAllEntries(): readonly { readonly name: { readonly original: string }; readonly target: object }[];
}

/** Every command below a map of routes, by the words that lead to it. */
function leaves(map: Routes, path = ""): string[] {
  return map.getAllEntries().flatMap(({ name, target }) => {
    const here = `${path}${name.original}`;
    // A map's own name is its default command.
    if ("getAllEntries" in target) return leaves(target as Routes, `${here} `);
    return [here.replace(/^access check$/, "access")];
  });
}

/** The arguments of every process of this machine, where the system shows them as files. */
function argumentsOfAll(): string {
  let all = "";
  try {
    for (const name of readdirSync("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      try {
        all += readFileSync(`/proc/${name}/cmdline`, "utf8");
      } catch {
        // It has ended meanwhile.
      }
    }
  } catch {
    // No such folder on this system.
  }
  return all;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return entry.isFile() ? [path] : [];
  });
}

async function until(happened: () => boolean): Promise<void> {
  const limit = Date.now() + 20_000;
  while (!happened()) {
    if (Date.now() > limit) throw new Error("it did not happen in 20 seconds");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
