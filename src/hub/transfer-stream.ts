import { SLOT_BYTES, type Slots } from "./transfer-slots.ts";
import type { OnBytes } from "./transfer-types.ts";

/** What a long body needs from its connection. */
export interface StreamPorts {
  /** Where the socket shall write after the read that is being handled. */
  retarget(target: Uint8Array): void;
  resume(): void;
  /** The last byte came; `excess` when more came than was announced. The connection is not needed any more. */
  onComplete(excess: boolean): void;
  /** The consumer failed. */
  onFail(error: unknown): void;
}

/** Slots one body may have in use before the socket waits; one more is always there to be written to. */
const MOST_IN_USE = 3;
/** A read into less space than this costs more in calls than it gains. */
const SMALLEST_READ = 64 * 1024;
/** A consumer is called for this many bytes, or for what came in one turn of the event loop. */
const GATHERED_BYTES = 256 * 1024;

interface Slot {
  readonly memory: Uint8Array;
  /** Deliveries of this slot whose bytes are still read. */
  uses: number;
}

/**
 * A long body on its way through slots of shared memory. The socket is told to wait while the consumer reads too many
 * of them. Told, not stopped: TLS decrypts what it has read already, and each of its records still arrives. So the
 * place where the socket writes is always memory that nobody reads, also while it waits.
 */
export class BodyStream {
  readonly #length: number;
  readonly #slots: Slots;
  readonly #ports: StreamPorts;
  #current: Slot;
  /** Bytes of the current slot that were delivered, and that came. */
  #from = 0;
  #at: number;
  /** Slots besides the current one that are still read. */
  #inUse = 0;
  #outstanding = 0;
  #later: NodeJS.Immediate | undefined;
  #onBytes: OnBytes | undefined;
  #settle: { resolve(count: number): void; reject(error: unknown): void } | undefined;
  #failure: { readonly error: unknown } | undefined;
  #finished = false;
  /** Bytes that came, delivered or not yet. */
  came: number;
  /** Nobody receives yet, or the consumer is behind: the socket waits, and its peer is not to blame for silence. */
  waits = true;

  /** @param early bytes that came with the head; copied */
  constructor(length: number, early: Uint8Array, slots: Slots, ports: StreamPorts) {
    this.#length = length;
    this.#slots = slots;
    this.#ports = ports;
    this.#current = { memory: slots.take(), uses: 0 };
    this.#current.memory.set(early);
    this.came = early.length;
    this.#at = early.length;
    this.#aim();
  }

  /** Every byte came: the connection has gone on to other things. */
  get complete(): boolean {
    return this.came === this.#length;
  }

  receive(onBytes: OnBytes): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#onBytes = onBytes;
      this.#settle = { resolve, reject };
      const delivered = this.#flush();
      if (this.#failure !== undefined) return reject(this.#failure.error);
      if (!delivered) return;
      if (this.complete) return this.#finish();
      this.#go();
    });
  }

  /** `count` bytes came to where the socket was told to write. Returns whether it may go on. */
  accept(count: number): boolean {
    const wanted = Math.min(count, this.#length - this.came);
    this.#at += wanted;
    this.came += wanted;
    if (this.complete) {
      this.#ports.onComplete(count > wanted);
      if (this.#flush()) this.#finish();
      return true;
    }
    const full = SLOT_BYTES - this.#at < SMALLEST_READ;
    if (full || this.#at - this.#from >= GATHERED_BYTES) this.#flush();
    else this.#later ??= setImmediate(() => this.#flush());
    if (this.#failure !== undefined) return false;
    this.#advance(full);
    return !this.waits;
  }

  /** The connection broke. What came before is good: it is delivered, so that a range can go on behind it. */
  fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#flush();
    this.#stop(error);
  }

  #stop(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = { error };
    if (this.#later !== undefined) clearImmediate(this.#later);
    this.#settle?.reject(error);
    // Memory that is still read is left to the garbage collector.
    if (this.#onBytes !== undefined && this.#current.uses === 0) this.#slots.give(this.#current.memory);
  }

  /** Delivers what was gathered. A TLS record holds 16 KB: one call for each would cost more than the bytes. */
  #flush(): boolean {
    if (this.#later !== undefined) clearImmediate(this.#later);
    this.#later = undefined;
    if (this.#onBytes === undefined) return false;
    const slot = this.#current;
    const bytes = slot.memory.subarray(this.#from, this.#at);
    this.#from = this.#at;
    if (bytes.length === 0) return true;
    try {
      const inUse = this.#onBytes(bytes);
      if (inUse !== undefined) this.#hold(slot, inUse);
      return true;
    } catch (error) {
      this.#consumerFailed(error);
      return false;
    }
  }

  #hold(slot: Slot, inUse: Promise<void>): void {
    slot.uses++;
    this.#outstanding++;
    inUse.then(
      () => {
        slot.uses--;
        this.#outstanding--;
        if (this.#failure !== undefined) return;
        if (slot.uses === 0 && slot !== this.#current) {
          this.#inUse--;
          this.#slots.give(slot.memory);
          if (this.waits && !this.complete) this.#go();
        }
        if (this.complete) this.#finish();
      },
      (error: unknown) => this.#consumerFailed(error),
    );
  }

  #consumerFailed(error: unknown): void {
    const complete = this.complete;
    this.#stop(error);
    // A connection that brought all its bytes may be serving another request by now.
    if (!complete) this.#ports.onFail(error);
  }

  /** Chooses where the next bytes go. Only while a read is handled: the socket takes the place then, and keeps it. */
  #advance(full: boolean): void {
    if (this.#current.uses === 0 && this.#from === this.#at) {
      this.#from = 0;
      this.#at = 0;
    } else if (full && this.#from === this.#at) {
      this.#inUse++;
      this.#current = { memory: this.#slots.take(), uses: 0 };
      this.#from = 0;
      this.#at = 0;
      if (this.#inUse >= MOST_IN_USE) this.waits = true;
    }
    this.#aim();
  }

  #aim(): void {
    // Only a peer of TLS that sends a megabyte in one piece to somebody who has not begun to receive gets here.
    if (this.#at === SLOT_BYTES) return this.#consumerFailed(new Error("more came than there is room for"));
    this.#ports.retarget(this.#current.memory.subarray(this.#at));
  }

  #go(): void {
    this.waits = false;
    this.#ports.resume();
  }

  #finish(): void {
    if (this.#outstanding > 0 || this.#from < this.#at || this.#failure !== undefined || this.#finished) return;
    this.#finished = true;
    this.#settle?.resolve(this.came);
    this.#slots.give(this.#current.memory);
  }
}
