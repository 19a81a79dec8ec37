import { readSync } from "node:fs";
import { isRefreshDue } from "../auth/index.ts";
import type { LoginRefresher } from "../auth/index.ts";
import { systemClock } from "../core/clock.ts";
import { safeText, systemCode } from "../core/errors.ts";
import type { Secret } from "../core/secret.ts";
import { answerCredential, LARGEST_REQUEST } from "../git/index.ts";
import { findAtOnce } from "./find-at-once.ts";
import type { ProcessPort } from "./process-port.ts";
import { unwritten } from "./unwritten.ts";
import { writeAtOnce } from "./write-at-once.ts";

/**
 * `hf auth git-credential [--endpoint URL] get|store|erase`, as git calls it. Only reads logins: git's wish to store or
 * erase one is heard and left. Whatever happens, the exit code is 0 and git may ask its next helper.
 * @returns undefined for words that git would not say; they are a person's, and get help
 */
export async function gitHelper(words: readonly string[], process: ProcessPort): Promise<number | undefined> {
  const asked = readWords(words);
  if (asked === undefined) return undefined;
  const input = readInput();
  if (asked.operation !== "get") return 0;
  try {
    const refresh: LoginRefresher = async (login, endpoint) => {
      if (!isRefreshDue(login, systemClock.now())) return { changed: false };
      const { refreshInFull } = await import("./app.ts");
      const note = await refreshInFull(process, login.name, endpoint);
      if (note.warning !== undefined) process.stderr.write(`hf: ${safeText(note.warning)}\n`);
      return { changed: note.changed };
    };
    const { settings, resolve } = findAtOnce(process, { ...asked, refresh });
    const find = async (): Promise<Secret | undefined> => {
      const found = await resolve();
      if (found.kind === "promised") {
        const { tokenInFull } = await import("./app.ts");
        return await tokenInFull(process, settings.endpoint);
      }
      if (found.kind === "refused") tell(process, `${found.error.message} ${found.error.hint}`);
      return found.kind === "found" ? found.token : undefined;
    };
    const answer = await answerCredential(input, settings.endpoint, find);
    try {
      writeAtOnce(answer);
    } catch (error) {
      throw unwritten(error);
    }
  } catch (error) {
    tell(process, error instanceof Error ? error.message : String(error));
  }
  return 0;
}

interface Asked {
  readonly operation: string;
  readonly endpoint?: string;
}

function readWords(words: readonly string[]): Asked | undefined {
  const [first = "", second = "", third = ""] = words;
  if (words.length === 1 && /^[a-z]+$/.test(first)) return { operation: first };
  if (words.length === 3 && first === "--endpoint" && /^[a-z]+$/.test(third))
    return { operation: third, endpoint: second };
  return undefined;
}

/** All of standard input, and one byte more than a request may have where there is more. Blocks: nothing else goes on. */
function readInput(): Uint8Array {
  const bytes = Buffer.alloc(LARGEST_REQUEST + 1);
  let length = 0;
  while (length < bytes.length) {
    try {
      const count = readSync(0, bytes, length, bytes.length - length, null);
      if (count === 0) break;
      length += count;
    } catch (error) {
      const code = systemCode(error);
      // Somebody made the pipe non-blocking: wait a little. Windows reports a closed pipe as an error.
      if (code !== "EAGAIN") break;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
  return bytes.subarray(0, length);
}

function tell(process: ProcessPort, message: string): void {
  process.stderr.write(`hf: git gets no token: ${safeText(message)}\n`);
}
