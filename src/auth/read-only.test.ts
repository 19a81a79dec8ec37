import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Identity, IdentityToken } from "./identity.ts";
import { whyNotReadOnly } from "./read-only.ts";

const of = (token: IdentityToken | undefined, more: Partial<Identity> = {}): string | undefined =>
  whyNotReadOnly({ type: "user", name: "alice", orgs: [], ...(token === undefined ? {} : { token }), ...more });
const fine = (global: string[], scoped: string[]): string | undefined =>
  of({
    role: "fineGrained",
    permissions: { canReadGatedRepos: true, global, scoped: [{ entityType: "user", permissions: scoped }] },
  });

describe("whyNotReadOnly()", () => {
  it("has nothing against the role read", () => {
    assert.equal(of({ role: "read" }), undefined);
  });

  it("names what a token may do beyond reading", () => {
    assert.match(of({ role: "write" }) ?? "", /write/);
    assert.equal(fine([], ["repo.content.read", "repo.access.read"]), undefined);
    assert.match(fine([], ["repo.content.read", "repo.write"]) ?? "", /repo\.write/);
    assert.match(fine(["discussion.write"], []) ?? "", /discussion\.write/);
    assert.match(fine(["inference.endpoints.infer"], []) ?? "", /infer/);
  });

  it("takes what the Hub does not tell for too much", () => {
    assert.match(of({ role: "fineGrained" }) ?? "", /does not say/);
    assert.match(of({ role: "newRole" }) ?? "", /does not say/);
    assert.match(of({}) ?? "", /does not say/);
    assert.match(of(undefined, { authType: "oauth" }) ?? "", /browser/);
    assert.match(of(undefined) ?? "", /does not say/);
  });
});
