import { UsageError } from "../../core/errors.ts";
import { repoPath } from "../../core/repo.ts";
import { plainText } from "../../core/terminal-text.ts";
import { VERSION } from "../../core/version.ts";
import { CI_SERVICES, ciSnippet, readResource } from "../ci-snippets.ts";
import type { CiService } from "../ci-snippets.ts";
import { command, valueFlag } from "../command.ts";

interface Flags {
  readonly resource?: string;
}

/** Stands where a person has to put a name. */
const YOUR_REPO = "your-name/your-repo";

export const authCi = command<Flags>({
  brief: "Print a CI job that signs in without a stored token",
  description:
    "hf auth ci github|gitlab. The job proves to the Hub which repository it is of, and gets a token for an hour. " +
    "The least permissions, every version fixed. Only prints: put it where the note says.",
  flags: {
    resource: valueFlag("The repo that the job writes, or the account whose gated repos it reads", "RESOURCE"),
  },
  args: [{ brief: "github or gitlab", placeholder: "service", optional: true }],
  run: async (flags, context, args) => {
    const service = serviceOf(args[0]);
    const { endpoint } = context.settings();
    const named = flags.resource ?? (context.env["HF_OIDC_RESOURCE"] || undefined);
    const { resource, repo } = readResource(named ?? YOUR_REPO);
    const target = repo ?? readResource(YOUR_REPO).repo;
    if (target === undefined) throw new TypeError("the example is no repo");
    const { file, yaml } = ciSnippet(service, { resource, repo: target, endpoint, version: VERSION });
    const page = repo === undefined ? `${endpoint}/settings/authentication` : `${endpoint}/${repoPath(repo)}/settings`;
    const placeholder = yaml.includes(YOUR_REPO) ? [`Put the name of your repo for ${YOUR_REPO}.`] : [];
    return {
      data: { service, file, resource, page, yaml },
      human: yaml.trimEnd().split("\n"),
      agent: yaml.trimEnd().split("\n"),
      quiet: yaml.trimEnd().split("\n"),
      notes: [`Put this into ${file}`, ...placeholder, `Then name the project as a trusted publisher, once: ${page}`],
    };
  },
});

function serviceOf(word: string | undefined): CiService {
  const service = CI_SERVICES.find((one) => one === word);
  if (service !== undefined) return service;
  const what = word === undefined ? "Say for which CI service." : `There is no job for '${plainText(word, 60)}'.`;
  throw new UsageError("ERR_HF_USAGE", what, {
    hint: `hf auth ci ${CI_SERVICES.join("|")}. Other services: set HF_OIDC_RESOURCE, and see docs/ci.md for what gives them an ID token.`,
  });
}
