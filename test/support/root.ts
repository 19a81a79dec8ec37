import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Folder of the checkout, wherever the compiled test lies in it. */
export const root = up(dirname(fileURLToPath(import.meta.url)));

function up(folder: string): string {
  return existsSync(join(folder, "tsconfig.json")) ? folder : up(dirname(folder));
}
