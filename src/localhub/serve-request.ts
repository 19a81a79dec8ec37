import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { FaultRules } from "./fault-rules.ts";
import type { Fault } from "./faults.ts";
import { Cut } from "./faults.ts";
import type { Handler } from "./handler.ts";
import { isForThisMachine } from "./hosts.ts";
import type { HubRequest, HubResponse } from "./http.ts";
import { json, text } from "./http.ts";
import type { Journal, JournalEntry } from "./journal.ts";
import { Refusal } from "./refusals.ts";
import type { Control } from "./routes/control.ts";
import { sendResponse, toHubRequest } from "./socket.ts";

export type Serving = {
  origin: "hub" | "cdn";
  handler: Handler;
  control: Control;
  journal: Journal;
  faults: readonly Fault[];
  rules: FaultRules;
  now: () => number;
  /** Keeps what a request has changed. */
  save: () => void;
};

/** One request from the socket to the last byte of its answer. Never rejects. */
export async function serveRequest(
  serving: Serving,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  let entry: JournalEntry | undefined;
  try {
    const request = toHubRequest(incoming, serving.origin);
    const controlled = await serving.control(request);
    if (controlled) {
      await sendResponse(incoming, outgoing, controlled, undefined, () => {});
      return;
    }
    entry = note(serving, request);
    if (isForThisMachine(request)) {
      await serveWithFaults(serving, request, entry, incoming, outgoing);
    } else {
      entry.status = 403;
      const refusal = text("This hub answers to this machine's own names only: localhost, 127.0.0.1, [::1].", 403);
      await sendResponse(incoming, outgoing, refusal, undefined, () => {});
    }
  } catch (error) {
    if (error instanceof Cut) {
      await cut(error, incoming, outgoing);
    } else if (outgoing.headersSent || outgoing.destroyed) {
      outgoing.destroy();
    } else {
      if (entry) entry.status = 500;
      const what = error instanceof Error ? error.stack : String(error);
      outgoing.writeHead(500, { "Content-Type": "application/json; charset=utf-8", Connection: "close" });
      outgoing.end(JSON.stringify({ error: `Internal Error: ${what}` }));
    }
  }
}

function note(serving: Serving, request: HubRequest): JournalEntry {
  return serving.journal.add({
    method: request.method,
    url: request.base + request.target,
    origin: serving.origin,
    headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, value ?? ""])),
    status: 0,
    sent: 0,
    at: serving.now(),
  });
}

async function serveWithFaults(
  serving: Serving,
  original: HubRequest,
  entry: JournalEntry,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const taken = takeFaults(serving, original);
  const faults = Array.isArray(taken) ? taken : [];
  const left = new AbortController();
  const gone = left.signal;
  outgoing.once("close", () => left.abort());
  const request = faults.reduce((changed, fault) => fault.request?.(changed) ?? changed, original);

  let response = Array.isArray(taken) ? undefined : taken;
  for (const fault of faults) response ??= await fault.before?.(request, gone);
  response ??= await serving.handler(request);
  // Before the answer goes out: what a client was told has happened survives a kill.
  if (request.method !== "GET" && request.method !== "HEAD") serving.save();
  for (const fault of faults) response = (await fault.after?.(request, response, gone)) ?? response;
  for (const fault of faults) {
    const writing = fault.wire?.(request, response, incoming.socket, gone);
    if (writing) return writing;
  }

  const final = response;
  entry.status = final.status;
  const wrap = (bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> =>
    faults.reduce((body, fault) => fault.body?.(request, final, body, gone) ?? body, bytes);
  const changesBody = faults.some((fault) => fault.body);
  await sendResponse(incoming, outgoing, final, changesBody ? wrap : undefined, (count) => {
    entry.sent += count;
  });

  const last = faults.filter((fault) => fault.done);
  if (last.length > 0 && !outgoing.writableFinished) await once(outgoing, "finish", { signal: gone });
  for (const fault of last) fault.done?.(request, incoming.socket);
}

/** The faults for a request, or the refusal of the ones that it asked for. */
function takeFaults(serving: Serving, request: HubRequest): Fault[] | HubResponse {
  try {
    return [...serving.faults, ...serving.rules.take(request)];
  } catch (error) {
    if (error instanceof Refusal) return json({ error: error.message }, error.status, error.headers);
    throw error;
  }
}

/** Sends what is written so far and ends the connection. */
async function cut(how: Cut, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const { socket } = incoming;
  if (outgoing.headersSent && !socket.destroyed) {
    // An empty write is called back after all that came before it, or when the client has left.
    await new Promise((resolve) => socket.write("", resolve));
    // A reset that arrives together with the last bytes is taken for an ordinary end by some clients, Node's among them.
    if (how.reset) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  if (how.reset) socket.resetAndDestroy();
  else socket.destroy();
}
