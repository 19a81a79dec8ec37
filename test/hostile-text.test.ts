import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";

/**
 * Texts of a server or a file that make a careless search look at every character as often as there are characters.
 * Each is so long that the square of its length is minutes to hours of work; done with care it is a blink. A process of
 * its own, because a search that has gone wrong can only be killed.
 */
const CASES: Readonly<Record<string, { readonly module: string; readonly code: string }>> = {
  "beginnings of a JWT in one word": {
    module: "core/redact.js",
    code: "redact('eyJaaaaaaaa-'.repeat(100_000)); redact('eyJaaaaaaaa-'.repeat(100_000) + '.aaaaaaaa')",
  },
  "beginnings of a token, at the end of a chunk": {
    module: "core/redact.js",
    code: "const r = createRedactor(); for (let n = 0; n < 2000; n++) r.write(Buffer.from('-hf_'.repeat(4000) + ' '.repeat(384)))",
  },
  "addresses, schemes and queries without an end": {
    module: "core/redact.js",
    code: "for (const part of ['://a:', 'bearer ', 'basic aaaaaaaa ', '?code', '&token=', ':']) redact(part.repeat(200_000))",
  },
  "blanks before the comment of a variable": {
    module: "cli/dotenv-edit.js",
    code: "setInDotenv('HF_TOKEN=a' + ' '.repeat(900_000) + 'b', 'HF_TOKEN', 'c')",
  },
  "blanks inside a header": {
    module: "hub/transfer-head.js",
    code: `const head = (line) => Buffer.from('HTTP/1.1 200 OK\\r\\n' + line + '\\r\\n\\r\\n', 'latin1');
      for (let n = 0; n < 50; n++) {
        parseHead(head('connection: ' + 'a' + ' '.repeat(32_000) + 'b'), 'GET');
        parseHead(head('x: ' + ' '.repeat(32_000) + '\\x01'), 'GET');
      }`,
  },
  "slashes inside an endpoint": {
    module: "core/settings.js",
    code: "parseEndpoint('https://huggingface.co/' + '/'.repeat(900_000) + 'x')",
  },
  "quotes around blanks in the place of a token": {
    module: "auth/clean.js",
    code: "for (let n = 0; n < 20; n++) cleanToken('\"'.repeat(2000) + 'a' + ' '.repeat(4000) + 'a' + '\"'.repeat(2000))",
  },
};

function runs(module: string, code: string): { readonly ended: boolean; readonly stderr: string } {
  const names = [...code.matchAll(/\b(redact|createRedactor|setInDotenv|parseHead|parseEndpoint|cleanToken)\(/g)];
  const list = [...new Set(names.map((match) => match[1]))].join(", ");
  const url = new URL(`../src/${module}`, import.meta.url).href;
  const text = `import { ${list} } from ${JSON.stringify(url)};\n${code}\n`;
  const done = spawnSync(process.execPath, ["--input-type=module", "-e", text], { timeout: 60_000, encoding: "utf8" });
  return { ended: done.status === 0, stderr: done.stderr };
}

describe("a hostile text", () => {
  for (const [name, { module, code }] of Object.entries(CASES)) {
    it(`costs no more than its length: ${name}`, () => {
      const { ended, stderr } = runs(module, code);
      assert.ok(ended, stderr || "it was still at work after a minute");
    });
  }
});
