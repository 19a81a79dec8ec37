import assert from "node:assert/strict";
import { connect } from "node:net";
import { describe, it } from "node:test";
import { createBrowser } from "../../../test/support/browser.ts";
import type { Answer } from "../../../test/support/browser.ts";
import { startLoopbackServer } from "./loopback-server.ts";
import type { LoopbackServer } from "./loopback-server.ts";

const STATE = "the-state-of-this-sign-in";

async function withServer(work: (server: LoopbackServer, base: string) => Promise<void>): Promise<void> {
  const server = await startLoopbackServer();
  try {
    await work(server, new URL(server.redirectUri).origin);
  } finally {
    server.close();
  }
}

const send = (base: string, path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Answer> =>
  createBrowser(base).send(method, path, { headers });

describe("the loopback server", { timeout: 20_000 }, () => {
  it("listens on 127.0.0.1 alone, at a free port", async () => {
    await withServer(async ({ redirectUri }) => {
      assert.match(redirectUri, /^http:\/\/127\.0\.0\.1:\d+\/callback$/);
      const port = Number(new URL(redirectUri).port);
      const six = await new Promise<string>((resolve) => {
        const socket = connect({ host: "::1", port });
        socket.once("connect", () => resolve("connected"));
        socket.once("error", () => resolve("refused"));
        socket.once("close", () => socket.destroy());
      });
      assert.equal(six, "refused");
    });
  });

  it("takes one answer, and says in the browser how the sign-in ended", async () => {
    for (const signedIn of [true, false]) {
      await withServer(async (server, base) => {
        const coming = server.answer(STATE);
        const page = send(base, `/callback?code=abc&state=${STATE}`);
        const { parameters, reply } = await coming;
        assert.deepEqual([parameters.get("code"), parameters.get("state")], ["abc", STATE]);
        const second = await send(base, `/callback?code=other&state=${STATE}`);
        assert.equal(second.status, 410);
        reply(signedIn);
        const shown = await page;
        assert.equal(shown.status, signedIn ? 200 : 400);
        assert.match(shown.text, signedIn ? /<h1>You are signed in<\/h1>/ : /<h1>You are not signed in<\/h1>/);
        assert.equal(shown.headers["cache-control"], "no-store");
        assert.equal(shown.headers["referrer-policy"], "no-referrer");
        assert.match(String(shown.headers["content-security-policy"]), /default-src 'none'/);
      });
    }
  });

  it("refuses another state, path, method, name of the machine and a visit in advance, and goes on waiting", async () => {
    await withServer(async (server, base) => {
      const { port } = new URL(base);
      let taken = 0;
      const coming = server.answer(STATE).then((answer) => {
        taken++;
        return answer;
      });
      const good = `/callback?code=abc&state=${STATE}`;
      const refused: [string, Promise<Answer>][] = [
        ["no state", send(base, "/callback?code=abc")],
        ["another state", send(base, "/callback?code=abc&state=guess")],
        ["two states", send(base, `${good}&state=${STATE}`)],
        ["another path", send(base, `/callback/x?code=abc&state=${STATE}`)],
        ["the root", send(base, `/?code=abc&state=${STATE}`)],
        ["a POST", send(base, good, {}, "POST")],
        ["a HEAD", send(base, good, {}, "HEAD")],
        ["a rebound name", send(base, good, { host: `evil.example:${port}` })],
        ["localhost", send(base, good, { host: `localhost:${port}` })],
        ["no port", send(base, good, { host: "127.0.0.1" })],
        ["a prefetch", send(base, good, { "sec-purpose": "prefetch" })],
        ["a very long one", send(base, `${good}&x=${"x".repeat(9000)}`)],
      ];
      for (const [what, answer] of refused) {
        const { status, text } = await answer;
        assert.equal(status, 400, what);
        assert.ok(!text.includes("signed in"), what);
      }
      assert.equal(taken, 0);
      const page = send(base, good);
      (await coming).reply(true);
      assert.equal((await page).status, 200);
    });
  });

  it("is held shut by no number of visitors who say nothing, or half of it, and lets go of them at its end", async () => {
    const visitors = 200;
    let gone = 0;
    const until = async (holds: () => boolean): Promise<void> => {
      while (!holds()) await new Promise((turn) => setTimeout(turn, 5));
    };
    await withServer(async (server, base) => {
      const { port } = new URL(base);
      for (let count = 0; count < visitors; count++) {
        const socket = connect({ host: "127.0.0.1", port: Number(port) });
        socket.on("error", () => undefined);
        socket.once("close", () => gone++);
        await new Promise((connected) => socket.once("connect", connected));
        if (count % 2 === 0) socket.write("GET /callback?code=");
      }
      await until(() => gone >= visitors / 2);
      // The last ones are still there: what ended the others was their number, and no limit of time.
      assert.ok(gone < visitors, "all of them are gone");
      const coming = server.answer(STATE);
      const page = send(base, `/callback?code=abc&state=${STATE}`);
      (await coming).reply(true);
      assert.equal((await page).status, 200);
    });
    await until(() => gone === visitors);
  });

  it("takes nothing before it waits, and stops waiting when it is told to", async () => {
    await withServer(async (server, base) => {
      assert.equal((await send(base, `/callback?code=abc&state=`)).status, 400);
      const stop = new AbortController();
      const coming = server.answer(STATE, stop.signal);
      stop.abort(new Error("Ctrl-C"));
      await assert.rejects(coming, /Ctrl-C/);
      await assert.rejects(server.answer(STATE, stop.signal), /Ctrl-C/);
    });
  });
});
