import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { root } from "./support/root.ts";

/**
 * The places that may take a secret's value out of its wrapping, and how often. To add one: say here, in a word, where
 * the bytes leave the program.
 */
const EXPOSED: Record<string, number> = {
  "auth/file-token-store.ts": 1, // written to the token file
  "auth/login-record.ts": 1, // hashed, to know a token again
  "auth/login.ts": 1, // its prefix, to refuse tokens of organisations
  "auth/named-login.ts": 1, // cleaned again, as read from the store
  "auth/oidc-exchange.ts": 1, // the body of the exchange, for the endpoint that the ID token names
  "auth/refresh.ts": 1, // the body of the request that renews a login, at its own endpoint
  "auth/revoke.ts": 1, // the body of the request that ends a token, at the Hub that made it
  "auth/store-plans.ts": 2, // cleaned again, as read from the store
  "auth/token-store.ts": 2, // written to stored_tokens; masked
  "core/github-runner.ts": 1, // the command that has the log of a job mask it
  "cli/child-environment.ts": 1, // the environment of a child that was asked for
  "cli/commands/auth-env.ts": 1, // printed on request
  "cli/commands/auth-token.ts": 1, // printed on request
  "cli/git-sign-out.ts": 2, // cleaned again, and looked at for its form, to be compared with what git holds
  "cli/sign-in/oauth-server.ts": 1, // a device code, to the token endpoint
  "cli/token-at-once.ts": 1, // printed on request
  "cli/write-env-file.ts": 1, // written to .env on request
  "git/credential-text.ts": 3, // the answer to git
  "hub/headers.ts": 1, // the header of a request to the credential's own origin
};

/** The places that may name a credential's header or scheme, and why. Each of `WRITES` that is found must be listed. */
const NAMED: Record<string, RegExp> = {
  // The one module that sets the header, and refuses it from callers.
  "hub/headers.ts": /./,
  // Strikes it from texts.
  "core/redact.ts": /./,
  // Takes a pasted scheme off a token.
  "auth/clean.ts": /^const SCHEME = /,
  // What an answer must say, or may leave out; nothing of it is sent.
  "cli/sign-in/oauth-server.ts": /^const TOKEN_KIND = "bearer";$/,
  // A proxy's own user; never the Hub's credential.
  "hub/proxy.ts": /proxy-authorization/,
};

/** Every way to write such a header: its name in any spelling, or the beginning of its value. */
const WRITES = [
  /authorization(?![_a-z])/gi,
  /(["'`])(?:bearer|basic)\b[^"'`]*\1?/gi,
  /\bauth\s*:\s*(?:`|["'][^"']*:|\w+\s*\+)/g,
  /\b(?:url|address|target)\w*\.(?:username|password)\s*=[^=]/gi,
];

const sourceFolder = join(root, "src");
const sources = readdirSync(sourceFolder, { recursive: true, encoding: "utf8" })
  .map((file) => file.replaceAll("\\", "/"))
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts") && !file.startsWith("localhub/"))
  .toSorted();

/** The code alone: comments may speak of what the code must not do. */
function codeOf(file: string): string {
  const text = readFileSync(join(sourceFolder, file), "utf8");
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}

function findings(file: string, code: string): string[] {
  const allowed = NAMED[file];
  return code
    .split("\n")
    .filter((line) => WRITES.some((pattern) => line.search(pattern) >= 0) && allowed?.test(line) !== true)
    .map((line) => `${file}: ${line.trim()}`);
}

describe("the credential's header", () => {
  it("is set by one module alone", () => {
    assert.deepEqual(
      sources.flatMap((file) => findings(file, codeOf(file))),
      [],
    );
  });

  it("would be found in any spelling", () => {
    const header = ["Author", "ization"].join("");
    for (const line of [
      `headers["${header.toLowerCase()}"] = x`,
      `{ ${header}: token }`,
      `headers.set('${header.toUpperCase()}', t)`,
      "x = `Bearer ${t}`",
      'x = "bearer " + t',
      "x = 'Basic ' + t",
      'request({ auth: "user:" + t })',
      "request({ auth: `${u}:${t}` })",
      "url.username = t",
    ]) {
      assert.equal(findings("some/file.ts", line).length, 1, line);
    }
    assert.equal(findings("hub/proxy.ts", `headers.${header}`).length, 1, "a proxy's header is another one");
    for (const line of ["error === 'authorization_pending'", "url.username !== ''", "authorizationUrl"]) {
      assert.deepEqual(findings("some/file.ts", line), [], line);
    }
  });
});

describe("Secret.expose()", () => {
  it("is called in the listed places alone", () => {
    const found: Record<string, number> = {};
    for (const file of sources) {
      if (file === "core/secret.ts") continue;
      const calls = codeOf(file).match(/\bexpose\b/g)?.length ?? 0;
      if (calls > 0) found[file] = calls;
    }
    assert.deepEqual(found, EXPOSED);
  });
});
