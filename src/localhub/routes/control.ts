import { parseFaultRules } from "../fault-rule.ts";
import type { FaultRules } from "../fault-rules.ts";
import type { HubRequest, HubResponse } from "../http.ts";
import { json } from "../http.ts";
import type { Journal } from "../journal.ts";
import type { Hub } from "../model.ts";
import { Refusal } from "../refusals.ts";

/** Answers a control call; undefined for any other request. */
export type Control = (request: HubRequest) => Promise<HubResponse | undefined>;

type Ports = { hub: Hub; journal: Journal; rules: FaultRules; reset: () => Promise<void> };

const MOST_BYTES = 1024 * 1024;

/**
 * The calls below `/_localhub/`, by which other processes steer the hub. They are not in the journal, no fault touches
 * them, and nobody signs in for them: so no web page may make them.
 */
export function createControl(ports: Ports): Control {
  const { journal, rules, reset } = ports;
  const calls: Record<string, (request: HubRequest) => unknown> = {
    "GET faults": () => ({ faults: rules.list() }),
    "POST faults": async (request) => {
      for (const rule of await readRules(request)) rules.add(rule);
      return { faults: rules.list() };
    },
    "DELETE faults": () => {
      rules.clear();
      return { faults: [] };
    },
    "GET journal": () => ({ entries: journal.entries }),
    "DELETE journal": () => {
      journal.clear();
      return { entries: [] };
    },
    "POST reset": async (request) => {
      requireJson(request);
      await reset();
      return { reset: true };
    },
  };
  return async (request) => {
    if (request.origin !== "hub" || request.segments[0] !== "_localhub") return undefined;
    try {
      refuseBrowsers(request, ports.hub);
      const name = `${request.method} ${request.segments.slice(1).join("/")}`;
      const call = Object.hasOwn(calls, name) ? calls[name] : undefined;
      if (!call) throw new Refusal(404, `No such control call: ${name}. There are ${Object.keys(calls).join(", ")}`);
      return json(await call(request), 200, { "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff" });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return json({ error: error.message }, error.status);
    }
  };
}

/**
 * A page of any site can make the browser send requests to this port. It cannot choose these headers: the Host, which
 * after a rebinding of DNS is the page's own; Origin, which goes with every POST and DELETE of a page; Sec-Fetch-Site,
 * which is `none` only for what a person typed.
 */
function refuseBrowsers(request: HubRequest, hub: Hub): void {
  const { port } = new URL(hub.origins.hub);
  const hosts = ["localhost", "127.0.0.1", "[::1]"].map((name) => `${name}:${port}`);
  if (!hosts.includes((request.headers["host"] ?? "").toLowerCase())) {
    throw new Refusal(403, `Control calls are for ${hosts.join(", ")} alone`);
  }
  if (request.headers["origin"] !== undefined || (request.headers["sec-fetch-site"] ?? "none") !== "none") {
    throw new Refusal(403, "Control calls are not for web pages");
  }
}

/** A form cannot send this type without asking first, and nobody answers that question. */
function requireJson(request: HubRequest): void {
  const type = (request.headers["content-type"] ?? "").split(";", 1)[0] ?? "";
  if (type.trim().toLowerCase() !== "application/json") throw new Refusal(415, "Content-Type must be application/json");
}

async function readRules(request: HubRequest): Promise<ReturnType<typeof parseFaultRules>> {
  requireJson(request);
  const raw = (await request.body.bytes(MOST_BYTES)).toString("utf8");
  try {
    return parseFaultRules(JSON.parse(raw));
  } catch (error) {
    throw new Refusal(400, error instanceof Error ? error.message : String(error));
  }
}
