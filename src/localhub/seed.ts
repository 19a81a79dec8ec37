import type { SeedOauth } from "./oauth/seed.ts";
import type {
  AccessStatus,
  Gated,
  GateForm,
  Org,
  OrgRole,
  OrgTokenState,
  RepoType,
  TokenKind,
  TokenRole,
} from "./types.ts";

/** What a hub holds when it starts. Plain data: it can be a JSON file. */
export type Seed = {
  users?: SeedUser[];
  orgs?: SeedOrg[];
  tokens?: SeedToken[];
  repos?: SeedRepo[];
  oauth?: SeedOauth;
};

export type SeedUser = {
  name: string;
  /** Default: the name with a capital. */
  fullname?: string;
  /** Default `<name>@example.org`. */
  email?: string;
  isPro?: boolean;
  /** For the sign-in page; default: one made at the start. `localhub` prints it. */
  password?: string;
};

export type SeedOrg = {
  name: string;
  fullname?: string;
  plan?: NonNullable<Org["plan"]>;
  members?: Record<string, OrgRole>;
  securityRestrictions?: string[];
};

export type SeedToken = {
  /** By this name `tokens` of the running hub tells the value. */
  name: string;
  /** Name of the user, or of the organisation for kind `org`. */
  owner: string;
  /** Default `user`. */
  kind?: TokenKind;
  /** Default `read`. */
  role?: TokenRole;
  /** Default: the name. */
  displayName?: string;
  /** Seconds from the start of the hub; negative = expired already; absent = never. */
  expiresIn?: number;
  revoked?: boolean;
  /** Only with role `fineGrained`. */
  canReadGatedRepos?: boolean;
  global?: string[];
  scoped?: { type: string; name: string; permissions: string[] }[];
  /** Only with kind `oauth`. */
  scopes?: string[];
  orgPolicy?: Record<string, OrgTokenState>;
};

export type SeedRepo = {
  /** Default `models`. */
  type?: RepoType;
  id: string;
  private?: boolean;
  gated?: Gated;
  gate?: Partial<GateForm>;
  orgMembersGated?: boolean;
  disabled?: boolean;
  /** Ids it had before: requests for them are redirected. */
  formerIds?: string[];
  createdBy?: string;
  likes?: number;
  downloads?: number;
  tags?: string[];
  cardData?: Record<string, unknown>;
  pipelineTag?: string;
  libraryName?: string;
  config?: Record<string, unknown>;
  sdk?: string;
  /** All large files are in Xet storage. Default false. */
  xet?: boolean;
  /** Oldest first. The first one gets a `.gitattributes` unless it brings one. Default: one commit with that file. */
  commits?: SeedCommit[];
  /** Requests for access made before the start. */
  access?: { user: string; status: AccessStatus; fields?: Record<string, unknown> }[];
};

export type SeedCommit = {
  message: string;
  /** Full ref name that moves to this commit; default `refs/heads/main`. A new ref starts where `from` is. */
  ref?: string;
  /** Revision a new ref starts at; default `main`. */
  from?: string;
  /** Name of a user; default: the repo's `createdBy`, else the owner, else the first user. */
  author?: string;
  /** ISO date; default: a fixed day, one hour later for each commit, so that commit ids are the same on every start. */
  date?: string;
  /** Path to content; null deletes the path. Paths are not checked: hostile names are wanted for tests. */
  files?: Record<string, SeedContent | null>;
  /** Folder on disk whose files are added too, below the root of the repo. `files` wins. */
  folder?: string;
  /** Tag names put on this commit. */
  tags?: string[];
};

/**
 * A string is the text itself. `size` makes bytes that depend on `seed` alone (default 1) and are never held in memory;
 * `file` is a path on disk. `lfs` default: by the endings in `.gitattributes`, or above 10 MiB. `sha256` of generated
 * bytes saves reading them all once at the start; it is believed. `xet` (default: as the repo says) puts an LFS file
 * into Xet storage, which reads it at the start and keeps a copy on disk; `xorbBytes` makes xorbs smaller than 64 MiB.
 */
export type SeedContent = string | (SeedSource & { lfs?: boolean; xet?: boolean | { xorbBytes: number } });

export type SeedSource =
  { text: string } | { base64: string } | { size: number; seed?: number; sha256?: string } | { file: string };

const README = (title: string, license: string): string =>
  `---\nlicense: ${license}\nlanguage:\n- en\n---\n\n# ${title}\n\nMade for trying things out.\n`;
const CONFIG = `${JSON.stringify({ architectures: ["TinyModel"], model_type: "tiny", hidden_size: 8 }, undefined, 2)}\n`;
const TOKENIZER = `${JSON.stringify({ version: "1.0", model: { type: "WordLevel", vocab: { hello: 0, world: 1 } } })}\n`;
const LICENCE = "You may use this for anything.\n";
const WEIGHTS = 1024 * 1024 + 17;

const modelFiles = (title: string, seed: number): Record<string, SeedContent> => ({
  "README.md": README(title, "apache-2.0"),
  LICENSE: LICENCE,
  "config.json": CONFIG,
  "tokenizer.json": TOKENIZER,
  "model.safetensors": { size: WEIGHTS, seed },
});

/**
 * A small world with one of everything. alice, bob, dave and erin are in the organisation acme as admin, write,
 * contributor and read; carol is in none and is the one who asks for access.
 */
export function defaultSeed(): Seed {
  return {
    users: [{ name: "alice", isPro: true }, { name: "bob" }, { name: "carol" }, { name: "dave" }, { name: "erin" }],
    orgs: [
      {
        name: "acme",
        fullname: "Acme Research",
        plan: "enterprise",
        members: { alice: "admin", bob: "write", dave: "contributor", erin: "read" },
      },
    ],
    tokens: defaultTokens(),
    repos: defaultRepos(),
  };
}

function defaultTokens(): SeedToken[] {
  const scoped = (type: string, name: string, ...permissions: string[]) => [{ type, name, permissions }];
  return [
    ...["alice", "bob", "carol", "dave", "erin"].flatMap((owner): SeedToken[] => [
      { name: `${owner}-read`, owner, role: "read" },
      { name: `${owner}-write`, owner, role: "write" },
    ]),
    // Reads alice's own repos and passes gates.
    {
      name: "alice-fine",
      owner: "alice",
      role: "fineGrained",
      canReadGatedRepos: true,
      global: ["discussion.write"],
      scoped: scoped("user", "alice", "repo.content.read"),
    },
    // Writes one repo and nothing else.
    {
      name: "alice-fine-one-repo",
      owner: "alice",
      role: "fineGrained",
      scoped: scoped("model", "alice/private-model", "repo.content.read", "repo.write"),
    },
    { name: "carol-fine-gated", owner: "carol", role: "fineGrained", canReadGatedRepos: true },
    { name: "carol-fine-no-gated", owner: "carol", role: "fineGrained" },
    { name: "alice-expired", owner: "alice", role: "read", expiresIn: -3600 },
    { name: "alice-revoked", owner: "alice", role: "read", revoked: true },
    { name: "bob-policy-pending", owner: "bob", role: "read", orgPolicy: { acme: "pending" } },
    { name: "bob-policy-denied", owner: "bob", role: "read", orgPolicy: { acme: "denied" } },
    { name: "bob-policy-revoked", owner: "bob", role: "read", orgPolicy: { acme: "revoked" } },
    { name: "acme-org", owner: "acme", kind: "org", role: "write" },
    {
      name: "alice-oauth",
      owner: "alice",
      kind: "oauth",
      expiresIn: 30 * 24 * 3600,
      scopes: ["openid", "profile", "email", "read-repos", "gated-repos"],
    },
  ];
}

function defaultRepos(): SeedRepo[] {
  const form = {
    prompt: "Tell us who you are. By asking you agree to the licence.",
    fields: {
      Company: "text" as const,
      Country: "country" as const,
      "I want to use it for": { type: "select" as const, options: ["Research", "Teaching", "Other"] },
      "I agree to the licence": "checkbox" as const,
    },
  };
  const model = (id: string, seed: number, more: Partial<SeedRepo> = {}): SeedRepo => ({
    id,
    tags: ["safetensors", "license:apache-2.0", "region:us"],
    cardData: { license: "apache-2.0", language: ["en"] },
    pipelineTag: "text-generation",
    libraryName: "transformers",
    commits: [{ message: "Upload model", files: modelFiles(id, seed) }],
    ...more,
  });
  return [
    model("alice/tiny-model", 1, { likes: 3, downloads: 1200, commits: tinyHistory() }),
    model("alice/private-model", 2, { private: true }),
    model("acme/private-model", 3, { private: true }),
    model("acme/gated-auto", 4, { gated: "auto", gate: form }),
    model("acme/gated-manual", 5, {
      gated: "manual",
      gate: form,
      access: [{ user: "carol", status: "pending", fields: { Company: "Carol & Co", Country: "NZ" } }],
    }),
    model("acme/members-gated", 6, { gated: "manual", gate: form, orgMembersGated: true }),
    model("acme/disabled-model", 7, { disabled: true }),
    model("acme/renamed-model", 8, { formerIds: ["acme/old-model", "old-model"] }),
    model("alice/xet-model", 14, { xet: true, commits: xetHistory() }),
    model("carol/gated-model", 9, { gated: "manual", gate: form }),
    {
      type: "datasets",
      id: "alice/tiny-dataset",
      tags: ["license:cc0-1.0"],
      cardData: { license: "cc0-1.0" },
      commits: [
        {
          message: "Upload data",
          files: {
            "README.md": README("Tiny dataset", "cc0-1.0"),
            "data/train.csv": "text,label\nhello,0\nworld,1\n",
            "data/train.parquet": { size: 20_000, seed: 10 },
          },
        },
      ],
    },
    {
      type: "datasets",
      id: "acme/gated-dataset",
      gated: "manual",
      gate: form,
      commits: [
        { message: "Upload data", files: { "README.md": README("Gated data", "other"), "data.csv": "a,b\n1,2\n" } },
      ],
    },
    {
      type: "spaces",
      id: "alice/tiny-space",
      sdk: "static",
      commits: [
        { message: "Hello", files: { "README.md": README("Tiny space", "mit"), "index.html": "<h1>Hello</h1>\n" } },
      ],
    },
  ];
}

/** Contents that Xet storage keeps in three ways: as they are, compressed, and compressed by bytes of numbers. */
function xetHistory(): SeedCommit[] {
  const words = Array.from({ length: 20_000 }, (_, index) => `word${(index * 7919) % 20_011}\n`).join("");
  const numbers = Float32Array.from({ length: 40_000 }, (_, index) => 1 + ((index * 7919) % 20_011) / 1e6);
  return [
    {
      message: "Upload model",
      files: {
        ...modelFiles("alice/xet-model", 14),
        "model.safetensors": { size: 300_000, seed: 14 },
        "vocab.txt": { text: words, lfs: true },
        "embeddings.bin": { base64: Buffer.from(numbers.buffer).toString("base64") },
      },
    },
  ];
}

function tinyHistory(): SeedCommit[] {
  return [
    { message: "initial commit", files: {} },
    { message: "Upload model", files: modelFiles("alice/tiny-model", 11), tags: ["v0.9"] },
    {
      message: "Retrain\n\nSecond run, longer.",
      files: {
        "model.safetensors": { size: WEIGHTS, seed: 1 },
        "onnx/model.onnx": { size: 4096, seed: 12 },
        "onnx/sub folder/ünï code #1.txt": "names need encoding\n",
        "empty.txt": "",
      },
      tags: ["v1.0"],
    },
    { message: "Try another size", ref: "refs/heads/dev", files: { "config.json": CONFIG.replace("8", "16") } },
    { message: "A branch with a slash", ref: "refs/heads/feature/one", files: { "feature.txt": "one\n" } },
    {
      message: "Fix a typo",
      ref: "refs/pr/1",
      author: "bob",
      files: { "README.md": README("Tiny model", "apache-2.0") },
    },
  ];
}
