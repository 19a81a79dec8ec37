import { confirm, isCancel, password, select } from "@clack/prompts";
import { HfError } from "../core/errors.ts";

/** Questions to a person. They are written to stderr: stdout belongs to the answer. */
export interface Prompts {
  /** A hidden paste: nothing of it is echoed. */
  secret(message: string): Promise<string>;
  confirm(message: string, byDefault: boolean): Promise<boolean>;
  choose(message: string, choices: readonly { readonly value: string; readonly label: string }[]): Promise<string>;
}

/** Every question rejects with `ERR_HF_INTERRUPTED` when the person presses Ctrl-C or Escape. */
export function createPrompts(input: NodeJS.ReadStream, output: NodeJS.WriteStream): Prompts {
  const common = { input, output };
  const answered = <T>(answer: T | symbol): T => {
    if (typeof answer === "symbol" || isCancel(answer)) {
      throw new HfError("ERR_HF_INTERRUPTED", "Stopped. Nothing was changed.");
    }
    return answer;
  };
  return {
    secret: async (message) => answered<string>(await password({ ...common, message, mask: "" })),
    confirm: async (message, byDefault) =>
      answered<boolean>(await confirm({ ...common, message, initialValue: byDefault })),
    choose: async (message, choices) => answered<string>(await select({ ...common, message, options: [...choices] })),
  };
}
