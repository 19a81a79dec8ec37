import { confirm, isCancel, password, select } from "@clack/prompts";
import { HfError } from "../core/errors.ts";

/** Questions to a person. They are written to stderr: stdout belongs to the answer. */
export interface Prompts {
  /** A hidden paste: nothing of it is echoed. */
  secret(message: string): Promise<string>;
  confirm(message: string, byDefault: boolean): Promise<boolean>;
  choose(message: string, choices: readonly { readonly value: string; readonly label: string }[]): Promise<string>;
}

/** @throws HfError `ERR_HF_INTERRUPTED` from every question when the person presses Ctrl-C or Escape */
export function createPrompts(input: NodeJS.ReadStream, output: NodeJS.WriteStream): Prompts {
  const common = { input, output };
  return {
    secret: async (message) => answered(await password({ ...common, message, mask: " " })),
    confirm: async (message, byDefault) => answered(await confirm({ ...common, message, initialValue: byDefault })),
    choose: async (message, choices) => answered(await select({ ...common, message, options: [...choices] })),
  };
}

function answered<T>(answer: T | symbol): T {
  if (isCancel(answer)) throw new HfError("ERR_HF_INTERRUPTED", "Stopped. Nothing was changed.");
  return answer as T;
}
