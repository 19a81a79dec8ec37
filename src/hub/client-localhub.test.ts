import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { quickClock } from "../../test/support/scripted-server.ts";
import { encodePath, isCommit } from "../core/repo.ts";
import { Secret } from "../core/secret.ts";
import { defaultSeed, startLocalhub } from "../localhub/index.ts";
import type { Localhub } from "../localhub/index.ts";
import { createHubClient } from "./client.ts";
import type { HubClient } from "./client.ts";
import { openFile } from "./open-file.ts";

let hub: Localhub;
const clients: HubClient[] = [];

before(async () => {
  hub = await startLocalhub({ seed: defaultSeed() });
});
after(async () => {
  for (const client of clients) client.close();
  await hub.close();
});

/** A client for the localhub with one of the seed's tokens, or any text as one, or none. */
function as(name?: string): HubClient {
  const value = name === undefined ? undefined : (hub.tokens[name] ?? name);
  const credential = value && { token: Secret.of(value), origin: new URL(hub.url).origin, source: "test" };
  const client = createHubClient({ endpoint: hub.url, clock: quickClock(), ...(credential && { credential }) });
  clients.push(client);
  return client;
}

const config = "/resolve/main/config.json";

describe("the client against a Hub", () => {
  it("reads whoami", async () => {
    const answer: unknown = await as("alice-read").json("api/whoami-v2");
    assert.ok(typeof answer === "object" && answer !== null && "name" in answer);
    assert.equal(answer.name, "alice");
  });

  it("pages through a tree", async () => {
    const paths: string[] = [];
    let pages = 0;
    const path = "api/models/alice/tiny-model/tree/main";
    for await (const page of as().pages(path, { query: { recursive: true, limit: 2 } })) {
      pages++;
      for (const entry of page) paths.push((entry as { path: string }).path);
    }
    assert.ok(pages > 2, `${pages} pages`);
    assert.ok(paths.includes("onnx/sub folder/ünï code #1.txt"));
    assert.equal(new Set(paths).size, paths.length);
  });

  it("follows a renamed repo, with the body of a POST", async () => {
    const info: unknown = await as("alice-read").json("api/models/acme/old-model");
    assert.equal((info as { id: string }).id, "acme/renamed-model");
    const found: unknown = await as("alice-read").json("api/models/acme/old-model/paths-info/main", {
      json: { paths: ["config.json", "none"], expand: false },
    });
    assert.deepEqual(
      (found as { path: string }[]).map(({ path }) => path),
      ["config.json"],
    );
  });

  it("opens a small file and a large one: the storage host sees no credential", async () => {
    hub.journal.clear();
    const client = as("alice-read");
    for (const [name, lfs] of [
      ["onnx/sub folder/ünï code #1.txt", false],
      ["model.safetensors", true],
    ] as const) {
      const file = await openFile(client, `alice/tiny-model/resolve/main/${encodePath(name)}`);
      const hash = createHash(lfs ? "sha256" : "sha1");
      if (!lfs) hash.update(`blob ${file.size}\0`);
      const received = await file.receive((bytes) => void hash.update(bytes));
      assert.equal(received, file.size);
      assert.equal(file.etag, hash.digest("hex"));
      assert.ok(isCommit(file.commit ?? ""));
    }
    const toStorage = hub.journal.entries.filter((entry) => entry.origin === "cdn");
    assert.equal(toStorage.length, 1);
    assert.equal(toStorage[0]?.headers["authorization"], undefined);
    assert.ok(hub.journal.entries.some((entry) => entry.headers["authorization"] !== undefined));
  });

  it("tells every kind of refusal apart", async () => {
    const refusals: [string | undefined, string, string][] = [
      [undefined, `acme/gated-manual${config}`, "ERR_HF_GATED_SIGN_IN"],
      ["bob-read", `carol/gated-model${config}`, "ERR_HF_GATED_REPO"],
      ["carol-read", `acme/gated-manual${config}`, "ERR_HF_GATED_PENDING"],
      ["carol-fine-no-gated", `acme/gated-auto${config}`, "ERR_HF_SCOPE_MISSING"],
      ["alice-read", `acme/disabled-model${config}`, "ERR_HF_REPO_DISABLED"],
      [undefined, `alice/private-model${config}`, "ERR_HF_PRIVATE_OR_MISSING"],
      ["bob-read", `alice/private-model${config}`, "ERR_HF_REPO_NOT_FOUND"],
      ["bob-read", `alice/none${config}`, "ERR_HF_REPO_NOT_FOUND"],
      ["alice-read", "alice/tiny-model/resolve/none/config.json", "ERR_HF_REVISION_NOT_FOUND"],
      ["alice-read", "alice/tiny-model/resolve/main/none.json", "ERR_HF_ENTRY_NOT_FOUND"],
      ["alice-expired", `alice/tiny-model${config}`, "ERR_HF_INVALID_TOKEN"],
      ["alice-revoked", "api/whoami-v2", "ERR_HF_INVALID_TOKEN"],
      ["hf_nonsense-token", `alice/tiny-model${config}`, "ERR_HF_INVALID_TOKEN"],
      [undefined, "api/whoami-v2", "ERR_HF_NOT_SIGNED_IN"],
      ["bob-policy-pending", `acme/private-model${config}`, "ERR_HF_ORG_POLICY"],
      ["bob-policy-revoked", `acme/private-model${config}`, "ERR_HF_ORG_POLICY"],
    ];
    const seen: [string | undefined, string, string][] = [];
    for (const [token, path] of refusals) {
      const code = await as(token)
        .request(path)
        .then(
          () => "none",
          (error: Error & { code?: string }) => error.code ?? error.message,
        );
      seen.push([token, path, code]);
    }
    assert.deepEqual(seen, refusals);
  });
});
