import { randomBytes } from "node:crypto";
import { canAdmin, canCreateIn, canSee } from "../access.ts";
import { authorOf } from "../commit-apply.ts";
import { defaultAttributes } from "../gitattributes.ts";
import { requireRight } from "../guard.ts";
import type { FileChange } from "../history.ts";
import { changeTree, writeBlob, writeCommit } from "../history.ts";
import type { HubResponse } from "../http.ts";
import { isRecord, json, readFields } from "../http.ts";
import type { Hub } from "../model.ts";
import { addRepo, findOrg, findRepo, findUser, objectsOf, removeRepo, renameRepo, repoKey } from "../model.ts";
import { newRepoId, safePath } from "../names.ts";
import { badRequest, disabled, invalid, Refusal, repoNotFound, signInFirst, writeRefused } from "../refusals.ts";
import type { Call, Route } from "../router.ts";
import { blankRepo } from "../seed-apply.ts";
import type { Repo, RepoType } from "../types.ts";
import { REPO_TYPES, singular, webPrefix } from "../types.ts";

export const repoRoutes: readonly Route[] = [
  { method: "POST", pattern: "/api/repos/create", handler: create },
  { method: "DELETE", pattern: "/api/repos/delete", handler: remove },
  { method: "POST", pattern: "/api/repos/move", handler: move },
  { method: "POST", pattern: "/api/validate-yaml", handler: validateYaml, auth: "open" },
];

const SDKS = ["gradio", "docker", "static", "streamlit"];

async function create(call: Call): Promise<HubResponse> {
  const { hub, caller } = call;
  if (caller.kind === "anonymous" || caller.kind === "invalid") throw signInFirst();
  const fields = await readFields(call.request);
  const type = typeIn(fields);
  const namespace = namespaceFor(call, fields["organization"]);
  if (!canCreateIn(hub, caller, namespace)) {
    throw new Refusal(
      403,
      `You don't have the rights to create a ${singular(type)} under the namespace "${namespace}"`,
    );
  }
  const id = newRepoId(namespace, fields["name"]);
  const known = hub.repos.get(repoKey(type, id));
  if (known) {
    const extra = { url: urlOf(hub, known) };
    throw new Refusal(409, `You already created this ${singular(type)} repo: ${known.id}`, { extra });
  }
  const sdk = sdkIn(type, fields["sdk"]);
  const files = firstFiles(type, id, sdk, fields);
  const repo = blankRepo({ type, id, private: isPrivate(fields), createdBy: authorOf(caller).name }, hub.now());
  // Not from the name: a repo made anew after a deletion is another repo.
  repo._id = randomBytes(12).toString("hex");
  if (sdk !== undefined) repo.sdk = sdk;
  addRepo(hub, repo);
  repo.refs["refs/heads/main"] = firstCommit(call, repo, files);
  return json({ url: urlOf(hub, repo), name: repo.id, id: repo._id });
}

function urlOf(hub: Hub, repo: Repo): string {
  return `${hub.origins.hub}/${webPrefix(repo.type)}${repo.id}`;
}

/** `model` or `models`; absent = model. */
function typeIn(fields: Record<string, unknown>): RepoType {
  const said = fields["type"] ?? "model";
  const type = REPO_TYPES.find((one) => one === said || singular(one) === said);
  if (type) return type;
  throw invalid(`Invalid option: expected one of ${REPO_TYPES.map((one) => `"${singular(one)}"`).join("|")}`, "type");
}

/** The account as it spells itself; a name nobody has stays as it came, and is refused for want of rights. */
function namespaceFor(call: Call, organization: unknown): string {
  if (organization === undefined || organization === null || organization === "") return authorOf(call.caller).name;
  if (typeof organization !== "string") throw invalid("Invalid input: expected string", "organization");
  return findOrg(call.hub, organization)?.name ?? findUser(call.hub, organization)?.name ?? organization;
}

function isPrivate(fields: Record<string, unknown>): boolean {
  const { visibility, private: hidden } = fields;
  if (visibility !== undefined && visibility !== null) {
    if (visibility === "public" || visibility === "private") return visibility === "private";
    throw invalid('Invalid option: expected one of "public"|"private"', "visibility");
  }
  if (hidden === undefined || hidden === null) return false;
  if (typeof hidden !== "boolean") throw invalid("Invalid input: expected boolean", "private");
  return hidden;
}

function sdkIn(type: RepoType, sdk: unknown): string | undefined {
  if (type !== "spaces") return undefined;
  if (typeof sdk === "string" && SDKS.includes(sdk)) return sdk;
  throw invalid(`Invalid option: expected one of ${SDKS.map((one) => `"${one}"`).join("|")}`, "sdk");
}

function firstFiles(
  type: RepoType,
  id: string,
  sdk: string | undefined,
  fields: Record<string, unknown>,
): Map<string, Buffer> {
  const files = new Map([[".gitattributes", Buffer.from(defaultAttributes())]]);
  const { license } = fields;
  const card: string[] = [];
  if (type === "spaces") card.push(`title: ${id.slice(id.indexOf("/") + 1)}`, `sdk: ${sdk ?? ""}`);
  if (typeof license === "string" && /^[a-z0-9.-]+$/i.test(license)) card.push(`license: ${license}`);
  if (card.length > 0) files.set("README.md", Buffer.from(`---\n${card.join("\n")}\n---\n`));
  const given = fields["files"] ?? [];
  if (!Array.isArray(given)) throw invalid("Invalid input: expected array", "files");
  for (const file of given) {
    if (!isRecord(file) || typeof file["content"] !== "string") throw badRequest("Invalid file: expected content");
    const encoding = file["encoding"] === "base64" ? "base64" : "utf8";
    files.set(safePath(file["path"]), Buffer.from(file["content"], encoding));
  }
  return files;
}

function firstCommit(call: Call, repo: Repo, files: ReadonlyMap<string, Buffer>): string {
  const objects = objectsOf(call.hub, repo);
  const changes = new Map<string, FileChange>();
  for (const [path, data] of files) changes.set(path, { mode: "100644", id: writeBlob(objects, data) });
  const author = { ...authorOf(call.caller), at: call.hub.now() };
  const tree = changeTree(objects, undefined, changes);
  return writeCommit(objects, { tree, parents: [], author, message: "initial commit" });
}

/** A repo named in the body, which its owner is about to take away: no redirects here, the name must be today's. */
function openNamed(call: Call, type: RepoType, id: string): Repo {
  const { hub, caller } = call;
  const anonymous = caller.kind === "anonymous" || caller.kind === "invalid";
  const repo = findRepo(hub, type, id)?.repo;
  const named = repo?.id.toLowerCase() === id.toLowerCase() ? repo : undefined;
  if (!named || !canSee(hub, caller, named)) throw repoNotFound(anonymous);
  requireRight(hub, caller, named, "admin");
  if (named.disabled) throw disabled();
  return named;
}

async function remove(call: Call): Promise<HubResponse> {
  const fields = await readFields(call.request);
  const { name, organization } = fields;
  if (typeof name !== "string") throw invalid("Invalid input: expected string", "name");
  const id = name.includes("/") ? name : `${namespaceFor(call, organization)}/${name}`;
  removeRepo(call.hub, openNamed(call, typeIn(fields), id));
  return json({});
}

async function move(call: Call): Promise<HubResponse> {
  const { hub, caller } = call;
  const fields = await readFields(call.request);
  const { fromRepo, toRepo } = fields;
  if (typeof fromRepo !== "string") throw invalid("Invalid input: expected string", "fromRepo");
  if (typeof toRepo !== "string") throw invalid("Invalid input: expected string", "toRepo");
  const type = typeIn(fields);
  const repo = openNamed(call, type, fromRepo);
  const [namespace = "", name = "", ...more] = toRepo.split("/");
  if (more.length > 0) throw badRequest(`Invalid repo id: ${toRepo}`);
  const id = newRepoId(namespaceFor(call, namespace), name);
  if (!canAdmin(hub, caller, repo) || !canCreateIn(hub, caller, id.slice(0, id.indexOf("/")))) throw writeRefused();
  const known = hub.repos.get(repoKey(type, id));
  if (known && known !== repo) throw new Refusal(409, `A ${singular(type)} repo with this name exists: ${id}`);
  renameRepo(hub, repo, id);
  return json({ url: urlOf(hub, repo) });
}

/** Looks at the front of a README only as far as its outline: fences, tabs, and lines that are no `key: value`. */
async function validateYaml(call: Call): Promise<HubResponse> {
  const { content } = await readFields(call.request);
  if (typeof content !== "string") throw invalid("Invalid input: expected string", "content");
  const lines = content.split(/\r?\n/);
  if (lines[0] !== "---") {
    return json({ errors: [], warnings: [{ message: "empty or missing yaml metadata in repo card" }] });
  }
  const end = lines.indexOf("---", 1);
  const problem = end < 0 ? "the metadata has no end: a line of --- is missing" : badLine(lines.slice(1, end));
  if (problem === undefined) return json({ errors: [], warnings: [] });
  return json({ errors: [{ message: problem }], warnings: [] }, 400, { "X-Error-Message": "Invalid metadata" });
}

function badLine(lines: readonly string[]): string | undefined {
  const index = lines.findIndex(
    (line) => /^\s*\t/.test(line) || !/^(?:\s|#|$|- |-$|[\]}]|[^:\s][^:]*:(?:\s|$))/.test(line),
  );
  return index < 0 ? undefined : `line ${index + 2} is not yaml: ${lines[index] ?? ""}`;
}
