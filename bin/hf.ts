import process from "node:process";
import { main } from "../src/cli/main.ts";

void main(process.argv.slice(2), process).then((exit) => {
  process.exitCode = exit;
});
