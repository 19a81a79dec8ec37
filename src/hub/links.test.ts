import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { linkTarget, nextPage } from "./links.ts";

const endpoint = "https://hub.example/hf";
const here = new URL(`${endpoint}/api/models`);

describe("nextPage()", () => {
  it("takes absolute and relative targets of the endpoint's origin", () => {
    const next = (link: string): string | undefined => nextPage(link, here, endpoint)?.href;
    assert.equal(next(`<${endpoint}/api/models?cursor=a%2Cb>; rel="next"`), `${endpoint}/api/models?cursor=a%2Cb`);
    assert.equal(next("<?cursor=2>;rel=next"), `${endpoint}/api/models?cursor=2`);
    assert.equal(next("<https://huggingface.co/api/models?c=1>; rel=next"), `${endpoint}/api/models?c=1`);
  });

  it("ends without a link to a next page", () => {
    assert.equal(nextPage(null, here, endpoint), undefined);
    assert.equal(nextPage(`<${endpoint}/x>; rel="prev"`, here, endpoint), undefined);
    assert.equal(nextPage("nonsense", here, endpoint), undefined);
    assert.equal(nextPage("<unfinished", here, endpoint), undefined);
  });

  it("never leaves the origin", () => {
    for (const target of [
      "https://evil.example/api",
      "//evil.example/api",
      "http://hub.example/hf/api",
      "https://hub.example:8443/",
      "https://me:pw@hub.example/",
      "javascript:1",
      "https://hub.example\t.evil.example/",
    ]) {
      assert.throws(() => nextPage(`<${target}>; rel="next"`, here, endpoint), { code: "ERR_HF_BAD_ANSWER" }, target);
    }
  });
});

describe("linkTarget()", () => {
  it("reads lists, commas in targets, several relations and other parameters", () => {
    const header = '<a,b;c>; title="x"; rel="prev first", <d>; REL = "up next"; type="t", <e>;rel=xet-auth';
    assert.equal(linkTarget(header, "prev"), "a,b;c");
    assert.equal(linkTarget(header, "next"), "d");
    assert.equal(linkTarget(header, "xet-auth"), "e");
    assert.equal(linkTarget(header, "none"), undefined);
  });

  it("ends on hostile text", () => {
    for (const part of ["<", "<>", ">", "<>;", '<>; rel="', ";rel="]) linkTarget(part.repeat(20_000), "next");
  });
});
