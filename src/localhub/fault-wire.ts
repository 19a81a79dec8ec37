import type { Socket } from "node:net";
import type { FaultRule } from "./fault-rule.ts";

const GARBAGE = "SSH-2.0-OpenSSH_9.6\r\n\u0000\u0001\u00fe\u00ff this is no HTTP\r\n";

/** Writes what no HTTP server would, in place of an answer, and closes. */
export async function writeRaw(rule: FaultRule, socket: Socket): Promise<void> {
  if (rule.garbage !== undefined) {
    await write(socket, rule.garbage === true ? GARBAGE : rule.garbage);
    socket.destroy();
    return;
  }
  await write(socket, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n");
  const line = `: ${"filler ".repeat(16)}\r\n`;
  for (let number = 0; !socket.destroyed; number++) {
    let lines = "";
    for (let more = 0; more < 64; more++) lines += `X-Filler-${number}-${more}${line}`;
    await write(socket, lines);
  }
}

export function isRaw(rule: FaultRule): boolean {
  return rule.garbage !== undefined || rule.endlessHeaders === true;
}

/** Settles when the system has taken the bytes, or will not any more. */
function write(socket: Socket, bytes: string): Promise<void> {
  return new Promise((resolve) => {
    socket.write(bytes, "latin1", () => resolve());
  });
}
