import type { Identity } from "./identity.ts";

/**
 * Why a token can't be called read-only, as a predicate ("may write"), or undefined when the Hub says that it can only
 * read. What the Hub does not tell counts against the token.
 */
export function whyNotReadOnly({ token, authType }: Identity): string | undefined {
  switch (token?.role) {
    case "read":
      return undefined;
    case "write":
      return "has the role write";
    case "fineGrained": {
      if (token.permissions === undefined) return "is fine-grained, and the Hub does not say what it may do";
      const { global, scoped } = token.permissions;
      const all = [...global, ...scoped.flatMap(({ permissions }) => permissions)];
      const more = [...new Set(all.filter((permission) => !permission.endsWith(".read")))];
      return more.length === 0 ? undefined : `may do more than read: ${more.slice(0, 5).join(", ")}`;
    }
    default:
      return authType === "oauth"
        ? "comes from a sign-in by browser, and the Hub does not say what it may do"
        : "is of a kind of which the Hub does not say what it may do";
  }
}
