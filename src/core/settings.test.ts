import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Environment, Machine } from "./ports.ts";
import { expandPath, isTrue, parseEndpoint, readSettings } from "./settings.ts";

const machine: Machine = {
  platform: "linux",
  home: "/home/me",
  cwd: "/here",
  userHome: (name) => (name === "bob" ? "/home/bob" : undefined),
};
const windows: Machine = {
  platform: "win32",
  home: "C:\\Users\\me",
  cwd: "D:\\here",
  userHome: (name) => (name === "bob" ? "C:\\Users\\bob" : undefined),
};

const places = (env: Environment, on: Machine = machine): readonly string[] => {
  const { home, hubCache, tokenPath, storedTokensPath } = readSettings(env, on);
  return [home, hubCache, tokenPath, storedTokensPath];
};

describe("readSettings(): places", () => {
  it("has Python's defaults on every system", () => {
    const h = "/home/me/.cache/huggingface";
    const expected = [h, `${h}/hub`, `${h}/token`, `${h}/stored_tokens`];
    assert.deepEqual(places({}), expected);
    assert.deepEqual(places({}, { ...machine, platform: "darwin" }), expected);
    const w = "C:\\Users\\me\\.cache\\huggingface";
    assert.deepEqual(places({}, windows), [w, `${w}\\hub`, `${w}\\token`, `${w}\\stored_tokens`]);
  });

  it("takes HF_HOME, else XDG_CACHE_HOME", () => {
    assert.equal(places({ XDG_CACHE_HOME: "/xdg" })[0], "/xdg/huggingface");
    assert.equal(places({ XDG_CACHE_HOME: "$X/../y", X: "/a/b" })[0], "/a/y/huggingface");
    assert.deepEqual(places({ HF_HOME: "/h", XDG_CACHE_HOME: "/xdg" }), [
      "/h",
      "/h/hub",
      "/h/token",
      "/h/stored_tokens",
    ]);
  });

  it("takes HF_HUB_CACHE before its old name, whatever HF_HOME is", () => {
    const env = { HF_HOME: "/h", HF_HUB_CACHE: "$HF_HOME/c", HUGGINGFACE_HUB_CACHE: "/old" };
    assert.equal(places(env)[1], "/h/c");
    assert.equal(places({ HUGGINGFACE_HUB_CACHE: "~/old" })[1], "/home/me/old");
  });

  it("keeps the saved logins beside the token file", () => {
    const [home, , token, stored] = places({ HF_TOKEN_PATH: "/secrets/hf/token.txt", HF_STORED_TOKENS_PATH: "/no" });
    assert.equal(home, "/home/me/.cache/huggingface");
    assert.deepEqual([token, stored], ["/secrets/hf/token.txt", "/secrets/hf/stored_tokens"]);
  });

  it("resolves a relative place against the current folder", () => {
    assert.equal(places({ HF_HOME: "rel/dir" })[0], "/here/rel/dir");
    assert.equal(places({ HF_HOME: "~nosuch/x" })[0], "/here/~nosuch/x");
  });

  it("treats empty as not set and says so, once a variable that matters", () => {
    const env = { HF_HOME: "", XDG_CACHE_HOME: "", HF_HUB_CACHE: "", HF_TOKEN_PATH: "", HF_ENDPOINT: "" };
    assert.deepEqual(places(env), places({}));
    assert.equal(readSettings(env, machine).endpoint, "https://huggingface.co");
    const named = readSettings(env, machine).warnings.map((text) => text.split(" ")[0]);
    assert.deepEqual(named.toSorted(), Object.keys(env).toSorted());
    assert.deepEqual(readSettings({ HF_HOME: "/h", XDG_CACHE_HOME: "" }, machine).warnings, []);
    assert.equal(places({ HF_HUB_CACHE: "", HUGGINGFACE_HUB_CACHE: "/old" })[1], "/old");
  });

  it("never lands in the current folder because HOME is empty", () => {
    const homeless = { ...machine, home: "" };
    assert.equal(places({}, homeless)[0], "/.cache/huggingface");
    assert.equal(places({ HF_HOME: "~" }, homeless)[0], "/");
  });
});

describe("readSettings(): switches and numbers", () => {
  const read = (env: Environment): ReturnType<typeof readSettings> => readSettings(env, machine);

  it("takes 1, ON, YES and TRUE in any case for true, and nothing else", () => {
    for (const text of ["1", "on", "Yes", "TRUE", "true"]) assert.equal(isTrue(text), true, text);
    for (const text of [undefined, "", "0", "t", "y", "1.0", " 1", "enabled"]) assert.equal(isTrue(text), false, text);
  });

  it("lets HF_HUB_OFFLINE win when it is not empty", () => {
    assert.equal(read({ HF_HUB_OFFLINE: "0", TRANSFORMERS_OFFLINE: "1" }).offline, false);
    assert.equal(read({ HF_HUB_OFFLINE: "", TRANSFORMERS_OFFLINE: "1" }).offline, true);
    assert.deepEqual(read({ HF_HUB_OFFLINE: "" }).warnings, []);
    assert.equal(read({ TRANSFORMERS_OFFLINE: "1" }).offline, true);
  });

  it("keeps the three states of the progress bars", () => {
    const progress = (text?: string): boolean | undefined =>
      read(text === undefined ? {} : { HF_HUB_DISABLE_PROGRESS_BARS: text }).disableProgress;
    assert.deepEqual([progress(), progress("1"), progress("0"), progress("")], [undefined, true, false, false]);
  });

  it("reads the other switches", () => {
    const on = read({ HF_HUB_DISABLE_IMPLICIT_TOKEN: "1", HF_HUB_DISABLE_SYMLINKS: "yes" });
    assert.deepEqual([on.disableImplicitToken, on.disableSymlinks], [true, true]);
    assert.deepEqual([read({}).disableImplicitToken, read({}).disableSymlinks], [false, false]);
  });

  it("takes whole seconds, 10 where there are none, and no more than a timer can", () => {
    const ms = (text: string): number => read({ HF_HUB_ETAG_TIMEOUT: text }).requestTimeoutMs;
    assert.equal(read({}).requestTimeoutMs, 10_000);
    assert.deepEqual(["3", "0", "", "abc", "-1", "1.5"].map(ms), [3000, 10_000, 10_000, 10_000, 10_000, 10_000]);
    assert.ok(ms("99999999999") <= 2 ** 31 - 1);
    assert.equal(read({ HF_HUB_ETAG_TIMEOUT: "abc" }).warnings.length, 1);
    assert.equal(read({}).downloadTimeoutMs, 30_000);
    assert.equal(read({ HF_HUB_DOWNLOAD_TIMEOUT: "7" }).downloadTimeoutMs, 7000);
    assert.equal(read({ HF_HUB_ETAG_TIMEOUT: "0" }).warnings.length, 0);
  });
});

describe("parseEndpoint()", () => {
  it("drops trailing slashes and keeps a path", () => {
    assert.equal(parseEndpoint("https://x/y//"), "https://x/y");
    assert.equal(parseEndpoint("HTTPS://HuggingFace.co/"), "https://huggingface.co");
    assert.equal(parseEndpoint("http://localhost:8080"), "http://localhost:8080");
    assert.equal(parseEndpoint("https://hf.co"), "https://huggingface.co");
    const set = readSettings({ HF_ENDPOINT: "https://mirror.example/" }, machine);
    assert.deepEqual([set.endpoint, set.endpointSet], ["https://mirror.example", true]);
    assert.equal(readSettings({}, machine).endpointSet, false);
  });

  it("refuses what is no endpoint, and shows no password", () => {
    for (const text of [
      "",
      "huggingface.co",
      "localhost:8080",
      "ftp://x",
      "https://x?a=1",
      "https://x/#a",
      "https://x?",
    ]) {
      assert.throws(() => parseEndpoint(text), { code: "ERR_HF_INVALID_ENDPOINT" }, text);
    }
    for (const text of ["https://me:swordfish@x", "https://swordfish@x"]) {
      assert.throws(
        () => parseEndpoint(text),
        (error: Error & { code?: string }) =>
          error.code === "ERR_HF_INVALID_ENDPOINT" && !error.message.includes("swordfish"),
      );
    }
  });
});

describe("expandPath()", () => {
  it("expands as Python's posixpath does", () => {
    const env = { V: "val", E: "", T: "~/x", D: "$V", "a-b": "dash" };
    for (const [text, expected] of [
      ["~", "/home/me"],
      ["~/x", "/home/me/x"],
      ["~bob/x", "/home/bob/x"],
      ["~nosuch/x", "~nosuch/x"],
      ["$V/x", "val/x"],
      ["${V}x", "valx"],
      ["$Vx", "$Vx"],
      ["${a-b}", "dash"],
      ["$N", "$N"],
      ["${N", "${N"],
      ["$$V", "$val"],
      ["%V%", "%V%"],
      ["$E/x", "/x"],
      ["$T", "~/x"],
      ["$D", "$V"],
      ["~$V", "~val"],
      ["a~", "a~"],
      ["$", "$"],
      ["$V$V", "valval"],
      ["$constructor", "$constructor"],
      ["~a\\b", "~a\\b"],
    ] as const) {
      assert.equal(expandPath(text, env, machine), expected, text);
    }
    assert.equal(expandPath("~/x", env, { ...machine, home: "/" }), "/x");
    assert.equal(expandPath("~", env, { ...machine, home: "" }), "/");
  });

  it("expands as Python's ntpath does", () => {
    const env = { V: "val", "a-b": "dash" };
    for (const [text, expected] of [
      ["~", "C:\\Users\\me"],
      ["~\\x", "C:\\Users\\me\\x"],
      ["~/x", "C:\\Users\\me/x"],
      ["~bob\\x", "C:\\Users\\bob\\x"],
      ["%V%\\x", "val\\x"],
      ["$V\\x", "val\\x"],
      ["${V}x", "valx"],
      ["'$V'%V%", "'$V'val"],
      ["'$V", "'$V"],
      ["%%V%%", "%V%"],
      ["$$V", "$V"],
      ["%N%", "%N%"],
      ["%V", "%V"],
      ["${N}", "${N}"],
      ["${a-b}", "dash"],
      ["$a-b", "dash"],
    ] as const) {
      assert.equal(expandPath(text, env, windows), expected, text);
    }
  });
});
