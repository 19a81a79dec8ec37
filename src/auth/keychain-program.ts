/**
 * What the keychain's process runs. It reads one question from its standard input and writes one answer. On Linux the
 * entry is held to Secret Service: by itself the package would fall back to the kernel's keys, which are gone after a
 * restart. A package that takes a store which does not exist would ignore that wish, so it is not used. A call that
 * takes too long sits in a thread that an ordinary exit would wait for, so this one ends itself by force.
 */
export const KEYCHAIN_PROGRAM = `
let input = "";
process.stdin.setEncoding("utf8").on("data", (part) => (input += part)).on("end", async () => {
  const { from, action, account, text, linux, limit } = JSON.parse(input);
  const answer = (value) => process.stdout.write(JSON.stringify(value));
  setTimeout(() => {
    process.stdout.write(JSON.stringify({ kind: "slow" }), () => process.kill(process.pid, "SIGKILL"));
  }, limit).unref();
  let keyring;
  try {
    keyring = require("node:module").createRequire(from)("@napi-rs/keyring");
  } catch (error) {
    return answer({ kind: "no-package", message: String(error && error.message) });
  }
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
