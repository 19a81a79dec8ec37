import { credentialOf } from "../auth/index.ts";
import type { Secret } from "../core/secret.ts";
import { createContext } from "./context.ts";
import type { ProcessPort } from "./process-port.ts";

/**
 * The token for a command that was answered without the whole program, where it has to be got over the network.
 * @throws HfError the reason of a refused source
 */
export async function tokenInFull(process: ProcessPort, endpoint: string): Promise<Secret | undefined> {
  const context = createContext({ endpoint }, process);
  try {
    const session = await context.session();
    return credentialOf(await session.resolve("required"), endpoint)?.token;
  } finally {
    context.close();
  }
}
