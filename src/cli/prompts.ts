import { confirm, isCancel, password, select } from "@clack/prompts";
import { HfError } from "../core/errors.ts";

/** Questions to a person. They are written to stderr: stdout belongs to the answer. */
export interface Prompts {
  /** A hidden paste: nothing of it is echoed. */
  secret(message: string): Promise<string>;
  confirm(message: string, byDefault: boolean): Promise<boolean>;
  choose(message: string, choices: readonly { readonly value: string; readonly label: string }[]): Promise<string>;
}

/**
 * Every question rejects with `ERR_HF_INTERRUPTED` when the person presses Ctrl-C, Ctrl-D or Escape, when the terminal
 * goes away, and when `signal` is aborted.
 */
export function createPrompts(input: NodeJS.ReadStream, output: NodeJS.WriteStream, signal: AbortSignal): Prompts {
  const asking = async <T>(ask: (common: Common) => Promise<T | symbol>): Promise<T> => {
    // One of its own, because a question that is over still listens to its signal.
    const stop = new AbortController();
    const end = (): void => stop.abort();
    // The question would wait for a line that can't come any more, and the program would end without a word.
    const onKey = (_text: string | undefined, key: { name?: string; ctrl?: boolean } | undefined): void => {
      if (key?.ctrl === true && key.name === "d") end();
    };
    input.on("keypress", onKey).once("end", end).once("close", end);
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
    try {
      const answer = await ask({ input, output, signal: stop.signal });
      if (typeof answer !== "symbol" && !isCancel(answer)) return answer;
    } finally {
      input.off("keypress", onKey).off("end", end).off("close", end);
      signal.removeEventListener("abort", end);
    }
    throw new HfError("ERR_HF_INTERRUPTED", "Stopped. Nothing was changed.", {
      hint: "Run the command again when you like.",
    });
  };
  return {
    secret: (message) => asking<string>((common) => password({ ...common, message, mask: "" })),
    confirm: (message, byDefault) =>
      asking<boolean>((common) => confirm({ ...common, message, initialValue: byDefault })),
    choose: (message, choices) => asking<string>((common) => select({ ...common, message, options: [...choices] })),
  };
}

interface Common {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  readonly signal: AbortSignal;
}
