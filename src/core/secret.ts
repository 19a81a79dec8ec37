import { remember } from "./redact.ts";

const inspect = Symbol.for("nodejs.util.inspect.custom");

/**
 * A token on its way through the program. Every way to turn it into text by accident gives `[redacted]`;
 * {@link Secret.expose} is the one way out, and a test counts the places that call it.
 */
export class Secret {
  readonly #value: string;

  private constructor(value: string) {
    this.#value = value;
  }

  /** Wraps a non-empty value, and makes `redact()` strike that value from any later text. */
  static of(value: string): Secret {
    if (value === "") throw new TypeError("a secret can't be empty");
    remember(value);
    return new Secret(value);
  }

  /** The value itself. Call it only where the bytes leave the program: a header, a file, stdout on request. */
  expose(): string {
    return this.#value;
  }

  equals(other: Secret): boolean {
    return this.#value === other.#value;
  }

  toString(): string {
    return "[redacted]";
  }

  toJSON(): string {
    return "[redacted]";
  }

  [inspect](): string {
    return "[redacted]";
  }
}
