import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HfError } from "../core/errors.ts";
import { cross, printError, printReport, tick } from "./output.ts";
import type { OutputFormat, Printer, Report } from "./output.ts";

function printed(format: OutputFormat, colour = false): { readonly printer: Printer; out: string; err: string } {
  const seen = {
    out: "",
    err: "",
    printer: {
      format,
      colour,
      out: (text: string) => void (seen.out += text),
      err: (text: string) => void (seen.err += text),
    },
  };
  return seen;
}

const NASTY = "evil\u001b]0;title\u0007\u001b[2J\u009b2J\u202etxt\u200b\r\nsecond\u{e0041}";
const PLAIN = "evil]0;title[2J2Jtxt second";

describe("printReport()", () => {
  const report: Report = {
    data: { name: NASTY },
    human: [`  ${NASTY}  x`],
    agent: [NASTY],
    quiet: [NASTY],
    notes: [NASTY],
  };

  it("makes every line for people plain, and keeps its indent", () => {
    const human = printed("human");
    printReport(report, human.printer);
    assert.equal(human.out, `  ${PLAIN}  x\n`);
    assert.equal(human.err, `${PLAIN}\n`);
    const agent = printed("agent");
    printReport(report, agent.printer);
    assert.equal(agent.out, `${PLAIN}\n`);
  });

  it("keeps our own colours, and no other sequence beside them", () => {
    const human = printed("human", true);
    printReport(
      { data: {}, human: [`${tick(human.printer)} a ${cross(human.printer)} b\u001b[8m\u001b[1A`] },
      human.printer,
    );
    assert.equal(human.out, "\u001b[32m✓\u001b[0m a \u001b[31m✗\u001b[0m b[8m[1A\n");
  });

  it("gives JSON that says the same and moves no terminal", () => {
    const json = printed("json");
    printReport(report, json.printer);
    assert.equal((JSON.parse(json.out) as { name: string }).name, NASTY);
    assert.match(json.out, /^[\x20-\x7e]*\n$/);
  });

  it("gives a script, and who asks for a value itself, what it is", () => {
    const quiet = printed("quiet");
    printReport(report, quiet.printer);
    assert.equal(quiet.out, `${NASTY}\n`);
    const raw = printed("human");
    printReport({ data: {}, human: [NASTY], raw: true, notes: [NASTY] }, raw.printer);
    assert.equal(raw.out, `${NASTY}\n`);
    assert.equal(raw.err, `${PLAIN}\n`);
  });
});

describe("printError()", () => {
  it("takes a fault of the disk that nobody expected for what it is", () => {
    const error = Object.assign(new Error("ELOOP: too many symbolic links encountered, open '/x/loop'"), {
      code: "ELOOP",
      syscall: "open",
      path: "/x/loop",
    });
    const human = printed("human");
    assert.equal(printError(error, human.printer, false), 6);
    assert.match(human.err, /\/x\/loop \(ELOOP\)/);
    assert.equal(printError(new Error("x"), printed("human").printer, false), 1);
    assert.equal(printError(new HfError("ERR_HF_OFFLINE", "x"), printed("human").printer, false), 11);
  });
});
