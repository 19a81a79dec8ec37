import { createSecureContext, connect as connectTls, type SecureContext } from "node:tls";
import { Connection, type ConnectionPorts, type WireBody, type WireRequest } from "./transfer-connection.ts";
import { createSlots } from "./transfer-slots.ts";

/** Connections to many origins, each origin with a bounded number. */
export interface Pool {
  /** Sends a request on a kept connection, or a new one, or the first that gets free. */
  request(url: URL, request: WireRequest, options: PoolOptions): Promise<WireBody>;
  /** Closes every connection; transfers under way reject. */
  close(): void;
}

export interface PoolOptions {
  readonly ca?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
  /** On a new connection. */
  readonly fresh?: boolean | undefined;
}

interface Lane {
  readonly idle: Connection[];
  readonly busy: Set<Connection>;
  readonly waiting: (() => void)[];
  session: Buffer | undefined;
  /** What the connections of this lane trust: a connection made under other terms is never shared. */
  readonly context: () => SecureContext;
}

/** @param most connections to one origin */
export function createPool(most: number): Pool {
  const lanes = new Map<string, Lane>();
  const slots = createSlots();
  let closed = false;

  const laneFor = (url: URL, ca: readonly string[] | undefined): Lane => {
    const key = `${url.origin}\n${ca?.join("\n") ?? ""}`;
    let lane = lanes.get(key);
    if (lane === undefined) {
      let context: SecureContext | undefined;
      const make = (): SecureContext => createSecureContext(ca === undefined || ca.length === 0 ? {} : { ca: [...ca] });
      lane = { idle: [], busy: new Set(), waiting: [], session: undefined, context: () => (context ??= make()) };
      lanes.set(key, lane);
    }
    return lane;
  };

  const open = (url: URL, lane: Lane): Connection => {
    const onFree = (connection: Connection): void => {
      lane.busy.delete(connection);
      const at = lane.idle.indexOf(connection);
      if (!connection.open && at !== -1) lane.idle.splice(at, 1);
      if (connection.open && at === -1) lane.idle.push(connection);
      lane.waiting.shift()?.();
    };
    const ports: ConnectionPorts = { slots, onFree };
    if (url.protocol !== "https:") return new Connection(url, ports);
    return new Connection(url, {
      ...ports,
      secure: (options) => {
        const session = lane.session === undefined ? {} : { session: lane.session };
        const secureContext = lane.context();
        const socket = connectTls({ ...options, ...session, secureContext, ALPNProtocols: ["http/1.1"] });
        socket.on("session", (ticket: Buffer) => (lane.session = ticket));
        return socket;
      },
    });
  };

  /** Takes a connection in the same turn, so that two cannot take one place; undefined where the lane is full. */
  const claim = (url: URL, lane: Lane, fresh: boolean): { connection: Connection; kept: boolean } | undefined => {
    const kept = fresh ? undefined : lane.idle.pop();
    if (kept === undefined && lane.busy.size >= most) return undefined;
    const connection = kept ?? open(url, lane);
    lane.busy.add(connection);
    return { connection, kept: kept !== undefined };
  };

  const waitForRoom = (lane: Lane, signal: AbortSignal | undefined): Promise<void> =>
    new Promise((resolve, reject) => {
      const go = (): void => {
        signal?.removeEventListener("abort", stop);
        resolve();
      };
      const stop = (): void => {
        const at = lane.waiting.indexOf(go);
        if (at !== -1) lane.waiting.splice(at, 1);
        reject(signal?.reason);
      };
      lane.waiting.push(go);
      signal?.addEventListener("abort", stop, { once: true });
    });

  const send = async (connection: Connection, request: WireRequest, signal: AbortSignal | undefined) => {
    const stop = (): void => connection.destroy(signal?.reason);
    signal?.addEventListener("abort", stop, { once: true });
    try {
      return await connection.send(request);
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  };

  return {
    async request(url, request, { ca, signal, fresh: asked = false }) {
      const lane = laneFor(url, ca);
      for (let fresh = asked; ;) {
        signal?.throwIfAborted();
        if (closed) throw new TypeError("the pool is closed");
        const claimed = claim(url, lane, fresh);
        if (claimed === undefined) {
          await waitForRoom(lane, signal);
          continue;
        }
        try {
          return await send(claimed.connection, request, signal);
        } catch (error) {
          // A kept connection may have been closed by the server just now. If no byte of an answer came, the request
          // was not answered, and a GET may be sent again (RFC 9110 section 9.2.2): once, on a fresh one.
          if (signal?.aborted === true || !claimed.kept || !claimed.connection.stale) throw error;
          fresh = true;
        }
      }
    },
    close() {
      closed = true;
      for (const lane of lanes.values()) {
        for (const connection of [...lane.idle, ...lane.busy]) connection.destroy(new TypeError("the pool was closed"));
        for (const go of lane.waiting.splice(0)) go();
      }
    },
  };
}
