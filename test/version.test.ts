import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { VERSION } from "../src/core/version.ts";
import { root } from "./support/root.ts";

it("is the same in the program and in package.json", () => {
  const manifest: unknown = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  assert.equal((manifest as { version: string }).version, VERSION);
});
