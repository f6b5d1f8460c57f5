/** Runs tasks of one key one after the other, in the order of the calls; tasks of different keys run side by side. */
export class Serial {
  readonly #tails = new Map<string, Promise<void>>();

  /** Whether a task of this key runs or waits. */
  isBusy(key: string): boolean {
    return this.#tails.has(key);
  }

  async inTurn<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const result = before.then(task);
    // The next task waits for the end of this one, not for its success.
    const tail = result.then(
      () => undefined,
      () => undefined,
    );
    this.#tails.set(key, tail);
    try {
      return await result;
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    }
  }
}
