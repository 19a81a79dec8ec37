import type { HubResponse } from "../http.ts";
import { json } from "../http.ts";

/** A "no" as RFC 6749 section 5.2 has it. */
export class OauthError extends Error {
  readonly error: string;
  readonly status: number;

  constructor(error: string, description: string, status = 400) {
    super(description);
    this.error = error;
    this.status = status;
  }
}

const NO_STORE = { "Cache-Control": "no-store", Pragma: "no-cache" };

export function tokenAnswer(value: unknown): HubResponse {
  return json(value, 200, NO_STORE);
}

/** Runs a call of a program, and writes what it throws as such an error. */
export async function answerProgram(work: () => HubResponse | Promise<HubResponse>): Promise<HubResponse> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof OauthError)) throw error;
    const challenge = error.status === 401 ? { "WWW-Authenticate": 'Basic realm="OAuth client"' } : {};
    return json({ error: error.error, error_description: error.message }, error.status, { ...NO_STORE, ...challenge });
  }
}
