import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "../test/support/root.ts";

/** Programs of this machine that are measured beside ours. */
export interface Peers {
  /** `hf` of Python's huggingface_hub. */
  readonly pythonHf: string | undefined;
  /** The same of an older one, of which many are in use. */
  readonly olderHf: string | undefined;
  readonly curl: string | undefined;
  readonly wget: string | undefined;
  readonly aria2c: string | undefined;
  /** Address of the module @huggingface/hub. */
  readonly js: string | undefined;
  readonly versions: Readonly<Record<string, string>>;
  /** What is not here, and why. */
  readonly absent: Readonly<Record<"pythonHf" | "olderHf" | "curl" | "wget" | "aria2c" | "js", string>>;
}

const MADE_BY_CONFORMANCE = "not here; npm run conformance installs it";

/**
 * The clients are taken from the environments that `npm run conformance` made; Python's also from the one that
 * `LATCHKEY_BENCH_PYTHON` names (its folder). The others are those of this machine.
 */
export function findPeers(): Peers {
  const made = join(root, ".conformance");
  const folders = [process.env["LATCHKEY_BENCH_PYTHON"], join(made, "python-2.0.0")];
  const pythonHf = folders.flatMap((folder) => (folder ? [join(folder, "bin", "hf")] : [])).find(existsSync);
  const older = join(made, "python-1.33.0", "bin", "hf");
  const olderHf = existsSync(older) ? older : undefined;
  const module = join(made, "js-2.17.5", "node_modules", "@huggingface", "hub");
  const js = existsSync(module) ? pathToFileURL(join(module, "dist", "index.mjs")).href : undefined;
  const [curl, wget, aria2c] = ["curl", "wget", "aria2c"].map((program) => firstLine(program, ["--version"]));
  const version = (hf: string | undefined): string =>
    hf === undefined ? "absent" : (firstLine(hf, ["version", "--quiet"]) ?? "unknown");
  return {
    pythonHf,
    olderHf,
    curl: curl === undefined ? undefined : "curl",
    wget: wget === undefined ? undefined : "wget",
    aria2c: aria2c === undefined ? undefined : "aria2c",
    js,
    versions: {
      node: process.version,
      curl: curl ?? "absent",
      wget: wget?.replace(/^GNU Wget /, "") ?? "absent",
      aria2c: aria2c?.replace(/^aria2 version /, "") ?? "absent",
      "python hf": version(pythonHf),
      "python hf (older)": version(olderHf),
      hf_xet: pythonHf === undefined ? "absent" : xetOf(pythonHf),
      "@huggingface/hub": js === undefined ? "absent" : packageVersion(join(module, "package.json")),
    },
    absent: {
      pythonHf: `Python's hf: ${MADE_BY_CONFORMANCE} (or LATCHKEY_BENCH_PYTHON=<folder of a venv>)`,
      olderHf: `Python's hf 1.33.0: ${MADE_BY_CONFORMANCE}`,
      curl: "curl: not installed",
      wget: "wget: not installed",
      aria2c: "aria2c: not installed (package aria2)",
      js: `@huggingface/hub: ${MADE_BY_CONFORMANCE}`,
    },
  };
}

function xetOf(pythonHf: string): string {
  const code = "import importlib.metadata as m; print(m.version('hf_xet'))";
  return firstLine(join(pythonHf, "..", "python"), ["-c", code]) ?? "absent";
}

function packageVersion(path: string): string {
  const data: unknown = JSON.parse(readFileSync(path, "utf8"));
  return typeof data === "object" && data !== null && "version" in data ? String(data.version) : "unknown";
}

function firstLine(program: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync(program, [...args], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).split("\n")[0];
  } catch {
    return undefined;
  }
}
