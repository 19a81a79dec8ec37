import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { nobody, serveRaw } from "./support/scripted-server.ts";
import { startWorld } from "./support/world.ts";
import type { Outcome, RunOptions, World } from "./support/world.ts";

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world.close());

const posix = process.platform !== "win32";

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
    const dead = await doctor(["--timeout", "60"], { env: { ...env, HF_TOKEN: `hf_${"n".repeat(34)}` } });
    assert.deepEqual([dead.exit, dead.seen.findings[0]?.code], [20, "token-invalid"]);
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
