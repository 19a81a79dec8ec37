import { formatBytes } from "../core/format-bytes.ts";
import type { Check } from "./check.ts";
import type { Evidence } from "./evidence.ts";
import type { Finding } from "./finding.ts";
import { refusalWords, setLine, staleLock } from "./words.ts";

export const CACHE_CHECKS: readonly Check[] = [
  { area: "cache", find: notWritable },
  { area: "cache", find: space },
  { area: "cache", find: noLocks },
  { area: "cache", find: locked },
  { area: "cache", find: noSymlinks },
  { area: "cache", find: inMemory },
  { area: "cache", find: homeInContainer },
];

/** Less than this, and not even a config and a tokenizer fit. */
const FULL = 50_000_000;
/** About two models of a billion parameters, at two bytes each. */
const LOW = 5_000_000_000;

function notWritable({ cache, logins, platform }: Evidence): readonly Finding[] {
  const { refusal, path, tried } = cache.probe;
  // The cache is usually below the folder of logins, whose finding says the same.
  if (refusal === undefined || (logins.home.refusal !== undefined && logins.home.tried === tried)) return [];
  return [
    {
      code: "cache-not-writable",
      severity: "error",
      message: `No model can be saved in ${path}: ${refusalWords(refusal)}.`,
      evidence: tried === path ? [] : [`tried: ${tried}`],
      fix: {
        text: "Set HF_HUB_CACHE to a folder that this user may write to. What is there already can still be used offline.",
        command: setLine(
          "HF_HUB_CACHE",
          platform === "win32" ? "C:\\huggingface\\hub" : "/data/huggingface/hub",
          platform,
        ),
      },
    },
  ];
}

function space({ cache, platform }: Evidence): readonly Finding[] {
  const { freeBytes, hasInodes, probe } = cache;
  const place = `on the disk of ${probe.path}`;
  const fix = {
    text: "Free some space, or move the cache to a larger disk.",
    command: setLine("HF_HOME", platform === "win32" ? "D:\\huggingface" : "/data/huggingface", platform),
  };
  if (!hasInodes) {
    return [
      {
        code: "disk-full",
        severity: "error",
        message: `No file can be added ${place}: it has no inodes left.`,
        evidence: [],
        fix,
      },
    ];
  }
  if (freeBytes === undefined || freeBytes >= LOW) return [];
  const full = freeBytes < FULL;
  return [
    {
      code: full ? "disk-full" : "disk-low",
      severity: full ? "error" : "warning",
      message: `${full ? "Only" : "No more than"} ${formatBytes(freeBytes)} are free ${place}; a model of a billion parameters takes about 2.5 GB.`,
      evidence: [],
      fix,
    },
  ];
}

const NETWORK_DISKS = ["NFS", "CIFS", "SMB", "Lustre", "GPFS", "FUSE", "9p"];

function noLocks({ cache }: Evidence): readonly Finding[] {
  const { probe, fileSystem } = cache;
  if (probe.locks !== false) return [];
  const remote = fileSystem !== undefined && NETWORK_DISKS.includes(fileSystem);
  return [
    {
      code: "no-locks",
      severity: "warning",
      message: `File locks do not work in ${probe.path}${remote ? `, which is on ${fileSystem}` : ""}: files stay correct, but processes may fetch the same ones twice, and Python's tools may hang.`,
      evidence: [],
      fix: {
        text: remote
          ? "Keep the cache on a local disk (HF_HUB_CACHE), or have locks switched on for that mount."
          : "Install one of flock (util-linux), perl or python3, which take the locks.",
      },
    },
  ];
}

function locked({ cache }: Evidence): readonly Finding[] {
  const held = cache.locks.held.map(({ holder, count }): Finding => {
    const locks = count === 1 ? "one file" : `${count} files`;
    return {
      code: "cache-locked",
      severity: "note",
      message: `${holder === undefined ? "A process of another user" : `Process ${holder.pid} (${holder.name})`} holds the lock${count === 1 ? "" : "s"} of ${locks} in the cache: a download runs, or hangs. Others wait for it.`,
      evidence: [],
      fix: {
        text: "Let it end, or end it if it hangs. The locks go with it; do not delete their files.",
        ...(holder === undefined ? {} : { command: `kill ${holder.pid}` }),
      },
    };
  });
  // Where the system has locks, nobody minds what the files hold.
  const stale = cache.probe.locks === false ? cache.locks.stale : [];
  return [...held, ...stale.slice(0, 20).map(staleLock)];
}

function noSymlinks({ cache, settings, platform }: Evidence): readonly Finding[] {
  if (settings.disableSymlinks || cache.probe.symlinks !== false) return [];
  return [
    {
      code: "no-symlinks",
      severity: "note",
      message: `Symlinks do not work in ${cache.probe.path}: two revisions of a model then take twice the space.`,
      evidence: [],
      fix: {
        text:
          platform === "win32"
            ? "Switch Windows' developer mode on, or run as an administrator."
            : "Keep the cache on a disk that has them (HF_HUB_CACHE).",
      },
    },
  ];
}

function inMemory({ cache }: Evidence): readonly Finding[] {
  if (cache.fileSystem !== "tmpfs") return [];
  return [
    {
      code: "cache-in-memory",
      severity: "note",
      message: `${cache.probe.path} is in memory (tmpfs): models take memory there, and are gone after a restart.`,
      evidence: [],
      fix: { text: "Set HF_HOME to a folder on a disk." },
    },
  ];
}

function homeInContainer({ user, settings, logins, mounted }: Evidence): readonly Finding[] {
  if (!user.inContainer || mounted !== false || logins.home.refusal !== undefined) return [];
  return [
    {
      code: "home-in-container",
      severity: "note",
      message: "Logins and models are kept inside this container, and go away with it.",
      evidence: [settings.home],
      fix: {
        text: "Mount a volume there for the models, and hand the token in from outside.",
        command: "docker run -e HF_TOKEN -v hf-cache:/data/huggingface -e HF_HOME=/data/huggingface IMAGE",
      },
    },
  ];
}
