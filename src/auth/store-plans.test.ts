import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DiskError, HfError } from "../core/errors.ts";
import { Secret } from "../core/secret.ts";
import { EMPTY_RECORD, originsOf, withLogin, withRenewing } from "./login-record.ts";
import type { LoginRecord } from "./login-record.ts";
import { activeLogin, lookUpOrigins, planClear, planLogin, planLogout, planSwitch } from "./store-plans.ts";
import { toSection, toStoredToken } from "./token-store.ts";
import type { StoreContents, StoredToken, StoreStep } from "./token-store.ts";

const HUB = "https://huggingface.co";
const ACME = "https://hub.acme.io";

const secret = (text: string): Secret => Secret.of(`hf_${text.padEnd(34, "x")}`);

function saved(name: string, token: Secret, more: Record<string, string> = {}): StoredToken {
  return toStoredToken({ name, fields: new Map([["hf_token", token.expose()], ...Object.entries(more)]) });
}

function contents(logins: readonly StoredToken[], active?: Secret, record: LoginRecord = EMPTY_RECORD): StoreContents {
  return {
    active: active === undefined ? { kind: "absent" } : { kind: "found", token: active },
    saved: { kind: "ok", logins },
    record: { kind: "ok", record },
  };
}

/** What a step would leave in the file of saved logins. */
function written(steps: readonly StoreStep[]): Record<string, Record<string, string>> {
  const step = steps.find((candidate) => candidate.do === "write-saved");
  assert.ok(step?.do === "write-saved");
  return Object.fromEntries(step.logins.map(toSection).map(({ name, fields }) => [name, Object.fromEntries(fields)]));
}

function recordOf(steps: readonly StoreStep[]): LoginRecord | undefined {
  const step = steps.find((candidate) => candidate.do === "write-record");
  return step?.do === "write-record" ? step.record : undefined;
}

const tokenName = (pattern: RegExp) => (error: unknown) =>
  error instanceof HfError && error.code === "ERR_HF_TOKEN_NAME" && pattern.test(`${error.message} ${error.hint}`);

describe("planLogin()", () => {
  it("saves before it makes active, and keeps what it does not know", () => {
    const other = saved("other", secret("o"), { refresh_token: "r-other-123", expires_at: "12", x: "y" });
    const { steps, report } = planLogin(contents([other]), { name: "new", token: secret("n"), origin: HUB });
    assert.deepEqual(
      steps.map((step) => step.do),
      ["write-saved", "write-active"],
    );
    assert.deepEqual(written(steps), {
      other: { hf_token: secret("o").expose(), refresh_token: "r-other-123", expires_at: "12", x: "y" },
      new: { hf_token: secret("n").expose() },
    });
    assert.deepEqual(report, { name: "new", replaced: false, replacedOther: false, imported: [] });
  });

  it("replaces a login of the same name whole, so that nothing stale stays behind", () => {
    const before = contents([saved("a", secret("1"), { refresh_token: "r-old-1234", expires_at: "12" })]);
    const { steps, report } = planLogin(before, { name: "a", token: secret("2"), origin: HUB });
    assert.deepEqual(written(steps), { a: { hf_token: secret("2").expose() } });
    assert.equal(report.replaced, true);
  });

  it("forgets a renewal of that name that did not end, before it saves: the new token is no successor of the old one", () => {
    const record = withRenewing(withLogin(EMPTY_RECORD, secret("1"), ACME), secret("1"), "a");
    const before = contents([saved("a", secret("1"), { refresh_token: "r-old-1234" })], secret("1"), record);
    const { steps } = planLogin(before, { name: "a", token: secret("2"), origin: HUB });
    assert.deepEqual(
      steps.map((step) => step.do),
      ["write-record", "write-saved", "write-active"],
    );
    assert.deepEqual([...(recordOf(steps)?.renewing ?? [["-", "-"]])], []);
  });

  it("does not let a Hub's word take the place of another Hub's login, but does take the user's", () => {
    const before = contents([saved("work", secret("1"))]);
    const login = { name: "work", token: secret("2"), origin: ACME };
    const byHub = planLogin(before, { ...login, nameFromHub: true });
    assert.equal(byHub.report.name, "work@hub.acme.io");
    assert.deepEqual(Object.keys(written(byHub.steps)), ["work", "work@hub.acme.io"]);
    const record = withLogin(EMPTY_RECORD, secret("2"), ACME);
    const again = contents([saved("work", secret("1")), saved("work@hub.acme.io", secret("2"))], undefined, record);
    const renewed = planLogin(again, { ...login, token: secret("3"), nameFromHub: true });
    assert.deepEqual([renewed.report.name, renewed.report.replaced], ["work@hub.acme.io", true]);
    assert.deepEqual([planLogin(before, login).report.name, planLogin(before, login).report.replaced], ["work", true]);
    const sameHub = planLogin(before, { ...login, origin: HUB, nameFromHub: true });
    assert.deepEqual([sameHub.report.name, sameHub.report.replaced], ["work", true]);
  });

  it("writes the fields of an OAuth answer as Python does", () => {
    const login = {
      name: "oauth-ada",
      token: secret("t"),
      origin: HUB,
      refreshToken: Secret.of("refresh-token-1"),
      expiresAt: new Date(1_767_225_600_900),
    };
    assert.deepEqual(Object.entries(written(planLogin(contents([]), login).steps)["oauth-ada"] ?? {}), [
      ["hf_token", secret("t").expose()],
      ["refresh_token", "refresh-token-1"],
      ["expires_at", "1767225600"],
    ]);
  });

  it("records another endpoint first, so that the token never stands there without one", () => {
    const { steps } = planLogin(contents([]), { name: "a", token: secret("a"), origin: ACME });
    assert.deepEqual(
      steps.map((step) => step.do),
      ["write-record", "write-saved", "write-active"],
    );
    assert.deepEqual(originsOf(recordOf(steps) ?? EMPTY_RECORD, secret("a")), [ACME]);
  });

  it("keeps huggingface.co as a home of a token that was saved there before", () => {
    const before = contents([saved("a", secret("a"))]);
    const { steps } = planLogin(before, { name: "a", token: secret("a"), origin: ACME });
    assert.deepEqual(originsOf(recordOf(steps) ?? EMPTY_RECORD, secret("a")), [HUB, ACME]);
  });

  it("adds huggingface.co to a token that was of another Hub alone", () => {
    const record = withLogin(EMPTY_RECORD, secret("a"), ACME);
    const { steps } = planLogin(contents([], undefined, record), { name: "a", token: secret("a"), origin: HUB });
    assert.deepEqual(originsOf(recordOf(steps) ?? EMPTY_RECORD, secret("a")), [ACME, HUB]);
  });

  it("takes logins over from an unreadable file only when asked, under names that can be written", () => {
    const readable = [saved("DEFAULT", secret("d")), saved("a\nb", secret("b")), saved("new", secret("old"))];
    const error = new DiskError("ERR_HF_STORE_UNREADABLE", "no");
    const now: StoreContents = { ...contents([]), saved: { kind: "unreadable", error, readable } };
    const login = { name: "new", token: secret("n"), origin: HUB };
    assert.deepEqual(Object.keys(written(planLogin(now, login, "keep-copy").steps)), ["new"]);
    const { steps, report } = planLogin(now, login, "import");
    assert.deepEqual(Object.keys(written(steps)), ["DEFAULT-token", "a b", "new"]);
    assert.equal(written(steps)["new"]?.["hf_token"], secret("n").expose());
    assert.deepEqual(report.imported, ["DEFAULT-token", "a b"]);
  });

  it("stops when nobody can say where saved tokens belong", () => {
    const error = new DiskError("ERR_HF_STORE_UNREADABLE", "no");
    const now: StoreContents = { ...contents([]), record: { kind: "unreadable", error } };
    assert.throws(() => planLogin(now, { name: "a", token: secret("a"), origin: HUB }), error);
  });
});

describe("planSwitch()", () => {
  const now = contents([saved("laptop", secret("l")), saved("ci", secret("c"))], secret("l"));

  it("writes the token file alone", () => {
    const { steps, report } = planSwitch(now, "ci");
    assert.equal(steps.length, 1);
    assert.ok(steps[0]?.do === "write-active" && steps[0].token.equals(secret("c")));
    assert.equal(report.changed, true);
  });

  it("writes nothing when the login is active already", () => {
    const { steps, report } = planSwitch(now, "laptop");
    assert.deepEqual(steps, []);
    assert.equal(report.changed, false);
  });

  it("names what is near to an unknown name, and what there is", () => {
    assert.throws(
      () => planSwitch(now, "latpop"),
      tokenName(/no saved login 'latpop'.*mean 'laptop'\?.*'laptop', 'ci'/),
    );
    assert.throws(() => planSwitch(contents([]), "x"), tokenName(/No login is saved/));
  });

  it("refuses a saved value that is no token", () => {
    for (const fields of [new Map<string, string>(), new Map([["hf_token", ""]]), new Map([["hf_token", "a\nb c"]])]) {
      const broken = contents([toStoredToken({ name: "a", fields })]);
      assert.throws(
        () => planSwitch(broken, "a"),
        (error) => error instanceof HfError && error.code === "ERR_HF_TOKEN_REFUSED",
      );
    }
  });
});

describe("planLogout()", () => {
  it("removes the active token first when the login is the active one", () => {
    const now = contents([saved("a", secret("a")), saved("b", secret("b"), { k: "v" })], secret("a"));
    const { steps, report } = planLogout(now, "a");
    assert.deepEqual(
      steps.map((step) => step.do),
      ["remove-active", "write-saved"],
    );
    assert.deepEqual(written(steps), { b: { hf_token: secret("b").expose(), k: "v" } });
    assert.equal(report.wasActive, true);
    assert.deepEqual(report.left, ["b"]);
    assert.ok(report.token?.equals(secret("a")));
  });

  it("leaves the active token of another login", () => {
    const now = contents([saved("a", secret("a")), saved("b", secret("b"))], secret("a"));
    assert.deepEqual(
      planLogout(now, "b").steps.map((step) => step.do),
      ["write-saved"],
    );
  });

  it("forgets the record of the token, last, unless another name still holds it", () => {
    const record = withLogin(EMPTY_RECORD, secret("a"), ACME);
    const { steps } = planLogout(contents([saved("a", secret("a"))], undefined, record), "a");
    assert.deepEqual(
      steps.map((step) => step.do),
      ["write-saved", "write-record"],
    );
    const twice = contents([saved("a", secret("a")), saved("b", secret("a"))], undefined, record);
    assert.deepEqual(
      planLogout(twice, "a").steps.map((step) => step.do),
      ["write-saved"],
    );
  });

  it("does not report success for an unknown name", () => {
    assert.throws(() => planLogout(contents([saved("a", secret("a"))]), "b"), tokenName(/no saved login 'b'/));
  });
});

describe("planClear()", () => {
  it("takes everything away, the active token first", () => {
    const record = withLogin(withLogin(EMPTY_RECORD, secret("a"), ACME), secret("other"), ACME);
    const { steps, report } = planClear(contents([saved("a", secret("a"))], secret("a"), record));
    assert.deepEqual(
      steps.map((step) => step.do),
      ["remove-active", "remove-saved", "write-record"],
    );
    assert.deepEqual(originsOf(recordOf(steps) ?? EMPTY_RECORD, secret("a")), []);
    assert.deepEqual(originsOf(recordOf(steps) ?? EMPTY_RECORD, secret("other")), [ACME]);
    assert.deepEqual(report, { removed: true, names: ["a"], left: [], kept: [] });
  });

  it("says when there was nothing", () => assert.equal(planClear(contents([])).report.removed, false));

  it("leaves a file that it can't read, and says so", () => {
    const error = new DiskError("ERR_HF_STORE_UNREADABLE", "no");
    const now: StoreContents = { ...contents([], secret("a")), saved: { kind: "unreadable", error, readable: [] } };
    const { steps, report } = planClear(now);
    assert.deepEqual(
      steps.map((step) => step.do),
      ["remove-active"],
    );
    assert.deepEqual(report.kept, [error]);
  });
});

describe("activeLogin(), lookUpOrigins()", () => {
  it("finds the login whose token is active, and where it belongs", () => {
    const record = withLogin(EMPTY_RECORD, secret("b"), ACME);
    const now = contents([saved("a", secret("a")), saved("b", secret("b"))], secret("b"), record);
    const active = activeLogin(now);
    assert.equal(active?.name, "b");
    assert.deepEqual(active === undefined ? [] : lookUpOrigins(now, active), [ACME]);
    assert.deepEqual(lookUpOrigins(now, saved("a", secret("a"))), [HUB]);
    assert.equal(activeLogin(contents([saved("a", secret("a"))], secret("z"))), undefined);
  });
});

describe("toStoredToken()", () => {
  const expiry = (text: string): string | undefined =>
    toStoredToken({ name: "a", fields: new Map([["expires_at", text]]) }).expiresAt?.toISOString();

  it("reads an expiry as Python's int() does, and nothing else", () => {
    assert.equal(expiry("1767225600"), "2026-01-01T00:00:00.000Z");
    assert.equal(expiry(" +1_767_225_600 "), "2026-01-01T00:00:00.000Z");
    for (const text of ["", "abc", "1.5", "1e9", "99999999999999999999"]) assert.equal(expiry(text), undefined, text);
    assert.equal(toStoredToken({ name: "a", fields: new Map() }).expiresAt, undefined);
  });

  it("wraps what is secret, and nothing that would strike plain words out of messages", () => {
    const token = saved("a", secret("t"), { refresh_token: "refresh-token-9", note: "a plain word" });
    assert.ok(token.fields.get("hf_token") instanceof Secret);
    assert.ok(token.fields.get("refresh_token") instanceof Secret);
    assert.equal(token.fields.get("note"), "a plain word");
    assert.ok(!JSON.stringify({ ...token, fields: [...token.fields] }).includes(secret("t").expose()));
  });
});
