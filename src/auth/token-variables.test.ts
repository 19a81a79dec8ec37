import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { lookAlikes, withoutTokens } from "./token-variables.ts";

const TOKEN = `hf_${"t".repeat(34)}`;

describe("lookAlikes()", () => {
  it("finds names that are read by other tools, whatever they hold", () => {
    assert.deepEqual(lookAlikes({ HF_API_TOKEN: "", HUGGINGFACEHUB_API_TOKEN: TOKEN }), [
      "HF_API_TOKEN",
      "HUGGINGFACEHUB_API_TOKEN",
    ]);
  });

  it("finds misspelt names that hold a token", () => {
    for (const name of ["HF_TOKENN", "HF_TOKE", "HFTOKEN", "HF_TOKENS", "hf_token", "Hf_Token", "HUGGINGFACE_TOKNE"])
      assert.deepEqual(lookAlikes({ [name]: TOKEN }), [name]);
    assert.deepEqual(lookAlikes({ HF_TOKENN: `"${TOKEN}"` }), ["HF_TOKENN"]);
  });

  it("leaves alone what is read, what holds no token, and what no shell could name", () => {
    const others = {
      HF_TOKEN: TOKEN,
      HUGGING_FACE_HUB_TOKEN: TOKEN,
      HUGGINGFACE_TOKEN: TOKEN,
      HF_TOKENS: "3",
      HF_TOKEN_PATH: "/data/hf_token",
      GITHUB_TOKEN: TOKEN,
      "HF_TOKEN;id": TOKEN,
    };
    assert.deepEqual(lookAlikes(others), []);
    // As on Windows, where each spelling has the value of the other.
    assert.deepEqual(lookAlikes({ hf_token: TOKEN, HF_TOKEN: TOKEN }), []);
  });
});

describe("withoutTokens()", () => {
  it("leaves out what is read, its look-alikes, and misspelt names that hold a token", () => {
    const tokens = {
      HF_TOKEN: TOKEN,
      HF_API_TOKEN: "x",
      HF_TOKENN: TOKEN,
      hf_toke: ` "${TOKEN}"`,
      "HF_TOKEN;id": TOKEN,
      HF_TOKEN_OLD: `api_org_${"t".repeat(34)}`,
    };
    const others = {
      HF_TOKENS: "3",
      HF_TOKEN_PATH: "/data/hf_token",
      HF_HOME: "/home",
      OTHER: TOKEN,
      GITHUB_TOKEN: "g",
    };
    assert.deepEqual(withoutTokens({ ...tokens, ...others }), others);
  });
});
