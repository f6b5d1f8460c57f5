/** The wall clock of this process, and so of the cloud in it: storage's above all, by which everything is decided. */
const Plain = Date;
let aheadMs = 0;

class Shifted extends Plain {
  constructor(...given: readonly unknown[]) {
    if (given.length === 0) super(Plain.now() + aheadMs);
    // The overloads of Date are not one signature: what was handed over is handed on.
    else super(...(given as [number]));
  }

  static override now(): number {
    return Plain.now() + aheadMs;
  }
}

globalThis.Date = Shifted as DateConstructor;

export function ahead(): number {
  return aheadMs;
}

/** Lets time pass that nobody waits for. Timers know nothing of it. Only while no bot runs: it would see time jump. */
export function pass(ms: number): void {
  aheadMs += ms;
}
