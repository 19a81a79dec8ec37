import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { createFileTokenStore } from "../auth/index.ts";
import { systemClock } from "../core/clock.ts";
import type { Finding, FixAction } from "./finding.ts";
import { applyFixes, planFixes } from "./fix.ts";
import type { FixResult } from "./fix.ts";

const unix = process.platform === "win32" ? "Windows has neither modes nor pipes" : false;
const TOKEN = `hf_${"f".repeat(34)}`;

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "latchkey-fix-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const finding = (action?: FixAction): Finding => ({
  code: "token-file-loose",
  severity: "warning",
  message: "It is wrong.",
  evidence: [],
  fix: { text: "Mend it.", ...(action === undefined ? {} : { action }) },
});

function apply(...actions: readonly FixAction[]): Promise<readonly FixResult[]> {
  const { platform } = process;
  return applyFixes(planFixes(actions.map(finding)), {
    store: createFileTokenStore({
      tokenPath: join(home, "token"),
      storedTokensPath: join(home, "stored_tokens"),
      platform,
      clock: systemClock,
    }),
    uid: process.getuid?.(),
    program: { node: process.execPath, program: join(home, "hf"), platform },
    git: { env: { PATH: process.env["PATH"], HOME: home, GIT_CONFIG_NOSYSTEM: "1" } },
  });
}

function write(name: string, text: string, mode: number): string {
  const path = join(home, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

const mode = (path: string): number => statSync(path).mode & 0o777;
const failures = (results: readonly FixResult[]): readonly (string | undefined)[] =>
  results.map(({ failure }) => failure);

describe("planFixes()", () => {
  it("takes what can be mended without a risk, each thing once", () => {
    const action = { do: "make-private", path: "/home/me/token" } as const;
    const plan = planFixes([finding(action), finding(), finding(action)]);
    assert.deepEqual(
      plan.steps.map(({ words }) => words),
      ["make /home/me/token readable by you alone (mode 600)"],
    );
  });
});

describe("applyFixes()", () => {
  it("makes a file private, and adds no right that it did not have", { skip: unix }, async () => {
    const loose = write("token", TOKEN, 0o664);
    const readOnly = write("stored_tokens", "", 0o444);
    const results = await apply({ do: "make-private", path: loose }, { do: "make-private", path: readOnly });
    assert.deepEqual(failures(results), [undefined, undefined]);
    assert.deepEqual([mode(loose), mode(readOnly)], [0o600, 0o400]);
  });

  it("leaves alone what a link leads to", { skip: unix }, async () => {
    const shared = write("shared.conf", "setting = 1", 0o644);
    symlinkSync(shared, join(home, "token"));
    const [failure] = failures(await apply({ do: "make-private", path: join(home, "token") }));
    assert.match(failure ?? "", /ELOOP/);
    assert.equal(mode(shared), 0o644);
  });

  it("changes no folder, waits for no pipe, and goes on with the rest", { skip: unix }, async () => {
    const folder = home;
    const before = mode(folder);
    const pipe = join(home, "pipe");
    execFileSync("mkfifo", ["-m", "644", pipe]);
    const loose = write("token", TOKEN, 0o644);
    const results = await apply(
      { do: "make-private", path: folder },
      { do: "make-private", path: pipe },
      { do: "make-private", path: join(home, "gone") },
      { do: "make-private", path: loose },
    );
    assert.match(failures(results).join("\n"), /no file of yours.*\n.*no file of yours.*\n.*ENOENT.*\n$/);
    assert.deepEqual([mode(folder), mode(pipe), mode(loose)], [before, 0o644, 0o600]);
  });

  it("writes the token alone, through a link too, and leaves what can't be a token", { skip: unix }, async () => {
    const path = write("token", `"Bearer ${TOKEN}"\n`, 0o600);
    assert.deepEqual(failures(await apply({ do: "clean-token-file", path })), [undefined]);
    assert.equal(readFileSync(path, "utf8"), TOKEN);
    rmSync(path);
    const kept = write("kept", `'${TOKEN}'`, 0o600);
    symlinkSync(kept, path);
    await apply({ do: "clean-token-file", path });
    assert.equal(readFileSync(kept, "utf8"), TOKEN);
    writeFileSync(kept, "two words");
    await apply({ do: "clean-token-file", path });
    assert.equal(readFileSync(kept, "utf8"), "two words");
    writeFileSync(kept, `${TOKEN}\n${TOKEN}\n`);
    await apply({ do: "clean-token-file", path });
    assert.equal(readFileSync(kept, "utf8"), `${TOKEN}\n${TOKEN}\n`);
  });

  it("points git's helper to the program that runs", { skip: unix }, async () => {
    const gone = `!'/gone/node' '/gone/bin/hf' auth git-credential`;
    writeFileSync(join(home, ".gitconfig"), `[credential "https://huggingface.co"]\n\thelper = "${gone}"\n`);
    assert.deepEqual(failures(await apply({ do: "renew-git-helper", endpoint: "https://huggingface.co" })), [
      undefined,
    ]);
    const text = readFileSync(join(home, ".gitconfig"), "utf8");
    assert.ok(text.includes(`'${join(home, "hf")}'`) && !text.includes("/gone/"));
  });

  it("deletes the mark of a process that is gone, and no other", async () => {
    const child = spawn(process.execPath, ["-e", "0"]);
    await new Promise((resolve) => child.once("close", resolve));
    const pid = child.pid ?? 0;
    const path = write("stored_tokens.lock", `${pid}\n${hostname()}\n`, 0o644);
    assert.match(failures(await apply({ do: "remove-stale-lock", path, pid: pid + 1 })).join(), /in use again/);
    assert.ok(existsSync(path));
    assert.deepEqual(failures(await apply({ do: "remove-stale-lock", path, pid })), [undefined]);
    assert.ok(!existsSync(path));
    write("stored_tokens.lock", `${process.pid}\n${hostname()}\n`, 0o644);
    assert.match(failures(await apply({ do: "remove-stale-lock", path, pid: process.pid })).join(), /in use again/);
    assert.ok(existsSync(path));
  });
});
