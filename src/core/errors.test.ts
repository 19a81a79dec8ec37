import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import {
  AccessError,
  DiskError,
  HfError,
  RateLimitError,
  diskError,
  isHfError,
  safeText,
  systemCode,
} from "./errors.ts";
import { Secret } from "./secret.ts";

const value = ["hf", "E".repeat(34)].join("_");
Secret.of(value);

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: it failed, open '/x'`), { code });
}

describe("HfError", () => {
  it("holds no secret in message, hint, request id, cause or stack", () => {
    const deep = new Error(`deep ${value}`);
    const cause = Object.assign(new Error(`cause ${encodeURIComponent(value)}`, { cause: deep }), { code: "EPIPE" });
    const error = new HfError("ERR_HF_NETWORK", `message ${value}`, {
      hint: `hint ${Buffer.from(`user:${value}`).toString("base64")}`,
      requestId: value,
      cause,
    });
    const text = [inspect(error, { depth: 9, showHidden: true }), error.stack, error.message, error.hint].join("\n");
    assert.ok(!text.includes("EEEEEEEE"), text);
    assert.ok(!text.includes(Buffer.from("E".repeat(24)).toString("base64")), text);
    assert.equal(systemCode(error), "ERR_HF_NETWORK");
    assert.equal(systemCode(error.cause), "EPIPE");
  });

  it("finds a secret into which a server has put characters that a terminal does not show", () => {
    const error = new HfError("ERR_HF_HTTP", `echo ${value.slice(0, 9)}\u200b${value.slice(9)} end`);
    assert.equal(error.message, "echo [redacted] end");
  });

  it("keeps no escape sequence of a server", () => {
    assert.equal(new HfError("ERR_HF_HTTP", "a\u001b[2Jb\nc").message, "a[2Jb c");
  });

  it("redacts before it cuts", () => {
    assert.equal(safeText(`${"x".repeat(10)} ${value}`, 18), `${"x".repeat(10)} [redac…`);
  });

  it("is named after its class and told by isHfError()", () => {
    const error = new AccessError("ERR_HF_GATED_REPO", "no");
    assert.equal(error.name, "AccessError");
    assert.ok(isHfError(error));
    assert.ok(!isHfError(new Error("no")));
    assert.equal(new RateLimitError("wait", { retryAfter: 7 }).retryAfter, 7);
    assert.equal(new RateLimitError("wait").code, "ERR_HF_RATE_LIMITED");
  });
});

describe("diskError()", () => {
  it("tells a full disk from other faults, and names the path and the code", () => {
    const full = diskError(systemError("ENOSPC"), "write the token file", "/home/me/token");
    assert.equal(full.code, "ERR_HF_NO_SPACE");
    assert.match(full.message, /write the token file: \/home\/me\/token/);
    const denied = diskError(systemError("EACCES"), "read it", "/p");
    assert.ok(denied instanceof DiskError);
    assert.equal(denied.code, "ERR_HF_DISK");
    assert.match(denied.message, /EACCES/);
    assert.match(denied.hint ?? "", /owner and mode/);
    assert.match(diskError(systemError("EROFS"), "x", "/p").hint ?? "", /HF_HOME/);
  });

  it("passes a coded error through", () => {
    const error = new HfError("ERR_HF_INTEGRITY", "no");
    assert.equal(diskError(error, "x", "/p"), error);
  });
});

describe("systemCode()", () => {
  it("looks through causes, a few levels deep", () => {
    assert.equal(
      systemCode(new Error("a", { cause: new Error("b", { cause: systemError("ECONNRESET") }) })),
      "ECONNRESET",
    );
    assert.equal(systemCode(new Error("none")), undefined);
    assert.equal(systemCode("text"), undefined);
  });
});
