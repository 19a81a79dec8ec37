import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { accessReport } from "../src/cli/access-report.ts";
import type { Printer } from "../src/cli/output.ts";
import { startLocalhub } from "../src/localhub/index.ts";
import type { Localhub } from "../src/localhub/index.ts";
import { checkAccess } from "../src/index.ts";
import type { AccessReport, VerdictKind } from "../src/index.ts";
import { ACCESS_GROUPS, accessSeed, caseEnvironment, titleOf } from "./support/access-cases.ts";
import type { AccessCase } from "./support/access-cases.ts";

/** Every kind, so that the compiler asks for a new one here. */
const KINDS: Record<VerdictKind, true> = {
  ok: true,
  "not-signed-in": true,
  "token-invalid": true,
  "token-expired": true,
  "wrong-endpoint": true,
  "gate-not-requested": true,
  "gate-pending": true,
  "gate-rejected": true,
  "scope-missing": true,
  "organisation-policy": true,
  "private-or-missing": true,
  misspelt: true,
  disabled: true,
  "rate-limited": true,
  offline: true,
  "hub-down": true,
  forbidden: true,
};
const PRINTER: Printer = { format: "human", colour: false, out: assert.fail, err: assert.fail };
const reached = new Set<VerdictKind>();

/** Asks as the case says, in a throw-away home. */
async function ask(hub: Localhub, wanted: AccessCase, home: string): Promise<AccessReport> {
  const env = await caseEnvironment(hub, wanted, home);
  const removals = (wanted.faults ?? []).map((rule) => hub.fault(rule));
  hub.journal.clear();
  try {
    return await checkAccess(wanted.repo, {
      env,
      ...(wanted.write === true ? { need: "write" as const } : {}),
      ...(wanted.revision === undefined ? {} : { revision: wanted.revision }),
      ...(wanted.path === undefined ? {} : { path: wanted.path }),
    });
  } finally {
    for (const remove of removals) remove();
  }
}

describe("the truth table of access", () => {
  for (const { title, cases } of ACCESS_GROUPS) {
    describe(title, () => {
      let hub: Localhub;
      let home: string;
      before(async () => {
        hub = await startLocalhub({ seed: accessSeed() });
        home = mkdtempSync(join(tmpdir(), "latchkey-access-"));
      });
      after(async () => {
        await hub.close();
        rmSync(home, { recursive: true, force: true });
      });

      for (const wanted of cases) {
        it(`${titleOf(wanted)}: ${wanted.verdict}`, async () => {
          const found = await ask(hub, wanted, home);
          const { verdict, evidence } = found;
          const { data, human, quiet, exit } = accessReport(found, PRINTER);
          const { certain = true } = wanted;
          assert.equal(verdict.kind, wanted.verdict, verdict.message);
          reached.add(verdict.kind);
          assert.equal("reason" in verdict ? verdict.reason : undefined, wanted.reason);
          assert.equal(verdict.certain, certain, verdict.message);
          assert.equal(verdict.allowed, (wanted.exit ?? 0) === 0);
          assert.match(verdict.next.text, wanted.next ?? /\w/);
          assert.match(verdict.message, wanted.says ?? /\w/);
          const requests = hub.journal.entries.length;
          assert.ok(requests <= 4, `${requests} requests`);
          if (wanted.requests !== undefined)
            assert.equal(requests, wanted.requests, hub.journal.entries.map((entry) => entry.url).join("\n"));
          assert.equal(exit, wanted.exit ?? 0);
          if (evidence.token.kind === "withheld") {
            const sent = hub.journal.entries.filter(({ headers }) => "authorization" in headers);
            assert.deepEqual(sent, [], "what can't be a token of this Hub does not travel");
          }
          const json = JSON.parse(JSON.stringify(data)) as Record<string, unknown>;
          assert.equal(json["verdict"], wanted.verdict);
          assert.equal(json["exit"], wanted.exit ?? 0);
          assert.equal(json["reason"], wanted.reason ?? null);
          assert.equal(json["certain"], certain);
          assert.equal(json["repo"], evidence.subject.repo.id);
          assert.deepEqual(quiet, [wanted.verdict]);
          assert.equal(human?.[0]?.endsWith(`(${wanted.verdict})`), true);
          assert.equal(human?.at(-1), `Next: ${verdict.next.text}`);
        });
      }
    });
  }

  it("has at least 80 cases and reaches every verdict", () => {
    assert.ok(ACCESS_GROUPS.flatMap(({ cases }) => cases).length >= 80);
    assert.deepEqual([...reached].toSorted(), Object.keys(KINDS).toSorted());
  });
});
