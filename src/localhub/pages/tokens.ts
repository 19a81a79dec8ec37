import type { HubResponse } from "../http.ts";
import type { Hub } from "../model.ts";
import { mintTokenValue } from "../model.ts";
import { notFound, signInFirst } from "../refusals.ts";
import type { FineGrained, HubToken, TokenRole, User } from "../types.ts";
import { readForm } from "./forms.ts";
import type { Visit } from "./layout.ts";
import { formToken, page, seeOther, signInPath } from "./layout.ts";
import type { Markup } from "./markup.ts";
import { markup } from "./markup.ts";
import { moment } from "./repo-words.ts";

const LONGEST_NAME = 100;
const ROLES: readonly { role: TokenRole; word: string; hint: string }[] = [
  { role: "read", word: "Read", hint: "Download models and datasets. Right for most uses." },
  { role: "write", word: "Write", hint: "Also upload. Only if you publish from there." },
  { role: "fineGrained", word: "Fine-grained", hint: "Exactly what you tick below." },
];

/** Names in the form; the first is a switch of the token, the others are permissions on the user's own repos. */
const RIGHTS = [
  { name: "canReadGatedRepos", word: "Read public gated repos that you have access to" },
  { name: "repo.content.read", word: "Read all repos under your own name" },
  { name: "repo.write", word: "Write to all repos under your own name" },
];

type Draft = { name: string; role: string; rights: readonly string[]; fault: string | undefined };

export function tokensPage(visit: Visit): HubResponse {
  return showTokens(visit, undefined);
}

/** `GET /settings/tokens/new`: what the address asks for is ticked already; the person looks at it and decides. */
export function newTokenPage(visit: Visit): HubResponse {
  const { query, target } = visit.request;
  if (!visit.user) return seeOther(signInPath(target));
  const role = query.get("tokenType") === "fineGrained" ? "fineGrained" : "read";
  const gated = query.get("canReadGatedRepos") === "true" ? ["canReadGatedRepos"] : [];
  const rights = [...gated, ...query.getAll("ownUserPermissions")];
  return showTokens(visit, { name: "", role, rights, fault: undefined });
}

function showTokens(visit: Visit, draft: Draft | undefined): HubResponse {
  const { user } = visit;
  if (!user) return seeOther(signInPath("/settings/tokens"));
  const fresh = visit.request.method === "GET" ? takeFresh(visit) : undefined;
  const tokens = tokensOf(visit.hub, user);
  const body = markup`<h1>Access tokens</h1>
${fresh && reveal(fresh)}
${
  tokens.length === 0
    ? markup`<p>You have none yet.</p>`
    : markup`<ul class="rows">\n${tokens.map((token) => row(visit, token))}</ul>`
}
<h2>New token</h2>
${form(visit, draft)}`;
  const fault = draft?.fault !== undefined;
  const title = fault ? "Error: Access tokens" : "Access tokens";
  return page(visit, { title, body, status: fault ? 400 : 200 });
}

function tokensOf(hub: Hub, user: User): HubToken[] {
  return [...hub.tokens.values()].filter(
    (token) => token.kind === "user" && token.owner === user.name && !token.revoked && token.exchanged !== true,
  );
}

/** The token made a moment ago; asked once, gone. */
function takeFresh({ hub, session }: Visit): HubToken | undefined {
  const value = session?.freshToken;
  delete session?.freshToken;
  return value === undefined ? undefined : hub.tokens.get(value);
}

function reveal(token: HubToken): Markup {
  return markup`<div class="note good" role="status"><p>Token <strong>${token.displayName}</strong> is made. Copy it now: it
is not shown again.</p>
<code class="secret" id="new-token">${token.value}</code>
<p>To sign in on a machine run <code>hf auth login</code> there and paste it.</p></div>`;
}

function row(visit: Visit, token: HubToken): Markup {
  const role = ROLES.find((one) => one.role === token.role)?.word ?? token.role;
  const ended = token.expiresAt !== undefined && token.expiresAt <= visit.hub.now();
  return markup`<li><strong>${token.displayName}</strong><span class="mark">${role}</span>
${ended && markup`<span class="mark">expired</span>`}
<code>${token.value.slice(0, 3)}…${token.value.slice(-4)}</code>
<span class="soft">made ${moment(token.createdAt)}</span>
<form class="end" method="post" action="/settings/tokens/revoke">${formToken(visit)}<input type="hidden" name="name"
value="${token.name}"><button class="danger">Revoke <span class="unseen">${token.displayName}</span></button></form></li>\n`;
}

function form(visit: Visit, draft: Draft | undefined): Markup {
  const chosen = draft?.role ?? "read";
  const fault = draft?.fault;
  return markup`<form class="stack" method="post" action="/settings/tokens">${formToken(visit)}
${fault !== undefined && markup`<p class="note bad" role="alert" id="wrong">${fault}</p>`}
<p><label for="name">Name</label><input id="name" name="name" required maxlength="${LONGEST_NAME}" autocomplete="off"
value="${draft?.name ?? ""}" aria-describedby="name-hint${fault !== undefined && " wrong"}"${fault !== undefined && markup` aria-invalid="true"`}>
<span class="hint" id="name-hint">Where it will be used, for example my-laptop.</span></p>
<fieldset><legend>Type</legend>
${ROLES.map(
  ({ role, word, hint }) =>
    markup`<label class="choice"><input type="radio" name="role" value="${role}"${
      role === chosen && markup` checked`
    }><span>${word}<span class="hint">${hint}</span></span></label>\n`,
)}</fieldset>
<fieldset class="fine"><legend>What the fine-grained token may do</legend>
${RIGHTS.map(
  ({ name, word }) =>
    markup`<label class="choice"><input type="checkbox" name="right" value="${name}"${
      draft?.rights.includes(name) === true && markup` checked`
    }><span>${word}</span></label>\n`,
)}</fieldset>
<button>Generate token</button></form>`;
}

export async function createToken(visit: Visit): Promise<HubResponse> {
  const { hub, user } = visit;
  const { session, fields } = await readForm(visit);
  if (!user) throw signInFirst();
  const name = (fields.get("name") ?? "").trim();
  const role = ROLES.find((one) => one.role === fields.get("role"))?.role;
  const rights = fields.getAll("right");
  const fault = faultOf(hub, user, name, role);
  if (fault !== undefined || !role) {
    return showTokens(visit, { name, role: role ?? "read", rights, fault: fault ?? "Choose a type." });
  }
  const token: HubToken = {
    name: uniqueName(hub, `${user.name}-${name}`),
    value: mintTokenValue("user"),
    kind: "user",
    owner: user.name,
    displayName: name,
    role,
    createdAt: hub.now(),
    revoked: false,
    ...(role === "fineGrained" ? { fineGrained: fineGrained(user, rights) } : {}),
  };
  hub.tokens.set(token.value, token);
  session.freshToken = token.value;
  return seeOther("/settings/tokens");
}

function faultOf(hub: Hub, user: User, name: string, role: TokenRole | undefined): string | undefined {
  if (name === "") return "Give the token a name.";
  if (name.length > LONGEST_NAME) return `A name has at most ${LONGEST_NAME} characters.`;
  if (tokensOf(hub, user).some((token) => token.displayName === name)) return "You have a token of that name already.";
  return role ? undefined : "Choose a type.";
}

function uniqueName(hub: Hub, wanted: string): string {
  const taken = new Set([...hub.tokens.values()].map((token) => token.name));
  let name = wanted;
  for (let count = 2; taken.has(name); count++) name = `${wanted}-${count}`;
  return name;
}

function fineGrained(user: User, rights: readonly string[]): FineGrained {
  const permissions = ["repo.content.read", "repo.write"].filter((right) => rights.includes(right));
  return {
    canReadGatedRepos: rights.includes("canReadGatedRepos"),
    global: [],
    scoped: permissions.length === 0 ? [] : [{ entity: { _id: user._id, type: "user", name: user.name }, permissions }],
  };
}

export async function revokeToken(visit: Visit): Promise<HubResponse> {
  const { hub, user } = visit;
  const { session, fields } = await readForm(visit);
  if (!user) throw signInFirst();
  const token = tokensOf(hub, user).find((one) => one.name === fields.get("name"));
  if (!token) throw notFound("You have no such token.");
  token.revoked = true;
  session.notice = `Token ${token.displayName} was revoked.`;
  return seeOther("/settings/tokens");
}
