import { deadTokenStep, loginCommand } from "../core/dead-token.ts";
import { AccessError, HfError, NetworkError, NotFoundError, RateLimitError, TokenError } from "../core/errors.ts";
import { repoPath } from "../core/repo.ts";
import type { Repo } from "../core/repo.ts";
import { isAtHub, isWebPage, repoOf, quoted, requestId, serverText } from "./refusal.ts";
import type { Refusal } from "./refusal.ts";

interface Facts extends Refusal {
  readonly code: string;
  readonly said: string;
  readonly repo: Repo | undefined;
  /** `model acme/tiny`, or the address when no repo is known. */
  readonly thing: string;
  readonly options: { readonly status: number; readonly requestId?: string };
}

type Reading = (facts: Facts) => HfError | undefined;

/**
 * A refusal as a coded error with the next step. Pure: the same answer always gives the same error. The order is that
 * of Python's `hf_raise_for_status`, with its generic cases told apart further.
 */
export function refusalError(refusal: Refusal): HfError {
  const { headers, status } = refusal;
  const repo = refusal.subject?.repo ?? repoOf(refusal.url, refusal.endpoint);
  const id = requestId(headers);
  const facts: Facts = {
    ...refusal,
    code: headers.get("x-error-code") ?? "",
    said: serverText(refusal),
    repo,
    thing: repo === undefined ? refusal.url.host + refusal.url.pathname : `${repo.type} ${repo.id}`,
    options: { status, ...(id === undefined ? {} : { requestId: id }) },
  };
  for (const read of isAtHub(refusal) ? HUB_READINGS : STORAGE_READINGS) {
    const error = read(facts);
    if (error !== undefined) return error;
  }
  return other(facts);
}

/** An answer that should have been the Hub's data but is a web page: a captive portal, a proxy, a wrong endpoint. */
export function webPageError(url: URL, status: number): NetworkError {
  return new NetworkError("ERR_HF_BAD_ANSWER", `${url.host} answered with a web page instead of data (${status}).`, {
    status,
    hint: "A sign-in page of the network, a proxy, or not a Hub? Open the address in a browser, and check HF_ENDPOINT.",
  });
}

const rateLimited: Reading = ({ status, retryAfter, credentialSent, endpoint, options, url }) => {
  if (status !== 429) return undefined;
  const when = retryAfter === undefined ? "Wait a few minutes" : `Wait ${retryAfter} s`;
  const more = credentialSent ? "." : `, or sign in for a higher limit: ${loginCommand(endpoint)}`;
  return new RateLimitError(`${url.host} takes no more requests for now.`, {
    ...options,
    ...(retryAfter === undefined ? {} : { retryAfter }),
    hint: `${when}${more}`,
  });
};

const missingPart: Reading = ({ code, said, status, headers, subject, thing, options, endpoint, repo }) => {
  if (code === "RevisionNotFound" || (code === "" && status === 404 && /^invalid rev id/i.test(said))) {
    const name = subject?.revision === undefined ? "that revision" : `the revision '${subject.revision}'`;
    return new NotFoundError("ERR_HF_REVISION_NOT_FOUND", `${thing} does not have ${name}.`, {
      ...options,
      hint: `Branches and tags are listed at ${page(endpoint, repo)}`,
    });
  }
  if (code === "EntryNotFound" || (code === "" && status === 404 && /^entry not found/i.test(said))) {
    const name = subject?.entry === undefined ? "that file" : `'${subject.entry}'`;
    const where = subject?.revision === undefined ? "" : ` at '${subject.revision}'`;
    const commit = headers.get("x-repo-commit");
    return new NotFoundError("ERR_HF_ENTRY_NOT_FOUND", `${thing} does not have ${name}${where}.`, {
      ...options,
      ...(commit === null ? {} : { commit }),
      hint: `Its files are listed at ${page(endpoint, repo)}`,
    });
  }
  return undefined;
};

const gated: Reading = ({ code, said, status, credentialSent, thing, options, endpoint, repo }) => {
  if (code !== "GatedRepo") return undefined;
  const at = page(endpoint, repo);
  if (/fine-grained|public gated repositor/i.test(said)) {
    return new AccessError("ERR_HF_SCOPE_MISSING", `The token may not read gated repos such as ${thing}.`, {
      ...options,
      hint: `Allow the token "Read access to contents of all public gated repos you can access" at ${endpoint}/settings/tokens`,
    });
  }
  if (/awaiting a review/i.test(said)) {
    return new AccessError("ERR_HF_GATED_PENDING", `Your request to read ${thing} waits for its authors.`, {
      ...options,
      hint: `They decide when they see it; its state is shown at ${at}`,
    });
  }
  if (/has been rejected/i.test(said)) {
    return new AccessError("ERR_HF_GATED_REJECTED", `The authors of ${thing} have rejected your request.`, {
      ...options,
      hint: `Only its authors can change that; how to reach them is said at ${at}`,
    });
  }
  if (/has been reset/i.test(said)) {
    return new AccessError("ERR_HF_GATED_RESET", `The authors of ${thing} have reset your request.`, {
      ...options,
      hint: `Ask again at ${at}`,
    });
  }
  if (status === 401 || !credentialSent) {
    return new AccessError("ERR_HF_GATED_SIGN_IN", `${thing} is gated: only accounts with access can read it.`, {
      ...options,
      hint: `Sign in with ${loginCommand(endpoint)}, and ask for access at ${at}`,
    });
  }
  return new AccessError("ERR_HF_GATED_REPO", `${thing} is gated, and your account has not asked for access.`, {
    ...options,
    hint: `Ask for access at ${at}, then run the command again. hf auth whoami shows which account it was.`,
  });
};

const disabled: Reading = ({ said, thing, options }) =>
  /^access to this resource is disabled\.?$/i.test(said)
    ? new AccessError("ERR_HF_REPO_DISABLED", `${thing} has been disabled by the Hub.`, {
        ...options,
        hint: "Nobody can read it at present; its page may say why.",
      })
    : undefined;

const unauthorized: Reading = ({ status, credentialSent, credentialSource, endpoint, repo, options, code }) => {
  if (status !== 401) return undefined;
  if (credentialSent && code !== "RepoNotFound") {
    const source = credentialSource === undefined ? "" : ` (from ${credentialSource})`;
    return new TokenError(
      "ERR_HF_INVALID_TOKEN",
      `The Hub does not know this token${source}: mistyped, revoked or expired.`,
      { ...options, hint: deadTokenStep(credentialSource, endpoint) },
    );
  }
  if (repo !== undefined) return undefined;
  return new TokenError("ERR_HF_NOT_SIGNED_IN", "The Hub wants to know who asks, and no token was sent.", {
    ...options,
    hint: `Sign in with ${loginCommand(endpoint)}`,
  });
};

const missingRepo: Reading = ({ status, code, said, credentialSent, thing, endpoint, repo, options }) => {
  const named = code === "RepoNotFound" || (code === "" && status === 404 && /^repository not found/i.test(said));
  if (!named && status !== 401) return undefined;
  if (!credentialSent) {
    return new NotFoundError("ERR_HF_PRIVATE_OR_MISSING", `${thing} does not exist, or is private.`, {
      ...options,
      hint: `Check the spelling. If it is private, sign in with ${loginCommand(endpoint)}`,
    });
  }
  return new NotFoundError("ERR_HF_REPO_NOT_FOUND", `${thing} does not exist, or is hidden from your account.`, {
    ...options,
    hint: `Check the spelling at ${page(endpoint, repo)}; hf auth whoami shows which account it was.`,
  });
};

const forbidden: Reading = ({ status, said, thing, options, endpoint }) => {
  if (status !== 403 && status !== 402) return undefined;
  const text = quoted(said);
  // The words of "fine-grained tokens only" are not public: any sentence that names both is taken for it.
  if (
    /organi[sz]ation.{0,40}(?:token policy|administrator|polic)|approved by the organi[sz]ation/i.test(said) ||
    (/organi[sz]ation/i.test(said) &&
      /(?:only|require|must|need).{0,60}fine-grained|fine-grained.{0,60}only/i.test(said))
  ) {
    return new AccessError("ERR_HF_ORG_POLICY", `A rule of the organisation does not let this token in.${text}`, {
      ...options,
      hint: `Ask an administrator of the organisation; the token's state is shown at ${endpoint}/settings/tokens`,
    });
  }
  if (/fine-grained|scope|(?:token|permission).{0,60}(?:permission|token)|insufficient/i.test(said)) {
    return new AccessError("ERR_HF_SCOPE_MISSING", `The token lacks a permission for ${thing}.${text}`, {
      ...options,
      hint: `hf auth whoami shows what it may do; change it at ${endpoint}/settings/tokens`,
    });
  }
  return new AccessError("ERR_HF_FORBIDDEN", `The Hub does not allow this for ${thing}.${text}`, {
    ...options,
    hint: "hf auth whoami shows which account and token it was, and what they may do.",
  });
};

const proxyWants: Reading = ({ status, url, options }) =>
  status === 407
    ? new NetworkError("ERR_HF_PROXY", `A proxy before ${url.host} wants a user and a password.`, {
        ...options,
        hint: "Put them into its address in HTTPS_PROXY, before the host: user, colon, password, at sign.",
      })
    : undefined;

/** A web page is the Hub's own only when the Hub's request id is on it. */
const portal: Reading = ({ status, headers, code, url }) =>
  isWebPage(headers) && code === "" && status < 500 && headers.get("x-request-id") === null
    ? webPageError(url, status)
    : undefined;

const hubDown: Reading = ({ status, url, options, said }) =>
  status >= 500
    ? new NetworkError("ERR_HF_HUB_DOWN", `${url.host} has a fault of its own (${status}).${quoted(said)}`, {
        ...options,
        hint: "Try again in some minutes. https://status.huggingface.co tells about the public Hub.",
      })
    : undefined;

const conflict: Reading = ({ status, said, thing, options }) =>
  status === 409 || status === 412
    ? new HfError(
        "ERR_HF_CONFLICT",
        `The Hub refuses this for ${thing}: it exists already, or has changed meanwhile.${quoted(said)}`,
        {
          ...options,
          hint: "Look at what is there now, then try again.",
        },
      )
    : undefined;

const HUB_READINGS: readonly Reading[] = [
  rateLimited,
  missingPart,
  gated,
  disabled,
  proxyWants,
  portal,
  unauthorized,
  missingRepo,
  forbidden,
  conflict,
  hubDown,
];

/** What a storage host says is no word of the Hub: its 403 is an address that has run out, not a lack of access. */
const STORAGE_READINGS: readonly Reading[] = [
  rateLimited,
  proxyWants,
  portal,
  hubDown,
  ({ status, url, options }) =>
    new NetworkError("ERR_HF_HTTP", `The storage host ${url.host} refused the transfer (${status}).`, {
      ...options,
      hint: "Its address may have run out, or this machine's clock is wrong. Run the command again.",
    }),
];

function other({ status, said, url, options }: Facts): HfError {
  return new HfError("ERR_HF_HTTP", `${url.host} answered ${status} to ${url.pathname}.${quoted(said)}`, options);
}

function page(endpoint: string, repo: Repo | undefined): string {
  return repo === undefined ? endpoint : `${endpoint}/${repoPath(repo)}`;
}
