import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import type { Localhub } from "./server.ts";
import { startLocalhub } from "./server.ts";

describe("a gate", () => {
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
  const post = (path: string, token: string, body: unknown): Promise<Response> =>
    get(path, token, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } });
  const refusal = async (response: Response): Promise<[number, string | null, string | null]> => {
    await response.text();
    return [response.status, response.headers.get("x-error-code"), response.headers.get("x-error-message")];
  };

  const repo = "acme/gated-manual";
  const check = async (token: string): Promise<string | null> =>
    (await refusal(await get(`/api/models/${repo}/auth-check`, token)))[2];

  it("shows the files but not their hashes, and the papers to everybody", async () => {
    type Lfs = { lfs?: { oid: string } };
    const oidFor = async (token?: string): Promise<string | undefined> => {
      const entries = (await (await get(`/api/models/${repo}/tree/main`, token)).json()) as Lfs[];
      return entries.find((entry) => entry.lfs)?.lfs?.oid;
    };
    assert.match((await oidFor("erin-read")) ?? "", /^[0-9a-f]{64}$/);
    assert.doesNotMatch((await oidFor()) ?? "", /^[0-9a-f]{64}$/);
    const info = await (await get(`/api/models/${repo}?blobs=true`)).text();
    assert.doesNotMatch(info, /"sha256":"[0-9a-f]/);
    assert.equal((await get(`/${repo}/resolve/main/README.md`)).status, 200);
    assert.equal((await get(`/${repo}/resolve/main/LICENSE`)).status, 200);
    assert.equal((await get(`/${repo}/raw/main/README.md`)).status, 401);
  });

  it("is passed by asking, waiting and being let in", async () => {
    assert.equal((await post(`/${repo}/ask-access`, "bob-read", {})).status, 303);
    const cancel = `/api/models/${repo}/user-access-request/cancel`;
    assert.deepEqual(await (await post(cancel, "carol-read", {})).json(), { ok: true });
    assert.equal((await post(cancel, "carol-read", {})).status, 404);
    assert.match((await check("carol-read")) ?? "", /not in the authorized list/);
    const asked = await post(`/${repo}/ask-access`, "carol-read", { Company: "C" });
    assert.deepEqual([asked.status, asked.headers.get("location")], [303, `${hub.url}/${repo}`]);
    const owner = (action: string, body: unknown): Promise<Response> =>
      post(`/api/models/${repo}/user-access-request/${action}`, "alice-write", body);
    const pending = (await (await get(`/api/models/${repo}/user-access-request/pending`, "alice-write")).json()) as {
      user: { user: string };
      fields: unknown;
      status: string;
    }[];
    assert.deepEqual(
      pending.map((one) => [one.user.user, one.fields, one.status]),
      [["carol", { Company: "C" }, "pending"]],
    );
    assert.deepEqual(await (await owner("handle", { user: "carol", status: "accepted" })).json(), {});
    assert.equal(await check("carol-read"), null);
    assert.equal((await owner("handle", { user: "carol", status: "accepted" })).status, 404);
    await owner("handle", { user: "carol", status: "rejected", rejectionReason: "no" });
    assert.match((await check("carol-read")) ?? "", /has been rejected by the repo's authors\.$/);
    await post(`/${repo}/ask-access`, "carol-read", {});
    assert.match((await check("carol-read")) ?? "", /rejected/);
    await owner("handle", { user: "carol", status: "reset" });
    assert.match((await check("carol-read")) ?? "", /has been reset/);
    await post(`/${repo}/ask-access`, "carol-read", {});
    assert.match((await check("carol-read")) ?? "", /awaiting a review/);
    const batch = { status: "accepted", requests: [{ user: "carol" }, { user: "dave" }, { user: "zed" }] };
    assert.deepEqual(await (await owner("batch", batch)).json(), [
      { user: "carol", ok: true },
      { user: "dave", ok: false, error: "request_not_found" },
      { user: "zed", ok: false, error: "user_not_found" },
    ]);
  });

  it("is handled only by those who may, and only as it can be", async () => {
    const base = "/api/models/carol/gated-model/user-access-request";
    const grant = (body: unknown): Promise<Response> => post(`${base}/grant`, "carol-write", body);
    assert.equal((await get(`${base}/pending`, "alice-read")).status, 403);
    assert.equal((await get(`${base}/pending`, "carol-read")).status, 403);
    assert.equal((await get(`${base}/pending`)).status, 401);
    assert.equal((await grant({ user: "bob" })).status, 200);
    assert.equal((await refusal(await grant({ user: "bob" })))[2], "That user already has access to the repo");
    assert.equal((await grant({ user: "zed" })).status, 404);
    assert.match((await refusal(await grant({})))[2] ?? "", /Either userId or user must be provided, but not both/);
    const odd = await post(`${base}/handle`, "carol-write", { user: "bob", status: "maybe" });
    assert.match((await refusal(odd))[2] ?? "", /^\* Invalid option: expected one of "pending"\|.* \* at status$/);
    const open = await post("/api/models/alice/tiny-model/user-access-request/grant", "alice-write", { user: "bob" });
    assert.deepEqual(await refusal(open), [400, "RepoNotGated", "model alice/tiny-model is not gated"]);
  });

  it("goes up and down by the settings, and keeps the requests", async () => {
    const put = (body: unknown): Promise<Response> =>
      get(`/api/models/${repo}/settings`, "alice-write", { method: "PUT", body: JSON.stringify(body) });
    assert.equal(((await (await put({ gated: false })).json()) as { gated: unknown }).gated, false);
    assert.equal(await check("carol-read"), null);
    await put({ gated: "auto" });
    assert.match((await check("carol-read")) ?? "", /awaiting/);
    assert.equal((await put({ gated: "often" })).status, 400);
  });
});
