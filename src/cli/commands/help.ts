import { ERRORS, errorEntry, isErrorCode } from "../../core/error-table.ts";
import { UsageError } from "../../core/errors.ts";
import { plainText } from "../../core/terminal-text.ts";
import { command } from "../command.ts";
import { wrapLine } from "../output.ts";

export const help = command<Record<never, never>>({
  brief: "What an error means, what is behind it, and what to do; or the help of a command",
  description: "hf help ERR_HF_GATED_REPO explains a code; hf help auth login is hf auth login --help.",
  flags: {},
  args: [{ brief: "The code of an error", placeholder: "code" }],
  run: async (_flags, { printer }, [word = ""]) => {
    const code = word.toUpperCase();
    if (!isErrorCode(code)) throw unknown(code);
    const { title, causes, next, exit } = errorEntry(code);
    const step = next.replaceAll("`", "");
    const reasons = causes.map((cause) => cause.replaceAll("`", ""));
    return {
      data: { code, title, causes: reasons, next: step, exit },
      human: [
        `${code} (exit code ${exit})`,
        ...wrapLine(title, printer),
        "",
        "What can be behind it:",
        ...reasons.flatMap((reason) => wrapLine(`  - ${reason}`, printer, "    ")),
        ...wrapLine(`Next: ${step}`, printer, "  "),
      ],
      quiet: [step],
    };
  },
});

/** Codes that share a word with the one that does not exist: most are half remembered. */
function unknown(code: string): UsageError {
  const words = code.split("_").filter((word) => word.length > 2 && word !== "ERR");
  const close = Object.keys(ERRORS).filter((known) => words.some((word) => known.split("_").includes(word)));
  return new UsageError("ERR_HF_USAGE", `There is no error '${plainText(code, 60)}'.`, {
    hint: close.length > 0 ? `Did you mean ${close.slice(0, 5).join(", ")}?` : "The code stands in the error: ERR_HF_…",
  });
}
