// Compiles `kernel/xet-chunks.ts` (AssemblyScript) to WebAssembly and writes it, as text, into the sources. Run it after a
// change there: `npm run kernel`. What it writes is kept in the repository, so that a build needs no compiler for it.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const compiler = join(root, "node_modules", "assemblyscript", "bin", "asc.js");
const target = join(root, "src", "download", "xet", "kernel-bytes.ts");

/** The source file that holds the compiled kernel; undefined where the compiler is not installed. */
export function kernelSource() {
  if (!existsSync(compiler)) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "latchkey-kernel-"));
  try {
    const out = join(folder, "kernel.wasm");
    const flags = ["-O3", "--noAssert", "--runtime", "stub", "--enable", "simd", "--enable", "bulk-memory"];
    const args = [compiler, "kernel/xet-chunks.ts", "-o", out, ...flags, "--importMemory", "--memoryBase", "1024"];
    const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" });
    if (status !== 0) throw new Error("the compiler failed");
    return sourceOf(readFileSync(out));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function sourceOf(bytes) {
  const lines = bytes.toString("base64").match(/.{1,112}/g) ?? [];
  return `/**
 * \`kernel/xet-chunks.ts\`, compiled by \`npm run kernel\`: ${bytes.length} bytes of WebAssembly in base64. A test compiles it
 * again and compares.
 */
export const KERNEL =
${lines.map((line) => `  "${line}"`).join(" +\n")};
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const source = kernelSource();
  if (source === undefined) {
    process.stderr.write("assemblyscript is not installed: run `npm install` first\n");
    process.exit(1);
  }
  writeFileSync(target, source);
}
