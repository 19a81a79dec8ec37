import type { RefreshNote } from "../auth/index.ts";
import { createContext } from "./context.ts";
import type { ProcessPort } from "./process-port.ts";

/**
 * Renews a saved login for a command that was answered without the whole program. The login goes by its name: a secret
 * of the other bundle is of another class.
 */
export async function refreshInFull(process: ProcessPort, tokenName: string, endpoint: string): Promise<RefreshNote> {
  const context = createContext({ endpoint }, process);
  try {
    const session = await context.session();
    const { createRefresher, readableLogins, withRevealed } = await import("../auth/index.ts");
    const { store } = session;
    const now = await withRevealed(await store.read(), tokenName, store.reveal);
    const login = readableLogins(now).find(({ name }) => name === tokenName);
    return login === undefined ? { changed: true } : await createRefresher(session.refreshing)(login, endpoint);
  } finally {
    context.close();
  }
}
