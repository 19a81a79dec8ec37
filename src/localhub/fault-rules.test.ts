import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fitsPattern, meansRequest } from "./fault-match.ts";
import type { FaultRule } from "./fault-rule.ts";
import { parseFaultRule } from "./fault-rule.ts";
import { createFaultRules } from "./fault-rules.ts";
import type { HubRequest } from "./http.ts";

function request(target: string, more: Partial<HubRequest> = {}): HubRequest {
  const [path = "", query = ""] = target.split("?");
  return {
    method: "GET",
    origin: "hub",
    base: "http://localhost:1",
    target,
    segments: path.slice(1).split("/"),
    query: new URLSearchParams(query),
    headers: {},
    body: { stream: () => assert.fail("read"), bytes: () => assert.fail("read") },
    ...more,
  };
}

describe("parseFaultRule()", () => {
  it("takes every field and gives it back", () => {
    const rule = {
      origin: "hub",
      method: "GET",
      path: "/resolve/*",
      repo: "datasets/acme/data",
      times: 2,
      skip: 1,
      delay: 5,
      stall: { afterBytes: 1, ms: 2 },
      cut: { afterBytes: 3, reset: true },
      slowBody: 100,
      corrupt: { at: 1, bytes: 2 },
      status: 429,
      message: "no",
      retryAfter: { dateIn: -5 },
      rateLimit: { reset: 5, left: 1, bucket: "pages" },
      etag: "",
      commit: "x",
      linkedEtag: "y",
      linkedSize: "z",
      link: "<>",
      setHeader: { "X-A": "b" },
      dropHeader: ["Etag"],
      treePath: { from: "a", to: "b" },
      ignoreRange: true,
      wrongContentRange: -1,
      wrongLength: -1,
      connectionClose: true,
    };
    assert.deepEqual(parseFaultRule(rule), rule);
  });

  it("names what is wrong", () => {
    const cases: [unknown, RegExp][] = [
      [null, /^fault: expected an object$/],
      [{}, /^fault: expected something that goes wrong$/],
      [{ times: 1 }, /^fault: expected something that goes wrong$/],
      [{ statsu: 500 }, /^fault\.statsu: unknown field$/],
      [{ delay: 1, constructor: 1 }, /^fault\.constructor: unknown field$/],
      [JSON.parse('{"delay":1,"__proto__":1}'), /^fault\.__proto__: unknown field$/],
      [{ cut: { after: 5 } }, /^fault\.cut\.after: unknown field$/],
      [{ status: 99 }, /^fault\.status: expected a whole number from 200 to 599$/],
      [{ delay: 2 ** 31 }, /^fault\.delay: expected a whole number from 0 to 2147483647$/],
      [{ delay: 1, times: 0 }, /^fault\.times: expected a whole number of at least 1$/],
      [{ wrongLength: 1.5 }, /^fault\.wrongLength: expected a whole number$/],
      [{ etag: "a\r\nb" }, /^fault\.etag: expected text without control characters/],
      [{ setHeader: { "a b": "c" } }, /^fault\.setHeader: expected the name of a header$/],
      [{ setHeader: { "Transfer-Encoding": "x" } }, /^fault\.setHeader: expected chunked: true, or garbage$/],
      [{ dropHeader: ["Date"] }, /^fault\.dropHeader: expected another name than Date$/],
      [{ garbage: false }, /^fault\.garbage: expected one of true, or text$/],
      [{ garbage: true, redirect: "/" }, /^fault: redirect and garbage do not go together$/],
      [{ status: 500, redirect: "/" }, /^fault: status and redirect do not go together$/],
      [{ retryAfter: 5 }, /^fault\.retryAfter: expected a status beside it$/],
      [{ wrongLength: 1, chunked: true }, /^fault: wrongLength goes neither with chunked nor with gzip$/],
      [{ origin: "cdn", repo: "a/b", delay: 1 }, /^fault\.repo: the CDN's addresses name no repo; match by path$/],
    ];
    for (const [value, message] of cases)
      assert.throws(() => parseFaultRule(value), { message }, JSON.stringify(value));
  });
});

describe("which requests a rule means", () => {
  const means = (rule: Partial<FaultRule>, ...args: Parameters<typeof request>): boolean =>
    meansRequest({ delay: 0, ...rule }, request(...args));

  it("goes by origin, method, and part or pattern of the path", () => {
    assert.ok(means({}, "/any"));
    assert.deepEqual(
      [means({ origin: "cdn" }, "/x"), means({ origin: "cdn" }, "/x", { origin: "cdn" })],
      [false, true],
    );
    assert.deepEqual(
      [means({ method: "head" }, "/x"), means({ method: "head" }, "/x", { method: "HEAD" })],
      [false, true],
    );
    assert.deepEqual(
      [means({ path: "main/a" }, "/x/main/a.txt"), means({ path: "main/b" }, "/x/main/a.txt")],
      [true, false],
    );
    assert.deepEqual(
      [means({ path: "/x/*?a=1" }, "/x/y/z?a=1"), means({ path: "/x/*?a=1" }, "/x/y/z?a=12")],
      [true, false],
    );
  });

  it("goes by repo, in every form of address", () => {
    for (const target of [
      "/acme/model/resolve/main/a",
      "/api/models/ACME/model",
      "/api/models/acme/model/tree/main?recursive=1",
      "/api/resolve-cache/models/acme/model/abc/a",
      "/acme/model.git/info/refs?service=git-upload-pack",
    ]) {
      assert.ok(means({ repo: "acme/model" }, target), target);
      assert.ok(means({ repo: "models/acme/model" }, target), target);
      assert.ok(!means({ repo: "datasets/acme/model" }, target), target);
      assert.ok(!means({ repo: "acme/mode" }, target), target);
    }
    assert.ok(means({ repo: "acme/data" }, "/datasets/acme/data/resolve/main/a"));
    assert.ok(means({ repo: "datasets/acme/data" }, "/api/datasets/acme/data"));
    assert.ok(means({ repo: "gpt2" }, "/gpt2/resolve/main/a"));
    assert.ok(!means({ repo: "whoami-v2" }, "/api/whoami-v2"));
    assert.ok(!means({ repo: "lfs" }, "/lfs/abc", { origin: "cdn" }));
  });

  it("tries patterns in time that a hostile one cannot blow up", () => {
    assert.ok(fitsPattern("*a*b*", "xxaxxbxx"));
    assert.ok(fitsPattern("*", ""));
    assert.ok(!fitsPattern("*a*b", "xxaxxbxx"));
    assert.equal(fitsPattern(`${"a*".repeat(500)}b`, "a".repeat(5000)), false);
  });
});

describe("createFaultRules()", () => {
  const struck = async (rules: ReturnType<typeof createFaultRules>, target = "/x"): Promise<(number | undefined)[]> => {
    const asked = request(target);
    const gone = new AbortController().signal;
    return Promise.all(rules.take(asked).map(async (fault) => (await fault.before?.(asked, gone))?.status));
  };

  it("lets some requests pass, spoils some, and then is gone", async () => {
    const rules = createFaultRules(Date.now);
    rules.add({ status: 500, skip: 1, times: 2, path: "/x" });
    assert.deepEqual(await struck(rules, "/other"), []);
    assert.deepEqual(await struck(rules), []);
    assert.deepEqual(await struck(rules), [500]);
    assert.equal(rules.list()[0]?.hits, 1);
    assert.deepEqual(await struck(rules), [500]);
    assert.deepEqual(rules.list(), []);
    assert.deepEqual(await struck(rules), []);
  });

  it("takes rules that answer one after the other, others together", async () => {
    const rules = createFaultRules(Date.now);
    rules.add({ status: 503, times: 2 });
    rules.add({ etag: '"x"', times: 3 });
    rules.add({ status: 429, times: 1 });
    assert.deepEqual(await struck(rules), [503, undefined]);
    assert.deepEqual(await struck(rules), [503, undefined]);
    assert.deepEqual(await struck(rules), [undefined, 429]);
    assert.deepEqual(await struck(rules), []);
  });

  it("forgets one rule or all, and is not changed from outside", async () => {
    const rules = createFaultRules(Date.now);
    const rule: FaultRule = { status: 500 };
    const remove = rules.add(rule);
    rules.add({ status: 501 });
    rule.status = 599;
    assert.deepEqual(await struck(rules), [500]);
    remove();
    remove();
    assert.deepEqual(await struck(rules), [501]);
    rules.clear();
    assert.deepEqual(await struck(rules), []);
  });
});
