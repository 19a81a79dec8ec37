import { join } from "node:path";
import { checkAccess } from "../src/index.ts";
import type { VerdictKind } from "../src/index.ts";
import type { World } from "../test/support/world.ts";
import type { Answer, Row } from "./measure.ts";
import type { Peers } from "./peers.ts";

/** Milliseconds that the Hub lets pass before each answer: a far-away one, and nothing else counts beside it. */
const DELAY = 100;
/** Promised: what may be sent, and round trips beyond the first. */
const MOST_REQUESTS = 4;

const ASKED: readonly { readonly repo: string; readonly token: string; readonly kind: VerdictKind }[] = [
  { repo: "carol/gated-model", token: "bob-read", kind: "gate-not-requested" },
  { repo: "acme/gated-manual", token: "carol-read", kind: "gate-pending" },
  { repo: "acme/gated-manual", token: "alice-read", kind: "ok" },
  { repo: "acme/old-model", token: "bob-read", kind: "misspelt" },
  { repo: "alice/tiny-modle", token: "bob-read", kind: "misspelt" },
];

/** How long does a verdict take on a slow Hub? In this process; the ratio is in round trips, of which the first row is one. */
export async function access(world: World, _peers: Peers, rounds: number): Promise<Answer> {
  const { hub } = world;
  const remove = hub.fault({ delay: DELAY });
  const rows: Row[] = [];
  const measure = async (name: string, call: () => Promise<unknown>): Promise<void> => {
    const runs: number[] = [];
    const cpu = process.cpuUsage();
    for (let round = -1; round < rounds; round++) {
      hub.journal.clear();
      const start = performance.now();
      await call();
      if (round >= 0) runs.push(Number((performance.now() - start).toFixed(1)));
      const sent = hub.journal.entries.length;
      if (sent > MOST_REQUESTS) throw new Error(`${name}: ${sent} requests`);
    }
    const { user, system } = process.cpuUsage(cpu);
    const wallMs = runs.toSorted((a, b) => a - b)[runs.length >> 1] ?? 0;
    rows.push({
      name: `${name} (${hub.journal.entries.length} requests)`,
      wallMs,
      ratio: Number((wallMs / (rows[0]?.wallMs ?? wallMs)).toFixed(2)),
      cpuSeconds: Number(((user + system) / 1e6 / (rounds + 1)).toFixed(3)),
      peakRssMb: Math.round(process.memoryUsage.rss() / 2 ** 20),
      runs,
    });
  };
  try {
    await measure("one question", () =>
      fetch(`${hub.url}/api/models/alice/tiny-model`).then((answer) => answer.text()),
    );
    for (const { repo, token, kind } of ASKED) {
      const env = { HF_HOME: join(world.folder, "bench-access"), HF_ENDPOINT: hub.url, HF_TOKEN: world.token(token) };
      await measure(`${repo} for ${token}: ${kind}`, async () => {
        const { verdict } = await checkAccess(repo, { env });
        if (verdict.kind !== kind) throw new Error(`${repo} for ${token}: ${verdict.kind}`);
      });
    }
  } finally {
    remove();
  }
  return { question: `access (a Hub that takes ${DELAY} ms for each answer)`, rows, absent: [] };
}
