import { execFile } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export const PYTHON_VERSIONS = ["1.33.0", "2.0.0"] as const;
const HF_XET = "1.6.0";
const JS_VERSION = "2.17.5";

export interface Environments {
  /** Python program of each virtual environment, by the version of huggingface_hub in it. */
  readonly python: ReadonlyMap<string, string>;
  /** Folder in whose `node_modules` the JavaScript client is. */
  readonly js: string;
}

/**
 * Makes the clients' environments below `folder`, once: a finished one is used again. Each is made by its ordinary
 * package manager from the registry that this machine is set up for.
 * @throws when a registry can't be reached
 */
export async function makeEnvironments(folder: string): Promise<Environments> {
  mkdirSync(folder, { recursive: true });
  const python = new Map<string, string>();
  for (const version of PYTHON_VERSIONS) python.set(version, await makePython(folder, version));
  return { python, js: await makeJs(folder) };
}

async function makePython(folder: string, version: string): Promise<string> {
  const home = join(folder, `python-${version}`);
  const program = join(home, "bin", "python");
  await makeOnce(home, async () => {
    await run("python3", ["-m", "venv", home], { timeout: 120_000 });
    const packages = [`huggingface_hub==${version}`, `hf_xet==${HF_XET}`];
    await run(program, ["-m", "pip", "install", "--quiet", ...packages], { timeout: 300_000 });
  });
  return program;
}

async function makeJs(folder: string): Promise<string> {
  const home = join(folder, `js-${JS_VERSION}`);
  await makeOnce(home, async () => {
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, "package.json"), JSON.stringify({ private: true, type: "module" }));
    await run("npm", ["install", "--silent", "--ignore-scripts", "--no-audit", `@huggingface/hub@${JS_VERSION}`], {
      cwd: home,
      timeout: 300_000,
    });
  });
  return home;
}

async function makeOnce(home: string, make: () => Promise<void>): Promise<void> {
  const done = join(home, ".complete");
  if (existsSync(done)) return;
  rmSync(home, { recursive: true, force: true });
  await make();
  writeFileSync(done, "");
}
