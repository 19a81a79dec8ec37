import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { main } from "./main.ts";

async function run(argv: string[], untilStopped = (): Promise<void> => assert.fail("unexpected wait")) {
  const out = { stdout: "", stderr: "" };
  const code = await main(argv, {
    stdout: { write: (text) => (out.stdout += text) },
    stderr: { write: (text) => (out.stderr += text) },
    untilStopped: () => untilStopped(),
  });
  return { code, ...out };
}

describe("localhub main()", () => {
  it("prints where it is, who is there and the tokens, and ends when told", async () => {
    const { code, stdout, stderr } = await run(["--port", "0"], async () => {});
    assert.equal(code, 0);
    assert.match(stdout, /^hub {3}http:\/\/localhost:\d+\ncdn {3}http:\/\/127\.0\.0\.1:\d+\n/);
    assert.match(stdout, /\n {2}carol {2}\(password: [0-9a-f]{12}\)\n/);
    assert.match(stdout, /\n {2}alice-read +hf_[A-Za-z]{34}\n/);
    assert.match(stdout, /\n {2}models\/acme\/gated-auto {2}\(gated: auto\)\n/);
    assert.equal(stderr, "");
  });

  it("refuses what it does not know", async () => {
    for (const [argv, problem] of [
      [["--prot", "1"], /Unknown option '--prot'/],
      [["--port", "x"], /--port must be a number from 0 to 65535, not "x"/],
      [["--port", "70000"], /--port must be/],
      [["extra"], /Unexpected argument 'extra'/],
    ] as const) {
      const { code, stdout, stderr } = await run([...argv]);
      assert.deepEqual([code, stdout], [2, ""]);
      assert.match(stderr, problem);
    }
  });

  it("fails clearly when the seed is not there, and helps when asked", async () => {
    const missing = await run(["--seed", "/nowhere/at/all"]);
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /^localhub: .*\/nowhere\/at\/all/);
    assert.match(missing.stderr, /there is no such file or folder \(--seed\)/);
    const hostile = await run(["--seed", "/nowhere/\u001b[31m"]);
    assert.match(hostile.stderr, /nowhere\/\?\[31m/);
    const { stdout } = await run(["--help"]);
    for (const word of ["--state DIR", "/_localhub/faults", "X-Localhub-Fault"]) assert.ok(stdout.includes(word), word);
  });

  it("says that a port is taken, and by what to go on", async () => {
    let inner: Awaited<ReturnType<typeof run>> | undefined;
    let port = "";
    const outer = await run([], async () => {});
    port = /localhost:(\d+)/.exec(outer.stdout)?.[1] ?? "";
    await run(["--port", port], async () => {
      inner = await run(["--port", port]);
    });
    assert.equal(inner?.code, 1);
    assert.equal(
      inner.stderr,
      `localhub: port ${port} is taken. Choose another --port, or leave it out for any free one\n`,
    );
  });
});
