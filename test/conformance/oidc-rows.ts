import assert from "node:assert/strict";
import { createCiService } from "../support/id-tokens.ts";
import type { Seen } from "../support/scripted-server.ts";
import { serve } from "../support/scripted-server.ts";
import { PYTHON_VERSIONS } from "./environments.ts";
import type { Row } from "./table.ts";

const ci = createCiService();
const WHOAMI = "from huggingface_hub import whoami\nprint(json.dumps(whoami()['name']))";
const GET_TOKEN = "from huggingface_hub import get_token\nprint(json.dumps(get_token()))";

/** What a server could tell two clients apart by, less what a client may choose. */
function essence({ method, url, headers, body }: Seen): unknown {
  const type = headers["content-type"]?.replace(/;.*$/, "");
  const { authorization } = headers;
  const { pathname, searchParams } = new URL(url, "http://server");
  return { method, pathname, query: [...searchParams], authorization, type, body: body === "" ? "" : JSON.parse(body) };
}

function rows(version: string): Row[] {
  const who = `Python ${version}`;
  return [
    {
      name: "the same ID token is exchanged for the same account, before HF_TOKEN",
      who,
      hub: { seed: ci.seed },
      run: async (world) => {
        const env = {
          HF_OIDC_RESOURCE: "alice/tiny-model",
          HF_OIDC_ID_TOKEN: ci.idToken(world.hub.url),
          HF_TOKEN: world.token("bob-read"),
        };
        assert.equal(await world.python(version, WHOAMI, { env }), "alice");
        assert.equal((await world.hf(["whoami", "--quiet"], { env })).stdout, "alice\n");
        const broken = { ...env, HF_OIDC_RESOURCE: "bob/none" };
        await assert.rejects(world.python(version, WHOAMI, { env: broken }), /no JSON/);
        assert.equal((await world.hf(["whoami"], { env: broken })).exit, 3);
      },
    },
    {
      name: "GitHub's runner and the Hub are asked with the same words",
      who,
      run: async (world) => {
        const closing: (() => Promise<void>)[] = [];
        const test = { after: (close: () => Promise<void>) => void closing.push(close) };
        try {
          const hub = await serve(test, (_seen, response) =>
            response.end('{"access_token":"hf_jwt_x","expires_in":9}'),
          );
          // One for both: the ID token is part of what is compared.
          const idToken = ci.idToken(hub.url);
          const runner = await serve(test, (_seen, response) => response.end(JSON.stringify({ value: idToken })));
          const env = {
            HF_ENDPOINT: hub.url,
            HF_OIDC_RESOURCE: "datasets/acme/words",
            GITHUB_ACTIONS: "true",
            ACTIONS_ID_TOKEN_REQUEST_URL: `${runner.url}/idtoken/7`,
            ACTIONS_ID_TOKEN_REQUEST_TOKEN: "request-token-7",
          };
          assert.equal(await world.python(version, GET_TOKEN, { env }), "hf_jwt_x");
          const ours = await world.hf(["auth", "token"], { env });
          assert.equal(ours.stdout, "hf_jwt_x\n", ours.stderr);
          for (const { seen } of [runner, hub]) {
            assert.equal(seen.length, 2);
            const [theirs, own] = seen.map(essence);
            assert.deepEqual(own, theirs);
          }
        } finally {
          for (const close of closing) await close();
        }
      },
    },
  ];
}

export const oidcRows: readonly Row[] = PYTHON_VERSIONS.flatMap(rows);
