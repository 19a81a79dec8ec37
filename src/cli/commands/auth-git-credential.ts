import { UsageError } from "../../core/errors.ts";
import { command } from "../command.ts";

/** What git itself says is answered before the command tree is loaded; what comes here was typed by a person. */
export const authGitCredential = command({
  brief: "Answer git, which calls this as its credential helper (see setup-git)",
  description:
    "hf auth git-credential [--endpoint URL] get|store|erase\n\nReads a request of git's credential protocol from standard " +
    "input. get answers for the host of the endpoint alone; store and erase change nothing.",
  flags: {},
  args: [{ brief: "get, store or erase", placeholder: "operation", optional: true }],
  run: async () => {
    throw new UsageError("ERR_HF_USAGE", "This command is for git, and takes one word: get, store or erase.", {
      hint: "Make git call it with 'hf auth setup-git'.",
    });
  },
});
