import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Secret } from "../core/secret.ts";
import { answerCredential } from "./answer.ts";
import { LARGEST_REQUEST, parseCredentialRequest } from "./credential-request.ts";

const HUB = "https://huggingface.co";
const token = Secret.of(`hf_${"c".repeat(34)}`);
const GIVEN = `username=hf_user\npassword=${token.expose()}\n\n`;

async function answer(text: string | Uint8Array, endpoint = HUB): Promise<string> {
  const bytes = typeof text === "string" ? Buffer.from(text, "latin1") : text;
  return Buffer.from(await answerCredential(bytes, endpoint, async () => token)).toString("latin1");
}
const get = (...lines: string[]): string => `${lines.join("\n")}\n\n`;

describe("answerCredential()", () => {
  it("gives the token for the endpoint's host, with and without the last blank line", async () => {
    assert.equal(await answer("protocol=https\nhost=huggingface.co\n\n"), GIVEN);
    assert.equal(await answer("host=huggingface.co\nprotocol=https\n"), GIVEN);
  });

  it("lets attributes pass that newer versions of git send", async () => {
    const more = ["capability[]=authtype", "capability[]=state", 'wwwauth[]=Basic realm="Hugging Face"', "ephemeral=0"];
    assert.equal(await answer(get(...more, "protocol=https", "host=huggingface.co")), GIVEN);
  });

  it("gives a user name back as it came, byte for byte", async () => {
    const named = await answer(get("protocol=https", "host=huggingface.co", "username=\u00fc=x"));
    assert.equal(named, `username=\u00fc=x\npassword=${token.expose()}\n\n`);
    assert.equal(await answer(get("protocol=https", "host=huggingface.co", "username=")), GIVEN);
  });

  it("gives nothing to any other host, and does not even look for a token", async () => {
    const never = (): never => assert.fail("looked for a token");
    for (const host of [
      "huggingface.co.evil.io",
      "evil-huggingface.co",
      "evil.io",
      "hf.co",
      "cdn-lfs.huggingface.co",
      "huggingface.co:8443",
      "huggingface.co:443",
      "huggingface.co.",
      "HUGGINGFACE.CO",
      "user@huggingface.co",
      "huggingface.co@evil.io",
      "huggingface.co/",
      "huggingface.co#",
      "huggingface.co?",
      "huggingface.co%00",
      "huggingface\u00b7co",
      " huggingface.co",
      "huggingface.co ",
      "huggingface.co\t",
    ]) {
      const request = Buffer.from(get("protocol=https", `host=${host}`), "latin1");
      assert.equal((await answerCredential(request, HUB, never)).length, 0, host);
    }
  });

  it("gives nothing over plain http, except on this machine", async () => {
    assert.equal(await answer(get("protocol=http", "host=huggingface.co")), "");
    assert.equal(await answer(get("protocol=http", "host=hub.acme.io"), "http://hub.acme.io"), "");
    for (const host of ["localhost:5000", "127.0.0.1:5000", "[::1]:5000"]) {
      assert.equal(await answer(get("protocol=http", `host=${host}`), `http://${host}`), GIVEN, host);
      assert.equal(await answer(get("protocol=https", `host=${host}`), `http://${host}`), "", host);
    }
    assert.equal(await answer(get("protocol=http", "host=localhost:5001"), "http://localhost:5000"), "");
    for (const protocol of ["HTTPS", "https:", "ssh", "file", "ftp", "imap"]) {
      assert.equal(await answer(get(`protocol=${protocol}`, "host=huggingface.co")), "", protocol);
    }
  });

  it("asks for a path only where the endpoint has one, and keeps to it", async () => {
    const below = "https://acme.io/hub";
    const withPath = (path: string): string => get("protocol=https", "host=acme.io", `path=${path}`);
    assert.equal(await answer(get("protocol=https", "host=huggingface.co", "path=any/thing.git")), GIVEN);
    for (const path of ["hub", "hub/", "hub/alice/x.git"])
      assert.equal(await answer(withPath(path), below), GIVEN, path);
    for (const path of ["", "hubs/x", "other", "hub/../other", "hub/%2e%2e/other", "//acme.io/hub", "hub\\..\\other"]) {
      assert.equal(await answer(withPath(path), below), "", path);
    }
    assert.equal(await answer(get("protocol=https", "host=acme.io"), below), "");
  });

  it("gives nothing to what git would not write", async () => {
    const good = ["protocol=https", "host=huggingface.co"];
    const wrong: Record<string, string | Uint8Array> = {
      nothing: "",
      "a blank line": "\n",
      "no host": get("protocol=https"),
      "no protocol": get("host=huggingface.co"),
      "an empty host": get("protocol=https", "host="),
      "an empty protocol": get("protocol=", "host=huggingface.co"),
      "a carriage return at a line's end": get("protocol=https", "host=huggingface.co\r"),
      "a carriage return inside": get("protocol=https", "host=evil.io\rhost=huggingface.co"),
      "Windows line ends": "protocol=https\r\nhost=huggingface.co\r\n\r\n",
      "a carriage return elsewhere": get(...good, "username=a\rb"),
      "a NUL": get(...good, "username=a\0b"),
      "a NUL after the host": get("protocol=https", "host=huggingface.co\0.evil.io"),
      "a line without a name": get(...good, "=x"),
      "a line without an equals sign": get(...good, "username"),
      "two hosts": get("protocol=https", "host=evil.io", "host=huggingface.co"),
      "two protocols": get("protocol=http", "protocol=https", "host=huggingface.co"),
      "an address": get("url=https://evil.io", ...good),
      "a line that is cut off": "protocol=https\nhost=huggingface.co",
      "a longer host that is cut off": "protocol=https\nhost=huggingface.com",
      "words after the blank line": `${get(...good)}host=evil.io\n`,
      "too many attributes": get(...good, ...Array.from({ length: 99 }, (_, at) => `k${at}=v`)),
      "too many bytes": get(...good, `wwwauth[]=${"x".repeat(LARGEST_REQUEST)}`),
    };
    for (const [name, text] of Object.entries(wrong)) assert.equal(await answer(text), "", name);
  });

  it("takes as much as it says", async () => {
    const good = ["protocol=https", "host=huggingface.co"];
    assert.equal(await answer(get(...good, ...Array.from({ length: 98 }, (_, at) => `k${at}=v`))), GIVEN);
    const frame = get(...good, "wwwauth[]=").length;
    assert.equal(await answer(get(...good, `wwwauth[]=${"x".repeat(LARGEST_REQUEST - frame)}`)), GIVEN);
  });

  it("survives any bytes, and gives the token only for one request", async () => {
    let state = 7;
    const random = (below: number): number => (state = (state * 1103515245 + 12345) % 2147483648) % below;
    const request = Buffer.from(get("protocol=https", "host=huggingface.co"));
    let given = 0;
    for (let round = 0; round < 3000; round++) {
      const bytes = Buffer.from(request);
      for (let change = random(3); change >= 0; change--) bytes[random(bytes.length)] = random(256);
      const text = await answer(bytes);
      if (text === "") continue;
      given++;
      const parsed = parseCredentialRequest(bytes);
      assert.equal(`${parsed?.protocol}://${parsed?.host}`, HUB);
    }
    assert.ok(given < 300, "the changes hit nothing");
  });
});

describe("answerCredential() without a token", () => {
  it("is empty", async () => {
    const request = Buffer.from(get("protocol=https", "host=huggingface.co"));
    assert.equal((await answerCredential(request, HUB, async () => undefined)).length, 0);
  });
});
