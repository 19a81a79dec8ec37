import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { FINDING_CODES } from "../src/doctor/index.ts";
import { nobody, serveRaw } from "./support/scripted-server.ts";
import { root } from "./support/root.ts";
import { HF, startWorld } from "./support/world.ts";
import type { Outcome, RunOptions, World } from "./support/world.ts";

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world.close());

const posix = process.platform !== "win32";
const unix = posix ? false : "Windows has no modes";
const noTerminal =
  spawnSync("script", ["--version"]).error === undefined ? false : "no program 'script' to make a terminal";
/** Said only where several logins are saved, or in a project. */
const ADVISED = ["hf auth list", "hf auth use NAME", "hf run --as NAME -- x", "hf auth env --write .env"];

/** Runs our program on a terminal of its own, answers its question, and gives what was on the terminal. */
function onTerminal(
  { folder, env }: World,
  words: readonly string[],
  answer: string,
  more: NodeJS.ProcessEnv,
): Promise<string> {
  // A terminal of no size breaks every line after each sign.
  const line = `stty rows 50 cols 100; exec ${[process.execPath, HF, ...words].map((word) => `'${word}'`).join(" ")}`;
  const options = {
    cwd: folder,
    env: { ...env, ...more, TERM: "xterm" },
    timeout: 60_000,
    killSignal: "SIGKILL",
  } as const;
  const child = spawn("script", ["-qec", line, "/dev/null"], options);
  let seen = "";
  let answered = false;
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      seen += text;
      if (answered || !seen.includes("Do it?")) return;
      answered = true;
      child.stdin.write(answer);
    });
    child.once("close", () => resolve(seen));
  });
}

/** That a command has such words and flags, by its help. */
async function assertExists(line: string): Promise<void> {
  const words = line.split(/\s+/);
  const path = words[0] === "auth" ? words.slice(0, 2) : words.slice(0, 1);
  const help = await world.hf([...path, "--help"]);
  assert.equal(help.exit, 0, `hf ${line}`);
  const own = words.includes("--") ? words.slice(0, words.indexOf("--")) : words;
  for (const flag of own.filter((word) => word.startsWith("--")))
    assert.ok(help.stdout.includes(flag), `hf ${line}: ${flag}`);
}

interface Seen {
  readonly errors: number;
  readonly healthy: boolean;
  readonly findings: readonly {
    readonly code: string;
    readonly severity: string;
    readonly message: string;
    readonly evidence: readonly string[];
    readonly fix: { readonly text: string; readonly command: string | null; readonly automatic: boolean };
  }[];
  readonly fine: readonly string[];
}

async function doctor(
  words: readonly string[] = [],
  options: RunOptions = {},
): Promise<Outcome & { readonly seen: Seen }> {
  const done = await world.hf(["doctor", "--json", ...words], options);
  return { ...done, seen: JSON.parse(done.stdout) as Seen };
}

const codes = ({ seen }: { readonly seen: Seen }): readonly string[] => seen.findings.map(({ code }) => code);

describe("hf doctor", () => {
  it("tells a person in 80 columns what is wrong, the worst first, and what mends it", async () => {
    mkdirSync(world.home, { recursive: true });
    const path = join(world.home, "token");
    writeFileSync(path, `"${world.token("alice-read")}"`);
    chmodSync(path, 0o600);
    const done = await world.hf(["doctor"], { env: { HF_TOKEN: "<your token>", HF_HUB_CACHE: "" } });
    assert.equal(done.exit, 20, done.stderr);
    assert.equal(done.stderr, "");
    const lines = done.stdout.split("\n");
    assert.match(lines[0] ?? "", /^Found 1 error, \d warnings?/);
    assert.match(lines[2] ?? "", /^✗ HF_TOKEN holds a blank that nobody filled in\.$/);
    assert.match(done.stdout, /^! The token file had quotes around it/m);
    assert.match(done.stdout, /^ {2}→ .*\n {6}unset HF_HUB_CACHE$/m);
    assert.match(done.stdout, /^✓ well: .*/m);
    // A command or a path stays whole, to be copied.
    const long = lines.filter((line) => line.length > 80 && !/^ {4,}\S+$|^ {6}/.test(line));
    assert.deepEqual(long, []);
  });

  it("answers with one document, one code a line, or nothing but the exit code", async () => {
    const { seen, exit, stderr } = await doctor([], { env: { HF_TOKEN: "two words" } });
    assert.equal(exit, 20);
    assert.equal(stderr, "");
    assert.equal(seen.errors, 1);
    assert.equal(seen.healthy, false);
    assert.equal(seen.findings[0]?.code, "token-variable-content");
    const quiet = await world.hf(["doctor", "--quiet"], { env: { HF_TOKEN: "two words" } });
    assert.match(quiet.stdout, /^token-variable-content\n/);
    const agent = await world.hf(["doctor", "--format", "agent"], { env: { HF_TOKEN: "two words" } });
    assert.match(agent.stdout, /^error token-variable-content: .* Fix: .* Command: unset HF_TOKEN$/m);
  });

  it("shows the plan, changes nothing without a word, and mends with one", { skip: unix }, async () => {
    const home = join(world.folder, "to-mend");
    mkdirSync(home);
    const path = join(home, "token");
    const token = world.token("alice-read");
    writeFileSync(path, `Bearer ${token}\n`);
    chmodSync(path, 0o644);
    const env = { HF_HOME: home };
    const shown = await world.hf(["doctor", "--offline", "--fix"], { env });
    assert.match(
      shown.stdout,
      /^This would be done:\n {2}- write the token in .*\n(?: {4}.*\n)* {2}- make .* readable by you alone/,
    );
    assert.match(shown.stderr, /Nothing was changed\. 'hf doctor --fix --yes'/);
    assert.deepEqual([readFileSync(path, "utf8"), statSync(path).mode & 0o777], [`Bearer ${token}\n`, 0o644]);
    const mended = await world.hf(["doctor", "--offline", "--fix", "--yes"], { env });
    assert.equal(mended.exit, 0, mended.stdout);
    const done = mended.stdout.split("\n\n")[0] ?? "";
    assert.match(done.replace(/\s+/g, " "), /^✓ done: write the token in .* ✓ done: make .* \(mode 600\)$/);
    assert.ok(done.split("\n").every((line) => line.length <= 80 || !line.trim().includes(" ")));
    assert.deepEqual([readFileSync(path, "utf8"), statSync(path).mode & 0o777], [token, 0o600]);
    const idle = await world.hf(["doctor", "--offline", "--fix", "--yes"], { env });
    assert.match(idle.stdout, /^Nothing here can be mended without you\./);
  });

  it("asks before it mends, on a terminal", { skip: noTerminal }, async () => {
    const home = join(world.folder, "to-ask", "b".repeat(30));
    mkdirSync(home, { recursive: true });
    const path = join(home, "token");
    writeFileSync(path, world.token("alice-read"), { mode: 0o644 });
    chmodSync(path, 0o644);
    const env = { HF_HOME: home };
    const no = await onTerminal(world, ["doctor", "--offline", "--fix"], "n", env);
    assert.match(no, /This will be done:[^]*readable by you\s+alone[^]*Do it\?/);
    const plan = no.split("This will be done:")[1]?.split("Do it?")[0]?.split("\n") ?? [];
    assert.deepEqual(
      plan.filter((line) => line.trimEnd().length > 100),
      [],
    );
    assert.equal(statSync(path).mode & 0o777, 0o644);
    await onTerminal(world, ["doctor", "--offline", "--fix"], "y", env);
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it("writes a report for a question, and no second one in its place", async () => {
    const env = { HF_TOKEN: world.token("alice-read") };
    const done = await world.hf(["doctor", "--offline", "--bundle", "report.json"], { env });
    assert.match(done.stderr, /^Written to report\.json, without tokens\./m);
    const text = readFileSync(join(world.folder, "report.json"), "utf8");
    assert.ok(!text.includes(env.HF_TOKEN));
    const again = await world.hf(["doctor", "--offline", "--bundle", "report.json"], { env });
    assert.deepEqual([again.exit, again.stdout], [6, ""]);
    assert.equal(readFileSync(join(world.folder, "report.json"), "utf8"), text);
  });

  it("gives the report for a question on the output alone with -, and refuses an empty name", async () => {
    const env = { HF_TOKEN: world.token("alice-read"), HF_HUB_CACHE: "" };
    for (const words of [
      ["--bundle", "-"],
      ["--bundle=-", "--json"],
      ["--bundle", "-", "--quiet"],
    ]) {
      const done = await world.hf(["doctor", "--offline", ...words], { env });
      assert.deepEqual([done.exit, done.stderr], [0, ""]);
      const bundle = JSON.parse(done.stdout) as { schema: number; findings: { code: string }[]; variables: object };
      assert.deepEqual([bundle.schema, Object.hasOwn(bundle.variables, "HF_TOKEN")], [1, true]);
      assert.ok(bundle.findings.some(({ code }) => code === "variable-empty"));
      assert.ok(!done.stdout.includes(env.HF_TOKEN));
    }
    assert.ok(!existsSync(join(world.folder, "-")));
    const empty = await world.hf(["doctor", "--bundle="]);
    assert.deepEqual([empty.exit, empty.stdout], [2, ""]);
    assert.match(empty.stderr, /^Error: --bundle is empty\.\nNext: .*--bundle -/);
  });

  it("says what a word in a switch does, and repeats none that may be a secret", async () => {
    const words = async (value: string): Promise<string> =>
      (await doctor([], { env: { HF_HUB_OFFLINE: value } })).seen.findings
        .filter(({ code }) => code === "variable-odd")
        .map(({ message, fix }) => `${message} ${fix.text}`)
        .join();
    assert.match(await words("maybe"), /^HF_HUB_OFFLINE=maybe switches nothing on: only 1, on, yes and true do\./);
    assert.match(await words("maybe"), /If you mean it, set it to 1; else take it away\.$/);
    const secret = `hf_${"q".repeat(34)}`;
    assert.match(await words(secret), /^The value of HF_HUB_OFFLINE switches nothing on/);
    assert.ok(!(await words(secret)).includes(secret));
  });

  it("says which way to sign in suits, with commands that exist", async () => {
    const machines: readonly NodeJS.ProcessEnv[] = [
      {},
      { CI: "1" },
      { GITHUB_ACTIONS: "true" },
      { JPY_PARENT_PID: "1" },
      { COLAB_RELEASE_TAG: "1" },
      { KUBERNETES_SERVICE_HOST: "x" },
      { SSH_TTY: "x" },
      { DISPLAY: ":0" },
    ];
    const commands = new Set<string>();
    for (const env of machines) {
      const done = await world.hf(["doctor", "--advise", "--json"], { env });
      assert.equal(done.exit, 0, done.stderr);
      const { advice } = JSON.parse(done.stdout) as { advice: { commands: string[] }[] };
      for (const line of advice.flatMap((one) => one.commands)) commands.add(line);
    }
    const named = [...commands, ...ADVISED].flatMap((line) => [
      ...(/(?:^|[\s!])hf ([a-z].*?)(?:\s+#|$)/.exec(line)?.slice(1) ?? []),
    ]);
    assert.ok(named.length > 4);
    for (const line of named) await assertExists(line);
    const human = await world.hf(["doctor", "--advise"], { env: { CI: "1" } });
    assert.match(human.stdout, /^This is a job of a CI service \(CI is set\)\.\n {2}Suits: HF_TOKEN from the secrets/);
    assert.equal((await world.hf(["doctor", "--advise", "--fix"])).exit, 2);
    assert.equal((await world.hf(["doctor", "--yes"])).exit, 2);
  });

  it("has every code in its documentation, and no other", () => {
    const text = readFileSync(join(root, "docs/doctor.md"), "utf8").split("## Findings")[1] ?? "";
    const named = [...text.matchAll(/`([a-z]+(?:-[a-z]+)+)`/g)].map(([, code]) => code);
    assert.deepEqual(named.toSorted(), [...FINDING_CODES].toSorted());
  });

  it("names only commands that exist in what mends a finding", async () => {
    const texts = readdirSync(join(root, "src/doctor"))
      .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
      .map((name) => readFileSync(join(root, "src/doctor", name), "utf8"));
    const lines = new Set(
      texts.flatMap((text) =>
        [...text.matchAll(/[`"']hf ([a-z][a-z -]*(?:--[a-z-]+)?)/g)].map((found) => found[1] ?? ""),
      ),
    );
    assert.ok(lines.size > 5);
    for (const line of lines) await assertExists(line.trim());
  });

  it("runs nothing of a hostile project, though the PATH leads into it", { skip: unix }, async () => {
    const work = join(world.folder, "hostile");
    const trap = join(world.folder, "trapped");
    const bin = join(work, "node_modules", ".bin");
    mkdirSync(bin, { recursive: true });
    for (const place of [work, bin]) {
      for (const name of ["git", "flock", "perl", "python3", "sh", "hf", "huggingface-cli", "node"]) {
        writeFileSync(join(place, name), `#!/bin/sh\necho "$0" >> '${trap}'\nexit 1\n`, { mode: 0o755 });
      }
    }
    writeFileSync(join(work, ".env"), `HF_TOKEN=${world.token("alice-read")}\n`);
    const env = { HF_HOME: join(world.folder, "hostile-home"), PATH: `.::${work}:${bin}:${process.env["PATH"]}` };
    const done = await doctor(["--offline"], { cwd: work, env });
    assert.ok(codes(done).includes("path-relative"));
    await world.hf(["doctor", "--advise"], { cwd: work, env });
    assert.ok(!existsSync(trap), "a program of the project was run");
  });

  it("leaves a token file with two lines as it is, and no command sends what is in it", { skip: unix }, async () => {
    const home = join(world.folder, "two-lines");
    const path = join(home, "token");
    mkdirSync(home);
    const text = `${world.token("alice-read")}\n${world.token("alice-write")}\n`;
    writeFileSync(path, text, { mode: 0o600 });
    const env = { HF_HOME: home };
    const { seen, exit } = await doctor(["--offline", "--fix", "--yes"], { env });
    assert.equal(exit, 20);
    const [finding] = seen.findings;
    assert.equal(finding?.code, "token-file-content");
    assert.match(finding.message, /holds more than one line/);
    assert.deepEqual([finding.fix.automatic, finding.fix.command], [false, "hf auth login --force"]);
    assert.equal(readFileSync(path, "utf8"), text);
    const whoami = await world.hf(["auth", "whoami"], { env });
    assert.notEqual(whoami.exit, 0);
    assert.match(whoami.stderr, /holds more than one line/);
  });

  it("works where HF_ENDPOINT is nonsense, and says so", async () => {
    const { seen, exit } = await doctor([], { env: { HF_ENDPOINT: "hub.acme.io" } });
    assert.equal(exit, 20);
    assert.equal(seen.findings[0]?.code, "endpoint-invalid");
  });

  it("shows no secret of an endpoint, a proxy or a variable", async () => {
    const secret = `s${"e".repeat(12)}cret`;
    const done = await doctor([], {
      env: {
        HF_ENDPOINT: `https://me:${secret}@hub.acme.io`,
        HTTPS_PROXY: `socks5://me:${secret}@127.0.0.1:1`,
        HF_API_TOKEN: secret,
        HF_TOKEN: `${secret} ${secret}`,
      },
    });
    assert.ok(codes(done).includes("proxy-invalid"));
    assert.ok(!done.stdout.includes(secret));
  });

  it("says who is signed in, and that all is well, or at which step the way to the Hub ends", async () => {
    const home = join(world.folder, "signed-in");
    const env = { HF_HOME: home, HF_TOKEN: world.token("alice-read") };
    const well = await doctor(["--timeout", "60"], { env });
    assert.deepEqual([well.exit, well.seen.errors, well.seen.healthy], [0, 0, true]);
    assert.ok(well.seen.fine.includes("network") && well.seen.fine.includes("token"));
    const person = await world.hf(["doctor", "--timeout", "60"], { env });
    assert.match(person.stdout, /^Nothing is wrong\. \d notes? to know:\n|^Found \d warning/);
    assert.match(person.stdout, /^ {2}signed in as alice, by env:HF_TOKEN$/m);
    const dead = await doctor(["--timeout", "60"], { env: { ...env, HF_TOKEN: `hf_${"n".repeat(34)}` } });
    assert.deepEqual([dead.exit, dead.seen.findings[0]?.code], [20, "token-invalid"]);
    assert.match(person.stdout, /Refused for one repo alone/);
    const unreached = await world.hf(["doctor", "--timeout", "60"], { env: { ...env, HF_ENDPOINT: await nobody() } });
    assert.doesNotMatch(unreached.stdout, /Refused for one repo alone/);
    const cut = await doctor(["--timeout", "60"], { env: { ...env, HF_ENDPOINT: await nobody() } });
    assert.equal(cut.seen.findings[0]?.code, "host-unreachable");
    assert.match(cut.seen.findings[0].evidence.join("\n"), /^ok: name, .*\nFAILED: connection, /);
    const off = await doctor(["--offline"], { env: { ...env, HF_ENDPOINT: await nobody() } });
    assert.equal(off.seen.errors, 0);
    assert.ok(!off.seen.fine.includes("network"));
    assert.equal((await world.hf(["doctor", "--timeout", "soon"])).exit, 2);
  });

  it("ends though the other side never answers, and is told how long it may take", async (test) => {
    const silent = await serveRaw(test, () => undefined);
    const done = await doctor(["--timeout", "0.5"], { env: { HF_ENDPOINT: silent.url }, timeoutMs: 30_000 });
    assert.equal(done.seen.findings[0]?.code, "no-answer");
    assert.match(done.seen.findings[0].fix.command ?? "", /^hf doctor --timeout 10$/);
  });

  it("tells once of a home folder that keeps this user out, and whose it is", { skip: unix }, (test) => {
    const closed = join(world.folder, "closed");
    mkdirSync(closed, { mode: 0o700 });
    // Root goes in everywhere; for everybody else a folder without rights does.
    const isRoot = process.getuid?.() === 0;
    const as = isRoot ? { uid: 54321, gid: 54321 } : {};
    if (!isRoot) chmodSync(closed, 0);
    test.after(() => chmodSync(closed, 0o700));
    const env = { HOME: closed, PATH: process.env["PATH"] };
    const run = (...words: readonly string[]) =>
      spawnSync(process.execPath, words, { ...as, cwd: "/", env, encoding: "utf8" });
    if (run("-e", `require("node:fs").accessSync(${JSON.stringify(HF)})`).status !== 0)
      return test.skip("the other user may not read this checkout");
    const { findings } = JSON.parse(run(HF, "doctor", "--json", "--offline").stdout) as Seen;
    const errors = findings.filter(({ severity }) => severity === "error");
    assert.deepEqual(
      errors.map(({ code }) => code),
      ["home-not-writable"],
    );
    assert.match(errors[0]?.message ?? "", isRoot ? / belongs to user 0, .*\(EACCES\)/ : /\(EACCES\)/);
    return undefined;
  });

  it("calls no network well whose storage host takes connections and is silent", async (test) => {
    const silent = await serveRaw(test, () => {});
    test.after(world.hub.fault({ path: "/resolve/", redirect: `${silent.url}/file` }));
    const done = await doctor(["--timeout", "3"]);
    assert.ok(codes(done).includes("storage-unreachable"), codes(done).join(" "));
    assert.ok(!done.seen.fine.includes("network"));
  });

  it(
    "goes on where there is no home, and says how to have one",
    { skip: posix ? false : "Windows has homes" },
    async () => {
      const { seen, exit } = await doctor([], { env: { HF_HOME: undefined, HOME: "/" } });
      assert.equal(exit, 20);
      assert.equal(seen.findings[0]?.code, "no-home");
      assert.match(seen.findings[0].fix.command ?? "", /^export HF_HOME=/);
    },
  );

  it("does not wait for a pipe in the place of a token file", { skip: posix ? false : "no pipes" }, async () => {
    const home = join(world.folder, "piped");
    mkdirSync(home);
    execFileSync("mkfifo", [join(home, "token")]);
    const done = await doctor([], { env: { HF_HOME: home }, timeoutMs: 30_000 });
    assert.equal(done.seen.findings[0]?.code, "token-file-wrong-kind");
    assert.ok(existsSync(join(home, "token")));
  });
});
