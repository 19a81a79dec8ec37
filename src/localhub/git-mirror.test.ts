import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { exportRepo, receiveInto } from "./git-mirror.ts";
import { writeCommit } from "./history.ts";
import { objectsOf, resolveRevision } from "./model.ts";
import type { Localhub } from "./server.ts";
import { startLocalhub } from "./server.ts";
import { createLooseObjects } from "./storage-folder.ts";
import type { ObjectStore } from "./storage.ts";
import type { Repo } from "./types.ts";

describe("the bare repository beside the hub", () => {
  let hub: Localhub;
  let repo: Repo;
  before(async () => {
    hub = await startLocalhub();
  });
  after(() => hub.close());
  beforeEach(async () => {
    await hub.reset();
    const found = hub.model.repos.get("models/alice/tiny-model");
    assert.ok(found);
    repo = found;
  });

  const commitOn = (objects: ObjectStore, message: string): string => {
    const head = resolveRevision(hub.model, repo, "main");
    assert.ok(head);
    const author = { name: "a", email: "a@example.org", at: 0 };
    return writeCommit(objects, { tree: head.tree, parents: [head.id], author, message });
  };
  /** What git does at the end of a push: an object in its folder, and a loose ref. */
  const pushInto = (dir: string, ref: string, message: string): string => {
    const id = commitOn(createLooseObjects(join(dir, "objects")), message);
    mkdirSync(join(dir, ref, ".."), { recursive: true });
    writeFileSync(join(dir, ref), `${id}\n`);
    return id;
  };

  it("has every ref, and follows when the hub moves or drops one", async () => {
    const dir = await exportRepo(hub.model, repo);
    const packed = (): string => readFileSync(join(dir, "packed-refs"), "utf8");
    for (const [ref, id] of Object.entries(repo.refs)) assert.ok(packed().includes(`${id} ${ref}\n`));
    delete repo.refs["refs/heads/dev"];
    const moved = commitOn(objectsOf(hub.model, repo), "moved");
    repo.refs["refs/heads/main"] = moved;
    await exportRepo(hub.model, repo);
    assert.ok(packed().includes(`${moved} refs/heads/main\n`));
    assert.ok(!packed().includes("refs/heads/dev\n"));
    assert.ok(createLooseObjects(join(dir, "objects")).read(moved));
  });

  it("gives the hub what a push left in it", async () => {
    let pushed = "";
    await receiveInto(hub.model, repo, async (dir) => {
      pushed = pushInto(dir, "refs/heads/new/one", "pushed");
    });
    assert.equal(repo.refs["refs/heads/new/one"], pushed);
    assert.equal(resolveRevision(hub.model, repo, "new/one")?.message, "pushed\n");
  });

  it("does not undo what the hub itself did to a ref meanwhile", async () => {
    let mine = "";
    await receiveInto(hub.model, repo, async (dir) => {
      pushInto(dir, "refs/heads/main", "by git");
      mine = commitOn(objectsOf(hub.model, repo), "by the hub");
      repo.refs["refs/heads/main"] = mine;
    });
    assert.equal(repo.refs["refs/heads/main"], mine);
    const dir = await exportRepo(hub.model, repo);
    assert.ok(readFileSync(join(dir, "packed-refs"), "utf8").includes(`${mine} refs/heads/main\n`));
  });

  it("takes one push after the other, also after one that failed", async () => {
    const order: string[] = [];
    let letGo = (): void => {};
    const held = new Promise<void>((resolve) => (letGo = resolve));
    const first = receiveInto(hub.model, repo, async () => {
      order.push("first begins");
      await held;
      order.push("first fails");
      throw new Error("cut off");
    });
    const second = receiveInto(hub.model, repo, async () => void order.push("second"));
    const failed = assert.rejects(first, /cut off/);
    await new Promise((resolve) => setImmediate(resolve));
    letGo();
    await failed;
    await second;
    assert.deepEqual(order, ["first begins", "first fails", "second"]);
  });

  it("takes no ref whose name git would not take", async () => {
    await receiveInto(hub.model, repo, async (dir) => {
      pushInto(dir, "refs/heads/main.lock", "half written");
      writeFileSync(join(dir, "refs/heads/bad"), "not an id\n");
    });
    assert.ok(!Object.keys(repo.refs).some((ref) => /lock|bad/.test(ref)));
  });
});
