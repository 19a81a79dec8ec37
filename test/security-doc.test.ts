import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { root } from "./support/root.ts";

it("SECURITY.md names only tests that exist", () => {
  const text = readFileSync(join(root, "SECURITY.md"), "utf8").replaceAll("\n", " ");
  const named = [...text.matchAll(/`((?:src|test)\/[\w/.-]+\.test\.ts)`: "([^"]+)"/g)];
  assert.ok(named.length >= 30, `${named.length} tests are named`);
  const missing = named.filter(([, file = "", title = ""]) => {
    const path = join(root, file);
    return !existsSync(path) || !readFileSync(path, "utf8").includes(title);
  });
  assert.deepEqual(
    missing.map(([whole]) => whole),
    [],
  );
});
