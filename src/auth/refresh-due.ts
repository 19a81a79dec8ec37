import type { StoredToken } from "./token-store.ts";

/** A login is renewed when less is left of it, as Python does: so that a day without network does not end it. */
export const REFRESH_MARGIN_MS = 24 * 3600 * 1000;

/** True for an OAuth login that is near its end, or past it. `now` in milliseconds since the epoch. */
export function isRefreshDue(login: StoredToken, now: number): boolean {
  const { refreshToken, expiresAt } = login;
  return refreshToken !== undefined && expiresAt !== undefined && expiresAt.getTime() - REFRESH_MARGIN_MS <= now;
}

/**
 * Renews a saved login when it is due, for use with `endpoint`. Never fails: a login that can't be renewed now is used
 * as it is.
 */
export type LoginRefresher = (login: StoredToken, endpoint: string) => Promise<RefreshNote>;

export interface RefreshNote {
  /** The store holds something else now: read it again. */
  readonly changed: boolean;
  /** A sentence for the person. */
  readonly warning?: string;
}
