import assert from "node:assert/strict";
import type { Localhub, Seed } from "../../src/localhub/index.ts";
import { defaultSeed } from "../../src/localhub/index.ts";
import type { Answer, Browser } from "./browser.ts";

/** Breaks out of an attribute and of an element, where it is not escaped. */
export const NASTY = `"><script>alert(1)</script><img src=x onerror='alert(2)'>`;

/** The default world, a repo whose every word is hostile, and a gate with a date. */
export function seedOfPages(): Seed {
  const base = defaultSeed();
  return {
    ...base,
    users: [...(base.users ?? []), { name: "mallory", fullname: NASTY, password: "known words" }],
    repos: [
      ...(base.repos ?? []),
      {
        id: `mallory/${NASTY.replaceAll("/", "")}`,
        gated: "manual",
        tags: [NASTY],
        gate: {
          heading: NASTY,
          prompt: NASTY,
          description: NASTY,
          buttonContent: NASTY,
          fields: { [NASTY]: "text", [`select ${NASTY}`]: { type: "select", options: [NASTY] } },
        },
        commits: [
          { message: NASTY, files: { "README.md": `# Hi\n\n</pre>${NASTY}\n`, [`a${NASTY.slice(0, 9)}.txt`]: "x" } },
        ],
        access: [{ user: "carol", status: "pending", fields: { [NASTY]: NASTY } }],
      },
      {
        id: "acme/birthdays",
        gated: "manual",
        gate: { fields: { Born: "date_picker", Country: "country" } },
      },
    ],
  };
}

/** Signs in as a person does. Answers what came back, not followed. */
export async function signIn(hub: Localhub, browser: Browser, name: string, at = "/login"): Promise<Answer> {
  const page = await browser.send("GET", at);
  return browser.submit(page, "/login", { username: name, password: passwordOf(hub, name) });
}

export function passwordOf(hub: Localhub, name: string): string {
  return hub.model.users.get(name)?.password ?? assert.fail(`no user ${name}`);
}

export function locationOf(answer: Answer): string {
  return String(answer.headers.location);
}

/** Where a user's request for a model stands. */
export function statusOf(hub: Localhub, repo: string, user: string): string | undefined {
  return hub.model.repos.get(`models/${repo}`)?.access.find((one) => one.user === user)?.status;
}
