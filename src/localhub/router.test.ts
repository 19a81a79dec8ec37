import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { HubRequest } from "./http.ts";
import type { Route } from "./router.ts";
import { createRouter } from "./router.ts";

const handler: Route["handler"] = () => ({ status: 200, headers: {} });
const patterns = [
  "/api/:types",
  "/api/:types/:repo",
  "/api/:types/:repo/refs",
  "/api/:types/:repo/tree/*",
  "/:repo/resolve/*",
  "/:repo.git/info/refs",
  "/:repo",
];
const router = createRouter(patterns.map((pattern) => ({ method: "GET", pattern, handler })));

function find(target: string, known: readonly string[] = []): string | undefined {
  const request: HubRequest = {
    method: "GET",
    origin: "hub",
    base: "http://localhost",
    target,
    segments: target.slice(1).split("/"),
    query: new URLSearchParams(),
    headers: {},
    body: {
      stream: () => assert.fail("unexpected body"),
      bytes: () => assert.fail("unexpected body"),
    },
  };
  const match = router(request, (type, id) => known.includes(`${type}/${id}`));
  return (
    match && `${match.route.pattern} ${match.params.type} ${match.params.id} ${match.params.rest.join("|")}`.trim()
  );
}

describe("createRouter()", () => {
  it("finds ids of one and of two parts", () => {
    assert.equal(find("/api/models/alice/m"), "/api/:types/:repo models alice/m");
    assert.equal(find("/api/models/alice/m/refs"), "/api/:types/:repo/refs models alice/m");
    assert.equal(find("/api/models/gpt2/refs"), "/api/:types/:repo/refs models gpt2");
    assert.equal(find("/api/models/gpt2/tree/main"), "/api/:types/:repo/tree/* models gpt2 main");
    assert.equal(
      find("/api/models/alice/m/tree/refs%2Fpr%2F1/a%20b/c"),
      "/api/:types/:repo/tree/* models alice/m refs%2Fpr%2F1|a%20b|c",
    );
  });

  it("lets a repo be called like an action", () => {
    assert.equal(find("/api/models/alice/refs", ["models/alice/refs"]), "/api/:types/:repo models alice/refs");
    assert.equal(
      find("/api/models/alice/refs/refs", ["models/alice/refs"]),
      "/api/:types/:repo/refs models alice/refs",
    );
  });

  it("takes the type from the prefix outside the API", () => {
    assert.equal(find("/alice/m/resolve/main/x"), "/:repo/resolve/* models alice/m main|x");
    assert.equal(find("/datasets/alice/d/resolve/main/x"), "/:repo/resolve/* datasets alice/d main|x");
    assert.equal(find("/gpt2/resolve/main/x"), "/:repo/resolve/* models gpt2 main|x");
    assert.equal(find("/spaces/alice/s.git/info/refs"), "/:repo.git/info/refs spaces alice/s");
  });

  it("keeps reserved words and unknown types from being repos", () => {
    assert.equal(find("/api/frogs/alice/m"), undefined);
    assert.equal(find("/settings/tokens"), undefined);
  });
});
