import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { request } from "node:http";
import { after, before, beforeEach, describe, it } from "node:test";
import type { Localhub } from "./server.ts";
import { startLocalhub } from "./server.ts";

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const base64 = (text: string): string => Buffer.from(text).toString("base64");

describe("filling the hub", () => {
  let hub: Localhub;
  before(async () => {
    hub = await startLocalhub();
  });
  after(() => hub.close());
  beforeEach(() => hub.reset());

  const call = (method: string, path: string, token?: string, body?: unknown): Promise<Response> =>
    fetch(path.startsWith("http") ? path : hub.url + path, {
      method,
      redirect: "manual",
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${hub.tokens[token] ?? token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const status = async (answer: Promise<Response>): Promise<number> => {
    const response = await answer;
    await response.text();
    return response.status;
  };
  const read = async (answer: Promise<Response>): Promise<Record<string, unknown>> =>
    (await (await answer).json()) as Record<string, unknown>;
  const commit = (repo: string, token: string, lines: unknown[], query = ""): Promise<Response> =>
    fetch(`${hub.url}/api/models/${repo}/commit/main${query}`, {
      method: "POST",
      headers: { authorization: `Bearer ${hub.tokens[token]}`, "content-type": "application/x-ndjson" },
      body: lines.map((line) => `${JSON.stringify(line)}\n`).join(""),
    });
  const header = { key: "header", value: { summary: "change" } };
  const file = (path: string, text = "x"): unknown => ({
    key: "file",
    value: { path, content: base64(text), encoding: "base64" },
  });
  const text = async (path: string, token = "alice-write"): Promise<string> => {
    const headers = { authorization: `Bearer ${hub.tokens[token]}` };
    return (await fetch(hub.url + path, { headers })).text();
  };

  describe("repos", () => {
    it("are made below their owner, with a first commit", async () => {
      const made = await read(call("POST", "/api/repos/create", "alice-write", { name: "fresh", private: true }));
      assert.equal(made["url"], `${hub.url}/alice/fresh`);
      assert.equal(made["name"], "alice/fresh");
      assert.equal(await status(call("GET", "/api/models/alice/fresh")), 401);
      assert.match(await text("/alice/fresh/resolve/main/.gitattributes"), /safetensors/);
    });

    it("are told where they are when they exist, whatever the case", async () => {
      const answer = await call("POST", "/api/repos/create", "alice-write", { name: "Tiny-Model" });
      const body = (await answer.json()) as Record<string, string>;
      assert.deepEqual([answer.status, body["url"]], [409, `${hub.url}/alice/tiny-model`]);
    });

    const namespaces: [token: string, organization: string | undefined, status: number][] = [
      ["alice-read", undefined, 403],
      ["alice-fine", undefined, 403],
      ["alice-oauth", undefined, 403],
      ["carol-write", "alice", 403],
      ["carol-write", "acme", 403],
      ["erin-write", "acme", 403],
      ["dave-write", "acme", 200],
      ["bob-write", "acme", 200],
      ["acme-org", undefined, 200],
      ["carol-write", "nobody", 403],
    ];
    for (const [token, organization, expected] of namespaces) {
      it(`${expected === 200 ? "are" : "are not"} made by ${token} in ${organization ?? "its own place"}`, async () => {
        assert.equal(await status(call("POST", "/api/repos/create", token, { name: "n1", organization })), expected);
      });
    }

    it("need a name that can be one, a known type and, for spaces, an sdk", async () => {
      const create = (body: unknown): Promise<number> => status(call("POST", "/api/repos/create", "alice-write", body));
      for (const name of ["../x", "a/b", "", "x.git", "a--b", undefined, 3]) assert.equal(await create({ name }), 400);
      assert.equal(await create({ name: "s", type: "space" }), 400);
      assert.equal(await create({ name: "s", type: "spice" }), 400);
      assert.equal(await create({ name: "s", type: "space", sdk: "static" }), 200);
      assert.equal(await create({ name: "s", files: [{ path: "../x", content: "" }] }), 400);
      assert.equal(await status(call("POST", "/api/repos/create", undefined, { name: "s" })), 401);
      assert.equal(await status(call("POST", "/api/repos/create", "hf_bad", { name: "s" })), 401);
    });

    it("are deleted by those who own them", async () => {
      const remove = (token: string, name: string, organization: string): Promise<number> =>
        status(call("DELETE", "/api/repos/delete", token, { name, organization }));
      assert.equal(await remove("alice-read", "tiny-model", "alice"), 403);
      assert.equal(await remove("carol-write", "tiny-model", "alice"), 403);
      assert.equal(await remove("carol-write", "private-model", "alice"), 404);
      assert.equal(await remove("bob-write", "private-model", "acme"), 403);
      assert.equal(await remove("alice-write", "private-model", "acme"), 200);
      assert.equal(await remove("alice-write", "private-model", "acme"), 404);
      // A former name is not enough to take the repo away.
      assert.equal(await remove("alice-write", "old-model", "acme"), 404);
      assert.equal(await status(call("GET", "/api/models/acme/private-model", "alice-read")), 404);
    });

    it("are moved, and the old name leads to the new one", async () => {
      const move = (token: string, fromRepo: string, toRepo: string): Promise<number> =>
        status(call("POST", "/api/repos/move", token, { fromRepo, toRepo, type: "model" }));
      assert.equal(await move("carol-write", "alice/tiny-model", "carol/tiny-model"), 403);
      assert.equal(await move("alice-write", "alice/tiny-model", "carol/tiny-model"), 403);
      assert.equal(await move("alice-write", "alice/tiny-model", "acme/gated-auto"), 409);
      assert.equal(await move("alice-write", "alice/tiny-model", "alice/../x"), 400);
      assert.equal(await move("alice-write", "alice/tiny-model", "acme/moved"), 200);
      const old = await call("GET", "/api/models/alice/tiny-model/revision/main");
      await old.text();
      assert.deepEqual([old.status, old.headers.get("location")], [307, "/api/models/acme/moved/revision/main"]);
      assert.equal(await status(call("GET", "/api/models/acme/moved")), 200);
    });

    it("have their metadata looked at", async () => {
      const validate = (content: string): Promise<Response> =>
        call("POST", "/api/validate-yaml", undefined, { content, repoType: "model" });
      const good = "---\nlicense: mit\ntags:\n- a\nmodel-index:\n  - name: x\n---\n# T\n";
      assert.deepEqual(await read(validate(good)), { errors: [], warnings: [] });
      assert.equal(((await read(validate("# T")))["warnings"] as unknown[]).length, 1);
      for (const bad of ["---\nlicense mit\n---\n", "---\nlicense: mit\n", "---\na:\n\tb: c\n---\n"]) {
        const answer = await validate(bad);
        assert.equal(answer.status, 400);
        assert.equal(((await answer.json()) as { errors: unknown[] }).errors.length, 1);
      }
    });
  });

  describe("preupload", () => {
    const path = "/api/models/alice/tiny-model/preupload/main";
    const files = [{ path: "new.txt", size: 5, sample: base64("hello") }];

    it("tells how to send each file, what is there already, and what is left out", async () => {
      const answer = await read(
        call("POST", path, "alice-write", {
          files: [
            ...files,
            { path: "empty.txt", size: 0, sample: "" },
            { path: "model.safetensors", size: 9, sample: base64("x") },
            { path: "noise.log", size: 9, sample: base64("x") },
          ],
          gitIgnore: "*.log\n",
        }),
      );
      const told = answer["files"] as { uploadMode: string; shouldIgnore: boolean; oid: string | null }[];
      assert.deepEqual(
        told.map((one) => [one.uploadMode, one.shouldIgnore]),
        [
          ["regular", false],
          ["regular", false],
          ["lfs", false],
          ["regular", true],
        ],
      );
      assert.equal(told[0]?.oid, null);
      assert.equal(told[1]?.oid, "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
      assert.match(told[2]?.oid ?? "", /^[0-9a-f]{64}$/);
    });

    it("is for those who may write, or open a pull request", async () => {
      assert.equal(await status(call("POST", path, undefined, { files })), 401);
      assert.equal(await status(call("POST", path, "carol-write", { files })), 403);
      assert.equal(await status(call("POST", path, "alice-read", { files })), 403);
      assert.equal(await status(call("POST", `${path}?create_pr=1`, "carol-read", { files })), 200);
      assert.equal(await status(call("POST", path.replace("main", "nope"), "alice-write", { files })), 404);
      assert.equal(await status(call("POST", path.replace("main", "v1.0"), "alice-write", { files })), 400);
    });

    it("refuses what is no file", async () => {
      for (const bad of [{ path: "../x", size: 1 }, { path: "a", size: -1 }, { path: "a" }, "a"]) {
        assert.equal(await status(call("POST", path, "alice-write", { files: [bad] })), 400);
      }
      assert.equal(await status(call("POST", path, "alice-write", {})), 400);
    });
  });

  describe("large files", () => {
    type Action = { href: string };
    type Answer = { transfer: string; objects: { actions?: Record<string, Action>; error?: { code: number } }[] };
    const batch = async (token: string | undefined, body: unknown, repo = "alice/tiny-model"): Promise<Answer> =>
      (await read(call("POST", `/${repo}.git/info/lfs/objects/batch`, token, body))) as unknown as Answer;
    const put = (href: string, bytes: Uint8Array): Promise<Response> => fetch(href, { method: "PUT", body: bytes });
    const offerFor = async (bytes: Uint8Array): Promise<Record<string, Action>> => {
      const objects = [{ oid: sha256(bytes), size: bytes.length }];
      const answer = await batch("alice-write", { operation: "upload", transfers: ["basic", "multipart"], objects });
      assert.equal(answer.transfer, "basic");
      const actions = answer.objects[0]?.actions;
      assert.ok(actions);
      return actions;
    };

    it("are put on the hub without a token, checked, committed and read again", async () => {
      const bytes = randomBytes(300_000);
      const actions = await offerFor(bytes);
      assert.ok(actions["upload"]?.href.startsWith(`${hub.url}/`));
      assert.equal(await status(put(actions["upload"]?.href ?? "", bytes)), 200);
      const verify = (size: number): Promise<number> =>
        status(call("POST", actions["verify"]?.href ?? "", undefined, { oid: sha256(bytes), size }));
      assert.equal(await verify(bytes.length), 200);
      const again = { operation: "upload", objects: [{ oid: sha256(bytes), size: bytes.length }] };
      assert.equal((await batch("alice-write", again)).objects[0]?.actions, undefined);
      const lfs = { path: "deep/big file.dat", algo: "sha256", oid: sha256(bytes), size: bytes.length };
      const done = await commit("alice/tiny-model", "alice-write", [header, { key: "lfsFile", value: lfs }]);
      assert.equal(done.status, 200);
      await done.text();
      const got = await fetch(`${hub.url}/alice/tiny-model/resolve/main/deep/big%20file.dat`);
      assert.ok(Buffer.from(await got.arrayBuffer()).equals(bytes));
      assert.match(await text("/alice/tiny-model/raw/main/deep/big%20file.dat"), /^version https:\/\/git-lfs/);
      const attributes = await text("/alice/tiny-model/resolve/main/.gitattributes");
      assert.ok(attributes.endsWith("deep/big[[:space:]]file.dat filter=lfs diff=lfs merge=lfs -text\n"));
      const fetched = await batch(undefined, { ...again, operation: "download" });
      const download = await fetch(fetched.objects[0]?.actions?.["download"]?.href ?? "");
      assert.equal(sha256(Buffer.from(await download.arrayBuffer())), sha256(bytes));
    });

    it("are refused when the bytes are others than was said, and nothing is kept", async () => {
      const bytes = randomBytes(1000);
      const upload = (await offerFor(bytes))["upload"]?.href ?? "";
      assert.equal(await status(put(upload, randomBytes(1000))), 400);
      assert.equal(await status(put(upload, bytes.subarray(1))), 400);
      assert.equal(hub.model.storage.lfs.find(sha256(bytes)), undefined);
      const value = { path: "w.bin", algo: "sha256", oid: sha256(bytes), size: 1000 };
      assert.equal(await status(commit("alice/tiny-model", "alice-write", [header, { key: "lfsFile", value }])), 400);
      assert.equal(await status(put(upload, bytes)), 200);
      const wrong = { ...value, size: 999 };
      assert.equal(
        await status(commit("alice/tiny-model", "alice-write", [header, { key: "lfsFile", value: wrong }])),
        400,
      );
    });

    it("end where they were said to end, also without a length", async () => {
      const bytes = randomBytes(1000);
      const upload = new URL((await offerFor(bytes))["upload"]?.href ?? "");
      const answer = await new Promise<number | undefined>((resolve, reject) => {
        const sending = request(upload, { method: "PUT" }, (response) => {
          response.resume();
          resolve(response.statusCode);
          sending.destroy();
        });
        sending.on("error", reject);
        sending.write(bytes);
        // Never ended: the answer must come while the client still has more to say.
        sending.write(Buffer.alloc(100));
      });
      assert.equal(answer, 413);
      assert.equal(hub.model.storage.lfs.find(sha256(bytes)), undefined);
    });

    it("take no link that the hub did not sign for that very content", async () => {
      const bytes = randomBytes(100);
      const upload = new URL((await offerFor(bytes))["upload"]?.href ?? "");
      const other = new URL(upload);
      other.pathname = upload.pathname.replace(/[0-9a-f]{64}/, sha256(randomBytes(1)));
      assert.equal(await status(put(other.href, bytes)), 403);
      const larger = new URL(upload);
      larger.searchParams.set("size", "101");
      assert.equal(await status(put(larger.href, randomBytes(101))), 403);
      const later = new URL(upload);
      later.searchParams.set("Expires", "99999999999");
      assert.equal(await status(put(later.href, bytes)), 403);
    });

    it("ask for the rights that files of the repo ask for", async () => {
      const objects = [{ oid: "a".repeat(64), size: 1 }];
      const at = async (repo: string, token: string | undefined, operation: string): Promise<Response> =>
        call("POST", `/${repo}.git/info/lfs/objects/batch`, token, { operation, objects });
      const anonymous = await at("alice/private-model", undefined, "download");
      assert.equal(anonymous.status, 401);
      assert.match(anonymous.headers.get("www-authenticate") ?? "", /^Basic realm=/);
      assert.equal(typeof ((await anonymous.json()) as Record<string, unknown>)["message"], "string");
      assert.equal(await status(at("alice/tiny-model", undefined, "upload")), 401);
      assert.equal(await status(at("alice/tiny-model", "hf_bad", "download")), 401);
      assert.equal(await status(at("acme/gated-manual", "carol-read", "download")), 403);
      assert.equal(await status(at("alice/private-model", "carol-read", "download")), 404);
      assert.equal(await status(at("datasets/alice/tiny-dataset", "alice-write", "upload")), 200);
      assert.equal((await batch(undefined, { operation: "download", objects })).objects[0]?.error?.code, 404);
      assert.equal(await status(at("alice/tiny-model", "alice-write", "other")), 400);
      assert.equal(await status(call("POST", "/alice/tiny-model.git/info/lfs/locks/verify", "alice-write", {})), 404);
    });
  });

  describe("commits", () => {
    const repo = "alice/tiny-model";
    const heads = async (): Promise<string> =>
      ((await read(call("GET", `/api/models/${repo}`)))["sha"] as string | undefined) ?? "";

    it("add, overwrite and delete in one step, and tell where they are", async () => {
      const lines = [
        header,
        { key: "deletedFolder", value: { path: "onnx/" } },
        file("onnx/new.txt", "kept"),
        file("config.json", "{}"),
        { key: "deletedFile", value: { path: "tokenizer.json" } },
      ];
      const done = await read(commit(repo, "alice-write", lines));
      assert.equal(done["success"], true);
      assert.equal(done["commitUrl"], `${hub.url}/${repo}/commit/${String(done["commitOid"])}`);
      assert.equal(await heads(), done["commitOid"]);
      const tree = (await (await call("GET", `/api/models/${repo}/tree/main?recursive=true`)).json()) as {
        path: string;
      }[];
      const paths = tree.map((entry) => entry.path);
      assert.deepEqual(
        paths.filter((path) => path.startsWith("onnx")),
        ["onnx", "onnx/new.txt"],
      );
      assert.ok(!paths.includes("tokenizer.json"));
      assert.equal(await text(`/${repo}/resolve/main/config.json`), "{}");
      const [last] = (await (await call("GET", `/api/models/${repo}/commits/main`)).json()) as {
        title: string;
        authors: { user: string }[];
      }[];
      assert.deepEqual([last?.title, last?.authors[0]?.user], ["change", "alice"]);
    });

    it("come as one JSON object too", async () => {
      const body = {
        summary: "as json",
        description: "more",
        files: [{ path: "j.txt", content: "plain", encoding: "utf-8" }],
        deletedEntries: [{ path: "onnx" }],
      };
      assert.equal(await status(call("POST", `/api/models/${repo}/commit/main`, "alice-write", body)), 200);
      assert.equal(await text(`/${repo}/resolve/main/j.txt`), "plain");
      assert.equal(await status(call("GET", `/api/models/${repo}/tree/main/onnx`)), 404);
    });

    it("on a stale parent are refused", async () => {
      const parentCommit = await heads();
      const lines = [{ key: "header", value: { summary: "s", parentCommit } }, file("p.txt")];
      assert.equal(await status(commit(repo, "alice-write", lines)), 200);
      assert.equal(await status(commit(repo, "alice-write", lines)), 412);
      const short = [{ key: "header", value: { summary: "s", parentCommit: (await heads()).slice(0, 7) } }];
      assert.equal(await status(commit(repo, "alice-write", [...short, file("q.txt")])), 200);
    });

    it("of two at the same moment lose nothing", async () => {
      const names = Array.from({ length: 8 }, (_, index) => `same/${index}.txt`);
      const ends = await Promise.all(names.map((name) => status(commit(repo, "alice-write", [header, file(name)]))));
      assert.deepEqual(new Set(ends), new Set([200]));
      const tree = await call("GET", `/api/models/${repo}/tree/main/same`);
      assert.equal(((await tree.json()) as unknown[]).length, names.length);
    });

    it("that delete what is not there are refused", async () => {
      for (const [key, path] of [
        ["deletedFile", "nope"],
        ["deletedFile", "onnx"],
        ["deletedFolder", "config.json"],
        ["deletedEntry", "nope/deep"],
      ]) {
        const answer = await commit(repo, "alice-write", [header, { key, value: { path } }]);
        await answer.text();
        assert.deepEqual([answer.status, answer.headers.get("x-error-code")], [404, "EntryNotFound"]);
      }
    });

    it("with paths that leave the repo, or go into git's own, are refused and change nothing", async () => {
      const before = await heads();
      const paths = ["../x", "/etc/x", "a/../../x", "a\0b", ".git/config", "sub/.Git/hooks/post-checkout", "..\\x"];
      for (const path of paths) {
        assert.equal(await status(commit(repo, "alice-write", [header, file(path)])), 400);
        const value = { path, oid: "a".repeat(64), size: 1 };
        assert.equal(await status(commit(repo, "alice-write", [header, { key: "lfsFile", value }])), 400);
        assert.equal(
          await status(commit(repo, "alice-write", [header, { key: "deletedEntry", value: { path } }])),
          400,
        );
      }
      assert.equal(await heads(), before);
    });

    it("that are none are refused", async () => {
      const bad: unknown[][] = [
        [],
        [file("a")],
        [header, header],
        [{ key: "header", value: { summary: " " } }],
        [{ key: "header", value: { summary: "s", parentCommit: "../x" } }],
        [header, { key: "other", value: {} }],
        [header, "text"],
        [header, { key: "file", value: { path: "a" } }],
        [header, { key: "file", value: { path: "a", content: "x", encoding: "rot13" } }],
        [header, { key: "lfsFile", value: { path: "a", oid: "short", size: 1 } }],
        [header, { key: "lfsFile", value: { path: "a", oid: "a".repeat(64), size: 1.5 } }],
      ];
      for (const lines of bad) assert.equal(await status(commit(repo, "alice-write", lines)), 400);
    });

    it("ask for write permission", async () => {
      const lines = [header, file("w.txt")];
      assert.equal(await status(commit(repo, "alice-read", lines)), 403);
      assert.equal(await status(commit(repo, "carol-write", lines)), 403);
      assert.equal(await status(commit("alice/private-model", "alice-fine-one-repo", lines)), 200);
      assert.equal(await status(commit(repo, "alice-fine-one-repo", lines)), 403);
      assert.equal(await status(commit("acme/private-model", "bob-write", lines)), 200);
      assert.equal(await status(commit("acme/private-model", "dave-write", lines)), 403);
      assert.equal(await status(commit("acme/private-model", "carol-write", lines)), 404);
    });

    it("as pull requests leave the branch alone, and their author goes on with them", async () => {
      const before = await heads();
      const lines = [header, file("pr.txt", "from carol")];
      const done = await read(commit(repo, "carol-read", lines, "?create_pr=1"));
      assert.equal(done["pullRequestUrl"], `${hub.url}/${repo}/discussions/2`);
      assert.equal(await heads(), before);
      assert.equal(await text(`/${repo}/resolve/refs%2Fpr%2F2/pr.txt`), "from carol");
      const onto = (token: string): Promise<number> =>
        status(
          call("POST", `/api/models/${repo}/commit/refs%2Fpr%2F2`, token, {
            summary: "more",
            files: [{ path: "pr2.txt", content: "x" }],
          }),
        );
      assert.equal(await onto("carol-read"), 200);
      assert.equal(await onto("erin-write"), 403);
      assert.equal(await onto("alice-write"), 200);
      const model = hub.model.repos.get("models/alice/tiny-model");
      assert.ok(model);
      model.discussionsDisabled = true;
      assert.equal(await status(commit(repo, "carol-read", lines, "?create_pr=1")), 403);
      assert.equal(await status(commit("acme/gated-manual", "carol-read", lines, "?create_pr=1")), 403);
    });

    it("keep large files that came inside the commit as large files", async () => {
      const big = "a".repeat(10 * 1024 * 1024 + 1);
      assert.equal(await status(commit(repo, "alice-write", [header, file("inline.txt", big)])), 200);
      assert.match(await text(`/${repo}/raw/main/inline.txt`), new RegExp(`oid sha256:${sha256(Buffer.from(big))}`));
    });
  });

  describe("branches and tags", () => {
    const api = "/api/models/alice/tiny-model";
    it("are made, refused a second time, and deleted", async () => {
      const at = (method: string, path: string, body: unknown = {}, token = "alice-write"): Promise<number> =>
        status(call(method, api + path, token, body));
      assert.equal(await at("POST", "/branch/a%2Fb", { startingPoint: "v0.9" }), 200);
      assert.equal(await at("POST", "/branch/a%2Fb"), 409);
      assert.equal(await at("POST", "/branch/a%2Fb", { overwrite: true, emptyBranch: true }), 200);
      const tree = await call("GET", `${api}/tree/a%2Fb`);
      assert.deepEqual(await tree.json(), []);
      assert.equal(await at("POST", "/branch/c", { startingPoint: "nope" }), 404);
      assert.equal(await at("POST", "/branch/c", {}, "alice-read"), 403);
      for (const name of ["a..b", "refs%2Fheads%2Fx", "a%00b", "-%20x", "a.lock"]) {
        assert.equal(await at("POST", `/branch/${name}`), 400);
      }
      assert.equal(await at("DELETE", "/branch/a%2Fb", {}, "carol-write"), 403);
      assert.equal(await at("DELETE", "/branch/a%2Fb"), 200);
      assert.equal(await at("DELETE", "/branch/a%2Fb"), 404);
      assert.equal(await at("DELETE", "/branch/main"), 403);
      assert.equal(await at("POST", "/tag/v0.9", { tag: "t/1", message: "annotated" }), 200);
      assert.equal(await at("POST", "/tag/main", { tag: "t/1" }), 409);
      assert.equal(await at("POST", "/tag/main", { tag: "../x" }), 400);
      assert.equal(await status(call("GET", `${api}/revision/t%2F1`)), 200);
      assert.equal(await at("DELETE", "/tag/t%2F1"), 200);
      assert.equal(await at("DELETE", "/tag/t%2F1"), 404);
    });

    it("lose their past when squashed, and nothing else", async () => {
      const before = await text("/alice/tiny-model/resolve/main/config.json");
      assert.equal(await status(call("POST", `${api}/super-squash/main`, "alice-write", { message: "all" })), 200);
      const commits = (await (await call("GET", `${api}/commits/main`)).json()) as { title: string }[];
      assert.deepEqual(
        commits.map((one) => one.title),
        ["all"],
      );
      assert.equal(await text("/alice/tiny-model/resolve/main/config.json"), before);
    });
  });
});
