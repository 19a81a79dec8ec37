import { createHash } from "node:crypto";
import { createReadStream, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import type { Localhub, Seed } from "../../src/localhub/index.ts";
import { createBrowser } from "../support/browser.ts";
import { root } from "../support/root.ts";
import type { ModelFiles } from "./model-files.ts";
import { describeSafetensors } from "./model-files.ts";
import { askForAccess, makeToken } from "./person.ts";
import type { Ran, Stage } from "./stage.ts";
import { check } from "./stage.ts";

const REPO = "acme/gated-tiny";
/** Exit code of "not signed in", as the README lists it. */
const NOT_SIGNED_IN = 3;

/** One organisation with one gated model, and ada, who wants it. */
export function demoSeed({ files }: ModelFiles): Seed {
  const content = Object.entries(files).map(([path, file]) => [path, { file }] as const);
  return {
    users: [{ name: "ada", fullname: "Ada" }, { name: "owner" }],
    orgs: [{ name: "acme", fullname: "Acme Research", members: { owner: "admin" } }],
    repos: [
      {
        id: REPO,
        gated: "auto",
        gate: {
          prompt: "By asking you agree to the licence of this model.",
          fields: {
            "What do you want to use it for": "text",
            Country: "country",
            "I agree to the licence": "checkbox",
          },
        },
        tags: ["safetensors", "license:apache-2.0"],
        cardData: { license: "apache-2.0" },
        pipelineTag: "text-generation",
        libraryName: "transformers",
        commits: [{ message: "Upload model", files: Object.fromEntries(content) }],
      },
    ],
  };
}

/** The whole workflow of the guide, from no account on this machine to signed out again. */
export async function tellStory(stage: Stage, hub: Localhub, { weights }: ModelFiles): Promise<void> {
  const { heading, say } = stage;
  const hf = (line: string, more: { input?: string; exit?: number; shown?: string } = {}): Promise<Ran> =>
    stage.run({
      shown: `hf ${line}`,
      program: process.execPath,
      args: [join(root, "dist/bin/hf.cjs"), ...line.split(" ")],
      ...more,
    });
  const browser = createBrowser(hub.url);

  heading("1. Nobody is signed in: the download is refused, with the reason");
  const refused = await hf(`download ${REPO}`, { exit: NOT_SIGNED_IN });
  check(/gated|restricted/i.test(refused.stderr), "the refusal does not say that the model is gated");
  check(refused.stderr.includes("hf auth login"), "the refusal does not name the next step");
  check(refused.stdout === "", "a refused download printed a path");

  heading("2. The gate: a person accepts the terms on the page of the model");
  await askForAccess(stage, hub, browser, REPO);

  heading("3. A token for this machine");
  const token = await makeToken(stage, hub, browser);

  heading("4. Sign in, once");
  await hf("auth login --token-stdin", { input: `${token}\n`, shown: "hf auth login --token-stdin < the-token" });
  check(stage.filesWith(token).length > 0, "the login was not saved");

  heading("5. Who am I, and which token is used?");
  const me = await hf("auth whoami");
  check(/\bada\b/.test(me.stdout), "whoami does not name ada");
  const status = await hf("auth status");
  check(/active/i.test(status.stdout), "status names no active source");

  heading("6. Download");
  const first = await hf(`download ${REPO}`);
  const snapshot = lastLine(first);
  check(/\d+ ?%|of \d|Fetch/i.test(first.stderr), "the download showed no progress");
  await checkWeights(stage, join(snapshot, "model.safetensors"), weights);
  for (const name of ["README.md", "LICENSE", "config.json", "tokenizer.json"]) {
    check(existsSync(join(snapshot, name)), `${name} is not there`);
  }

  heading("7. The same again: it is in the cache");
  const before = hub.journal.entries.length;
  const again = await hf(`download ${REPO}`);
  const requests = hub.journal.entries.slice(before);
  check(lastLine(again) === snapshot, "the second download gave another path");
  check(requests.length <= 1, `the second download made ${requests.length} requests; 1 is enough`);
  say(
    `  (${again.seconds.toFixed(2)} s from start to end of the program, ${requests.length === 1 ? "1 request" : "no request"})`,
  );

  heading("8. The same from TypeScript: no token in the code");
  for (const line of readFileSync(join(root, "examples/five-lines.ts"), "utf8").trimEnd().split("\n"))
    say(`  | ${line}`);
  const example = await stage.run({
    shown: "node five-lines.js",
    program: process.execPath,
    args: [join(root, "build/examples/five-lines.js")],
  });
  check(
    example.stdout.includes(snapshot) && /\bada\b/.test(example.stdout),
    "the program did not name ada and the path",
  );

  heading("9. Sign out");
  await hf("auth logout");
  const left = stage.filesWith(token);
  check(left.length === 0, `after the logout the token is still in ${left.join(", ")}`);
  await hf("auth whoami", { exit: NOT_SIGNED_IN });
}

function lastLine({ stdout }: Ran): string {
  return stdout.trimEnd().split("\n").at(-1) ?? "";
}

async function checkWeights(stage: Stage, path: string, weights: ModelFiles["weights"]): Promise<void> {
  check(existsSync(path), `${path} is not there`);
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  check(hash.digest("hex") === weights.sha256, "the weights have another sha256 than those on the hub");
  const { tensors, parameters } = describeSafetensors(path);
  const millions = (parameters / 1e6).toFixed(1);
  stage.say(
    `  (model.safetensors is whole: ${tensors} tensors, ${millions} million parameters, the sha256 of the hub)`,
  );
}
