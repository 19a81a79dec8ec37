// Builds everything: `build/` (all sources and tests, as the test runner runs them), `dist/lib` (the library as it is
// published) and `dist/bin` (the programs, each one CommonJS file, because that starts a fifth faster than modules).
import { spawnSync } from "node:child_process";
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);

rmSync("build", { recursive: true, force: true });
rmSync("dist", { recursive: true, force: true });
// The library first: the examples import it as its users do.
tsc("tsconfig.lib.json");
tsc("tsconfig.json");

// Four files, each read only when it is needed: `hf.cjs` answers `version` alone, `hf-auth.cjs` and `hf-ready.cjs` what
// shells, git and scripts call over and over, `hf-app.cjs` everything else. They are required, not imported: the first
// import() of a program starts Node's loader of modules, which takes 50 ms.
const BESIDE = { "app.ts": "hf-app", "auth-at-once.ts": "hf-auth", "ready-at-once.ts": "hf-ready" };
const beside = {
  name: "beside",
  setup(build) {
    build.onResolve({ filter: /\.ts$/ }, (args) => {
      const file = BESIDE[args.path.split("/").at(-1)];
      return args.kind === "dynamic-import" && file !== undefined ? { path: file, namespace: "beside" } : undefined;
    });
    build.onLoad({ filter: /.*/, namespace: "beside" }, ({ path }) => ({
      contents: `module.exports = require("./${path}.cjs");`,
    }));
    build.onResolve({ filter: /^\.\/hf-[a-z]+\.cjs$/ }, ({ path }) => ({ path, external: true }));
  },
};
/**
 * Before anything else of a program: an older Node fails at some function that it does not have, in the middle of a
 * page of minified source. Written so that a Node of any age can read it.
 */
const OLD_NODE = [
  'var nodeVersion=process.versions.node.split(".").map(Number);',
  "if(nodeVersion[0]<20||(nodeVersion[0]===20&&nodeVersion[1]<19)){",
  'console.error("Error: This program needs Node 20.19 or newer, and this is Node "+process.versions.node+".");',
  'console.error("Next: Install a newer Node (https://nodejs.org), or change to one: nvm install 22");',
  "process.exit(1);}",
].join("");

const common = {
  bundle: true,
  platform: "node",
  target: "node20.19",
  format: "cjs",
  // Names too: what is not there need not be read at each start. No stack of these files is ever shown to anybody.
  minify: true,
  legalComments: "none",
  metafile: true,
  // The library's way to say where it is. The programs have another, and never ask for this one.
  define: { "import.meta.url": '""' },
};
const built = await Promise.all([
  bundle("bin/hf.ts", "dist/bin/hf.cjs", [beside]),
  bundle("src/cli/auth-at-once.ts", "dist/bin/hf-auth.cjs", [beside]),
  bundle("src/cli/ready-at-once.ts", "dist/bin/hf-ready.cjs", [beside]),
  bundle("src/cli/app.ts", "dist/bin/hf-app.cjs", []),
  bundle("bin/localhub.ts", "dist/bin/localhub.cjs", []),
]);
for (const name of ["hf", "localhub"]) chmodSync(`dist/bin/${name}.cjs`, 0o755);
writeFileSync("dist/bin/THIRD-PARTY.txt", notices(built));

function tsc(project) {
  const result = spawnSync(process.execPath, [join("node_modules", "typescript", "bin", "tsc"), "-p", project], {
    stdio: "inherit",
  });
  if (result.status !== 0) process.exit(1);
}

async function bundle(entry, outfile, plugins) {
  // The others are required by the first, which has looked at the version already.
  const old = entry.startsWith("bin/") ? OLD_NODE : "";
  const shebang = entry.startsWith("bin/") ? "#!/usr/bin/env node\n" : "";
  const options = {
    ...common,
    banner: { js: shebang + '"use strict";' + old },
    entryPoints: [entry],
    outfile,
    plugins,
  };
  const result = await esbuild.build(options);
  return result.metafile;
}

/** The licences of the packages whose code is inside the bundles. */
function notices(metafiles) {
  const packages = new Set();
  for (const { inputs } of metafiles) {
    for (const input of Object.keys(inputs)) {
      const match = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
      if (match !== null) packages.add(match[1]);
    }
  }
  return [...packages]
    .toSorted()
    .map((name) => {
      const folder = join("node_modules", name);
      const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
      const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
      const text = file === undefined ? "" : readFileSync(join(folder, file), "utf8").trim();
      return `${name} ${version} (${license})\n\n${text}\n`;
    })
    .join(`\n${"-".repeat(80)}\n\n`);
}
