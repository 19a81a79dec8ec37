import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { LocalhubOptions } from "../../src/localhub/index.ts";
import type { World } from "../support/world.ts";
import { PYTHON_VERSIONS } from "./environments.ts";
import type { Row } from "./table.ts";

/** As long as a name may be on most file systems, in bytes and not in letters. */
const LONGEST = `${"é".repeat(126)}.md`;
/** A `.metadata` is put behind it in a folder of one's own, by every client. */
const LONGEST_LOCAL = `${"é".repeat(120)}.local`;

/** Names that an address, a shell, a pattern or a file system has its own thoughts about. */
const NAMES = [
  "with space.txt",
  "two  blanks/and a folder/x y.bin",
  "hash#tag.txt",
  "100%.txt",
  "100%25.txt",
  "what?.txt",
  "a?b=c&d+e;f,g@h.txt",
  "star*[set]!.txt",
  'quote\'d "twice".txt',
  // One looks as the other: the letter as one code point, and as two.
  "caf\u00e9.txt",
  "cafe\u0301.txt",
  "日本語/ファイル 💾.bin",
  "-dash.txt",
  ".hidden",
  "sub/.hidden/~tilde",
  LONGEST,
  LONGEST_LOCAL,
];

const content = (name: string): string => `the file ${name}\n`;

const hub = (names: readonly string[]): LocalhubOptions => ({
  seed: {
    users: [{ name: "alice" }],
    repos: [
      {
        id: "alice/names",
        commits: [
          {
            message: "one",
            // Every other one large enough for its sha256 to be its name.
            files: Object.fromEntries(names.map((name, at) => [name, { text: content(name), lfs: at % 2 === 1 }])),
          },
        ],
      },
    ],
  },
});
const inCache = hub(NAMES);
const inFolder = hub(NAMES.filter((name) => name !== LONGEST));

const COUNT = 2000;
const MANY: LocalhubOptions = {
  seed: {
    users: [{ name: "alice" }],
    repos: [
      {
        id: "alice/many",
        commits: [
          {
            message: "one",
            files: Object.fromEntries(
              Array.from({ length: COUNT }, (_, at) => [`part-${at % 20}/${at}.json`, { size: 300, seed: at + 1 }]),
            ),
          },
        ],
      },
    ],
  },
};

function assertContents(folder: string, names: readonly string[]): void {
  for (const name of names) assert.equal(readFileSync(join(folder, name), "utf8"), content(name), name);
}

/** Requests for content since the journal was cleared. */
function transfers({ hub }: World): string[] {
  return hub.journal.entries
    .filter(({ method, origin, url }) => method === "GET" && (origin === "cdn" || url.includes("/resolve")))
    .map(({ url }) => url);
}

/** Our program, which must do what it is asked; answers what it prints. */
async function ours(world: World, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const done = await world.hf(args, { env });
  assert.equal(done.exit, 0, done.stderr);
  return done.stdout.trimEnd();
}

const PYTHON_SNAPSHOT = (repo: string, more = ""): string => `
from huggingface_hub import snapshot_download, scan_cache_dir
folder = snapshot_download("${repo}"${more})
print(json.dumps([folder, [str(one) for one in scan_cache_dir().warnings]]))`;

const JS_SNAPSHOT = (repo: string, revision = "main"): string => `
console.debug = () => {};
console.log(JSON.stringify(await hf.snapshotDownload({ repo: "${repo}", revision: "${revision}", hubUrl: process.env.HUB })));`;

function rowsOf(version: string): Row[] {
  const who = `Python ${version}`;
  return [
    {
      name: "our files of every kind of name are cache hits for Python, all together and each by its own, offline too",
      who,
      hub: inCache,
      run: async (world) => {
        const folder = await ours(world, ["download", "alice/names", "--quiet"]);
        assertContents(folder, NAMES);
        world.hub.journal.clear();
        assert.deepEqual(await world.python(version, PYTHON_SNAPSHOT("alice/names")), [folder, []]);
        assert.deepEqual(transfers(world), []);
        const each = `
import sys
from huggingface_hub import hf_hub_download
print(json.dumps([hf_hub_download("alice/names", name) for name in json.loads(sys.stdin.read())]))`;
        const env = { HF_HUB_OFFLINE: "1" };
        const paths = await world.python(version, each, { env, input: JSON.stringify(NAMES) });
        assert.deepEqual(
          paths,
          NAMES.map((name) => `${folder}/${name}`),
        );
      },
    },
    {
      name: "Python's files of every kind of name are cache hits for ours, all together and each by its own",
      who,
      hub: inCache,
      run: async (world) => {
        const [folder] = (await world.python(version, PYTHON_SNAPSHOT("alice/names"))) as [string];
        world.hub.journal.clear();
        assert.equal(await ours(world, ["download", "alice/names", "--quiet"]), folder);
        assert.deepEqual(transfers(world), []);
        assertContents(folder, NAMES);
        for (const name of NAMES.slice(0, 8)) {
          assert.equal(
            await ours(world, ["download", "alice/names", name, "--offline", "--quiet"]),
            `${folder}/${name}`,
          );
        }
      },
    },
    {
      name: "a local dir with every kind of name moves no content for the other, both ways",
      who,
      hub: inFolder,
      run: async (world) => {
        const names = NAMES.filter((name) => name !== LONGEST);
        const python = async (dir: string): Promise<void> => {
          const done = await world.pythonHf(version, ["download", "alice/names", "--local-dir", dir, "--quiet"]);
          assert.equal(done.exit, 0, done.stderr);
        };
        const own = async (dir: string): Promise<void> => {
          await ours(world, ["download", "alice/names", "--local-dir", dir, "--quiet"]);
        };
        for (const [first, second] of [
          [own, python],
          [python, own],
        ] as const) {
          const dir = join(world.folder, first === own ? "ours" : "theirs");
          await first(dir);
          world.hub.journal.clear();
          await second(dir);
          assert.deepEqual(transfers(world), []);
          assertContents(dir, names);
        }
      },
    },
    {
      name: "refs/pr/1 is one snapshot for both, whoever brought it: offline by its ref, and without a scan warning",
      who,
      run: async (world) => {
        const revision = ', revision="refs/pr/1"';
        const words = ["download", "alice/tiny-model", "--revision", "refs/pr/1", "--quiet"];
        const offline = { HF_HUB_OFFLINE: "1" };
        for (const home of ["ours-first", "theirs-first"]) {
          const env = { HF_HOME: join(world.folder, home) };
          const code = PYTHON_SNAPSHOT("alice/tiny-model", revision);
          const first =
            home === "ours-first"
              ? await ours(world, words, env)
              : ((await world.python(version, code, { env })) as [string])[0];
          world.hub.journal.clear();
          const second =
            home === "ours-first"
              ? await world.python(version, code, { env: { ...env, ...offline } })
              : [await ours(world, words, { ...env, ...offline }), []];
          assert.deepEqual(second, [first, []]);
          assert.equal(world.hub.journal.entries.length, 0);
          const ref = readFileSync(join(env.HF_HOME, "hub/models--alice--tiny-model/refs/refs/pr/1"), "utf8");
          assert.equal(first.split("/").at(-1), ref);
          assert.match(readFileSync(join(first, "README.md"), "utf8"), /Tiny model/);
        }
      },
    },
    {
      name: `a repo of ${COUNT} files from us is Python's, offline and without a scan warning`,
      who,
      hub: MANY,
      run: async (world) => {
        const folder = await ours(world, ["download", "alice/many", "--quiet"]);
        const env = { HF_HUB_OFFLINE: "1" };
        assert.deepEqual(await world.python(version, PYTHON_SNAPSHOT("alice/many"), { env }), [folder, []]);
        assert.equal(readdirSync(join(folder, "part-7")).length, COUNT / 20);
      },
    },
  ];
}

export const namesRows: readonly Row[] = [
  ...PYTHON_VERSIONS.flatMap(rowsOf),
  {
    // By one version alone: it takes Python longer than all of the rest of this file.
    name: `a repo of ${COUNT} files from Python is ours with one request, and none offline`,
    who: `Python ${PYTHON_VERSIONS[1]}`,
    hub: MANY,
    run: async (world) => {
      const [folder] = (await world.python(PYTHON_VERSIONS[1], PYTHON_SNAPSHOT("alice/many", ", max_workers=32"))) as [
        string,
      ];
      world.hub.journal.clear();
      assert.equal(await ours(world, ["download", "alice/many", "--quiet"]), folder);
      assert.equal(world.hub.journal.entries.length, 1);
      assert.equal(await ours(world, ["download", "alice/many", "--quiet", "--offline"]), folder);
      assert.equal(world.hub.journal.entries.length, 1);
    },
  },
  {
    name: "our files of every kind of name are JavaScript's",
    who: "@huggingface/hub",
    hub: inCache,
    run: async (world) => {
      const folder = await ours(world, ["download", "alice/names", "--quiet"]);
      world.hub.journal.clear();
      assert.equal(await world.js(JS_SNAPSHOT("alice/names")), folder);
      assert.deepEqual(transfers(world), []);
    },
  },
  {
    // It puts paths into addresses as they are, so it can't ask for names with `?`, `#` or `%` itself.
    name: "JavaScript's files of the names that it can ask for are ours",
    who: "@huggingface/hub",
    hub: hub(NAMES.filter((name) => !/[?#%]/.test(name))),
    run: async (world) => {
      const theirs = String(await world.js(JS_SNAPSHOT("alice/names")));
      world.hub.journal.clear();
      assert.equal(await ours(world, ["download", "alice/names", "--quiet"]), theirs);
      assert.deepEqual(transfers(world), []);
      assertContents(
        theirs,
        NAMES.filter((name) => !/[?#%]/.test(name)),
      );
    },
  },
  {
    name: "refs/pr/1 is one snapshot for both, whoever brought it",
    who: "@huggingface/hub",
    run: async (world) => {
      const code = JS_SNAPSHOT("alice/tiny-model", "refs/pr/1");
      const words = ["download", "alice/tiny-model", "--revision", "refs/pr/1", "--quiet"];
      const env = { HF_HOME: join(world.folder, "theirs-first") };
      const folder = await ours(world, words);
      world.hub.journal.clear();
      assert.equal(await world.js(code), folder);
      assert.deepEqual(transfers(world), []);
      // The names of the usual seed have a `#`, for which it asks the wrong address: no more of it than it can bring.
      const one = `await hf.downloadFileToCacheDir({ repo: "alice/tiny-model", path: "README.md", revision: process.env.COMMIT, hubUrl: process.env.HUB })`;
      const commit = folder.split("/").at(-1) ?? "";
      const path = await world.js(`console.debug = () => {};\nconsole.log(JSON.stringify(${one}));`, {
        env: { ...env, COMMIT: commit },
      });
      world.hub.journal.clear();
      assert.equal(await ours(world, [...words.slice(0, 2), "README.md", "--revision", commit, "--quiet"], env), path);
      assert.deepEqual(transfers(world), []);
    },
  },
];
