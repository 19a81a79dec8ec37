/**
 * What the keychain's process runs. It reads one question from its standard input and writes one answer. On Linux the
 * entry is held to Secret Service: by itself the package would fall back to the kernel's keys, which are gone after a
 * restart. A package that takes a store which does not exist would ignore that wish, so it is not used.
 *
 * A call that takes too long can't be taken back: making an entry holds the whole thread, and reading one another that
 * an ordinary exit waits for. So a thread beside them counts the time, from when the package is loaded, and ends the
 * process by force; also where whoever asked is gone meanwhile.
 */
export const KEYCHAIN_PROGRAM = `
const WATCH = \`
const { parentPort, workerData } = require("node:worker_threads");
parentPort.once("message", () => setTimeout(() => {
  try {
    require("node:fs").writeSync(1, '{"kind":"slow"}');
  } finally {
    process.kill(process.pid, "SIGKILL");
  }
}, workerData));
\`;
let input = "";
process.stdin.setEncoding("utf8").on("data", (part) => (input += part)).on("end", async () => {
  const { from, action, account, text, linux, limit } = JSON.parse(input);
  const answer = (value) => process.stdout.write(JSON.stringify(value));
  const watch = new (require("node:worker_threads").Worker)(WATCH, { eval: true, workerData: limit });
  const watching = new Promise((resolve) => watch.once("online", resolve));
  let keyring;
  try {
    keyring = require("node:module").createRequire(from)("@napi-rs/keyring");
  } catch (error) {
    watch.unref();
    return answer({ kind: "no-package", message: String(error && error.message) });
  }
  // A thread that is still starting would not count: with the main one held, it never would.
  await watching;
  watch.unref();
  watch.postMessage("loaded");
  try {
    if (linux) {
      let held = false;
      try {
        new keyring.AsyncEntry("latchkey", account, { linux: { store: "none-such" } });
      } catch {
        held = true;
      }
      if (!held) return answer({ kind: "old-package" });
    }
    const entry = new keyring.AsyncEntry("latchkey", account, { linux: { store: "secret-service" } });
    const value =
      action === "read" ? await entry.getPassword()
      : action === "write" ? await entry.setPassword(text)
      : await entry.deletePassword();
    answer({ kind: "done", value });
  } catch (error) {
    answer({ kind: "failed", message: String(error && error.message) });
  }
});
`;
