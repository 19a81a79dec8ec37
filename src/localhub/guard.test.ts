import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import type { Localhub } from "./server.ts";
import { startLocalhub } from "./server.ts";

describe("what a caller may see", () => {
  let hub: Localhub;
  before(async () => {
    hub = await startLocalhub();
  });
  after(() => hub.close());
  beforeEach(() => hub.reset());

  const get = (path: string, token?: string, init: RequestInit = {}): Promise<Response> => {
    const auth = token === undefined ? {} : { authorization: `Bearer ${hub.tokens[token] ?? token}` };
    return fetch(hub.url + path, { redirect: "manual", ...init, headers: { ...auth, ...init.headers } });
  };
  const refusal = async (response: Response): Promise<[number, string | null, string | null]> => {
    await response.text();
    return [response.status, response.headers.get("x-error-code"), response.headers.get("x-error-message")];
  };

  const table: [string, string | undefined, number, string | null, RegExp | null][] = [
    ["alice/tiny-model", undefined, 200, null, null],
    ["alice/tiny-model", "hf_nobody", 401, null, /^Invalid credentials in Authorization header$/],
    ["alice/tiny-model", "alice-expired", 401, null, /^Invalid credentials/],
    ["alice/none", undefined, 401, "RepoNotFound", /^Invalid username or password\.$/],
    ["alice/none", "bob-read", 404, "RepoNotFound", /^Repository not found$/],
    ["alice/private-model", undefined, 401, "RepoNotFound", /./],
    ["alice/private-model", "bob-read", 404, "RepoNotFound", /./],
    ["alice/private-model", "alice-read", 200, null, null],
    ["alice/private-model", "alice-fine", 200, null, null],
    ["alice/private-model", "alice-oauth", 200, null, null],
    ["acme/private-model", "alice-fine", 404, "RepoNotFound", /./],
    ["acme/private-model", "erin-read", 200, null, null],
    ["acme/private-model", "acme-org", 200, null, null],
    ["acme/private-model", "bob-policy-pending", 403, null, /^Due to the organization token policy/],
    ["acme/private-model", "bob-policy-revoked", 403, null, /^Your token has been revoked by the organization/],
    ["alice/tiny-model", "bob-policy-revoked", 200, null, null],
    ["acme/disabled-model", undefined, 401, "RepoNotFound", /./],
    ["acme/disabled-model", "carol-read", 403, null, /^Access to this resource is disabled\.$/],
    ["acme/disabled-model", "alice-read", 403, null, /^Access to this resource is disabled\.$/],
    ["acme/gated-manual", undefined, 401, "GatedRepo", /^Access to model acme\/gated-manual is restricted\. You must/],
    ["acme/gated-auto", "carol-read", 403, "GatedRepo", /not in the authorized list\. Visit http:\/\/localhost/],
    ["acme/gated-manual", "carol-read", 403, "GatedRepo", /^Your request to access model acme\/gated-manual is await/],
    ["acme/gated-auto", "carol-fine-no-gated", 403, null, /fine-grained token settings/],
    ["acme/gated-auto", "carol-fine-gated", 403, "GatedRepo", /./],
    ["acme/gated-auto", "erin-read", 200, null, null],
    ["acme/members-gated", "erin-read", 403, "GatedRepo", /./],
    ["acme/members-gated", "alice-read", 200, null, null],
  ];
  for (const [id, token, status, code, message] of table) {
    it(`${id} as ${token ?? "nobody"}: ${status} ${code ?? ""}`, async () => {
      for (const path of [`/api/models/${id}/auth-check`, `/${id}/resolve/main/config.json`]) {
        const response = await get(path, token);
        const [gotStatus, gotCode, gotMessage] = await refusal(response);
        // A public file may be answered by a redirect to the shared cache.
        assert.equal(gotStatus === 307 && path.includes("resolve") ? 200 : gotStatus, status, path);
        assert.equal(gotCode, code, path);
        if (message) assert.match(gotMessage ?? "", message, path);
        else assert.equal(gotMessage, null, path);
      }
    });
  }

  it("asks the gate before the revision, and the revision before the file", async () => {
    assert.equal((await refusal(await get("/acme/gated-auto/resolve/nope/x", "carol-read")))[1], "GatedRepo");
    assert.deepEqual(await refusal(await get("/alice/tiny-model/resolve/nope/x")), [
      404,
      "RevisionNotFound",
      "Invalid rev id: nope",
    ]);
    const missing = await get("/alice/tiny-model/resolve/main/nope.txt");
    assert.match(missing.headers.get("x-repo-commit") ?? "", /^[0-9a-f]{40}$/);
    assert.match(missing.headers.get("content-type") ?? "", /^text\/plain/);
    assert.deepEqual(await refusal(missing), [404, "EntryNotFound", "Entry not found"]);
  });

  it("tells writing apart from reading", async () => {
    const check = "/api/models/alice/tiny-model/auth-check/write";
    const refused = "You have read access but not the required permissions for this operation";
    assert.deepEqual(await refusal(await get(check, "alice-read")), [403, null, refused]);
    assert.deepEqual(await refusal(await get(check, "bob-write")), [403, null, refused]);
    assert.equal((await get(check)).status, 401);
    assert.equal((await get(check, "alice-write")).status, 200);
    const fine = "/api/models/alice/private-model/auth-check/write";
    assert.equal((await get(fine, "alice-fine-one-repo")).status, 200);
    assert.equal((await get(fine, "alice-fine")).status, 403);
  });

  it("sends former names and other casings on, but only those who may see the repo", async () => {
    for (const [path, location] of [
      [
        "/api/models/acme/old-model/tree/main?recursive=true",
        "/api/models/acme/renamed-model/tree/main?recursive=true",
      ],
      ["/old-model/resolve/main/config.json", "/acme/renamed-model/resolve/main/config.json"],
      ["/Alice/Tiny-Model/resolve/main/config.json", "/alice/tiny-model/resolve/main/config.json"],
      ["/datasets/alice/Tiny-Dataset/raw/main/README.md", "/datasets/alice/tiny-dataset/raw/main/README.md"],
    ] as const) {
      const response = await get(path);
      assert.deepEqual([response.status, response.headers.get("location")], [307, location]);
      assert.equal(response.headers.get("etag"), null);
    }
    assert.equal((await get("/api/models/Alice/Private-Model")).status, 401);
  });
});
