import { faultAnswer, isAnswer } from "./fault-answer.ts";
import { changeBody, hasBodyFault } from "./fault-body.ts";
import { bodyStart, changeAnswer } from "./fault-head.ts";
import { meansRequest } from "./fault-match.ts";
import type { FaultRule } from "./fault-rule.ts";
import { parseFaultRule, parseFaultRules } from "./fault-rule.ts";
import { isRaw, writeRaw } from "./fault-wire.ts";
import type { Fault } from "./faults.ts";
import { Cut, pause } from "./faults.ts";
import type { HubRequest } from "./http.ts";
import { Refusal } from "./refusals.ts";

/** A rule that is set, and how often it has struck. */
export type SetRule = { rule: FaultRule; hits: number };

export type FaultRules = {
  /** @throws Error saying what is wrong with the rule. Returns a function that takes it away again. */
  add(rule: FaultRule): () => void;
  /** The rules still in force. */
  list(): readonly SetRule[];
  clear(): void;
  /**
   * The faults for one request: of the rules that mean it, counting down theirs, and of its own header.
   * @throws Refusal 400 when that header holds no rule.
   */
  take(request: HubRequest): Fault[];
};

/** Header by which one request asks for its own faults: a rule as JSON, or a list of them. */
export const FAULT_HEADER = "x-localhub-fault";

export function createFaultRules(now: () => number): FaultRules {
  let rules: (SetRule & { passed: number })[] = [];
  return {
    add(rule) {
      const made = { rule: structuredClone(parseFaultRule(rule)), hits: 0, passed: 0 };
      rules.push(made);
      return () => {
        rules = rules.filter((one) => one !== made);
      };
    },
    list: () => rules.map(({ rule, hits }) => ({ rule, hits })),
    clear() {
      rules = [];
    },
    take(request) {
      const taken = rulesOfHeader(request).filter((rule) => meansRequest(rule, request));
      let answered = taken.some(takesOver);
      for (const one of rules) {
        if (!meansRequest(one.rule, request)) continue;
        // Only one can answer. The others keep their counts: a list of such rules is a sequence.
        if (answered && takesOver(one.rule)) continue;
        if (one.passed < (one.rule.skip ?? 0)) {
          one.passed++;
          continue;
        }
        one.hits++;
        answered ||= takesOver(one.rule);
        taken.push(one.rule);
      }
      rules = rules.filter(({ rule, hits }) => hits < (rule.times ?? Infinity));
      return taken.map((rule) => toFault(rule, now));
    },
  };
}

function takesOver(rule: FaultRule): boolean {
  return isAnswer(rule) || isRaw(rule) || rule.redirect !== undefined;
}

function rulesOfHeader(request: HubRequest): FaultRule[] {
  const header = request.headers[FAULT_HEADER];
  if (header === undefined) return [];
  try {
    const rules = parseFaultRules(JSON.parse(header), "X-Localhub-Fault");
    for (const rule of rules) {
      for (const name of ["times", "skip"] as const) {
        if (rule[name] !== undefined) throw new Error(`X-Localhub-Fault.${name}: the header is about one request`);
      }
    }
    return rules;
  } catch (error) {
    throw new Refusal(400, error instanceof Error ? error.message : String(error));
  }
}

function toFault(rule: FaultRule, now: () => number): Fault {
  return {
    request(request) {
      if (!rule.ignoreRange) return request;
      return { ...request, headers: { ...request.headers, range: undefined, "if-range": undefined } };
    },
    before: (request) => faultAnswer(rule, request, now()),
    async after(request, response, gone) {
      if (rule.delay !== undefined) await pause(rule.delay, gone);
      if (rule.stall && rule.stall.afterBytes === undefined) await pause(rule.stall.ms ?? Infinity, gone);
      if (rule.cut && rule.cut.afterBytes === undefined) throw new Cut(rule.cut.reset ?? false);
      return changeAnswer(rule, request, response);
    },
    ...(isRaw(rule) ? { wire: (_request, _response, socket) => writeRaw(rule, socket) } : {}),
    ...(hasBodyFault(rule)
      ? { body: (_request, response, bytes, gone) => changeBody(rule, bytes, bodyStart(response), gone) }
      : {}),
    ...(rule.connectionClose ? { done: (_request, socket) => socket.destroy() } : {}),
  };
}
