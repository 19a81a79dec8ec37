import { encodePath } from "../http.ts";
import type { AccessStatus, Repo } from "../types.ts";
import { webPrefix } from "../types.ts";
import type { Markup } from "./markup.ts";
import { markup } from "./markup.ts";

/** Address of the repo's page: `/acme/tiny`, `/datasets/acme/tiny`. */
export function repoPath(repo: Repo): string {
  return `/${webPrefix(repo.type)}${encodePath(repo.id)}`;
}

export function repoMarks(repo: Repo): Markup[] {
  const words = [
    repo.private && "private",
    repo.gated === "auto" && "gated",
    repo.gated === "manual" && "gated, reviewed",
    repo.disabled && "disabled",
  ];
  return words.flatMap((word) => (word === false ? [] : [markup`<span class="mark">${word}</span>`]));
}

export const STATUS_WORDS: Record<AccessStatus, string> = {
  pending: "Waiting for review",
  accepted: "Accepted",
  rejected: "Rejected",
  reset: "Reset: ask again",
};

/** A moment for people, and for programs in the attribute. */
export function moment(at: number): Markup {
  const iso = new Date(at).toISOString();
  return markup`<time datetime="${iso}">${iso.slice(0, 16).replace("T", " ")} UTC</time>`;
}

export function sizeOf(bytes: number): string {
  let value = bytes;
  let unit = 0;
  const units = ["B", "kB", "MB", "GB", "TB"];
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit] ?? ""}`;
}
