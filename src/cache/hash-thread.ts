/**
 * The hashing thread, as text: a bundled program has no file of it to point at, and text works the same in the library,
 * in a bundle and under a test. Plain CommonJS that Node 20 runs as it is.
 *
 * `control` is shared: [0] entries queued, [1] entries hashed, [2] the other side wants to be told of progress; then
 * {@link QUEUE} entries of three numbers (memory, offset, length). A negative memory is a command.
 */
export const HASH_THREAD = `"use strict";
const { parentPort, receiveMessageOnPort } = require("node:worker_threads");
const { createHash } = require("node:crypto");
parentPort.on("message", ({ job }) => {
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

/** Entries that may wait for the thread. */
export const QUEUE = 256;
/** Bytes after which the thread tells of progress with more to do, so that neither side waits for all of the other's. */
export const TELL_BYTES = 512 * 1024;
