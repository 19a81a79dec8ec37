// Packs the package, installs the tarball into an empty folder without running scripts, and uses it as a stranger
// would: the program starts, every exported subpath imports, a TypeScript consumer compiles.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const work = mkdtempSync(join(tmpdir(), "latchkey-pack-"));

try {
  const packed = JSON.parse(run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", work], root));
  const { filename, files, size } = packed[0] ?? Object.values(packed)[0];
  const strays = files.map((file) => file.path).filter((path) => /\.test\.|\.map$|^src\/|^build\//.test(path));
  const natives = files.map((file) => file.path).filter((path) => path.endsWith(".node"));
  if (natives.length > 0) fail(`the tarball holds a binary: ${natives.join(", ")}`);
  if (strays.length > 0) fail(`the tarball holds what nobody needs: ${strays.join(", ")}`);

  const consumer = join(work, "consumer");
  mkdirSync(consumer);
  writeFileSync(join(consumer, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
  // Without the optional package and without any script: the program must do without both.
  const without = ["--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund"];
  run("npm", ["install", ...without, join(work, filename)], consumer);
  if (existsSync(join(consumer, "node_modules/@napi-rs"))) fail("the optional package was installed all the same");
  const asked = spawnSync(
    join(consumer, "node_modules/.bin/hf"),
    ["auth", "login", "--store", "keychain", "--token-stdin"],
    {
      input: "hf_x",
      encoding: "utf8",
      env: { ...process.env, HF_HOME: join(work, "home") },
    },
  );
  if (asked.status !== 6 || !asked.stderr.includes("@napi-rs/keyring is not installed"))
    fail(`without the optional package the keychain says: ${asked.status} ${asked.stderr}`);

  for (const program of ["hf", "huggingface-cli", "latchkey"]) {
    const version = run(join(consumer, "node_modules/.bin", program), ["version"], consumer).trim();
    if (version !== manifest.version) fail(`${program} version says ${version}, package.json says ${manifest.version}`);
  }
  run(join(consumer, "node_modules/.bin/hf"), ["--help"], consumer);
  run(join(consumer, "node_modules/.bin/localhub"), ["--help"], consumer);

  const subpaths = Object.keys(manifest.exports).filter((path) => path !== "./package.json");
  for (const subpath of subpaths) {
    const name = manifest.name + subpath.slice(1);
    const code = `const m = await import(${JSON.stringify(name)}); if (Object.keys(m).length === 0) throw new Error("empty")`;
    run(process.execPath, ["--input-type=module", "-e", code], consumer);
  }

  const imports = subpaths.map((path, i) => `import * as m${i} from "${manifest.name + path.slice(1)}";`);
  const use = readFileSync(join(root, "examples/five-lines.ts"), "utf8");
  writeFileSync(
    join(consumer, "subpaths.ts"),
    `${imports.join("\n")}\nexport const all = [${subpaths.map((_, i) => `m${i}`)}];\n`,
  );
  writeFileSync(join(consumer, "use.ts"), use);
  mkdirSync(join(consumer, "node_modules/@types"), { recursive: true });
  symlinkSync(join(root, "node_modules/@types/node"), join(consumer, "node_modules/@types/node"));
  symlinkSync(join(root, "node_modules/undici-types"), join(consumer, "node_modules/undici-types"));
  const flags = [
    "--ignoreConfig",
    "--noEmit",
    "--strict",
    "--module",
    "nodenext",
    "--target",
    "es2022",
    "--types",
    "node",
  ];
  run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), ...flags, "subpaths.ts", "use.ts"], consumer);

  process.stdout.write(
    `packing: ${filename}, ${files.length} files, ${(size / 1024).toFixed(0)} KB; ` +
      `3 programs start, ${subpaths.length} subpaths import, a TypeScript consumer compiles\n`,
  );
} finally {
  rmSync(work, { recursive: true, force: true });
}

function run(program, args, cwd) {
  return execFileSync(program, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

function fail(message) {
  throw new Error(message);
}
