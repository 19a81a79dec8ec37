import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { root } from "./root.ts";

const PROGRAMS = ["dbus-daemon", "dbus-send", "gnome-keyring-daemon"];

/** Why no real keyring can be started here; undefined: one can. */
export function whyNoKeyring(): string | undefined {
  if (process.platform !== "linux") return "Secret Service is Linux's own";
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const missing = PROGRAMS.filter((program) => !folders.some((folder) => existsSync(join(folder, program))));
  if (missing.length > 0) return `${missing.join(", ")} not installed (Debian: dbus, gnome-keyring)`;
  return whyNoPackage();
}

/** Why no keychain at all can be asked here, not even a silent one. */
export function whyNoPackage(): string | undefined {
  if (process.platform !== "linux") return "Secret Service is Linux's own";
  try {
    createRequire(join(root, "dist/bin/hf.cjs"))("@napi-rs/keyring");
    return undefined;
  } catch {
    return "the optional package @napi-rs/keyring is not installed";
  }
}

/** A gnome-keyring of its own, with a message bus of its own that nobody else is on. */
export interface Keyring {
  /** What a program needs to find it. */
  readonly env: Readonly<Record<string, string>>;
  /** Locks it as a desktop does; there is nobody to unlock it. */
  lock(): void;
  readonly isLocked: boolean;
  /** Ends it and starts it anew, unlocked: what it has then was on disk. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export async function startKeyring(): Promise<Keyring> {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-keyring-"));
  mkdirSync(join(folder, "run"), { mode: 0o700 });
  const address = `unix:path=${join(folder, "bus")}`;
  const env = {
    PATH: process.env["PATH"] ?? "",
    HOME: folder,
    XDG_DATA_HOME: join(folder, "data"),
    XDG_RUNTIME_DIR: join(folder, "run"),
    DBUS_SESSION_BUS_ADDRESS: address,
  };
  const start = (program: string, args: readonly string[], input: string): ChildProcess => {
    const child = spawn(program, args, { env, cwd: folder, stdio: ["pipe", "ignore", "ignore"] });
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
    return child;
  };
  const send = (destination: string, path: string, ...words: string[]): string => {
    const args = ["--session", "--print-reply", "--reply-timeout=5000", `--dest=${destination}`, path, ...words];
    return spawnSync("dbus-send", args, { env, encoding: "utf8" }).stdout;
  };
  const hasKeyring = (): boolean =>
    send(
      "org.freedesktop.secrets",
      "/org/freedesktop/secrets/aliases/default",
      "org.freedesktop.DBus.Properties.Get",
      "string:org.freedesktop.Secret.Collection",
      "string:Locked",
    ).includes("boolean false");
  const isOwned = (name: string): boolean =>
    send(
      "org.freedesktop.DBus",
      "/org/freedesktop/DBus",
      "org.freedesktop.DBus.NameHasOwner",
      `string:${name}`,
    ).includes("boolean true");

  const bus = start("dbus-daemon", ["--session", "--nofork", "--nosyslog", `--address=${address}`], "");
  await until(() => isOwned("org.freedesktop.DBus"), "no message bus");
  let daemon: ChildProcess;
  const startDaemon = async (): Promise<void> => {
    daemon = start("gnome-keyring-daemon", ["--foreground", "--unlock", "--components=secrets"], "password");
    // Before anybody asks: the bus would start one by itself, without a password.
    await until(() => isOwned("org.freedesktop.secrets"), "no keyring");
    await until(hasKeyring, "no unlocked keyring");
  };
  await startDaemon();
  let isLocked = false;
  return {
    get isLocked() {
      return isLocked;
    },
    env: { XDG_RUNTIME_DIR: env.XDG_RUNTIME_DIR, DBUS_SESSION_BUS_ADDRESS: address },
    lock() {
      send(
        "org.freedesktop.secrets",
        "/org/freedesktop/secrets",
        "org.freedesktop.Secret.Service.Lock",
        "array:objpath:/org/freedesktop/secrets/collection/login",
      );
      if (hasKeyring()) throw new Error("the keyring is not locked");
      isLocked = true;
    },
    async restart() {
      await end(daemon);
      await startDaemon();
      isLocked = false;
    },
    async close() {
      await end(daemon);
      await end(bus);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await ended;
}

async function until(holds: () => boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(what);
}
