import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PYTHON_VERSIONS } from "./environments.ts";
import type { Row } from "./table.ts";

const GATED_CALL = (repo: string, token: string): string => `
from huggingface_hub import hf_hub_download
try:
    hf_hub_download(${JSON.stringify(repo)}, "config.json", token=${token})
    print(json.dumps("no error"))
except Exception as error:
    print(json.dumps(type(error).__name__))
`;

/** What Python raises, by repo, file, revision and token of the seed. */
const REFUSALS: readonly { repo: string; token?: string; file?: string; revision?: string; error: string }[] = [
  { repo: "acme/gated-manual", error: "GatedRepoError" },
  { repo: "carol/gated-model", token: "bob-read", error: "GatedRepoError" },
  { repo: "acme/gated-manual", token: "carol-read", error: "GatedRepoError" },
  { repo: "alice/private-model", error: "RepositoryNotFoundError" },
  { repo: "alice/private-model", token: "carol-read", error: "RepositoryNotFoundError" },
  { repo: "alice/no-such-model", token: "alice-read", error: "RepositoryNotFoundError" },
  { repo: "alice/tiny-model", token: "alice-read", revision: "nowhere", error: "RevisionNotFoundError" },
  { repo: "alice/tiny-model", token: "alice-read", file: "missing.bin", error: "RemoteEntryNotFoundError" },
];

function pythonRows(version: string): Row[] {
  const who = `Python ${version}`;
  return [
    {
      name: "whoami",
      who,
      run: async (world) => {
        const code = `from huggingface_hub import whoami\nprint(json.dumps(whoami(token=${JSON.stringify(world.token("alice-read"))})))`;
        const answer = (await world.python(version, code)) as { name: string; orgs: { name: string }[] };
        assert.equal(answer.name, "alice");
        assert.deepEqual(
          answer.orgs.map((org) => org.name),
          ["acme"],
        );
      },
    },
    {
      name: "model_info and list_repo_tree agree on every file",
      who,
      run: async (world) => {
        const code = `
from huggingface_hub import model_info, list_repo_tree
info = model_info("alice/tiny-model", files_metadata=True)
tree = [e.path for e in list_repo_tree("alice/tiny-model", recursive=True) if hasattr(e, "blob_id")]
print(json.dumps([sorted(s.rfilename for s in info.siblings), sorted(tree), info.sha]))`;
        const [siblings, tree, sha] = (await world.python(version, code)) as [string[], string[], string];
        assert.deepEqual(siblings, tree);
        assert.ok(tree.includes("onnx/model.onnx"));
        assert.match(sha, /^[0-9a-f]{40}$/);
      },
    },
    {
      name: "hf_hub_download of a plain and of an LFS file",
      who,
      run: async (world) => {
        const code = `
import hashlib
from huggingface_hub import hf_hub_download, get_hf_file_metadata, hf_hub_url
path = hf_hub_download("alice/tiny-model", "model.safetensors")
meta = get_hf_file_metadata(hf_hub_url("alice/tiny-model", "model.safetensors"))
print(json.dumps([hashlib.sha256(open(path, "rb").read()).hexdigest(), meta.etag, open(hf_hub_download("alice/tiny-model", "config.json")).read()]))`;
        const [sum, etag, config] = (await world.python(version, code)) as [string, string, string];
        assert.equal(sum, etag);
        assert.match(config, /TinyModel/);
      },
    },
    {
      name: "snapshot_download of a gated model that is granted",
      who,
      run: async (world) => {
        const code = `
import os
from huggingface_hub import snapshot_download
print(json.dumps(sorted(os.listdir(snapshot_download("acme/gated-manual", token=${JSON.stringify(world.token("alice-read"))})))))`;
        const names = (await world.python(version, code)) as string[];
        assert.ok(names.includes("model.safetensors") && names.includes("config.json"));
      },
    },
    {
      name: "refusals map to the right classes",
      who,
      run: async (world) => {
        for (const { repo, token, file = "config.json", revision = "main", error } of REFUSALS) {
          const value = token === undefined ? "False" : JSON.stringify(world.token(token));
          const code = GATED_CALL(repo, value)
            .replace('"config.json"', JSON.stringify(file))
            .replace("token=", `revision=${JSON.stringify(revision)}, token=`);
          const raised = await world.python(version, code);
          const wanted =
            error === "RemoteEntryNotFoundError" ? ["RemoteEntryNotFoundError", "EntryNotFoundError"] : [error];
          assert.ok(wanted.includes(String(raised)), `${repo} ${file}@${revision}: ${String(raised)}, not ${error}`);
        }
      },
    },
    {
      name: "create_repo, upload_file, upload_folder; we download what was uploaded",
      who,
      run: async (world) => {
        const folder = join(world.folder, "upload");
        mkdirSync(join(folder, "sub"), { recursive: true });
        writeFileSync(join(folder, "config.json"), '{"a":1}');
        writeFileSync(join(folder, "sub", "weights.bin"), Buffer.alloc(300_000, 7));
        writeFileSync(join(folder, "empty.txt"), "");
        const code = `
from huggingface_hub import HfApi
api = HfApi(token=${JSON.stringify(world.token("alice-write"))})
api.create_repo("alice/made", private=True)
api.upload_file(path_or_fileobj=b"hello", path_in_repo="hello.txt", repo_id="alice/made")
api.upload_folder(folder_path=${JSON.stringify(folder)}, repo_id="alice/made")
print(json.dumps(sorted(api.list_repo_files("alice/made"))))`;
        // The plain way of clients that have no hf_xet; the other one has its own rows.
        const files = (await world.python(version, code, { env: { HF_HUB_DISABLE_XET: "1" } })) as string[];
        for (const name of ["config.json", "empty.txt", "hello.txt", "sub/weights.bin"])
          assert.ok(files.includes(name), name);
        const got = await world.hf(["download", "alice/made", "--quiet"], {
          env: { HF_TOKEN: world.token("alice-read") },
        });
        assert.equal(got.exit, 0, got.stderr);
      },
    },
  ];
}

const jsRows: Row[] = [
  {
    name: "whoAmI, modelInfo, listFiles",
    who: "JavaScript",
    run: async (world) => {
      const code = `
const hubUrl = process.env.HUB, accessToken = process.env.TOKEN;
const me = await hf.whoAmI({ hubUrl, accessToken });
const info = await hf.modelInfo({ name: "alice/tiny-model", hubUrl, accessToken });
const files = [];
for await (const file of hf.listFiles({ repo: "alice/tiny-model", recursive: true, hubUrl, accessToken })) files.push(file.path);
console.log(JSON.stringify([me.name, info.name, files]));`;
      const [me, name, files] = (await world.js(code, { env: { TOKEN: world.token("alice-read") } })) as [
        string,
        string,
        string[],
      ];
      assert.equal(me, "alice");
      assert.equal(name, "alice/tiny-model");
      assert.ok(files.includes("config.json"));
    },
  },
  {
    name: "downloadFile and snapshotDownload",
    who: "JavaScript",
    run: async (world) => {
      const code = `
import { readdirSync } from "node:fs";
const hubUrl = process.env.HUB;
const file = await hf.downloadFile({ repo: "alice/tiny-model", path: "model.safetensors", hubUrl });
const bytes = (await file.arrayBuffer()).byteLength;
// A revision without an empty file: this client asks every file for its first byte, which an empty one has not.
const path = await hf.snapshotDownload({ repo: "alice/tiny-model", revision: "v0.9", hubUrl, cacheDir: process.env.HF_HOME + "/js-hub" });
console.log(JSON.stringify([bytes, readdirSync(path)]));`;
      const [bytes, names] = (await world.js(code)) as [number, string[]];
      assert.equal(bytes, 1024 * 1024 + 17);
      assert.ok(names.includes("tokenizer.json"));
    },
  },
  {
    name: "refusals carry the Hub's status",
    who: "JavaScript",
    run: async (world) => {
      const code = `
const hubUrl = process.env.HUB;
const ask = async (repo, accessToken) => {
  try { await hf.downloadFile({ repo, path: "config.json", hubUrl, accessToken }); return "no error"; }
  catch (error) { return [error.statusCode, error.message]; }
};
console.log(JSON.stringify([await ask("acme/gated-manual"), await ask("carol/gated-model", process.env.TOKEN), await ask("alice/private-model", process.env.TOKEN)]));`;
      const answers = (await world.js(code, { env: { TOKEN: world.token("bob-read") } })) as [number, string][];
      assert.deepEqual(
        answers.map((answer) => answer[0]),
        [401, 403, 404],
      );
    },
  },
  {
    name: "createRepo and uploadFiles; we download what was uploaded",
    who: "JavaScript",
    run: async (world) => {
      const code = `
const hubUrl = process.env.HUB, accessToken = process.env.TOKEN;
await hf.createRepo({ repo: "alice/made-js", hubUrl, accessToken });
await hf.uploadFiles({ repo: "alice/made-js", hubUrl, accessToken, useXet: false, files: [
  { path: "notes.txt", content: new Blob(["hello"]) },
  { path: "weights.bin", content: new Blob([new Uint8Array(300000).fill(9)]) } ] });
console.log(JSON.stringify("done"));`;
      await world.js(code, { env: { TOKEN: world.token("alice-write") } });
      const got = await world.hf(["download", "alice/made-js", "weights.bin", "--quiet"], {
        env: { HF_TOKEN: world.token("alice-read") },
      });
      assert.equal(got.exit, 0, got.stderr);
    },
  },
];

const gitRows: Row[] = [
  {
    name: "clone of a private repo with the credential that login stored",
    who: "git",
    run: async (world) => {
      await world.git(["config", "--global", "credential.helper", "store"]);
      const login = await world.hf(["auth", "login", "--token-stdin", "--add-to-git-credential"], {
        input: world.token("alice-read"),
      });
      assert.equal(login.exit, 0, login.stderr);
      const clone = await world.git(["clone", "--quiet", `${world.hub.url}/alice/private-model`, "cloned"]);
      assert.equal(clone.exit, 0, clone.stderr);
      const log = await world.git(["-C", "cloned", "ls-files"]);
      assert.match(log.stdout, /config\.json/);
      const foreign = await world.git(["clone", "--quiet", `${world.hub.url}/carol/gated-model`, "refused"]);
      assert.notEqual(foreign.exit, 0);
    },
  },
];

export const wireRows: readonly Row[] = [...PYTHON_VERSIONS.flatMap(pythonRows), ...jsRows, ...gitRows];
