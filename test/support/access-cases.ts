import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FaultRule, Localhub, Seed } from "../../src/localhub/index.ts";
import { defaultSeed } from "../../src/localhub/index.ts";
import type { VerdictKind } from "../../src/index.ts";
import { nobody } from "./scripted-server.ts";

/** One row of the truth table: who asks for what, and the one answer. */
export interface AccessCase {
  readonly repo: string;
  /** Name of a token of the seed, in `HF_TOKEN`. Default: nobody is signed in. */
  readonly token?: string;
  /** A value for `HF_TOKEN` that is no token of the Hub. */
  readonly value?: string;
  readonly write?: true;
  readonly revision?: string;
  readonly path?: string;
  /** More variables; `{token:NAME}` stands for the value of a token. */
  readonly env?: Readonly<Record<string, string>>;
  /** Text of `stored_tokens` and of the token file, with the same marks. */
  readonly saved?: { readonly store: string; readonly active: string };
  readonly faults?: readonly FaultRule[];
  /** Nothing listens at the endpoint, or this is the endpoint. */
  readonly endpoint?: "nobody" | string;

  readonly verdict: VerdictKind;
  readonly reason?: string;
  /** Default 0. */
  readonly exit?: number;
  /** Default true. */
  readonly certain?: boolean;
  /** Requests that the Hub sees, redirects counted. Default: 4 at most. */
  readonly requests?: number;
  /** In the next step. */
  readonly next?: RegExp;
  /** In the message. */
  readonly says?: RegExp;
}

export interface AccessGroup {
  readonly title: string;
  readonly cases: readonly AccessCase[];
}

/** The default world, with what it lacks: every state of a request, an organisation with rules, tokens that fit by a hair. */
export function accessSeed(): Seed {
  const base = defaultSeed();
  const files = { "config.json": "{}\n" };
  const commits = [{ message: "Upload model", files }];
  const scoped = (type: string, name: string, ...permissions: string[]) => [{ type, name, permissions }];
  const access = [
    { user: "bob", status: "accepted" as const },
    { user: "carol", status: "rejected" as const },
    { user: "dave", status: "reset" as const },
    { user: "erin", status: "pending" as const },
  ];
  return {
    ...base,
    users: [...(base.users ?? []), { name: "frank" }],
    orgs: [
      ...(base.orgs ?? []),
      { name: "strict", members: { alice: "admin", carol: "read" }, securityRestrictions: ["sso"] },
      { name: "closed", members: { carol: "no_access" } },
    ],
    tokens: [
      ...(base.tokens ?? []),
      { name: "frank-read", owner: "frank" },
      { name: "frank-fine-write", owner: "frank", role: "fineGrained", scoped: scoped("user", "frank", "repo.write") },
      { name: "bob-fine-acme", owner: "bob", role: "fineGrained", scoped: scoped("org", "acme", "repo.content.read") },
      { name: "bob-fine-none", owner: "bob", role: "fineGrained" },
      { name: "bob-fine-gated", owner: "bob", role: "fineGrained", canReadGatedRepos: true },
      { name: "alice-oauth-bare", owner: "alice", kind: "oauth", scopes: ["openid", "profile"] },
    ],
    repos: [
      ...(base.repos ?? []),
      { id: "frank/asked", gated: "manual", access, commits },
      { id: "frank/asked-auto", gated: "auto", commits },
      { id: "frank/New-Name", gated: "manual", access, formerIds: ["frank/old-name"], commits },
      { id: "frank/secret", private: true, commits },
      { id: "strict/hidden", private: true, commits },
      { id: "closed/hidden", private: true, commits },
      { id: "frank/Mixed-Case_Model.v2", commits },
      { id: "frank/mistral-tiny-instruct", commits },
      { type: "kernels", id: "frank/attention", commits: [{ message: "x", files }] },
      { type: "spaces", id: "frank/chat", commits: [{ message: "x", files }] },
      { type: "spaces", id: "frank/gated-space", gated: "manual", commits: [{ message: "x", files }] },
    ],
  };
}

const FILE = "/resolve/";
const FORBIDDEN: FaultRule = { path: FILE, status: 403, message: "No." };
/** The repo that another name leads to is not shown. */
const HIDDEN = (id: string): FaultRule => ({
  path: `/${id}${FILE}`,
  status: 404,
  message: "Repository not found",
  setHeader: { "X-Error-Code": "RepoNotFound" },
});
const only = (status: number, more: Partial<FaultRule> = {}): readonly FaultRule[] => [{ status, ...more }];

export const ACCESS_GROUPS: readonly AccessGroup[] = [
  {
    title: "open to this caller",
    cases: [
      { repo: "alice/tiny-model", verdict: "ok", requests: 1, next: /hf download alice\/tiny-model/ },
      { repo: "alice/tiny-model", token: "alice-read", verdict: "ok", requests: 3, says: /it is public/ },
      { repo: "alice/tiny-model", token: "carol-fine-no-gated", verdict: "ok", requests: 3 },
      { repo: "datasets/alice/tiny-dataset", verdict: "ok", requests: 1, next: /datasets\/alice\/tiny-dataset/ },
      { repo: "spaces/alice/tiny-space", token: "bob-read", verdict: "ok" },
      { repo: "kernels/frank/attention", verdict: "ok" },
      { repo: "hf://datasets/alice/tiny-dataset@main/data/train.csv", verdict: "ok" },
      { repo: "hf://alice/tiny-model@refs/pr/1", verdict: "ok" },
      { repo: "https://huggingface.co/alice/tiny-model/blob/main/config.json", verdict: "ok" },
      { repo: "hf.co/alice/tiny-model", verdict: "ok" },
      { repo: "alice/tiny-model", revision: "v1.0", path: "onnx/model.onnx", verdict: "ok" },
      { repo: "alice/private-model", token: "alice-read", verdict: "ok", says: /it is private/ },
      { repo: "alice/private-model", token: "alice-fine", verdict: "ok" },
      { repo: "alice/private-model", token: "alice-fine-one-repo", verdict: "ok" },
      { repo: "alice/private-model", token: "alice-oauth", verdict: "ok" },
      { repo: "acme/private-model", token: "erin-read", verdict: "ok" },
      { repo: "acme/private-model", token: "acme-org", verdict: "ok" },
      { repo: "acme/gated-manual", token: "alice-read", verdict: "ok", says: /it is gated, and you have access/ },
      { repo: "frank/asked", token: "bob-read", verdict: "ok", says: /it is gated, and you have access/ },
      { repo: "frank/asked", token: "bob-fine-gated", verdict: "ok" },
      { repo: "alice/tiny-model", token: "alice-write", write: true, verdict: "ok", requests: 2 },
      { repo: "alice/private-model", token: "alice-fine-one-repo", write: true, verdict: "ok" },
      { repo: "acme/private-model", token: "bob-write", write: true, verdict: "ok" },
      { repo: "frank/secret", token: "frank-fine-write", write: true, verdict: "ok" },
    ],
  },
  {
    title: "nobody is signed in",
    cases: [
      {
        repo: "acme/gated-manual",
        verdict: "not-signed-in",
        exit: 3,
        requests: 1,
        next: /hf auth login.*acme\/gated-manual/,
      },
      { repo: "datasets/acme/gated-dataset", verdict: "not-signed-in", exit: 3, next: /datasets\/acme\/gated-dataset/ },
      { repo: "spaces/frank/gated-space", verdict: "not-signed-in", exit: 3 },
      { repo: "acme/gated-manual", path: "README.md", verdict: "not-signed-in", exit: 3 },
      { repo: "acme/gated-manual", revision: "no-such-branch", verdict: "not-signed-in", exit: 3 },
      { repo: "alice/tiny-model", write: true, verdict: "not-signed-in", exit: 3, requests: 1 },
      { repo: "ACME/Gated-Manual", write: true, verdict: "not-signed-in", exit: 3, requests: 2 },
      { repo: "acme/OLD-model", write: true, verdict: "not-signed-in", exit: 3, requests: 2 },
      {
        repo: "acme/gated-manual",
        token: "alice-read",
        env: { HF_HUB_DISABLE_IMPLICIT_TOKEN: "1" },
        verdict: "not-signed-in",
        exit: 3,
        next: /Unset HF_HUB_DISABLE_IMPLICIT_TOKEN.*env:HF_TOKEN/,
      },
    ],
  },
  {
    title: "the token is the trouble",
    cases: [
      {
        repo: "alice/tiny-model",
        token: "alice-expired",
        verdict: "token-invalid",
        exit: 3,
        says: /is public/,
        requests: 3,
      },
      { repo: "alice/tiny-model", token: "alice-revoked", verdict: "token-invalid", exit: 3, next: /Set HF_TOKEN/ },
      { repo: "acme/gated-manual", value: "unknown", verdict: "token-invalid", exit: 3, says: /is gated/ },
      { repo: "alice/private-model", value: "unknown", verdict: "token-invalid", exit: 3 },
      {
        repo: "alice/tiny-model",
        value: "two words",
        verdict: "token-invalid",
        exit: 3,
        requests: 1,
        says: /is public/,
      },
      {
        repo: "alice/tiny-model",
        value: `ghp_${"a".repeat(36)}`,
        verdict: "token-invalid",
        exit: 3,
        requests: 1,
        says: /a key of GitHub, not of the Hub/,
      },
      {
        repo: "alice/tiny-model",
        value: '{"access_token":"hf_made-up"}',
        verdict: "token-invalid",
        exit: 3,
        requests: 1,
        says: /holds JSON/,
      },
      {
        repo: "alice/tiny-model",
        env: { HUGGING_FACE_HUB_TOKEN: "{token:alice-revoked}" },
        verdict: "token-invalid",
        exit: 3,
        next: /Set HUGGING_FACE_HUB_TOKEN/,
      },
      {
        repo: "acme/gated-manual",
        saved: { store: "[old]\nhf_token = {token:alice-revoked}\n\n", active: "{token:alice-revoked}" },
        verdict: "token-invalid",
        exit: 3,
        next: /hf auth login --force/,
      },
      {
        repo: "acme/gated-manual",
        saved: {
          store: "[old]\nhf_token = {token:alice-expired}\nexpires_at = 1700000000\n\n",
          active: "{token:alice-expired}",
        },
        verdict: "token-expired",
        exit: 3,
        says: /ended on 2023-11-14/,
        next: /hf auth login --force/,
      },
      {
        repo: "alice/tiny-model",
        saved: {
          store: "[old]\nhf_token = {token:alice-expired}\nexpires_at = 1700000000\n\n",
          active: "{token:alice-expired}",
        },
        verdict: "token-expired",
        exit: 3,
        says: /is public/,
      },
      {
        repo: "alice/tiny-model",
        token: "alice-read",
        faults: [{ path: FILE, times: 1, status: 401, message: "Invalid credentials in Authorization header" }],
        verdict: "token-invalid",
        exit: 3,
        certain: false,
        says: /knows the token.*alice/,
      },
      {
        repo: "alice/tiny-model",
        env: { HF_OIDC_RESOURCE: "alice" },
        verdict: "token-invalid",
        exit: 3,
        requests: 1,
        next: /HF_OIDC_RESOURCE/,
      },
    ],
  },
  {
    title: "the endpoint is the trouble",
    cases: [
      {
        repo: "alice/tiny-model",
        token: "alice-read",
        endpoint: "http://mirror.example",
        env: { HTTP_PROXY: "{hub}" },
        verdict: "wrong-endpoint",
        exit: 3,
      },
      {
        repo: "alice/tiny-model",
        token: "alice-read",
        faults: [{ htmlBody: true, status: 200 }],
        verdict: "wrong-endpoint",
        exit: 8,
        certain: false,
        next: /HF_ENDPOINT/,
      },
      {
        repo: "alice/tiny-model",
        faults: [{ status: 404, message: "Cannot find this." }],
        verdict: "wrong-endpoint",
        exit: 8,
        certain: false,
      },
      {
        repo: "alice/tiny-model",
        faults: [{ garbage: "SSH-2.0-OpenSSH_9.6\r\n\r\n" }],
        verdict: "wrong-endpoint",
        exit: 8,
        certain: false,
      },
    ],
  },
  {
    title: "the gate is closed",
    cases: [
      {
        repo: "carol/gated-model",
        token: "bob-read",
        verdict: "gate-not-requested",
        exit: 4,
        requests: 3,
        next: /Ask for access as bob at .*carol\/gated-model \(then wait/,
      },
      { repo: "frank/asked-auto", token: "bob-read", verdict: "gate-not-requested", exit: 4, next: /given at once/ },
      {
        repo: "datasets/acme/gated-dataset",
        token: "carol-read",
        verdict: "gate-not-requested",
        exit: 4,
        next: /datasets\/acme\/gated-dataset/,
      },
      { repo: "acme/members-gated", token: "bob-read", verdict: "gate-not-requested", exit: 4 },
      { repo: "carol/gated-model", token: "bob-fine-gated", verdict: "gate-not-requested", exit: 4 },
      { repo: "carol/gated-model", token: "bob-read", path: "LICENSE", verdict: "gate-not-requested", exit: 4 },
      { repo: "carol/gated-model", token: "acme-org", verdict: "gate-not-requested", exit: 4 },
      { repo: "carol/gated-model", token: "bob-read", revision: "nope", verdict: "gate-not-requested", exit: 4 },
      {
        repo: "frank/asked",
        token: "dave-read",
        verdict: "gate-not-requested",
        reason: "reset",
        exit: 4,
        says: /reset dave's request/,
      },
      {
        repo: "acme/gated-manual",
        token: "carol-read",
        verdict: "gate-pending",
        exit: 4,
        requests: 2,
        next: /hf access wait acme\/gated-manual/,
      },
      { repo: "frank/asked", token: "erin-read", verdict: "gate-pending", exit: 4 },
      { repo: "acme/gated-manual", token: "carol-fine-gated", verdict: "gate-pending", exit: 4 },
      { repo: "frank/asked", token: "carol-read", verdict: "gate-rejected", exit: 4, says: /rejected carol's request/ },
      { repo: "frank/old-name", token: "carol-read", verdict: "gate-rejected", exit: 4, says: /frank\/New-Name/ },
      { repo: "frank/old-name", token: "frank-read", verdict: "misspelt", reason: "renamed" },
      {
        repo: "carol/gated-model",
        token: "bob-read",
        faults: [{ path: "/api/models/carol", status: 500 }],
        verdict: "gate-not-requested",
        exit: 4,
      },
      {
        repo: "carol/gated-model",
        token: "bob-read",
        faults: [{ path: "whoami", status: 429, retryAfter: 3600 }],
        verdict: "gate-not-requested",
        exit: 4,
        says: /your account has not asked/,
      },
      {
        repo: "carol/gated-model",
        token: "bob-fine-none",
        faults: [
          {
            path: FILE,
            status: 403,
            message: "You are not in the authorized list.",
            setHeader: { "X-Error-Code": "GatedRepo" },
          },
        ],
        verdict: "gate-not-requested",
        exit: 4,
        certain: false,
        says: /may not read gated repos either/,
      },
    ],
  },
  {
    title: "the token is too narrow",
    cases: [
      {
        repo: "carol/gated-model",
        token: "bob-fine-none",
        verdict: "scope-missing",
        reason: "gated-read",
        exit: 4,
        next: /canReadGatedRepos=true&tokenType=fineGrained/,
      },
      {
        repo: "acme/gated-auto",
        token: "carol-fine-no-gated",
        verdict: "scope-missing",
        reason: "gated-read",
        exit: 4,
        says: /carol-fine-no-gated/,
      },
      { repo: "acme/gated-manual", token: "alice-oauth-bare", verdict: "scope-missing", reason: "gated-read", exit: 4 },
      { repo: "alice/private-model", token: "alice-fine-one-repo", path: "config.json", verdict: "ok" },
      {
        repo: "acme/private-model",
        token: "bob-fine-gated",
        verdict: "scope-missing",
        reason: "this-repo",
        exit: 4,
        certain: false,
        says: /Or the repo does not exist/,
        next: /Add acme\/private-model to the token's repositories.*\/settings\/tokens\/new\?tokenType=fineGrained/,
      },
      {
        repo: "acme/old-model",
        token: "bob-fine-gated",
        faults: [HIDDEN("acme/renamed-model")],
        verdict: "scope-missing",
        reason: "this-repo",
        exit: 4,
        requests: 3,
      },
      { repo: "frank/secret", token: "frank-fine-write", verdict: "ok" },
      { repo: "acme/private-model", token: "bob-fine-acme", verdict: "ok" },
      {
        repo: "alice/tiny-model",
        token: "alice-read",
        write: true,
        verdict: "scope-missing",
        reason: "write",
        exit: 4,
        next: /role 'read' can't be given more.*ownUserPermissions=repo\.write/,
      },
      {
        repo: "acme/private-model",
        token: "bob-read",
        write: true,
        verdict: "scope-missing",
        reason: "write",
        exit: 4,
      },
      {
        repo: "alice/tiny-model",
        token: "alice-fine",
        write: true,
        verdict: "scope-missing",
        reason: "write",
        exit: 4,
      },
      {
        repo: "carol/gated-model",
        token: "bob-fine-none",
        faults: [{ ...FORBIDDEN, times: 1 }],
        verdict: "scope-missing",
        reason: "this-repo",
        exit: 4,
      },
    ],
  },
  {
    title: "a rule of the organisation",
    cases: [
      {
        repo: "acme/private-model",
        token: "bob-policy-pending",
        verdict: "organisation-policy",
        reason: "approval",
        exit: 4,
        next: /administrator of acme/,
      },
      {
        repo: "acme/gated-manual",
        token: "bob-policy-denied",
        verdict: "organisation-policy",
        reason: "approval",
        exit: 4,
        says: /or was denied/,
      },
      {
        repo: "acme/private-model",
        token: "bob-policy-revoked",
        verdict: "organisation-policy",
        reason: "revoked",
        exit: 4,
      },
      { repo: "alice/tiny-model", token: "bob-policy-revoked", verdict: "ok" },
      {
        repo: "acme/no-such-model",
        token: "bob-policy-pending",
        verdict: "organisation-policy",
        reason: "approval",
        exit: 4,
        certain: false,
      },
      {
        repo: "strict/no-such-thing",
        token: "carol-read",
        verdict: "organisation-policy",
        reason: "sso",
        exit: 4,
        certain: false,
        next: /\/strict/,
      },
      {
        repo: "acme/private-model",
        token: "bob-read",
        faults: [{ path: FILE, status: 403, message: "This organization only allows fine-grained tokens." }],
        verdict: "organisation-policy",
        reason: "fine-grained-only",
        exit: 4,
        next: /tokenType=fineGrained/,
      },
      {
        repo: "acme/private-model",
        token: "bob-policy-pending",
        faults: [FORBIDDEN],
        verdict: "organisation-policy",
        reason: "approval",
        exit: 4,
      },
    ],
  },
  {
    title: "not there, or hidden",
    cases: [
      {
        repo: "nobody/nothing-like-this",
        verdict: "private-or-missing",
        reason: "unknown",
        exit: 5,
        certain: false,
        requests: 4,
        next: /hf auth login/,
      },
      { repo: "frank/secret", verdict: "private-or-missing", reason: "unknown", exit: 5, certain: false },
      {
        repo: "frank/secret",
        token: "alice-read",
        verdict: "private-or-missing",
        reason: "unknown",
        exit: 5,
        certain: false,
        says: /hidden from alice/,
      },
      {
        repo: "rajpurkar/squad",
        token: "bob-read",
        verdict: "private-or-missing",
        reason: "unknown",
        exit: 5,
        certain: false,
        requests: 4,
        next: /call it datasets\/rajpurkar\/squad or spaces\/rajpurkar\/squad if it is a dataset or a space; if it is private, ask r/,
      },
      {
        repo: "closed/hidden",
        token: "carol-read",
        verdict: "private-or-missing",
        reason: "unknown",
        exit: 5,
        certain: false,
      },
      {
        repo: "alice/this-was-never-made",
        token: "alice-read",
        verdict: "private-or-missing",
        reason: "missing",
        exit: 5,
        says: /does not exist:/,
      },
      {
        repo: "acme/this-was-never-made",
        token: "erin-read",
        verdict: "private-or-missing",
        reason: "unknown",
        exit: 5,
        certain: false,
        says: /belongs to acme/,
      },
      {
        repo: "alice/this-was-never-made",
        token: "alice-oauth-bare",
        verdict: "private-or-missing",
        reason: "unknown",
        exit: 5,
        certain: false,
      },
      {
        repo: "alice/tiny-model",
        path: "no/such.file",
        verdict: "private-or-missing",
        reason: "no-such-file",
        exit: 5,
        says: /no file 'no\/such.file'/,
      },
      {
        repo: "hf://alice/tiny-model@never",
        verdict: "private-or-missing",
        reason: "no-such-revision",
        exit: 5,
        says: /no revision 'never'/,
      },
      { repo: "acme/disabled-model", verdict: "private-or-missing", reason: "unknown", exit: 5, certain: false },
      {
        repo: "Acme/Disabled-Model",
        verdict: "private-or-missing",
        reason: "hidden",
        exit: 5,
        certain: false,
        requests: 2,
        says: /^Model acme\/disabled-model exists \(Acme\/Disabled-Model leads to it\)/,
        next: /If it is private, sign in: hf auth login/,
      },
      {
        repo: "Alice/Tiny-Model",
        token: "bob-read",
        faults: [HIDDEN("alice/tiny-model")],
        verdict: "private-or-missing",
        reason: "hidden",
        exit: 5,
        certain: false,
        requests: 3,
        says: /hidden from bob/,
        next: /Ask alice to let bob in/,
      },
      {
        repo: "Alice/Tiny-Model",
        token: "alice-read",
        faults: [HIDDEN("alice/tiny-model")],
        verdict: "private-or-missing",
        reason: "hidden",
        exit: 5,
        certain: false,
        requests: 3,
      },
      { repo: "acme/disabled-model", token: "alice-read", verdict: "disabled", exit: 4, requests: 2 },
      { repo: "acme/disabled-model", token: "carol-read", verdict: "disabled", exit: 4 },
    ],
  },
  {
    title: "misspelt",
    cases: [
      { repo: "acme/old-model", verdict: "misspelt", reason: "renamed", says: /is called acme\/renamed-model now/ },
      { repo: "acme/old-model", token: "bob-read", verdict: "misspelt", reason: "renamed" },
      { repo: "Alice/Tiny-Model", verdict: "misspelt", reason: "wrong-case", says: /written alice\/tiny-model/ },
      { repo: "frank/mixed-case_model.v2", token: "bob-read", verdict: "misspelt", reason: "wrong-case" },
      {
        repo: "alice/tiny-modle",
        verdict: "misspelt",
        reason: "close-name",
        exit: 5,
        certain: false,
        next: /hf access alice\/tiny-model/,
      },
      {
        repo: "alice/tinymodel",
        token: "bob-read",
        verdict: "misspelt",
        reason: "close-name",
        exit: 5,
        certain: false,
      },
      {
        repo: "frank/mistral-tiny-instrut",
        token: "bob-read",
        verdict: "misspelt",
        reason: "close-name",
        exit: 5,
        certain: false,
      },
      { repo: "alise/tiny-model", verdict: "misspelt", reason: "close-name", exit: 5, certain: false },
      {
        repo: "alicee/tiny-model",
        token: "bob-read",
        verdict: "misspelt",
        reason: "close-name",
        exit: 5,
        certain: false,
        requests: 4,
        next: /hf access alice\/tiny-model/,
      },
      {
        repo: "tiny-model",
        verdict: "misspelt",
        reason: "close-name",
        exit: 5,
        certain: false,
        says: /named with its owner.*alice\/tiny-model/,
      },
      {
        repo: "Tiny-Model",
        token: "bob-read",
        verdict: "misspelt",
        reason: "close-name",
        exit: 5,
        certain: false,
        next: /hf access alice\/tiny-model/,
      },
      {
        repo: "tiny-dataset",
        token: "bob-read",
        verdict: "misspelt",
        reason: "other-type",
        exit: 5,
        certain: false,
        next: /hf access datasets\/alice\/tiny-dataset/,
      },
      {
        repo: "alice/tiny-dataset",
        verdict: "misspelt",
        reason: "other-type",
        exit: 5,
        certain: false,
        next: /hf access datasets\/alice\/tiny-dataset/,
      },
      {
        repo: "alice/tiny-space",
        verdict: "misspelt",
        reason: "other-type",
        exit: 5,
        certain: false,
        says: /but a space of that name/,
      },
      ...["bob-read", "alice-read", "alice-fine"].map((token): AccessCase => ({
        repo: "alice/tiny-space",
        token,
        verdict: "misspelt",
        reason: "other-type",
        exit: 5,
        certain: false,
        says: /but a space of that name/,
        next: /hf access spaces\/alice\/tiny-space/,
      })),
      {
        repo: "datasets/alice/tiny-space",
        token: "bob-read",
        verdict: "misspelt",
        reason: "other-type",
        exit: 5,
        certain: false,
      },
      // The name says nothing of its type: a space is the third question of nobody, and named to who has two.
      {
        repo: "frank/chat",
        verdict: "misspelt",
        reason: "other-type",
        exit: 5,
        certain: false,
        requests: 4,
        next: /hf access spaces\/frank\/chat/,
      },
      {
        repo: "frank/chat",
        token: "bob-read",
        verdict: "private-or-missing",
        reason: "unknown",
        exit: 5,
        certain: false,
        requests: 4,
        next: /, or call it spaces\/frank\/chat if it is a space; if it is private/,
      },
      {
        repo: "frank/chat",
        token: "frank-read",
        verdict: "private-or-missing",
        reason: "missing",
        exit: 5,
        requests: 4,
        next: /, or call it spaces\/frank\/chat if it is a space/,
      },
      { repo: "spaces/alice/tiny-model", verdict: "misspelt", reason: "other-type", exit: 5, certain: false },
      { repo: "chat", verdict: "misspelt", reason: "other-type", exit: 5, certain: false, requests: 4 },
      {
        repo: "datasets/alice/tiny-model",
        token: "bob-read",
        verdict: "misspelt",
        reason: "other-type",
        exit: 5,
        certain: false,
      },
    ],
  },
  {
    title: "no answer of a Hub",
    cases: [
      {
        repo: "alice/tiny-model",
        faults: only(429, { retryAfter: 3600 }),
        verdict: "rate-limited",
        exit: 9,
        requests: 1,
        next: /3600 s/,
      },
      // Half a minute is not sat out: one request, and the time in the step.
      {
        repo: "alice/tiny-model",
        faults: only(429, { retryAfter: 30 }),
        verdict: "rate-limited",
        exit: 9,
        requests: 1,
      },
      {
        repo: "carol/gated-model",
        token: "bob-read",
        faults: [{ path: "whoami", status: 429, retryAfter: 30 }],
        verdict: "gate-not-requested",
        exit: 4,
        requests: 3,
      },
      {
        repo: "acme/gated-manual",
        token: "bob-read",
        faults: only(429, { rateLimit: { reset: 77 } }),
        verdict: "rate-limited",
        exit: 9,
        next: /77 s/,
      },
      {
        repo: "alice/tiny-model",
        env: { HF_HUB_OFFLINE: "1" },
        verdict: "offline",
        exit: 11,
        requests: 0,
        next: /HF_HUB_OFFLINE/,
      },
      {
        repo: "alice/tiny-model",
        token: "alice-read",
        env: { HF_HUB_OFFLINE: "1" },
        verdict: "offline",
        exit: 11,
        requests: 0,
      },
      { repo: "alice/tiny-model", endpoint: "http://no-such-host.invalid", verdict: "offline", exit: 8 },
      { repo: "alice/tiny-model", endpoint: "nobody", verdict: "hub-down", exit: 8, certain: false },
      { repo: "alice/tiny-model", faults: only(503), verdict: "hub-down", exit: 8, requests: 1 },
      { repo: "acme/gated-manual", token: "bob-read", faults: only(500), verdict: "hub-down", exit: 8 },
      { repo: "alice/tiny-model", faults: [{ cut: {} }], verdict: "hub-down", exit: 8, certain: false },
      {
        repo: "alice/tiny-model",
        token: "alice-read",
        faults: only(418),
        verdict: "hub-down",
        exit: 1,
        certain: false,
      },
      {
        repo: "alice/tiny-model",
        faults: [{ path: FILE, redirect: "ftp://elsewhere.example/" }],
        verdict: "hub-down",
        exit: 8,
        certain: false,
      },
    ],
  },
  {
    title: "refused, and nothing tells why",
    cases: [
      {
        repo: "alice/tiny-model",
        token: "bob-read",
        faults: [FORBIDDEN],
        verdict: "forbidden",
        exit: 4,
        certain: false,
        says: /It says: No\./,
      },
      { repo: "alice/tiny-model", faults: [FORBIDDEN], verdict: "forbidden", exit: 4, certain: false },
      {
        repo: "acme/private-model",
        token: "erin-write",
        write: true,
        verdict: "forbidden",
        exit: 4,
        says: /erin may read/,
        next: /Ask acme/,
      },
      { repo: "alice/tiny-model", token: "bob-write", write: true, verdict: "forbidden", exit: 4 },
    ],
  },
];

/** Makes the throw-away home that the case describes, and answers the environment to ask with. */
export async function caseEnvironment(
  hub: Localhub,
  wanted: AccessCase,
  home: string,
): Promise<Record<string, string>> {
  const fill = (text: string): string =>
    text
      .replaceAll("{hub}", hub.url)
      .replace(/\{token:([\w-]+)\}/g, (_, name: string) => hub.tokens[name] ?? assert.fail(name));
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home);
  if (wanted.saved !== undefined) {
    writeFileSync(join(home, "stored_tokens"), fill(wanted.saved.store), { mode: 0o600 });
    writeFileSync(join(home, "token"), fill(wanted.saved.active), { mode: 0o600 });
  }
  const value = wanted.token === undefined ? wanted.value : fill(`{token:${wanted.token}}`);
  const endpoint = wanted.endpoint === "nobody" ? await nobody() : (wanted.endpoint ?? hub.url);
  return {
    HF_HOME: home,
    HF_ENDPOINT: endpoint,
    ...(value === undefined ? {} : { HF_TOKEN: value }),
    ...Object.fromEntries(Object.entries(wanted.env ?? {}).map(([name, text]) => [name, fill(text)])),
  };
}

export function titleOf(wanted: AccessCase): string {
  const { repo, token, value, saved, write, revision, path, faults, env, endpoint } = wanted;
  const who = token ?? (value === undefined ? (saved === undefined ? "nobody" : "a saved login") : `'${value}'`);
  const more = [
    write === true ? "to write" : "",
    revision ?? "",
    path ?? "",
    endpoint ?? "",
    ...Object.keys(env ?? {}),
    ...(faults ?? []).map((fault) => JSON.stringify(fault)),
  ];
  return [`${repo} for ${who}`, ...more.filter((word) => word !== "")].join(", ");
}
