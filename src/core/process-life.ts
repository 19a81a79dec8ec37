import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { hostname, networkInterfaces, platform as thisPlatform } from "node:os";
import { kill, pid } from "node:process";
import { systemCode } from "./errors.ts";

/** One process, told apart from every other one on any machine, also from a later one with its number. */
export interface ProcessIdentity {
  readonly host: string;
  /** Linux: the id of this start of the kernel. Two machines, also two of one name, never share it. */
  readonly boot: string;
  /** Linux: within which process numbers mean something; a container has its own. */
  readonly namespace: string;
  readonly pid: number;
  /** Linux: ticks from the kernel's start to the process's. Elsewhere empty. */
  readonly start: string;
}

/** What is known of processes: where nothing can be known for certain, nothing is said. */
export interface ProcessLife {
  /** This process; undefined where the system does not tell enough. */
  readonly self: ProcessIdentity | undefined;
  /**
   * True only where it is certain that the process is gone: it was one of this machine, and can be looked for. Only for
   * processes of this user, as a system may hide those of others.
   */
  isDead(one: ProcessIdentity): boolean;
}

/** What {@link createProcessLife} takes from the machine. */
export interface LifeHost {
  readonly platform: NodeJS.Platform;
  readonly pid: number;
  /** `/proc`, on Linux. */
  readonly proc: string;
  /** @throws the system's error: ESRCH when there is no such process */
  signal(pid: number): void;
}

const thisHost: LifeHost = {
  platform: thisPlatform(),
  pid,
  proc: "/proc",
  signal: (target) => void kill(target, 0),
};

export function createProcessLife(host: LifeHost = thisHost): ProcessLife {
  return host.platform === "linux" ? lifeByProc(host) : lifeBySignal(host);
}

/** The namespace's number may come again after its end; its processes are gone by then, so the answer stays true. */
function lifeByProc({ proc, pid: own, signal }: LifeHost): ProcessLife {
  const look = (path: string): string => readFileSync(`${proc}/${path}`, "utf8");
  const identify = (): ProcessIdentity | undefined => {
    try {
      // A /proc of another namespace (a bind mount) has other numbers.
      if (readlinkSync(`${proc}/self`) !== String(own)) return undefined;
      const start = statOf(look(`${own}/stat`))?.start;
      if (start === undefined) return undefined;
      const boot = look("sys/kernel/random/boot_id").trim();
      const namespace = readlinkSync(`${proc}/self/ns/pid`);
      return { host: hostname(), boot, namespace, pid: own, start };
    } catch {
      return undefined;
    }
  };
  const self = identify();
  return {
    self,
    isDead(one) {
      if (self === undefined || one.boot !== self.boot || one.namespace !== self.namespace) return false;
      try {
        const stat = statOf(look(`${one.pid}/stat`));
        if (stat === undefined) return false;
        if (stat.start !== one.start) return true;
        // Ended, and its parent has not asked yet. One whose first thread alone has ended looks the same, but has more.
        return stat.state === "Z" && readdirSync(`${proc}/${one.pid}/task`).length <= 1;
      } catch (error) {
        // A /proc may hide what is there; the kernel answers a signal for all.
        return ["ENOENT", "ESRCH"].includes(systemCode(error) ?? "") && isNobody(one.pid, signal);
      }
    },
  };
}

function isNobody(pid: number, signal: LifeHost["signal"]): boolean {
  try {
    signal(pid);
    return false;
  } catch (error) {
    return systemCode(error) === "ESRCH";
  }
}

/** The name of a program may hold anything, also brackets and blanks: fields are counted from the last bracket. */
function statOf(text: string): { readonly state: string; readonly start: string } | undefined {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, start] = [fields[0], fields[19]];
  return state !== undefined && start !== undefined && /^\d+$/.test(start) ? { state, start } : undefined;
}

/** Without a start time: a number that is in use may be another process's, so then nothing is said. */
function lifeBySignal({ pid: own, signal }: LifeHost): ProcessLife {
  const cards = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, mac }) => !internal && !/^[0:]*$/.test(mac))
    .map(({ mac }) => mac);
  const [first] = cards.toSorted();
  const self =
    first === undefined ? undefined : { host: `${hostname()} ${first}`, boot: "", namespace: "", pid: own, start: "" };
  return {
    self,
    isDead(one) {
      if (self === undefined || one.host !== self.host || one.boot !== "" || one.namespace !== "") return false;
      return isNobody(one.pid, signal);
    },
  };
}
