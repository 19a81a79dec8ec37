import type { GateFieldType, Repo } from "../types.ts";
import { countries } from "./countries.ts";
import type { Visit } from "./layout.ts";
import { formToken } from "./layout.ts";
import type { Markup } from "./markup.ts";
import { markup } from "./markup.ts";
import { repoPath } from "./repo-words.ts";

/** What somebody wrote into a gate form, and what is wrong with it, both by label. */
export type Answers = { values: ReadonlyMap<string, string>; faults: ReadonlyMap<string, string> };

const LONGEST_ANSWER = 1000;

/** Reads the declared fields and no others. All of them must be answered. */
export function readAnswers(repo: Repo, fields: URLSearchParams): Answers {
  const values = new Map<string, string>();
  const faults = new Map<string, string>();
  for (const [label, type] of Object.entries(repo.gate.fields)) {
    const value = (fields.get(label) ?? "").trim();
    values.set(label, value);
    const fault = faultOf(type, value);
    if (fault !== undefined) faults.set(label, fault);
  }
  return { values, faults };
}

/** The answers as the API keeps them: a ticked box is `true`. */
export function answersToKeep(repo: Repo, { values }: Answers): Record<string, unknown> {
  return Object.fromEntries(
    [...values].map(([label, value]) => [label, repo.gate.fields[label] === "checkbox" ? true : value]),
  );
}

function faultOf(type: GateFieldType, value: string): string | undefined {
  if (type === "checkbox") return value === "" ? "Tick this box to go on." : undefined;
  if (value === "") return typeof type === "object" || type === "country" ? "Choose one." : "Fill this in.";
  if (value.length > LONGEST_ANSWER) return `At most ${LONGEST_ANSWER} characters.`;
  if (typeof type === "object") return type.options.includes(value) ? undefined : "Choose one of the list.";
  if (type === "country") return countries().has(value) ? undefined : "Choose one of the list.";
  if (type === "date_picker") return isDay(value) ? undefined : "A date like 2026-01-31.";
  return undefined;
}

function isDay(value: string): boolean {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(value) ? Date.parse(`${value}T00:00:00Z`) : Number.NaN;
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(value);
}

export function gateForm(visit: Visit, repo: Repo, answers: Answers | undefined): Markup {
  const labels = Object.entries(repo.gate.fields);
  const button = repo.gate.buttonContent ?? (repo.gated === "auto" ? "Accept and get access" : "Request access");
  return markup`${answers && summary(labels, answers)}
<form class="stack" method="post" action="${repoPath(repo)}/ask-access" novalidate>${formToken(visit)}
${labels.map(([label, type], index) => field(`field-${index}`, label, type, answers))}
<button>${button}</button></form>`;
}

function summary(labels: readonly [string, GateFieldType][], { faults }: Answers): Markup {
  const items = labels.flatMap(([label], index) =>
    faults.has(label) ? [markup`<li><a href="#field-${index}">${label}</a>: ${faults.get(label)}</li>`] : [],
  );
  return markup`<div class="note bad" role="alert"><p>Your request was not sent.</p><ul>${items}</ul></div>`;
}

function field(id: string, label: string, type: GateFieldType, answers: Answers | undefined): Markup {
  const value = answers?.values.get(label) ?? "";
  const fault = answers?.faults.get(label);
  const marks = markup` id="${id}" name="${label}" required${
    fault !== undefined && markup` aria-invalid="true" aria-describedby="${id}-wrong"`
  }`;
  const wrong = fault !== undefined && markup`<span class="wrong" id="${id}-wrong">${fault}</span>`;
  if (type === "checkbox") {
    return markup`<p><label class="choice" for="${id}"><input type="checkbox" value="true"${marks}${
      value !== "" && markup` checked`
    }><span>${label}</span></label>${wrong}</p>`;
  }
  const control =
    typeof type === "object"
      ? select(marks, new Map(type.options.map((option) => [option, option])), value)
      : type === "country"
        ? select(marks, countries(), value)
        : markup`<input type="${type === "date_picker" ? "date" : "text"}"${marks} value="${value}">`;
  return markup`<p><label for="${id}">${label}</label>${control}${wrong}</p>`;
}

function select(marks: Markup, options: ReadonlyMap<string, string>, chosen: string): Markup {
  const all = [...options].map(
    ([value, word]) => markup`<option value="${value}"${value === chosen && markup` selected`}>${word}</option>`,
  );
  return markup`<select${marks}><option value="">Choose…</option>${all}</select>`;
}
