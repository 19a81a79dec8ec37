import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "../test/support/root.ts";

/** Programs of this machine that are measured beside ours. */
export interface Peers {
  /** `hf` of Python's huggingface_hub. */
  readonly pythonHf: string | undefined;
  readonly curl: string | undefined;
  readonly versions: Readonly<Record<string, string>>;
}

/**
 * Python's client is taken from the virtual environment that `LATCHKEY_BENCH_PYTHON` names (its folder), else from
 * the one that `npm run conformance` made.
 */
export function findPeers(): Peers {
  const folders = [process.env["LATCHKEY_BENCH_PYTHON"], join(root, ".conformance", "python-2.0.0")];
  const pythonHf = folders.flatMap((folder) => (folder ? [join(folder, "bin", "hf")] : [])).find(existsSync);
  const curlVersion = firstLine("curl", ["--version"]);
  return {
    pythonHf,
    curl: curlVersion === undefined ? undefined : "curl",
    versions: {
      node: process.version,
      curl: curlVersion ?? "absent",
      "python hf": pythonHf === undefined ? "absent" : (firstLine(pythonHf, ["version", "--quiet"]) ?? "unknown"),
    },
  };
}

export const NO_PYTHON = "Python's hf: not here (LATCHKEY_BENCH_PYTHON=<folder of a venv>, or npm run conformance)";
export const NO_CURL = "curl: not here";

function firstLine(program: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync(program, [...args], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).split("\n")[0];
  } catch {
    return undefined;
  }
}
