import process from "node:process";
import { main } from "../src/localhub/main.ts";

const stopped = new Promise<void>((resolve) => {
  process.once("SIGINT", () => resolve());
  process.once("SIGTERM", () => resolve());
});

void main(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  untilStopped: () => stopped,
}).then((code) => {
  process.exitCode = code;
});
