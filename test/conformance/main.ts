import { join } from "node:path";
import { diskRows } from "./disk-rows.ts";
import { makeEnvironments } from "./environments.ts";
import { namesRows } from "./names-rows.ts";
import { oidcRows } from "./oidc-rows.ts";
import { renewalRows } from "./renewal-rows.ts";
import { patternRows } from "./pattern-rows.ts";
import { root } from "../support/root.ts";
import { signInRows } from "./sign-in-rows.ts";
import { runRows } from "./table.ts";
import { wireRows } from "./wire-rows.ts";
import { xetRows } from "./xet-rows.ts";

// `node build/test/conformance/main.js scan` runs only the rows whose name has that word.
const words = process.argv.slice(2);
const rows = [
  ...wireRows,
  ...oidcRows,
  ...diskRows,
  ...namesRows,
  ...patternRows,
  ...signInRows,
  ...renewalRows,
  ...xetRows,
].filter((row) => words.length === 0 || words.some((word) => `${row.who} ${row.name}`.includes(word)));

const environments = await makeEnvironments(join(root, ".conformance")).catch((error: unknown) => {
  const why = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
  process.stdout.write(`SKIPPED: the clients could not be installed from their registries (${why})\n`);
});
if (environments !== undefined) {
  const { passed, failed } = await runRows(rows, environments);
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  process.exitCode = failed === 0 ? 0 : 1;
}
