import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ambientMachine } from "../src/api/ambient.ts";
import { downloadFileWith, downloadSnapshotWith, openSession } from "../src/api/index.ts";
import type { Session } from "../src/api/index.ts";
import { exitOf } from "../src/cli/output.ts";
import { isHfError } from "../src/core/errors.ts";
import { parseRepoAddress } from "../src/core/repo-address.ts";
import { readSettings } from "../src/core/settings.ts";
import { startLocalhub } from "../src/localhub/index.ts";
import type { Localhub } from "../src/localhub/index.ts";
import { ACCESS_GROUPS, accessSeed, caseEnvironment, titleOf } from "./support/access-cases.ts";
import type { AccessCase } from "./support/access-cases.ts";

const ways = ["one file", "a snapshot"] as const;
type Way = (typeof ways)[number];

interface Exception {
  readonly why: string;
  /** The cause that a download gives instead; undefined: it is not refused. */
  readonly cause: string | undefined;
  readonly exit: number;
  readonly of: (wanted: AccessCase, way: Way) => boolean;
}

/** Where a download says something else than `hf access`, and why. Every other case is the same, cause and exit code. */
const EXCEPTIONS: readonly Exception[] = [
  {
    why: "Signed in, the one question is who asks: only that tells a token which is too narrow, and that exits with 4.",
    cause: "private-or-missing",
    exit: 5,
    of: ({ repo, token, reason }) => token !== undefined && reason === "close-name" && repo.includes("/"),
  },
  {
    why: "For nobody, the one question is what else the owner has: a mistyped owner has nothing.",
    cause: "private-or-missing",
    exit: 5,
    of: ({ repo, token, reason }) => token === undefined && reason === "close-name" && repo.startsWith("alise/"),
  },
  {
    why: "For nobody, the one question is what else there is of that type, where the name speaks of no other; the step names them.",
    cause: "private-or-missing",
    exit: 5,
    of: ({ repo, token, reason }) => token === undefined && reason === "other-type" && repo.endsWith("chat"),
  },
  {
    why: "A 403 without a word: it takes the account and the gate to tell; the description of a snapshot brings the gate.",
    cause: "forbidden",
    exit: 4,
    of: ({ repo, token, faults = [] }, way) =>
      way === "one file" && repo === "carol/gated-model" && token === "bob-fine-none" && faults[0]?.times === 1,
  },
  {
    why: "No gate lets these files in: everybody gets them. Access is asked for the whole repo.",
    cause: undefined,
    exit: 0,
    of: ({ path, verdict }) => (path === "README.md" || path === "LICENSE") && verdict !== "ok",
  },
  {
    why: "A snapshot is asked for by its revision, whose absence everybody is told, before any file.",
    cause: "private-or-missing",
    exit: 5,
    of: ({ revision, repo }, way) => way === "a snapshot" && revision?.startsWith("no") === true && /gated/.test(repo),
  },
  {
    why: "The description, which access can do without, is what a snapshot begins with.",
    cause: "hub-down",
    exit: 8,
    of: ({ faults = [] }, way) => way === "a snapshot" && faults[0]?.path === "/api/models/carol",
  },
];

const used = new Set<Exception>();

for (const way of ways) {
  describe(`a download of ${way} by the truth table of access`, () => {
    for (const { title, cases } of ACCESS_GROUPS) {
      describe(title, () => {
        let hub: Localhub;
        let home: string;
        before(async () => {
          hub = await startLocalhub({ seed: accessSeed() });
          home = mkdtempSync(join(tmpdir(), "latchkey-table-"));
        });
        after(async () => {
          await hub.close();
          rmSync(home, { recursive: true, force: true });
        });
        // A download writes nothing to a Hub, and a whole snapshot has no path.
        const asked = cases.filter(({ write, path }) => write !== true && (way === "one file" || path === undefined));
        for (const wanted of asked) {
          it(`${titleOf(wanted)}: ${wanted.verdict}`, async () => {
            const env = await caseEnvironment(hub, wanted, home);
            const { cause, exit } = await refusalOf(way, hub, wanted, env);
            const exception = EXCEPTIONS.find(({ of }) => of(wanted, way));
            const { exit: code = 0, verdict } = wanted;
            const same = { cause: code === 0 ? undefined : verdict, exit: code };
            if (exception !== undefined) used.add(exception);
            const expected = exception === undefined ? same : { cause: exception.cause, exit: exception.exit };
            assert.deepEqual({ cause, exit }, expected, exception?.why);
          });
        }
      });
    }
  });
}

describe("the exceptions", () => {
  it("are all needed", () =>
    assert.deepEqual(
      EXCEPTIONS.filter((one) => !used.has(one)),
      [],
    ));
});

interface Refused {
  readonly cause: unknown;
  readonly exit: number;
}

async function refusalOf(way: Way, hub: Localhub, wanted: AccessCase, env: Record<string, string>): Promise<Refused> {
  const machine = ambientMachine(env);
  const settings = readSettings(env, machine);
  // Nobody sits out the waits between tries.
  const clock = { now: () => Date.now(), sleep: async () => undefined };
  const session: Session = openSession({ settings, env, platform: machine.platform, clock });
  const address = parseRepoAddress(wanted.repo, { endpoint: settings.endpoint });
  const { revision = address.revision, path = address.path ?? ".gitattributes" } = wanted;
  const options = { clock, authFallback: "error", ...(revision === undefined ? {} : { revision }) } as const;
  const removals = (wanted.faults ?? []).map((rule) => hub.fault(rule));
  hub.journal.clear();
  try {
    if (way === "one file") await downloadFileWith(session, address.repo, path, options);
    else await downloadSnapshotWith(session, address.repo, options);
    return { cause: undefined, exit: 0 };
  } catch (error) {
    if (!isHfError(error)) throw error;
    return { cause: error.cause, exit: exitOf(error.code) };
  } finally {
    for (const remove of removals) remove();
    const own = /\/resolve\/|\/lfs\/|\/api\/resolve-cache\/|\/api\/\w+s\/[\w./-]+\/(?:revision|tree)\//;
    const more = hub.journal.entries.filter(({ url }) => !own.test(url)).map(({ method, url }) => `${method} ${url}`);
    assert.ok(more.length <= 1, more.join("\n"));
  }
}
