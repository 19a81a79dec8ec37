/**
 * The hashing thread, as text: a bundled program has no file of it to point at, and text works the same in the library,
 * in a bundle and under a test. Plain CommonJS that Node 20 runs as it is.
 *
 * `control` is shared: [0] entries queued, [1] entries hashed, [2] the other side wants to be told of progress; then
 * {@link QUEUE} entries of three numbers (memory, offset, length). A negative memory is a command.
 *
 * `follow` is another job: a file that others write. Its `control`: [0] blocks of {@link FOLLOW_BLOCK} bytes that are
 * there from the beginning, [1] 0 more to come, 1 all is there, 2 given up, [2] counts changes.
 */
export const HASH_THREAD = `"use strict";
const { parentPort, receiveMessageOnPort } = require("node:worker_threads");
const { createHash } = require("node:crypto");
const { readSync } = require("node:fs");
let buffer;
const read = (job, control, length, at) => {
  try {
    return readSync(job.fd, buffer, 0, length, at);
  } catch (error) {
    // Who gave the hash up may have closed the file.
    if (Atomics.load(control, 1) === 2) return length;
    throw error;
  }
};
const follow = (job) => {
  const control = new Int32Array(job.control);
  const hash = createHash(job.algorithm);
  hash.update(job.prefix);
  buffer ??= new Uint8Array(1024 * 1024);
  for (let at = 0; ; ) {
    const change = Atomics.load(control, 2);
    const state = Atomics.load(control, 1);
    if (state === 2) return parentPort.postMessage({ done: 0, digest: "" });
    const end = state === 1 ? job.size : Math.min(job.size, Atomics.load(control, 0) * job.block);
    if (at < end) {
      const count = read(job, control, Math.min(buffer.length, end - at), at);
      if (count === 0) throw new Error("the file is shorter than it should be");
      hash.update(buffer.subarray(0, count));
      at += count;
    } else if (state === 1) return parentPort.postMessage({ done: 0, digest: hash.digest("hex") });
    else Atomics.wait(control, 2, change);
  }
};
parentPort.on("message", (message) => {
  if (message.follow !== undefined) return follow(message.follow);
  const { job } = message;
  if (job === undefined) return;
  const control = new Int32Array(job.control);
  const hash = createHash(job.algorithm);
  hash.update(job.prefix);
  const memories = new Map();
  const memoryOf = (id) => {
    while (!memories.has(id)) {
      const { memory } = receiveMessageOnPort(parentPort).message;
      memories.set(memory.id, new Uint8Array(memory.bytes));
    }
    return memories.get(id);
  };
  let told = 0;
  const tell = (done) => {
    told = 0;
    if (Atomics.exchange(control, 2, 0) === 1) parentPort.postMessage({ done });
  };
  for (let done = 0; ; ) {
    const queued = Atomics.load(control, 0);
    if (done === queued) {
      tell(done);
      Atomics.wait(control, 0, queued);
      continue;
    }
    const entry = 3 + (done % job.queue) * 3;
    const id = control[entry];
    if (id < 0) {
      const digest = id === -1 ? hash.digest("hex") : "";
      Atomics.store(control, 1, ++done);
      parentPort.postMessage({ done, digest });
      return;
    }
    const offset = control[entry + 1];
    const length = control[entry + 2];
    hash.update(memoryOf(id).subarray(offset, offset + length));
    Atomics.store(control, 1, ++done);
    if ((told += length) >= job.tellBytes) tell(done);
  }
});
`;

/** Bytes that are one step of a file that is followed: a number of 32 bits then reaches 128 TiB. */
export const FOLLOW_BLOCK = 64 * 1024;
/** Entries that may wait for the thread. */
export const QUEUE = 256;
/** Bytes after which the thread tells of progress with more to do, so that neither side waits for all of the other's. */
export const TELL_BYTES = 512 * 1024;
