/** What kind of machine this is, as far as it says so itself. */
export interface MachineFacts {
  readonly platform: NodeJS.Platform;
  /** The CI service, and the variable that says so. */
  readonly ci: { readonly name: string; readonly sign: string } | undefined;
  readonly notebook: { readonly name: string; readonly sign: string } | undefined;
  /** The mark by which a container or a cluster is known. */
  readonly container: string | undefined;
  readonly cluster: string | undefined;
  readonly ssh: string | undefined;
  /** The mark of a screen with a browser. */
  readonly desktop: string | undefined;
  /** How many logins are saved. */
  readonly savedLogins: number;
  /** A file of variables, or a repository, in the current folder. */
  readonly project: string | undefined;
}

export type Situation =
  "ci" | "notebook" | "cluster" | "container" | "ssh" | "desktop" | "server" | "accounts" | "project";

/** One way to sign in that suits, and why. */
export interface Advice {
  readonly situation: Situation;
  /** What the machine is taken for, and by which mark: a sentence. */
  readonly seen: string;
  readonly method: string;
  readonly why: string;
  /** Lines for a shell or a file, to be copied. */
  readonly commands: readonly string[];
}

const CI_SERVICES: readonly (readonly [variable: string, name: string])[] = [
  ["GITHUB_ACTIONS", "GitHub Actions"],
  ["GITLAB_CI", "GitLab CI"],
  ["CIRCLECI", "CircleCI"],
  ["BUILDKITE", "Buildkite"],
  ["JENKINS_URL", "Jenkins"],
  ["TF_BUILD", "Azure Pipelines"],
  ["BITBUCKET_BUILD_NUMBER", "Bitbucket Pipelines"],
  ["TEAMCITY_VERSION", "TeamCity"],
  ["TRAVIS", "Travis CI"],
  ["CI", "a CI service"],
];

/** Services whose jobs can have an ID token that the Hub takes. */
const HAS_ID_TOKENS = new Set(["GITHUB_ACTIONS", "GITLAB_CI", "CIRCLECI", "BUILDKITE", "BITBUCKET_BUILD_NUMBER"]);

/** Services whose job `hf auth ci` prints. */
const CI_PAGES: Readonly<Record<string, string>> = { GITHUB_ACTIONS: "github", GITLAB_CI: "gitlab" };

const NOTEBOOKS: readonly (readonly [variable: string, name: string])[] = [
  ["COLAB_RELEASE_TAG", "Google Colab"],
  ["KAGGLE_KERNEL_RUN_TYPE", "Kaggle"],
  ["JUPYTERHUB_USER", "JupyterHub"],
  ["JPY_PARENT_PID", "Jupyter"],
  ["SAGEMAKER_INTERNAL_IMAGE_URI", "SageMaker"],
];

type Environment = Readonly<Record<string, string | undefined>>;

/** What the environment says of the machine. */
export function readMachine(
  env: Environment,
  more: Pick<MachineFacts, "platform" | "container" | "savedLogins" | "project">,
): MachineFacts {
  const mark = (...names: readonly string[]): string | undefined =>
    names.find((name) => (env[name] ?? "") !== "" && env[name] !== "false");
  const known = (list: typeof CI_SERVICES): { readonly name: string; readonly sign: string } | undefined => {
    const found = list.find(([variable]) => mark(variable) !== undefined);
    return found === undefined ? undefined : { name: found[1], sign: found[0] };
  };
  const ssh = mark("SSH_CONNECTION", "SSH_TTY");
  const screen =
    more.platform === "darwin" || more.platform === "win32" ? more.platform : mark("WAYLAND_DISPLAY", "DISPLAY");
  return {
    ...more,
    ci: known(CI_SERVICES),
    notebook: known(NOTEBOOKS),
    cluster: mark("KUBERNETES_SERVICE_HOST"),
    ssh,
    desktop: ssh === undefined ? screen : undefined,
  };
}

/** The ways to sign in that suit this machine, the best first; what suits beside it comes after. */
export function advise(facts: MachineFacts): readonly Advice[] {
  return [main(facts), ...beside(facts)];
}

function main(facts: MachineFacts): Advice {
  if (facts.notebook !== undefined) return notebookAdvice(facts.notebook);
  if (facts.ci !== undefined) return ciAdvice(facts.ci);
  if (facts.cluster !== undefined) {
    return {
      situation: "cluster",
      seen: `This is a pod in Kubernetes (${facts.cluster} is set).`,
      method: "HF_TOKEN from a secret of the cluster",
      why: "The token is in no image and no manifest, and is changed in one place.",
      commands: [
        "kubectl create secret generic hf-token --from-file=HF_TOKEN=token.txt",
        "envFrom: [{ secretRef: { name: hf-token } }]   # in the container's spec",
      ],
    };
  }
  if (facts.container !== undefined) {
    return {
      situation: "container",
      seen: `This is a container (${facts.container}).`,
      method: "HF_TOKEN handed in from outside",
      why: "A login saved in a container goes away with it, and one saved in an image goes to everybody who has the image.",
      commands: [
        "hf run -- docker run -e HF_TOKEN IMAGE   # with the login of the host",
        "RUN --mount=type=secret,id=hf_token,env=HF_TOKEN hf download REPO   # in a Dockerfile",
      ],
    };
  }
  if (facts.ssh !== undefined) {
    return {
      situation: "ssh",
      seen: `This is a machine that you reach over SSH (${facts.ssh} is set).`,
      method: "sign-in by a code",
      why: "No browser is needed here: you enter the code on any device of yours, and no token passes through the clipboard.",
      commands: ["hf auth login --device"],
    };
  }
  if (facts.desktop !== undefined) {
    return {
      situation: "desktop",
      seen: `This is a computer with a screen (${facts.desktop}).`,
      method: "sign-in by browser, once",
      why: "It is saved for every tool, renewed by itself, and there is no token to copy.",
      commands: ["hf auth login --web"],
    };
  }
  return {
    situation: "server",
    seen: "This is a machine without a screen, a server perhaps.",
    method: "HF_TOKEN from the service's own configuration",
    why: "The token is kept with the deployment, not in the code, and only that service has it.",
    commands: [
      "hf auth login --device   # for a person",
      "EnvironmentFile=/etc/huggingface.env   # for a service of systemd; the file with mode 600",
    ],
  };
}

function notebookAdvice({ name, sign }: { readonly name: string; readonly sign: string }): Advice {
  const vault = name === "Google Colab" || name === "Kaggle";
  return {
    situation: "notebook",
    seen: `This is a notebook, ${name} (${sign} is set).`,
    method: vault ? `HF_TOKEN among the secrets of ${name}` : "sign-in by a code, in a cell or its terminal",
    why: "The token stays out of the notebook, which you may share.",
    commands: vault
      ? ["# open the panel of secrets, add HF_TOKEN, and let this notebook read it"]
      : ["hf auth login --device   # in a terminal of the notebook server", "!hf auth login --device   # in a cell"],
  };
}

function ciAdvice({ name, sign }: { readonly name: string; readonly sign: string }): Advice {
  const github = sign === "GITHUB_ACTIONS";
  const trusted = HAS_ID_TOKENS.has(sign);
  return {
    situation: "ci",
    seen: `This is a job of ${name} (${sign} is set).`,
    method: trusted
      ? "no stored token at all: the job's own ID token, exchanged for a short-lived one; else HF_TOKEN from the secrets"
      : "HF_TOKEN from the secrets of the CI service, with a token that can only read",
    why: trusted
      ? "There is no secret to leak or to renew, once the Hub trusts this job for the repo. A secret is at least masked, and given to the jobs that need it."
      : "It is masked in the log, given to the jobs that need it, and changed in one place.",
    commands: [
      ...(trusted
        ? [
            ...(CI_PAGES[sign] === undefined ? [] : [`hf auth ci ${CI_PAGES[sign]}   # prints the whole job`]),
            `HF_OIDC_RESOURCE=OWNER/REPO hf download OWNER/REPO${github ? "   # with permissions: { id-token: write }" : ""}`,
          ]
        : []),
      github
        ? "env: { HF_TOKEN: ${{ secrets.HF_TOKEN }} }   # at the step that downloads"
        : "HF_TOKEN   # as a masked, protected variable of the project",
      "hf run --read-only -- npm test   # refuses a token that may do more",
    ],
  };
}

function beside(facts: MachineFacts): readonly Advice[] {
  const found: Advice[] = [];
  if (facts.savedLogins > 1) {
    found.push({
      situation: "accounts",
      seen: `${facts.savedLogins} logins are saved here.`,
      method: "a login for each folder, or for one command",
      why: "Nothing has to be switched, and no token is written into the code.",
      commands: ["hf auth list", "hf auth use NAME", "hf run --as NAME -- python train.py"],
    });
  }
  if (facts.project !== undefined && facts.ci === undefined && facts.notebook === undefined) {
    found.push({
      situation: "project",
      seen: `This folder is part of a project that others may work on (${facts.project}).`,
      method: "a .env file that git ignores, where the program reads one",
      why: "Everybody has a token of their own, and none is ever committed.",
      commands: ["hf auth env --write .env"],
    });
  }
  return found;
}
