// The whole workflow of signing in and downloading, on an embedded Hub: `npm run demo`. Real programs, real files, real
// HTTP, in a home of its own that is gone at the end.
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { startLocalhub } from "../../src/localhub/index.ts";
import type { Localhub } from "../../src/localhub/index.ts";
import { writeModel } from "./model-files.ts";
import { createStage, DemoFailure } from "./stage.ts";
import { demoSeed, tellStory } from "./story.ts";

const stopped = new Promise<"stopped">((resolve) => {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve("stopped"));
  // `npm run demo | head`: nobody reads any more.
  process.stdout.on("error", () => resolve("stopped"));
});

async function main(): Promise<number> {
  const startedAt = performance.now();
  let hub: Localhub | undefined;
  const stage = createStage(() => hub?.url ?? "");
  const play = async (): Promise<"done"> => {
    const model = writeModel(join(stage.folder, "model"));
    hub = await startLocalhub({ seed: demoSeed(model) });
    stage.say(`A Hub on this machine: ${hub.url}`);
    stage.say(`It has one gated model, acme/gated-tiny, with ${(model.weights.bytes / 1e6).toFixed(1)} MB of weights.`);
    await tellStory(stage, hub, model);
    return "done";
  };
  let exit = 0;
  const story = play();
  try {
    if ((await Promise.race([story, stopped])) === "stopped") {
      process.stderr.write("\nStopped.\n");
      exit = 130;
    }
  } catch (error) {
    exit = 1;
    const words = error instanceof DemoFailure ? error.message : error instanceof Error ? error.stack : String(error);
    process.stderr.write(`\nThe demo failed: ${words ?? ""}\n`);
  } finally {
    await stage.close();
    // A story that was stopped ends at its next line; only then is it known whether it had started the hub.
    await story.catch(() => undefined);
    await hub?.close();
    rmSync(stage.folder, { recursive: true, force: true, maxRetries: 5 });
  }
  if (existsSync(stage.folder)) {
    process.stderr.write(`The demo failed: it left ${stage.folder} behind\n`);
    return 1;
  }
  if (exit === 0) {
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    process.stdout.write(`\nDone in ${seconds} s. The throw-away home is gone; nothing is left behind.\n`);
  }
  return exit;
}

process.exitCode = await main();
