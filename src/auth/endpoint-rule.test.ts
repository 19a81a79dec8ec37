import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Secret } from "../core/secret.ts";
import { insecureEndpoint, misplacedLogin } from "./endpoint-rule.ts";
import {
  EMPTY_RECORD,
  formatLoginRecord,
  originsOf,
  parseLoginRecord,
  withLogin,
  withoutLogin,
  withTrusted,
} from "./login-record.ts";

describe("insecureEndpoint()", () => {
  it("lets tokens travel by https and on this machine, nowhere else", () => {
    for (const fine of [
      "https://huggingface.co",
      "https://hub.acme.io/hf",
      "http://127.0.0.1:80",
      "http://localhost:9",
      "http://[::1]:1",
    ]) {
      assert.equal(insecureEndpoint(fine), undefined, fine);
    }
    for (const open of [
      "http://huggingface.co",
      "http://127.0.0.1.evil.io",
      "http://localhost.evil.io",
      "http://10.0.0.1",
    ]) {
      assert.equal(insecureEndpoint(open)?.code, "ERR_HF_INSECURE_ENDPOINT", open);
    }
  });
});

describe("misplacedLogin()", () => {
  const hub = { loginOrigins: [], trusted: [] };

  it("takes a login without a record for one of huggingface.co", () => {
    assert.equal(misplacedLogin({ ...hub, endpoint: "https://huggingface.co" }), undefined);
    assert.equal(misplacedLogin({ ...hub, endpoint: "https://hf.co" }), undefined);
    assert.equal(misplacedLogin({ ...hub, endpoint: "http://127.0.0.1:8080" }), undefined);
  });

  it("asks for a word of the user before it goes to another https endpoint", () => {
    const endpoint = "https://hf-mirror.example";
    const error = misplacedLogin({ ...hub, endpoint });
    assert.equal(error?.code, "ERR_HF_TOKEN_ENDPOINT");
    assert.match(error?.hint ?? "", /hf auth trust https:\/\/hf-mirror\.example/);
    assert.equal(misplacedLogin({ ...hub, endpoint: `${endpoint}/path`, trusted: [endpoint] }), undefined);
  });

  it("compares whole origins: another port, scheme or a longer host is another place", () => {
    const trusted = ["https://hub.acme.io"];
    for (const endpoint of ["https://hub.acme.io:8443", "https://hub.acme.io.evil.io", "https://evil.io/hub.acme.io"]) {
      assert.equal(misplacedLogin({ ...hub, endpoint, trusted })?.code, "ERR_HF_TOKEN_ENDPOINT", endpoint);
    }
    assert.equal(misplacedLogin({ ...hub, endpoint: "https://huggingface.co.evil.io" })?.code, "ERR_HF_TOKEN_ENDPOINT");
  });

  it("sends a login of another Hub there alone, trusted endpoints and this machine included", () => {
    const acme = { loginOrigins: ["https://hub.acme.io"], trusted: ["https://mirror.example"] };
    assert.equal(misplacedLogin({ ...acme, endpoint: "https://hub.acme.io" }), undefined);
    for (const endpoint of ["https://huggingface.co", "https://mirror.example", "http://localhost:1"]) {
      const error = misplacedLogin({ ...acme, endpoint });
      assert.equal(error?.code, "ERR_HF_TOKEN_ENDPOINT", endpoint);
      assert.match(error?.message ?? "", /belongs to https:\/\/hub\.acme\.io/);
      assert.match(error?.hint ?? "", new RegExp(`hf auth login --endpoint ${endpoint}`));
    }
  });

  it("refuses plain http even to a trusted name", () => {
    const error = misplacedLogin({
      endpoint: "http://mirror.example",
      loginOrigins: [],
      trusted: ["http://mirror.example"],
    });
    assert.equal(error?.code, "ERR_HF_INSECURE_ENDPOINT");
  });
});

describe("the record of logins", () => {
  const token = Secret.of(`hf_${"r".repeat(34)}`);

  it("comes back from its text, and the text holds no token", () => {
    const record = withTrusted(withLogin(EMPTY_RECORD, token, "https://hub.acme.io"), "https://mirror.example");
    const text = formatLoginRecord(record);
    assert.ok(!text.includes(token.expose()));
    const back = parseLoginRecord(text);
    assert.ok(back !== undefined);
    assert.deepEqual(originsOf(back, token), ["https://hub.acme.io"]);
    assert.deepEqual(back.trusted, ["https://mirror.example"]);
    assert.deepEqual(originsOf(withoutLogin(back, token), token), []);
  });

  it("is refused when it is not what we wrote, rather than read as empty", () => {
    for (const text of [
      "",
      "[]",
      "null",
      '{"version":2}',
      '{"version":1,"trusted":["https://a.io/path"]}',
      '{"version":1,"trusted":"https://a.io"}',
      '{"version":1,"logins":{"abc":["https://a.io"]}}',
      `{"version":1,"logins":{"${"0".repeat(64)}":["not an origin"]}}`,
    ]) {
      assert.equal(parseLoginRecord(text), undefined, text);
    }
  });
});

it("misplacedLogin() names the saved login that belongs there", () => {
  const at = { endpoint: "https://hub.acme.io", loginOrigins: ["https://huggingface.co"], trusted: [] };
  assert.match(misplacedLogin({ ...at, fitting: ["my work"] })?.hint ?? "", /hf auth switch 'my work'$/);
  assert.match(misplacedLogin(at)?.hint ?? "", /hf auth trust/);
});
