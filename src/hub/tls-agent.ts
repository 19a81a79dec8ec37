import { Agent } from "node:https";
import { connect as connectTcp } from "node:net";
import type { Socket } from "node:net";
import { connect as connectTls, createSecureContext } from "node:tls";
import type { SecureContext } from "node:tls";

export interface TlsOptions {
  /** PEM certificates to trust instead of Node's own list (to which `NODE_EXTRA_CA_CERTS` adds). */
  readonly ca?: readonly string[] | undefined;
  /** Gives a connection to the target by other means than a plain socket. */
  readonly tunnel?: ((host: string, port: number, giveUp: AbortSignal | undefined) => Promise<Socket>) | undefined;
}

/** What a request adds for the making of its connection: nobody else could end one that is still on its way. */
export interface GiveUp {
  readonly giveUp?: AbortSignal | undefined;
}

interface Target extends GiveUp {
  readonly host?: string;
  readonly port?: number | string;
  readonly servername?: string;
}

type Created = (error: Error | null, socket?: Socket) => void;

/**
 * A keep-alive agent that reads the certificates (some 20 ms) while the TCP connection is on its way, not before it.
 */
export function createTlsAgent(options: TlsOptions): Agent {
  let context: SecureContext | undefined;
  const secureContext = (): SecureContext =>
    (context ??= createSecureContext(options.ca === undefined ? {} : { ca: [...options.ca] }));
  const agent = new Agent({ keepAlive: true });
  const createConnection = (target: Target, created: Created): undefined => {
    const host = target.host ?? "localhost";
    const port = Number(target.port ?? 443);
    const raw = options.tunnel?.(host, port, target.giveUp) ?? tcpConnection(host, port, target.giveUp);
    setImmediate(secureContext);
    raw.then(
      (socket) => {
        const servername = target.servername === "" ? {} : { servername: target.servername ?? host };
        const secure = connectTls({
          socket,
          host,
          secureContext: secureContext(),
          ALPNProtocols: ["http/1.1"],
          ...servername,
        });
        created(null, secure);
      },
      (error: Error) => created(error),
    );
    return undefined;
  };
  return Object.assign(agent, { createConnection });
}

function tcpConnection(host: string, port: number, giveUp: AbortSignal | undefined): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host, port, noDelay: true, keepAlive: true });
    const stop = (): void => void socket.destroy(new Error("given up"));
    giveUp?.addEventListener("abort", stop, { once: true });
    socket.once("error", reject);
    socket.once("connect", () => {
      giveUp?.removeEventListener("abort", stop);
      socket.off("error", reject);
      resolve(socket);
    });
  });
}
