import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import type { Localhub } from "./server.ts";
import { startLocalhub } from "./server.ts";

describe("lists of a repo", () => {
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

  type Entry = { path: string; type: string; size: number; lfs?: { oid: string }; lastCommit?: { title: string } };

  it("pages a tree by absolute links", async () => {
    const paths: string[] = [];
    let url: string | undefined = `${hub.url}/api/models/alice/tiny-model/tree/main?recursive=true&limit=4`;
    let pages = 0;
    while (url !== undefined) {
      const response: Response = await fetch(url);
      paths.push(...((await response.json()) as Entry[]).map((entry) => entry.path));
      url = /^<(http[^>]+)>; rel="next"$/.exec(response.headers.get("link") ?? "")?.[1];
      pages += 1;
    }
    assert.equal(pages, 3);
    assert.equal(new Set(paths).size, 11);
    assert.ok(paths.includes("onnx/sub folder"));
  });

  it("tells the last commit only when asked", async () => {
    const list = async (query: string): Promise<Entry[]> =>
      (await (await get(`/api/models/alice/tiny-model/tree/main${query}`)).json()) as Entry[];
    assert.equal(
      (await list("")).some((entry) => entry.lastCommit),
      false,
    );
    const titles = new Map((await list("?expand=true")).map((entry) => [entry.path, entry.lastCommit?.title]));
    assert.deepEqual(
      [titles.get("model.safetensors"), titles.get("config.json"), titles.get("onnx")],
      ["Retrain", "Upload model", "Retrain"],
    );
  });

  it("answers paths-info for forms, lists and one string", async () => {
    const ask = async (type: string, body: string): Promise<string[]> => {
      const headers = { "content-type": type };
      const init = { method: "POST", body, headers };
      const response = await get("/api/models/alice/tiny-model/paths-info/main", undefined, init);
      return ((await response.json()) as Entry[]).map((entry) => `${entry.type} ${entry.path}`);
    };
    const both = ["file config.json", "directory onnx"];
    assert.deepEqual(
      await ask("application/x-www-form-urlencoded", "paths=config.json&paths=onnx&paths=no&expand=false"),
      both,
    );
    assert.deepEqual(await ask("application/json", '{"paths":["config.json","onnx","no"]}'), both);
    assert.deepEqual(await ask("application/json", '{"paths":"config.json"}'), ["file config.json"]);
  });

  it("shows refs and counts commits", async () => {
    const refs = (await (await get("/api/models/alice/tiny-model/refs?include_prs=1")).json()) as Record<
      string,
      { name: string }[]
    >;
    const names = (kind: string): string[] | undefined => refs[kind]?.map((ref) => ref.name);
    assert.deepEqual(names("branches"), ["main", "dev", "feature/one"]);
    assert.deepEqual([names("tags"), names("pullRequests"), names("converts")], [["v0.9", "v1.0"], ["1"], []]);
    const page = await get("/api/models/alice/tiny-model/commits/main?limit=2&p=0");
    assert.equal(page.headers.get("x-total-count"), "3");
    assert.match(page.headers.get("link") ?? "", /[?&]p=1>; rel="next"$/);
  });

  it("keeps what the caller may not see out of lists", async () => {
    const ids = async (token?: string): Promise<string[]> =>
      ((await (await get("/api/models?author=acme", token)).json()) as { id: string }[]).map((repo) => repo.id);
    assert.equal((await ids()).includes("acme/private-model"), false);
    assert.equal((await ids("erin-read")).includes("acme/private-model"), true);
  });
});
