import { HUB_ORIGINS } from "./credential.ts";
import { UsageError } from "./errors.ts";
import { createRepo, parseRepoSpec, REPO_TYPES } from "./repo.ts";
import type { Repo, RepoType } from "./repo.ts";
import { plainText } from "./terminal-text.ts";

/** What a person wrote to name a repo, or a place in one. */
export interface RepoAddress {
  readonly repo: Repo;
  /** Branch, tag, commit or `refs/pr/N`, decoded. */
  readonly revision?: string;
  /** Path in the repo, without a slash at its ends. */
  readonly path?: string;
  /** True when the path ended in a slash, or stood in the address of a folder. */
  readonly isFolder?: boolean;
  /** How it was written: only the first may be joined by a type, a revision or names of files. */
  readonly form: "id" | "uri" | "web";
}

export interface RepoAddressOptions {
  /** Its web addresses are understood too. */
  readonly endpoint: string;
  /** Said elsewhere, as in `--repo-type`. Not allowed beside an address that says it itself. */
  readonly type?: RepoType | undefined;
}

const HF = /^hf:\/\//i;
const WEB = /^https?:\/\//i;
/** The origins whose pages name repos of the public Hub; an address is only read, and never asked. */
const PUBLIC = [...HUB_ORIGINS, "https://hub-ci.huggingface.co"];

/**
 * A repo in any of its spellings: `acme/tiny`, `datasets/acme/words`, `hf://datasets/acme/words@v1/data.csv`, or the
 * address of its page in a browser. Pure. The rules are those of huggingface_hub's `hf://` addresses.
 * @throws UsageError `ERR_HF_INVALID_REPO_ID`, `ERR_HF_USAGE`
 */
export function parseRepoAddress(text: string, { endpoint, type }: RepoAddressOptions): RepoAddress {
  const uri = HF.test(text);
  const web = uri ? undefined : webPath(text, endpoint);
  if (!uri && web === undefined) return { repo: parseRepoSpec(text, type), form: "id" };
  if (type !== undefined) {
    throw new UsageError("ERR_HF_USAGE", "An address says by itself what type the repo has.", {
      hint: "Leave out --repo-type.",
    });
  }
  return web === undefined ? readUri(text, text.replace(HF, "")) : readWeb(text, web);
}

/** Below which repos are, in addresses of every kind. */
function typeOf(segment: string | undefined): RepoType | undefined {
  return REPO_TYPES.find((candidate) => `${candidate}s` === segment);
}

function readUri(text: string, rest: string): RepoAddress {
  const isFolder = rest.endsWith("/");
  const parts = rest.replace(/^\/+|\/+$/g, "").split("/");
  if (parts.includes("")) throw notAnAddress(text, "It has an empty part.");
  const [first] = parts;
  if (first === "buckets") throw notAnAddress(text, "Buckets hold no repo.");
  if (REPO_TYPES.some((candidate) => candidate === first)) {
    throw notAnAddress(text, `Types are written ${first}s in addresses.`);
  }
  const type = typeOf(first);
  const [namespace, named, ...more] = type === undefined ? parts : parts.slice(1);
  if (namespace === undefined || named === undefined || namespace.includes("@")) {
    throw notAnAddress(text, "A repo reads NAMESPACE/NAME.");
  }
  // A later @ belongs to a path.
  const at = named.indexOf("@");
  const repo = createRepo(`${namespace}/${at < 0 ? named : named.slice(0, at)}`, type ?? "model");
  if (at < 0) return address(text, repo, undefined, more, isFolder, "uri");
  const { revision, path } = splitRevision([named.slice(at + 1), ...more]);
  return address(text, repo, decoded(text, revision), path, isFolder, "uri");
}

/** Of the revisions that hold a slash, two kinds are known by their beginning; all others are written with %2F. */
function splitRevision(parts: readonly string[]): { revision: string; path: readonly string[] } {
  const [refs, kind, name] = parts;
  const long = refs === "refs" && ((kind === "pr" && /^\d+$/.test(name ?? "")) || (kind === "convert" && name));
  return long
    ? { revision: parts.slice(0, 3).join("/"), path: parts.slice(3) }
    : { revision: refs ?? "", path: parts.slice(1) };
}

/** The path of a web address below its Hub, or undefined when the text is none. */
function webPath(text: string, endpoint: string): string | undefined {
  const hosts = [...PUBLIC, endpoint].map((one) => new URL(one).host);
  const bare = hosts.some((host) => text.toLowerCase().startsWith(`${host}/`));
  if (!bare && !WEB.test(text)) return undefined;
  const full = bare ? `https://${text}` : text;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  if (url === undefined || url.username !== "" || url.password !== "") {
    throw notAnAddress(text, "It is no address of a page.");
  }
  const own = new URL(endpoint);
  const isOwn = url.host === own.host;
  if (!isOwn && !PUBLIC.some((one) => new URL(one).host === url.host)) {
    throw notAnAddress(text, `${url.host} is not the Hub in use.`);
  }
  const base = isOwn ? own.pathname.replace(/\/$/, "") : "";
  if (!url.pathname.startsWith(`${base}/`)) throw notAnAddress(text, `The Hub in use is ${endpoint}.`);
  return url.pathname.slice(base.length);
}

const ROUTES = ["blob", "resolve", "raw", "blame", "tree"];

function readWeb(text: string, below: string): RepoAddress {
  const parts = below.replace(/^\/+|\/+$/g, "").split("/");
  const type = typeOf(parts[0]);
  const [namespace, name, route, ...rest] = type === undefined ? parts : parts.slice(1);
  if (namespace === undefined || name === undefined || parts.includes("")) {
    throw notAnAddress(text, "It is not the page of a repo.");
  }
  const repo = createRepo(`${decoded(text, namespace)}/${decoded(text, name)}`, type ?? "model");
  if (route === undefined) return { repo, form: "web" };
  if (!ROUTES.includes(route) || rest.length === 0)
    throw notAnAddress(text, "It is not the page of a repo or its files.");
  const { revision, path } = splitRevision(rest);
  const names = path.map((part) => decoded(text, part));
  return address(text, repo, decoded(text, revision), names, route === "tree", "web");
}

function address(
  text: string,
  repo: Repo,
  revision: string | undefined,
  path: readonly string[],
  isFolder: boolean,
  form: "uri" | "web",
): RepoAddress {
  if (revision === "") throw notAnAddress(text, "The revision after @ is empty.");
  return {
    repo,
    ...(revision === undefined ? {} : { revision }),
    ...(path.length === 0 ? {} : { path: path.join("/"), isFolder }),
    form,
  };
}

function decoded(text: string, part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw notAnAddress(text, "A % in it is followed by no character.");
  }
}

function notAnAddress(text: string, why: string): UsageError {
  return new UsageError("ERR_HF_INVALID_REPO_ID", `'${plainText(text, 200)}' does not name a repo. ${why}`, {
    hint: "Write namespace/name, hf://[datasets/]namespace/name[@revision][/path], or the address of the repo's page.",
  });
}
