import { parseEnv } from "node:util";
import { UsageError } from "../core/errors.ts";
import type { Warn } from "../core/ports.ts";
import { plainText } from "../core/terminal-text.ts";

/** The variables that can hold the token, the first found wins, as in the environment itself. */
const NAMES = ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"];

export interface EnvFileOptions {
  readonly warn: Warn;
  /** The file was named with Node's own `--env-file`, which Node looks for behind the program's name too. */
  readonly obeyed: boolean;
}

/**
 * The token in a file of variables that the user named on the command line. Nothing else in it counts, and above all
 * no endpoint: such a file is often part of a project, and a project must not choose where a token is sent.
 * @throws UsageError when there is no token in it: another identity must not take its place; when Node has run what it names
 */
export function tokenInEnvFile(
  text: string,
  path: string,
  { warn, obeyed }: EnvFileOptions,
): { readonly name: string; readonly value: string } {
  const variables = parseEnv(text.replace(/^\ufeff/, ""));
  const shown = plainText(path, 200);
  if (obeyed && Object.hasOwn(variables, "NODE_OPTIONS")) {
    throw new UsageError("ERR_HF_USAGE", `${shown} sets NODE_OPTIONS, and Node itself has obeyed that already.`, {
      hint: "If you did not write that line, see what it names. --dotenv FILE is not read by Node.",
    });
  }
  if (Object.hasOwn(variables, "HF_ENDPOINT")) {
    warn(`HF_ENDPOINT in ${shown} is not read. Give --endpoint, or set the variable itself.`);
  }
  for (const name of NAMES) {
    const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
    if (value !== undefined && value.trim() !== "") return { name, value };
  }
  throw new UsageError("ERR_HF_USAGE", `There is no HF_TOKEN in ${shown}.`, {
    hint: "Write one there with 'hf auth env --write FILE', or name another file.",
  });
}
