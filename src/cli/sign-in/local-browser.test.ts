import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { whyNoBrowser } from "./local-browser.ts";

const none = (): boolean => false;

describe("whyNoBrowser()", () => {
  it("finds a browser on a desktop", () => {
    const display = { DISPLAY: ":0" };
    assert.equal(whyNoBrowser({ env: display, platform: "linux", exists: none }), undefined);
    assert.equal(whyNoBrowser({ env: { WAYLAND_DISPLAY: "wayland-0" }, platform: "linux", exists: none }), undefined);
    assert.equal(whyNoBrowser({ env: {}, platform: "darwin", exists: none }), undefined);
    assert.equal(whyNoBrowser({ env: {}, platform: "win32", exists: none }), undefined);
  });

  it("finds none over SSH, in a container, in CI and without a display", () => {
    const why = (env: Record<string, string>, platform: NodeJS.Platform = "linux", files: string[] = []) =>
      whyNoBrowser({ env: { DISPLAY: ":0", ...env }, platform, exists: (path) => files.includes(path) }) ?? "";
    for (const name of ["SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"]) {
      for (const platform of ["linux", "darwin", "win32"] as const) assert.match(why({ [name]: "x" }, platform), /SSH/);
    }
    assert.match(why({ CI: "true" }, "darwin"), /CI/);
    for (const name of ["container", "KUBERNETES_SERVICE_HOST", "CODESPACES", "REMOTE_CONTAINERS"]) {
      assert.match(why({ [name]: "x" }), /container/);
    }
    assert.match(why({}, "linux", ["/.dockerenv"]), /container/);
    assert.match(why({}, "linux", ["/run/.containerenv"]), /container/);
    assert.match(why({ DISPLAY: "" }), /no display/);
    assert.match(why({ DISPLAY: "", SSH_TTY: "" }, "freebsd"), /no display/);
  });
});
