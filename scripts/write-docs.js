// Writes the pages that are made of data. Run it after a build: `node scripts/write-docs.js`.
import { writeFileSync } from "node:fs";
import { PAGES } from "../build/test/support/error-pages.js";

for (const [path, page] of Object.entries(PAGES)) {
  writeFileSync(new URL(`../${path}`, import.meta.url), page());
  process.stdout.write(`${path}\n`);
}
