import { createHash, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { TokenError } from "../../core/errors.ts";

/** Where the browser comes back to with its answer. */
export interface LoopbackServer {
  /** `http://127.0.0.1:PORT/callback` */
  readonly redirectUri: string;
  /** The first answer that carries `state`. Others are refused and change nothing. */
  answer(state: string, signal?: AbortSignal): Promise<LoopbackAnswer>;
  close(): void;
}

export interface LoopbackAnswer {
  readonly parameters: URLSearchParams;
  /** Ends the browser's wait with a page. */
  readonly reply: (signedIn: boolean) => void;
}

const PATH = "/callback";
/** More than any code and state have. */
const LONGEST_TARGET = 8192;
/** More than a browser opens. Whoever opens as many keeps the last ones alone, so none can hold the door shut. */
const MOST_VISITORS = 64;
/** Milliseconds in which a visitor has to say what it wants. */
const VISIT_MS = 5000;

/**
 * Listens on 127.0.0.1 for one answer (RFC 8252 section 7.3). Any page in the browser and any program on the machine
 * can send something here, so an answer must come by our own name, to our path, with the state that only the browser
 * we sent out knows.
 */
export async function startLoopbackServer(): Promise<LoopbackServer> {
  const waiting: { state?: string; take?: (answer: LoopbackAnswer) => void } = {};
  let host = "";
  const visitors = new Set<Socket>();
  const limits = { keepAliveTimeout: 1000, headersTimeout: VISIT_MS, requestTimeout: VISIT_MS };
  const server = createServer({ ...limits, connectionsCheckingInterval: 1000 }, (request, response) => {
    const parameters = answerIn(request, host);
    if (typeof parameters === "string") return page(response, 400, "That did not work", parameters);
    const state = parameters.getAll("state");
    if (waiting.state === undefined || state.length !== 1 || !same(state[0] ?? "", waiting.state)) {
      return page(response, 400, "That did not work", "This is not the answer that the program waits for.");
    }
    const { take } = waiting;
    delete waiting.take;
    if (take === undefined) return page(response, 410, "Answered already", "The program has its answer.");
    // Who brought the answer is told how it ended, whoever else comes meanwhile.
    visitors.delete(request.socket);
    take({
      parameters,
      reply: (signedIn) => {
        if (signedIn) page(response, 200, "You are signed in", "You can close this page and go back to your terminal.");
        else page(response, 400, "You are not signed in", "Your terminal says why. You can close this page.");
      },
    });
  });
  server.on("connection", (socket) => {
    visitors.add(socket);
    socket.once("close", () => visitors.delete(socket));
    const [oldest] = visitors;
    if (visitors.size > MOST_VISITORS) oldest?.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port: 0 }, resolve);
  });
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    redirectUri: `http://${host}${PATH}`,
    answer: (state, signal) =>
      new Promise((resolve, reject) => {
        const abort = (): void => reject(signal?.reason as unknown);
        if (signal?.aborted === true) return abort();
        signal?.addEventListener("abort", abort, { once: true });
        waiting.state = state;
        waiting.take = (answer) => {
          signal?.removeEventListener("abort", abort);
          resolve(answer);
        };
      }),
    close() {
      // Answers that are on their way are let out first.
      server.close();
      server.closeIdleConnections();
      setTimeout(() => {
        server.closeAllConnections();
        for (const visitor of visitors) visitor.destroy();
      }, 500).unref();
    },
  };
}

/** The parameters of an answer, or why it is none. */
function answerIn(request: IncomingMessage, host: string): URLSearchParams | string {
  const { method, url = "", headers } = request;
  if (headers.host !== host) return "This address is for this machine alone.";
  if (method !== "GET") return "Only a browser's visit is taken.";
  // A guess of the browser at where the person will go is not the person's answer, and its one try would be spent.
  if (headers["sec-purpose"] !== undefined || headers["purpose"] === "prefetch") return "Not in advance.";
  if (url.length > LONGEST_TARGET) return "That is too long.";
  const question = url.indexOf("?");
  if ((question < 0 ? url : url.slice(0, question)) !== PATH) return "There is nothing here.";
  return new URLSearchParams(question < 0 ? "" : url.slice(question));
}

/** Takes the same time wherever the texts differ. */
function same(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** The texts are ours: nothing of a request is in them. */
function page(response: ServerResponse, status: number, title: string, text: string): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    Connection: "close",
  });
  response.end(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>:root{color-scheme:light dark}body{font:1.1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:15vh auto;padding:0 1rem}h1{font-size:1.7rem;line-height:1.25}</style>
</head><body><main><h1>${title}</h1><p>${text}</p></main></body></html>
`);
}

/** The error of a browser that never came back. */
export function tooLate(): TokenError {
  return new TokenError("ERR_HF_NOT_SIGNED_IN", "The browser did not come back in time. Nothing was changed.", {
    hint: "Run 'hf auth login --web' again, or 'hf auth login --device' to use a browser elsewhere.",
  });
}
