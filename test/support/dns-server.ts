import { createSocket } from "node:dgram";

interface After {
  after(close: () => Promise<void>): void;
}

/** An IPv4 address, `unknown` (there is no such name) or `silent` (no answer at all). */
export type DnsAnswer = (name: string) => string;

/** A name server on loopback whose every answer the test writes; it closes with the test. Answers `address:port`. */
export async function dnsServer(test: After, answer: DnsAnswer): Promise<string> {
  const socket = createSocket("udp4");
  socket.on("message", (query, peer) => {
    const { name, end } = readQuestion(query);
    const given = answer(name);
    if (given === "silent") return;
    const wantsFour = query.readUInt16BE(end) === 1;
    socket.send(reply(query, end + 4, given, wantsFour), peer.port, peer.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  test.after(() => new Promise((resolve) => socket.close(() => resolve())));
  return `127.0.0.1:${socket.address().port}`;
}

/** RFC 1035 section 4.1.2: labels, each with its length in front, ended by an empty one. */
function readQuestion(query: Buffer): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join("."), end: at + 1 };
}

function reply(query: Buffer, questionEnd: number, given: string, wantsFour: boolean): Buffer {
  const head = Buffer.alloc(12);
  query.copy(head, 0, 0, 2);
  const found = given !== "unknown" && wantsFour;
  head.writeUInt16BE(given === "unknown" ? 0x8183 : 0x8180, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(found ? 1 : 0, 6);
  const question = query.subarray(12, questionEnd);
  if (!found) return Buffer.concat([head, question]);
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...given.split(".").map(Number)]);
  return Buffer.concat([head, question, record]);
}
