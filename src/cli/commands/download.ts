import type { AuthFallback } from "../../api/index.ts";
import { NotFoundError, UsageError } from "../../core/errors.ts";
import { parseBytes } from "../../core/parse-bytes.ts";
import { repoPath } from "../../core/repo.ts";
import type { Repo } from "../../core/repo.ts";
import { placeOf } from "../../core/settings.ts";
import { command, listFlag, switchFlag, valueFlag } from "../command.ts";
import type { CliContext } from "../context.ts";
import { downloadWords } from "../download-subject.ts";
import { eventLine } from "../event-lines.ts";
import type { DownloadEvent, Transport } from "../../download/index.ts";
import { createProgress, tellGaveWay } from "../progress.ts";
import type { ProgressView } from "../progress.ts";
import { repoTypeOf } from "../repo-type.ts";

interface Flags {
  readonly revision?: string;
  readonly repoType?: string;
  readonly type?: string;
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly cacheDir?: string;
  readonly forceDownload?: boolean;
  readonly offline?: boolean;
  readonly maxWorkers?: string;
  readonly limitRate?: string;
  readonly progress?: string;
  readonly localDir?: string;
  readonly transport?: string;
  readonly dryRun?: boolean;
  readonly authFallback?: string;
  readonly allowLowSpace?: boolean;
  readonly noResume?: boolean;
  readonly preferOffline?: boolean;
}

export const download = command<Flags>({
  brief: "Bring a repo, or some of its files, into the shared cache and print the path",
  description: [
    "Without files: the whole repo. One file: its path is printed. A name that ends in / means a folder.",
    "Every file is verified while it arrives; what is in the cache already is not fetched again.",
  ].join("\n"),
  flags: {
    revision: valueFlag("Branch, tag, commit or refs/pr/N (default: main)", "REV"),
    repoType: valueFlag("model, dataset, space or kernel (default: model)", "TYPE"),
    type: valueFlag("The same as --repo-type", "TYPE"),
    include: listFlag("Only files that match; * also crosses /", "PATTERN"),
    exclude: listFlag("No files that match", "PATTERN"),
    cacheDir: valueFlag("Folder of the cache (default: HF_HUB_CACHE, else HF_HOME/hub)", "DIR"),
    localDir: valueFlag("Folder for the files under their own names, instead of the shared cache", "DIR"),
    transport: valueFlag("auto, xet (large files from Xet storage) or http (plain HTTP) (default: auto)", "WAY"),
    forceDownload: switchFlag("Fetch also what the cache has"),
    offline: switchFlag("Make no request: answer from the cache or fail"),
    limitRate: valueFlag("Bytes a second that all files together may take, as in 500K or 8M", "RATE"),
    progress: valueFlag("auto, bar, lines, ndjson (one JSON object a line, on stderr) or none (default: auto)", "HOW"),
    preferOffline: switchFlag("Take what is there and whole without asking the Hub; ask for the rest"),
    maxWorkers: valueFlag("Connections at the same time, for one large file or many (default: 8)", "N"),
    authFallback: valueFlag(
      "When the Hub does not know the token and the repo is public: warn and go on without it (default), silent, or error",
      "HOW",
    ),
    dryRun: switchFlag("Say what would be fetched, and write nothing"),
    allowLowSpace: switchFlag("Begin also where less is free than the download needs"),
    noResume: switchFlag("Begin anew what an earlier download left, and leave nothing"),
  },
  args: [{ brief: "The repo (or its hf:// or web address), then files of it", placeholder: "repo [file]", rest: true }],
  run: async (flags, context, args) => {
    const [spec, ...names] = args;
    if (spec === undefined) {
      throw new UsageError("ERR_HF_USAGE", "Say which repo.", {
        hint: "hf download NAMESPACE/NAME [FILE…]; more with 'hf download --help'",
      });
    }
    const settings = context.settings();
    const type = repoTypeOf(flags);
    const { repo, revision, files } = downloadWords(spec, names, {
      endpoint: settings.endpoint,
      ...(type === undefined ? {} : { type }),
      ...(flags.revision === undefined ? {} : { revision: flags.revision }),
    });
    if (flags.localDir !== undefined && flags.cacheDir !== undefined) {
      throw new UsageError("ERR_HF_USAGE", "--local-dir and --cache-dir exclude each other.", {
        hint: "Files go into one of them. HF_HUB_CACHE says where the shared cache is.",
      });
    }
    const place = (text: string, flag: string): string => placeOf(text, flag, context.env, context.machine);
    const maxWorkers = flags.maxWorkers === undefined ? undefined : wholeNumber(flags.maxWorkers, "--max-workers");
    const limitRate = flags.limitRate === undefined ? undefined : rateOf(flags.limitRate);
    const transport = flags.transport === undefined ? undefined : transportOf(flags.transport);
    const filters = { include: flags.include ?? [], exclude: flags.exclude ?? [] };
    const filtered = filters.include.length + filters.exclude.length > 0;
    if (filtered && files.some((file) => file.endsWith("/"))) {
      throw new UsageError("ERR_HF_USAGE", "Folders and --include or --exclude exclude each other.", {
        hint: "Give the folder as a pattern: --include 'folder/*'.",
      });
    }
    if (filtered && files.length > 0) context.warn("Files were named, so --include and --exclude are not used.");
    const { downloadFileWith, downloadSnapshotWith, planDownloadWith } = await import("../../api/index.ts");
    const view = progressView(flags, context, settings);
    const onEvent = view?.onEvent ?? ((event: DownloadEvent) => tellGaveWay(event, context.warn));
    const options = {
      ...(revision === undefined ? {} : { revision }),
      ...(flags.cacheDir === undefined ? {} : { cacheDir: place(flags.cacheDir, "--cache-dir") }),
      ...(flags.localDir === undefined ? {} : { localDir: place(flags.localDir, "--local-dir") }),
      authFallback: fallbackOf(flags.authFallback ?? "warn"),
      ...(transport === undefined ? {} : { transport }),
      forceDownload: flags.forceDownload === true,
      offline: flags.offline === true || settings.offline,
      allowLowSpace: flags.allowLowSpace === true,
      resume: flags.noResume !== true,
      preferOffline: flags.preferOffline === true,
      signal: context.signal,
      warn: context.warn,
      ...(maxWorkers === undefined ? {} : { maxWorkers }),
      ...(limitRate === undefined ? {} : { limitRate }),
      onEvent,
    };
    const session = await context.session();
    const [first] = files;
    const single = files.length === 1 && first !== undefined && !first.endsWith("/") ? first : undefined;
    const many = {
      ...options,
      ...(files.length > 0 ? { files } : filtered ? filters : {}),
    };
    if (flags.dryRun === true) {
      const { planReport } = await import("../download-plan.ts");
      const asked = single === undefined ? many : { ...options, path: single };
      return planReport(await planDownloadWith(session, repo, asked));
    }
    try {
      const result =
        single === undefined
          ? await downloadSnapshotWith(session, repo, many)
          : await downloadFileWith(session, repo, single, options);
      view?.end();
      if (result.files.length === 0) throw nothingWanted(repo, result.commit, session.settings.endpoint);
      return {
        data: {
          path: result.path,
          repo: repo.id,
          repoType: repo.type,
          commit: result.commit,
          files: result.files.length,
          downloadedBytes: result.downloadedBytes,
          fromCache: result.fromCache,
        },
        human: [result.path],
        quiet: [result.path],
      };
    } finally {
      view?.end();
    }
  },
});

/** A script that goes on with a path which is not there fails later, and further from the reason. */
function nothingWanted(repo: Repo, commit: string, endpoint: string): NotFoundError {
  return new NotFoundError("ERR_HF_ENTRY_NOT_FOUND", `No file of ${repo.type} ${repo.id} matches.`, {
    hint: `Its files are listed at ${endpoint}/${repoPath(repo)}/tree/${commit}`,
  });
}

const PROGRESS = ["auto", "bar", "lines", "ndjson", "none"];

/** How the work is shown: as asked; else a bar or lines for a person, nothing where an answer for programs was asked for. */
function progressView(
  { progress = "auto" }: Flags,
  context: CliContext,
  settings: ReturnType<CliContext["settings"]>,
): ProgressView | undefined {
  if (!PROGRESS.includes(progress)) {
    throw new UsageError("ERR_HF_USAGE", `'${progress}' is not a way to show progress.`, {
      hint: `Use --progress with one of ${PROGRESS.join(", ")}.`,
    });
  }
  const silent = context.printer.format !== "human" || settings.disableProgress === true;
  if (progress === "none" || (progress === "auto" && silent)) return undefined;
  if (progress === "ndjson") return { onEvent: (event) => context.printer.err(eventLine(event)), end: () => undefined };
  return createProgress({
    stream: context.stderr,
    bar: progress === "bar" || (progress === "auto" && context.bars(settings)),
    now: () => performance.now(),
    warn: context.warn,
  });
}

function rateOf(text: string): number {
  const rate = parseBytes(text);
  if (rate !== undefined) return rate;
  throw new UsageError("ERR_HF_USAGE", `'${text}' is not a number of bytes a second.`, {
    hint: "As in: --limit-rate 500K, or --limit-rate 8M",
  });
}

const FALLBACKS: readonly AuthFallback[] = ["warn", "error", "silent"];

function fallbackOf(text: string): AuthFallback {
  const known = FALLBACKS.find((candidate) => candidate === text);
  if (known !== undefined) return known;
  throw new UsageError("ERR_HF_USAGE", `'${text}' is nothing that --auth-fallback knows.`, {
    hint: `Use one of ${FALLBACKS.join(", ")}.`,
  });
}

function transportOf(text: string): Transport {
  const transport = (["auto", "xet", "http"] as const).find((candidate) => candidate === text);
  if (transport !== undefined) return transport;
  throw new UsageError("ERR_HF_USAGE", `--transport takes auto, xet or http, not '${text}'.`, {
    hint: "As in: --transport http",
  });
}

function wholeNumber(text: string, flag: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new UsageError("ERR_HF_USAGE", `${flag} takes a whole number from 1 to 9999, not '${text}'.`, {
    hint: `As in: ${flag} 8`,
  });
}
