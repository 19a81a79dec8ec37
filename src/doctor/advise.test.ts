import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { advise, readMachine } from "./advise.ts";
import type { MachineFacts, Situation } from "./advise.ts";

type Env = Readonly<Record<string, string>>;
type More = Partial<Pick<MachineFacts, "platform" | "container" | "savedLogins" | "project">>;

function situations(env: Env, more: More = {}): readonly Situation[] {
  const facts = { platform: "linux", container: undefined, savedLogins: 0, project: undefined, ...more } as const;
  return advise(readMachine(env, facts)).map(({ situation }) => situation);
}

const CASES: readonly (readonly [what: string, env: Env, more: More, ...found: readonly Situation[]])[] = [
  ["a laptop", {}, { platform: "darwin" }, "desktop"],
  ["a laptop with Linux", { WAYLAND_DISPLAY: "wayland-0" }, {}, "desktop"],
  ["a laptop reached over SSH", { SSH_CONNECTION: "x" }, { platform: "darwin" }, "ssh"],
  ["a server", {}, {}, "server"],
  ["a container", {}, { container: "/.dockerenv" }, "container"],
  ["a container with a terminal of SSH", { SSH_TTY: "/dev/pts/0" }, { container: "/.dockerenv" }, "container"],
  ["a pod", { KUBERNETES_SERVICE_HOST: "10.0.0.1" }, { container: "x" }, "cluster"],
  [
    "a job of a CI service, in a container, of a project",
    { CI: "true", GITHUB_ACTIONS: "true" },
    { container: "x", project: "/w/.git" },
    "ci",
  ],
  ["CI=false", { CI: "false" }, {}, "server"],
  ["a notebook in a pod", { JUPYTERHUB_USER: "me", KUBERNETES_SERVICE_HOST: "x" }, {}, "notebook"],
  ["Colab", { COLAB_RELEASE_TAG: "x" }, {}, "notebook"],
  ["several accounts", {}, { platform: "win32", savedLogins: 3 }, "desktop", "accounts"],
  ["a project", {}, { platform: "darwin", project: "/w/.git", savedLogins: 1 }, "desktop", "project"],
];

describe("advise()", () => {
  for (const [what, env, more, ...found] of CASES) {
    it(`says for ${what}: ${found.join(", ")}`, () => assert.deepEqual(situations(env, more), found));
  }

  it("never puts a token into a line", () => {
    for (const [, env, more] of CASES) {
      const facts = { platform: "linux", container: undefined, savedLogins: 9, project: undefined, ...more } as const;
      for (const { seen, method, why, commands } of advise(readMachine(env, facts))) {
        assert.ok(seen.endsWith(".") && why.endsWith(".") && method !== "" && commands.length > 0);
        assert.ok(!commands.some((line) => /--token |hf_[A-Za-z]{10}/.test(line)), commands.join());
      }
    }
  });
});
