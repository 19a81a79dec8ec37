import { createServer, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";

/** A server that answers with whatever bytes a test gives it, so that broken HTTP can be shown to a client. */
export interface RawPeer {
  readonly url: URL;
  /** Heads of the requests that came, in order. */
  readonly requests: readonly string[];
  /** Connections that were opened. */
  readonly connections: number;
  close(): Promise<void>;
}

/** @param answer called for each request, with its head, its socket and its number from 0 */
export async function startRawPeer(
  answer: (head: string, socket: Socket, number: number) => void,
  tls?: TlsOptions,
): Promise<RawPeer> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const onSocket = (socket: Socket): void => {
    connections++;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    let text = "";
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
      for (let end = text.indexOf("\r\n\r\n"); end !== -1; end = text.indexOf("\r\n\r\n")) {
        const head = text.slice(0, end);
        text = text.slice(end + 4);
        answer(head, socket, requests.push(head) - 1);
      }
    });
  };
  const server = tls === undefined ? createServer(onSocket) : createTlsServer(tls, onSocket);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: new URL(`${tls === undefined ? "http" : "https"}://127.0.0.1:${port}/`),
    requests,
    get connections() {
      return connections;
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
