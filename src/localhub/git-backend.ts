import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { basename, dirname } from "node:path";
import process from "node:process";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { HubRequest, HubResponse } from "./http.ts";
import { Refusal } from "./refusals.ts";

export type GitService = "git-upload-pack" | "git-receive-pack";

export type GitCall = {
  /** Bare repository, by our own naming: nothing of the client's is in it. */
  gitDir: string;
  /** Below the repository: `info/refs` or the name of the service. */
  action: "info/refs" | GitService;
  service: GitService;
  /** Who is signed in, if anybody; git takes pushes from no one else. */
  user: string | undefined;
};

/** Longest head that a CGI program may send. */
const MOST_HEAD = 64 * 1024;

/**
 * Runs one request through `git http-backend`, a CGI program: environment in, head and body out. Both bodies are
 * streamed; the child ends when the client goes away.
 * @throws Refusal 501 when this machine has no git, or one without `http-backend`.
 */
export async function runGitBackend(request: HubRequest, call: GitCall): Promise<HubResponse> {
  const child = spawn("git", ["http-backend"], { env: environment(request, call), stdio: "pipe" });
  // What goes wrong with the pipe shows in the answer, or in its absence.
  child.stdin.on("error", () => {});
  const failed = once(child, "error").then(([error]: unknown[]) => {
    throw noGit(error);
  });
  failed.catch(() => {});
  const complaint = collect(child);
  const feeding = feed(request, child);
  // A client that left half-way has closed the child's input with it, so the child ends by itself.
  feeding.catch(() => {});
  const output = child.stdout[Symbol.asyncIterator]() as AsyncIterableIterator<Buffer>;
  const head = await Promise.race([failed, readHead(output)]);
  if (head === undefined) {
    throw new Refusal(
      /not a git command/.test(complaint.text) ? 501 : 500,
      complaint.text.trim() || "git gave no answer",
    );
  }
  if (request.method === "HEAD") child.kill();
  return { status: head.status, headers: head.headers, body: body(child, head.rest, output) };
}

function noGit(error: unknown): Refusal {
  const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
  return missing
    ? new Refusal(501, "There is no git on this machine: localhub needs it to speak git's own protocol")
    : new Refusal(500, `git did not start: ${error instanceof Error ? error.message : String(error)}`);
}

/**
 * All that the child sees. Nothing of git's settings comes from outside: no `GIT_*`, no configuration of the user or
 * the machine, no prompts. `PATH` stays, to find git and its parts; the others are what programs need on Windows.
 */
function environment(request: HubRequest, call: GitCall): Record<string, string> {
  const env: Record<string, string> = {
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: process.platform === "win32" ? "NUL" : "/dev/null",
    GIT_TERMINAL_PROMPT: "0",
    GIT_ATTR_NOSYSTEM: "1",
    HOME: call.gitDir,
    LC_ALL: "C",
    GIT_HTTP_EXPORT_ALL: "1",
    GIT_PROJECT_ROOT: dirname(call.gitDir),
    PATH_INFO: `/${basename(call.gitDir)}/${call.action}`,
    REQUEST_METHOD: request.method,
    QUERY_STRING: call.action === "info/refs" ? `service=${call.service}` : "",
    REMOTE_ADDR: "127.0.0.1",
    ...(call.user === undefined ? {} : { REMOTE_USER: call.user }),
    // The folder is this program's own, also where it runs as another user than the one the disk names.
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "safe.directory",
    GIT_CONFIG_VALUE_0: "*",
  };
  for (const name of ["PATH", "SystemRoot", "TMPDIR", "TEMP", "TMP"]) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  const header = (name: string, variable: string, allowed: RegExp): void => {
    const value = request.headers[name];
    if (value !== undefined && allowed.test(value)) env[variable] = value;
  };
  header("content-type", "CONTENT_TYPE", /^[\w./+-]{1,100}$/);
  header("content-length", "CONTENT_LENGTH", /^\d{1,15}$/);
  header("content-encoding", "HTTP_CONTENT_ENCODING", /^(?:x-)?gzip$/);
  header("git-protocol", "GIT_PROTOCOL", /^[\w=:.-]{1,200}$/);
  return env;
}

async function feed(request: HubRequest, child: ChildProcessWithoutNullStreams): Promise<void> {
  if (request.method !== "POST") {
    child.stdin.end();
    return;
  }
  try {
    await pipeline(Readable.from(request.body.stream(), { objectMode: false }), child.stdin);
  } catch (error) {
    // A child that has read enough closes its end; what it says about that is the answer.
    if (!(error instanceof Error && "code" in error && error.code === "EPIPE")) throw error;
  }
}

/** The beginning of what the child complains of; the rest is read and dropped so that it never waits. */
function collect(child: ChildProcessWithoutNullStreams): { text: string } {
  const complaint = { text: "" };
  child.stderr.on("data", (chunk: Buffer) => {
    if (complaint.text.length < 4000) complaint.text += chunk.toString("utf8");
  });
  return complaint;
}

type Head = { status: number; headers: Record<string, string>; rest: Buffer };

/** Reads up to the empty line; undefined when the output ends before it. */
async function readHead(output: AsyncIterableIterator<Buffer>): Promise<Head | undefined> {
  let seen = Buffer.alloc(0);
  while (seen.length < MOST_HEAD) {
    const next = await output.next();
    if (next.done === true) return undefined;
    seen = Buffer.concat([seen, next.value]);
    const end = /\r?\n\r?\n/.exec(seen.toString("latin1"));
    if (!end) continue;
    let status = 200;
    const headers: Record<string, string> = {};
    for (const line of seen.toString("latin1", 0, end.index).split(/\r?\n/)) {
      const colon = line.indexOf(":");
      const name = line.slice(0, colon);
      const value = line.slice(colon + 1).trim();
      if (name.toLowerCase() === "status") status = Number(value.slice(0, 3));
      else if (colon > 0) headers[name] = value;
    }
    return { status, headers, rest: seen.subarray(end.index + end[0].length) };
  }
  return undefined;
}

async function* body(
  child: ChildProcessWithoutNullStreams,
  rest: Buffer,
  output: AsyncIterableIterator<Buffer>,
): AsyncGenerator<Uint8Array> {
  try {
    if (rest.length > 0) yield rest;
    yield* output;
  } finally {
    child.kill();
  }
}
