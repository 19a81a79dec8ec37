import { parseArgs } from "node:util";
import { loadSeed } from "./seed-read.ts";
import type { Localhub } from "./server.ts";
import { startLocalhub } from "./server.ts";

/** What the program needs of its process. */
export type MainPorts = {
  stdout: { write(text: string): unknown };
  stderr: { write(text: string): unknown };
  /** Resolves when the program should end: Ctrl-C, or a terminate signal. */
  untilStopped: () => Promise<void>;
};

const USAGE = `localhub: a Hugging Face Hub on your machine, for tests and for trying things out

  localhub [--port N] [--seed FILE|DIR] [--state DIR]

  --port N      port of the hub (default: any free one)
  --seed PATH   what it holds: a JSON file, or a folder with models/<owner>/<name>/… in it
  --state DIR   keep everything in DIR, so that it is there after a restart; the seed counts only the first time
  --help        this text

To make things go wrong: POST a rule such as {"status":503,"times":2} as application/json to /_localhub/faults, or send it
with one request in the header X-Localhub-Fault. GET /_localhub/journal tells all requests, POST /_localhub/reset goes back
to the seed.
`;

type Options = { port?: number; seed?: string; state?: string; help: boolean };

/** Runs the program to its end and returns the exit code: 0 done, 1 failed, 2 usage. */
export async function main(argv: readonly string[], ports: MainPorts): Promise<number> {
  let options: Options;
  try {
    options = readOptions(argv);
  } catch (error) {
    ports.stderr.write(`localhub: ${messageOf(error)}\n\n${USAGE}`);
    return 2;
  }
  if (options.help) {
    ports.stdout.write(USAGE);
    return 0;
  }
  let hub: Localhub;
  try {
    hub = await startLocalhub({
      ...(options.port === undefined ? {} : { port: options.port }),
      ...(options.seed === undefined ? {} : { seed: await loadSeed(options.seed) }),
      ...(options.state === undefined ? {} : { stateDir: options.state }),
    });
  } catch (error) {
    ports.stderr.write(`localhub: ${messageOf(error, options)}\n`);
    return 1;
  }
  ports.stdout.write(greeting(hub));
  await ports.untilStopped();
  await hub.close();
  return 0;
}

/** @throws Error saying what is wrong with the command line. */
function readOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      port: { type: "string" },
      seed: { type: "string" },
      state: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
    strict: true,
    allowPositionals: false,
  });
  const options: Options = { help: values.help ?? false };
  if (values.port !== undefined) {
    const port = Number(values.port);
    if (!/^\d+$/.test(values.port) || port > 65535) {
      throw new Error(`--port must be a number from 0 to 65535, not "${values.port}"`);
    }
    options.port = port;
  }
  if (values.seed !== undefined) options.seed = values.seed;
  if (values.state !== undefined) options.state = values.state;
  return options;
}

function greeting(hub: Localhub): string {
  const users = [...hub.model.users.values()].map((user) => `  ${user.name}  (password: ${user.password})`);
  const names = Object.keys(hub.tokens);
  const width = Math.max(0, ...names.map((name) => name.length));
  const tokens = names.map((name) => `  ${name.padEnd(width)}  ${hub.tokens[name] ?? ""}`);
  const repos = [...hub.model.repos.values()].map((repo) => {
    const marks = [repo.private && "private", repo.gated && `gated: ${repo.gated}`, repo.disabled && "disabled"];
    const shown = marks.filter((mark) => mark !== false);
    return `  ${repo.type}/${repo.id}${shown.length === 0 ? "" : `  (${shown.join(", ")})`}`;
  });
  return [
    `hub   ${hub.url}`,
    `cdn   ${hub.cdnUrl}`,
    "",
    "users",
    ...users,
    "",
    "tokens",
    ...tokens,
    "",
    "repos",
    ...repos,
    "",
    `Use it with: export HF_ENDPOINT=${hub.url}`,
    "Ctrl-C ends it.",
    "",
  ].join("\n");
}

/** What went wrong, for a person: the usual faults in words, and nothing in it that could steer a terminal. */
function messageOf(error: unknown, options: Partial<Options> = {}): string {
  // eslint-disable-next-line no-control-regex
  return faultOf(error, options).replaceAll(/[\p{Cc}\p{Cf}]/gu, "?");
}

function faultOf(error: unknown, { port, seed }: Partial<Options>): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? error.code : undefined;
  const path = "path" in error ? String(error.path) : "";
  if (code === "EADDRINUSE")
    return `port ${port ?? "?"} is taken. Choose another --port, or leave it out for any free one`;
  if (code === "EACCES" && port !== undefined && path === "")
    return `port ${port} needs more rights. Choose one above 1023`;
  if (code === "ENOENT" && seed !== undefined) return `${path || seed}: there is no such file or folder (--seed)`;
  if (code === "EACCES" || code === "EROFS" || code === "ENOSPC")
    return `${path}: ${code === "ENOSPC" ? "no space left" : "not allowed"} (${code})`;
  return error.message;
}
