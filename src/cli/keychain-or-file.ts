import { tryKeychain } from "../auth/index.ts";
import type { Keychain } from "../auth/index.ts";
import { isHfError, UsageError } from "../core/errors.ts";
import { plainText } from "../core/terminal-text.ts";

/** The store that `--store` names. */
export function storeOf(word: string | undefined): "file" | "keychain" {
  if (word === undefined || word === "file") return "file";
  if (word === "keychain") return word;
  throw new UsageError("ERR_HF_USAGE", `There is no store '${plainText(word, 60)}'.`, {
    hint: "Use --store file or --store keychain.",
  });
}

export interface KeychainQuestion {
  /** Undefined: nobody sits there. */
  readonly confirm: ((question: string) => Promise<boolean>) | undefined;
  readonly warn: (message: string) => void;
}

/**
 * Tries the keychain that somebody asked for. True: it works. False: it does not, and a person has agreed to a file.
 * Never a file without a word.
 * @throws DiskError `ERR_HF_KEYCHAIN` it does not work, and nobody has agreed
 */
export async function keychainOrFile(keychain: Keychain, { confirm, warn }: KeychainQuestion): Promise<boolean> {
  try {
    await tryKeychain(keychain);
    return true;
  } catch (error) {
    if (!isHfError(error) || confirm === undefined) throw error;
    warn(error.message);
    if (!(await confirm("Save the login in a file instead, readable by you alone? (y/N)"))) throw error;
    return false;
  }
}
