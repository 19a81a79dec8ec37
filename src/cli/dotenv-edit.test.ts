import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import { parseEnv } from "node:util";
import { HfError } from "../core/errors.ts";
import { setInDotenv } from "./dotenv-edit.ts";
import { tokenInEnvFile } from "./env-file.ts";

const set = (text: string, value = "new"): string => setInDotenv(text, "HF_TOKEN", value).text;

describe("setInDotenv()", () => {
  it("adds a line at the end, in the line ends of the file", () => {
    assert.equal(set(""), "HF_TOKEN=new\n");
    assert.equal(set("A=1\n"), "A=1\nHF_TOKEN=new\n");
    assert.equal(set("A=1"), "A=1\nHF_TOKEN=new\n");
    assert.equal(set("A=1\r\nB=2"), "A=1\r\nB=2\r\nHF_TOKEN=new\r\n");
    assert.equal(setInDotenv("A=1\n", "HF_TOKEN", "new").replaced, false);
  });

  it("replaces the value in place, and nothing around it", () => {
    const before = "# top\n\n  A = 1 \nexport HF_TOKEN=old # mine\n\tB='two'\n#HF_TOKEN=commented\nHF_TOKEN_PATH=/x\n";
    const { text, replaced } = setInDotenv(before, "HF_TOKEN", "new");
    assert.equal(text, before.replace("HF_TOKEN=old", "HF_TOKEN=new"));
    assert.equal(replaced, true);
    assert.equal(set("HF_TOKEN = old\r\nZ=1\r\n"), "HF_TOKEN = new\r\nZ=1\r\n");
    assert.equal(set("HF_TOKEN="), "HF_TOKEN=new");
    assert.equal(set('HF_TOKEN="old # not a comment" # one\n'), "HF_TOKEN=new # one\n");
    assert.equal(set("HF_TOKEN=old#part\n"), "HF_TOKEN=new\n");
  });

  it("leaves no old token behind where the variable is there twice", () => {
    assert.equal(set("HF_TOKEN=one\nA=1\nHF_TOKEN=two\n"), "HF_TOKEN=new\nA=1\nHF_TOKEN=new\n");
  });

  it("knows a value of several lines from lines", () => {
    const key = 'KEY="-----BEGIN\nHF_TOKEN=inside\n-----END"\n';
    assert.equal(set(key), `${key}HF_TOKEN=new\n`);
    assert.equal(set("HF_TOKEN='one\ntwo'\nA=1\n"), "HF_TOKEN=new\nA=1\n");
    assert.equal(set("A='never closed\nHF_TOKEN=old\n"), "A='never closed\nHF_TOKEN=new\n");
  });

  it("keeps a byte order mark in front", () => {
    assert.equal(set("\ufeffHF_TOKEN=old\n"), "\ufeffHF_TOKEN=new\n");
    assert.equal(set("\u00ef\u00bb\u00bfHF_TOKEN=old\n"), "\u00ef\u00bb\u00bfHF_TOKEN=new\n");
  });

  it("does it the same way twice", () => {
    for (const text of ["", "A=1", "export HF_TOKEN='x' # c\r\n", 'K="\n"\n']) assert.equal(set(set(text)), set(text));
  });

  it("writes what Node and a shell read back, or refuses", () => {
    for (const value of [`hf_${"x".repeat(34)}`, "a b", "a#b", "$HOME", 'a"b', "a\\nb", "`id`", "!x"]) {
      const text = set("A=1\n", value);
      assert.equal(parseEnv(text)["HF_TOKEN"], value);
      if (process.platform === "win32") continue;
      const shell = spawnSync("sh", ["-c", `${text}\nprintf %s "$HF_TOKEN"`], { encoding: "utf8" });
      assert.equal(shell.stdout, value);
    }
    for (const value of ["a'b", "a\nb"]) {
      assert.throws(
        () => set("", value),
        (error) => error instanceof HfError && !error.message.includes(value),
      );
    }
  });

  it("agrees with Node about what is an assignment", () => {
    for (const text of [
      "A='x'\nB=\"y\nz\"\nC=`q`\n",
      "  export A=1\n",
      "A=\nB=\n",
      "A='open\nB=2\n",
      "A=1 # 'c\nB=2\n",
    ]) {
      const before = parseEnv(text);
      assert.deepEqual({ ...parseEnv(set(text)) }, { ...before, HF_TOKEN: "new" }, text);
    }
  });
});

describe("tokenInEnvFile()", () => {
  const read = (text: string, warnings: string[] = []) =>
    tokenInEnvFile(text, ".env", { warn: (line) => warnings.push(line), obeyed: false });

  it("finds the token as Node reads the file", () => {
    assert.deepEqual(read("# c\nexport HF_TOKEN='hf_a' # d\n"), { name: "HF_TOKEN", value: "hf_a" });
    assert.deepEqual(read("\ufeffHF_TOKEN=hf_a\r\n"), { name: "HF_TOKEN", value: "hf_a" });
    assert.deepEqual(read("HUGGING_FACE_HUB_TOKEN=hf_b\nHF_TOKEN=\n"), {
      name: "HUGGING_FACE_HUB_TOKEN",
      value: "hf_b",
    });
  });

  it("expands nothing", () => {
    assert.equal(read("A=1\nHF_TOKEN=${A}$(id)\n").value, "${A}$(id)");
  });

  it("reads no endpoint, and says so", () => {
    const warnings: string[] = [];
    read("HF_ENDPOINT=https://evil.io\nHF_TOKEN=hf_a\n", warnings);
    assert.match(warnings.join(), /HF_ENDPOINT .* not read/);
  });

  it("refuses a file without a token", () => {
    for (const text of ["", "A=1\n", "HF_TOKEN=\n", "HF_TOKEN='  '\n", "HUGGINGFACE_TOKEN=hf_x\n", "constructor=1\n"]) {
      assert.throws(
        () => read(text),
        (error) => error instanceof HfError && error.code === "ERR_HF_USAGE",
        text,
      );
    }
  });
});
