import { availableParallelism } from "node:os";
import {
  beginLocalDir,
  checkEntryPath,
  checkRevision,
  createHashers,
  localEntryPath,
  localPlace,
  openLocalDir,
  writeLocalMetadata,
  writeTree,
} from "../cache/index.ts";
import type { LocalDir } from "../cache/index.ts";
import type { Repo } from "../core/repo.ts";
import type { HubClient } from "../hub/index.ts";
import { fetchAll } from "./fetch-all.ts";
import { sumLeft } from "./destination.ts";
import { createLocalDestination } from "./local-destination.ts";
import { prepareLocal } from "./local-plan.ts";
import type { LocalPlan } from "./local-plan.ts";
import { createProgress } from "./progress.ts";
import { openRun } from "./run.ts";
import type { Run } from "./run.ts";
import { checkSpace } from "./space.ts";
import type { DownloadResult, SnapshotOptions } from "./types.ts";
import { createXetWay } from "./xet-way.ts";

export interface LocalOptions extends SnapshotOptions {
  /** One entry by its path in the repo. Default: the snapshot. */
  readonly path?: string;
  readonly localDir: string;
}

/**
 * Brings a snapshot, or one entry, into a folder of the user's under the entries' own names. What is there and right is
 * left alone; an old file gives way only to a whole new one. The shared cache is read, never written.
 * @throws as `fetchSnapshot`
 */
export async function fetchLocal(hub: HubClient, repo: Repo, options: LocalOptions): Promise<DownloadResult> {
  const run = openRun(hub, repo, options);
  run.signal.throwIfAborted();
  const revision = checkRevision(options.revision ?? "main");
  if (options.path !== undefined) checkEntryPath(options.path, "user");
  const local = openLocalDir(options.localDir);
  const prepared = await prepareLocal(run, local, revision, options);
  const { commit, plan, copyBytes } = prepared;
  const missingBytes = plan.missingBytes - copyBytes;
  checkSpace(local.folder, plan.missingBytes, run, () =>
    sumLeft(run, plan, ({ path, etag }) => (etag === undefined ? undefined : localPlace(local, path, etag))),
  );
  run.onEvent?.({
    kind: "planned",
    commit,
    files: plan.entries.length,
    bytes: plan.totalBytes,
    missingFiles: plan.missingFiles,
    missingBytes: plan.missingBytes,
  });
  const downloadedBytes = await carryOut(run, local, prepared);
  run.onEvent?.({ kind: "done", files: plan.missingFiles, downloadedBytes });
  return {
    path: options.path === undefined ? local.folder : localEntryPath(local, options.path),
    commit,
    repo,
    files: plan.entries.map(({ path, size }) => ({ path, pointerPath: localEntryPath(local, path), size })),
    downloadedBytes,
    fromCache: missingBytes === 0 && downloadedBytes === 0,
  };
}

async function carryOut(run: Run, local: LocalDir, prepared: LocalPlan): Promise<number> {
  const { commit, plan, copies, notes, tree } = prepared;
  if (plan.toFetch.length > 0 || notes.size > 0) beginLocalDir(local);
  for (const [path, note] of notes) writeLocalMetadata(local, path, note);
  let received = 0;
  if (plan.toFetch.length > 0) {
    const hashers = createHashers({ threads: availableParallelism() > 1 ? 2 : 1 });
    try {
      const total = { files: plan.missingFiles, bytes: plan.missingBytes };
      const progress = createProgress(total, () => run.clock.now(), run.onEvent);
      const destination = createLocalDestination(run, { local, commit, hashers, copies });
      received = await fetchAll(
        { run, commit, hashers, progress, destination, xet: createXetWay(run, commit) },
        plan.toFetch,
      );
      progress.flush();
    } finally {
      hashers.close();
    }
  }
  // After the files: a listing of a commit that was never brought would make an offline call believe in it.
  if (tree !== undefined && plan.entries.length > 0) writeTree(local.store, commit, tree);
  return received;
}
