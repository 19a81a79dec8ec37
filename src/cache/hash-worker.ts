import { Worker } from "node:worker_threads";
import { readSync } from "node:fs";
import { createContentHash, gitBlobHeader } from "./hash.ts";
import { FOLLOW_BLOCK, HASH_THREAD, QUEUE, TELL_BYTES } from "./hash-thread.ts";

/** What names a content: sha256 for LFS files, git's blob sha1 for others. */
export type ContentAlgorithm = "sha256" | "git-sha1";

/** A hash that takes bytes in order, perhaps later than it is given them. */
export interface StreamHash {
  /** @returns a promise when the bytes are still read after the call: they must stay as they are until it settles */
  update(bytes: Uint8Array): Promise<void> | undefined;
  /** Lower-case hex. Ends the hash. */
  digest(): Promise<string>;
  /** Gives the hash up; promises of {@link update} may never settle. */
  abandon(): void;
}

/** A hash of a file that is written in any order: it reads what is complete from the beginning. */
export interface FileHash {
  /** The first `end` bytes are there, and are not written again. */
  reached(end: number): void;
  /** The whole file is there. Lower-case hex. Ends the hash. */
  digest(): Promise<string>;
  /** Gives the hash up. */
  abandon(): void;
}

/** Hashes for many files at once, with a bounded number of threads that are used again. */
export interface Hashers {
  /** @param size bytes of the whole content; a hash of git's has it in front */
  start(algorithm: ContentAlgorithm, size: number): StreamHash;
  /** @param fd open for reading until the hash is ended or given up */
  follow(fd: number, algorithm: ContentAlgorithm, size: number): FileHash;
  /** Starts a thread, so that it is there when the first large file comes. */
  warm(): void;
  /** Ends the threads. Hashes under way reject. */
  close(): void;
}

/**
 * A thread takes about 25 ms to start, in which one core hashes some 30 MB. Below this it gives nothing;
 * above, it takes the hash off the core that moves the bytes.
 */
const THREAD_BYTES = 32 * 1024 * 1024;

/** @param options.threads at most; a file that finds none free is hashed where it is received. @default 2 */
export function createHashers(options: { readonly threads?: number } = {}): Hashers {
  const most = options.threads ?? 2;
  const idle: HashThread[] = [];
  const all = new Set<HashThread>();
  const open = (): HashThread | undefined => {
    if (all.size >= most) return undefined;
    try {
      const thread = new HashThread({
        onIdle: () => idle.push(thread),
        onGone: () => {
          all.delete(thread);
          if (idle.includes(thread)) idle.splice(idle.indexOf(thread), 1);
        },
      });
      all.add(thread);
      return thread;
    } catch {
      // No threads here (a limit of the system, a permission): the hash is as right without.
      return undefined;
    }
  };
  return {
    start(algorithm, size) {
      const thread = size < THREAD_BYTES ? undefined : (idle.pop() ?? open());
      return thread === undefined ? inlineHash(algorithm, size) : thread.start(algorithm, size);
    },
    follow(fd, algorithm, size) {
      const thread = size < THREAD_BYTES ? undefined : (idle.pop() ?? open());
      return thread === undefined ? inlineFileHash(fd, algorithm, size) : thread.follow(fd, algorithm, size);
    },
    warm() {
      const thread = idle.length > 0 ? undefined : open();
      if (thread !== undefined) idle.push(thread);
    },
    close() {
      for (const thread of all) thread.close();
    },
  };
}

function inlineHash(algorithm: ContentAlgorithm, size: number): StreamHash {
  const hash = createContentHash(algorithm, size);
  return {
    update: (bytes) => {
      hash.update(bytes);
      return undefined;
    },
    digest: async () => hash.digest(),
    abandon: () => undefined,
  };
}

/** Reads it when all is there, in pieces between which others may work. */
function inlineFileHash(fd: number, algorithm: ContentAlgorithm, size: number): FileHash {
  return {
    reached: () => undefined,
    abandon: () => undefined,
    async digest() {
      const hash = createContentHash(algorithm, size);
      const buffer = new Uint8Array(Math.min(1024 * 1024, Math.max(size, 1)));
      for (let at = 0; at < size;) {
        const count = readSync(fd, buffer, 0, Math.min(buffer.length, size - at), at);
        if (count === 0) throw new Error("the file is shorter than it should be");
        hash.update(buffer.subarray(0, count));
        at += count;
        await new Promise((resolve) => setImmediate(resolve));
      }
      return hash.digest();
    },
  };
}

/** What is hashed before the content. */
function prefixOf(algorithm: ContentAlgorithm, size: number): Uint8Array {
  return algorithm === "sha256" ? new Uint8Array() : gitBlobHeader(size);
}

function nodeName(algorithm: ContentAlgorithm): string {
  return algorithm === "sha256" ? "sha256" : "sha1";
}

interface Waiting {
  readonly until: number;
  resolve(): void;
  reject(error: Error): void;
}

interface Job {
  readonly control: Int32Array;
  queued: number;
  readonly overflow: (readonly [id: number, offset: number, length: number])[];
  readonly waiting: Waiting[];
  readonly ids: Map<ArrayBufferLike, number>;
  reject(error: Error): void;
  finished(digest: string): void;
}

const COPY_BYTES = 256 * 1024;
const FINISH = -1;
const ABANDON = -2;

class HashThread {
  readonly #worker: Worker;
  readonly #onIdle: () => void;
  #job: Job | undefined;
  #failure: Error | undefined;
  #copyMemory: Uint8Array | undefined;

  constructor(ports: { onIdle: () => void; onGone: () => void }) {
    this.#onIdle = ports.onIdle;
    // Neither the program's flags nor its environment are the thread's business; the less it loads the sooner it is up.
    this.#worker = new Worker(HASH_THREAD, { eval: true, execArgv: [], env: {}, name: "hash" });
    this.#worker.unref();
    this.#worker.on("message", (message: { done: number; digest?: string }) => this.#onMessage(message));
    this.#worker.on("error", (error) => this.#fail(error instanceof Error ? error : new Error(String(error))));
    this.#worker.on("exit", () => {
      ports.onGone();
      this.#fail(new Error("the hashing thread ended"));
    });
  }

  start(algorithm: ContentAlgorithm, size: number): StreamHash {
    const control = new SharedArrayBuffer((3 + QUEUE * 3) * 4);
    const { job, digest } = this.#begin(control);
    const about = { control, algorithm: nodeName(algorithm), prefix: prefixOf(algorithm, size) };
    this.#worker.postMessage({ job: { ...about, queue: QUEUE, tellBytes: TELL_BYTES } }, []);
    if (this.#failure !== undefined) job.reject(this.#failure);
    let copying: Promise<void> | undefined;
    const later = (bytes: Uint8Array): Promise<void> => {
      if (this.#failure !== undefined) return Promise.reject(this.#failure);
      if (bytes.buffer instanceof SharedArrayBuffer && copying === undefined) return this.#queue(job, bytes);
      copying = (copying ?? Promise.resolve()).then(() => this.#queueCopy(job, bytes));
      return copying;
    };
    const update = (bytes: Uint8Array): Promise<void> => {
      const promise = later(bytes);
      // The one who gave the hash up does not wait for it any more; a failure is seen again in the digest.
      promise.catch(() => undefined);
      return promise;
    };
    return {
      update,
      digest: async () => {
        await copying;
        this.#push(job, FINISH, 0, 0);
        return digest;
      },
      abandon: () => this.#push(job, ABANDON, 0, 0),
    };
  }

  follow(fd: number, algorithm: ContentAlgorithm, size: number): FileHash {
    const control = new SharedArrayBuffer(3 * 4);
    const { job, digest } = this.#begin(control);
    const about = { control, algorithm: nodeName(algorithm), prefix: prefixOf(algorithm, size) };
    this.#worker.postMessage({ follow: { ...about, fd, size, block: FOLLOW_BLOCK } }, []);
    if (this.#failure !== undefined) job.reject(this.#failure);
    const tell = (at: 0 | 1, value: number): void => {
      if (Atomics.exchange(job.control, at, value) === value) return;
      Atomics.add(job.control, 2, 1);
      Atomics.notify(job.control, 2);
    };
    return {
      reached: (end) => tell(0, Math.floor(end / FOLLOW_BLOCK)),
      digest: () => {
        tell(1, 1);
        return digest;
      },
      abandon: () => tell(1, 2),
    };
  }

  /** A job that ends with a digest. */
  #begin(control: SharedArrayBuffer): { job: Job; digest: Promise<string> } {
    let settle: { resolve(digest: string): void; reject(error: Error): void } | undefined;
    const digest = new Promise<string>((resolve, reject) => (settle = { resolve, reject }));
    // Whoever waits for the digest sees the failure; without this, one that nobody waits for would end the program.
    digest.catch(() => undefined);
    const job: Job = {
      control: new Int32Array(control),
      queued: 0,
      overflow: [],
      waiting: [],
      ids: new Map(),
      reject: (error) => settle?.reject(error),
      finished: (text) => settle?.resolve(text),
    };
    this.#job = job;
    this.#worker.ref();
    return { job, digest };
  }

  close(): void {
    this.#fail(new Error("the hashing thread was closed"));
    void this.#worker.terminate();
  }

  #queue(job: Job, bytes: Uint8Array): Promise<void> {
    let id = job.ids.get(bytes.buffer);
    if (id === undefined) {
      id = job.ids.size;
      job.ids.set(bytes.buffer, id);
      this.#worker.postMessage({ memory: { id, bytes: bytes.buffer } }, []);
    }
    this.#push(job, id, bytes.byteOffset, bytes.length);
    const until = job.queued + job.overflow.length;
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) reject(this.#failure);
      else job.waiting.push({ until, resolve, reject });
      this.#listen(job);
    });
  }

  /** Bytes in memory of their own, as Node's HTTP client gives them, are copied to where the thread can see them. */
  async #queueCopy(job: Job, bytes: Uint8Array): Promise<void> {
    const memory = this.#copyMemory ?? new Uint8Array(new SharedArrayBuffer(COPY_BYTES));
    this.#copyMemory = memory;
    for (let at = 0; at < bytes.length; at += COPY_BYTES) {
      const part = bytes.subarray(at, at + COPY_BYTES);
      memory.set(part);
      await this.#queue(job, memory.subarray(0, part.length));
    }
  }

  #push(job: Job, id: number, offset: number, length: number): void {
    job.overflow.push([id, offset, length]);
    this.#publish(job);
  }

  /** Moves entries to the shared queue as far as there is room. */
  #publish(job: Job): void {
    const { control, overflow } = job;
    const before = job.queued;
    const room = QUEUE - (before - Atomics.load(control, 1));
    for (const [id, offset, length] of overflow.splice(0, room)) {
      const entry = 3 + (job.queued % QUEUE) * 3;
      control[entry] = id;
      control[entry + 1] = offset;
      control[entry + 2] = length;
      job.queued++;
    }
    if (job.queued === before) return;
    Atomics.store(control, 0, job.queued);
    Atomics.notify(control, 0);
  }

  /** Settles what is hashed, and asks to be told when there is more: the thread says so when its queue is empty. */
  #listen(job: Job): void {
    const { waiting, control } = job;
    for (;;) {
      const done = Atomics.load(control, 1);
      while (waiting[0] !== undefined && waiting[0].until <= done) waiting.shift()?.resolve();
      if (job.overflow.length > 0) this.#publish(job);
      if (waiting.length === 0 && job.overflow.length === 0) return;
      Atomics.store(control, 2, 1);
      // The thread may have emptied its queue just before it could see that.
      if (Atomics.load(control, 1) === done) return;
    }
  }

  #onMessage({ digest }: { readonly done: number; readonly digest?: string }): void {
    const job = this.#job;
    if (job === undefined) return;
    this.#listen(job);
    if (digest === undefined) return;
    this.#job = undefined;
    this.#worker.unref();
    job.finished(digest);
    this.#onIdle();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    const job = this.#job;
    this.#job = undefined;
    job?.reject(error);
    for (const waiting of job?.waiting ?? []) waiting.reject(error);
  }
}
