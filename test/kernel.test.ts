import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { pathToFileURL } from "node:url";
import { root } from "./support/root.ts";

it("the compiled kernel in the sources is what its source compiles to", async (test) => {
  const script = pathToFileURL(join(root, "scripts", "build-kernel.js")).href;
  const { kernelSource } = (await import(script)) as { kernelSource: () => string | undefined };
  const source = kernelSource();
  if (source === undefined) return test.skip("assemblyscript is not installed");
  const kept = readFileSync(join(root, "src", "download", "xet", "kernel-bytes.ts"), "utf8");
  assert.equal(kept, source, "run `npm run kernel`");
});
