import type { Clock } from '../clock.ts';
import type { Ledger } from './ledger.ts';
import { beginning, readOn } from './read-chain.ts';
import type { LedgerReader } from './record.ts';

export interface LedgerCheckResult {
  readonly at: Date;
  /** Every record that was made durable is there, unchanged and in its place. */
  readonly holds: boolean;
  /** As many as were found good. */
  readonly records: number;
}

/** Reads back what this instance recorded, from its first record on, and keeps the last result. */
export class LedgerCheck {
  readonly #ledger: Ledger;
  readonly #reader: LedgerReader;
  readonly #clock: Clock;
  #last: LedgerCheckResult | undefined;

  constructor(ledger: Ledger, reader: LedgerReader, clock: Clock) {
    this.#ledger = ledger;
    this.#reader = reader;
    this.#clock = clock;
  }

  /** The last check; undefined before the first one. */
  get last(): LedgerCheckResult | undefined {
    return this.#last;
  }

  /** Fails with `LEDGER_UNAVAILABLE` when it can't be read; the last result then stands. */
  async readBack(): Promise<LedgerCheckResult> {
    const { hash, positionBytes: endBytes } = this.#ledger.end;
    const head = await readOn(beginning(''), endBytes, (fromBytes, mostBytes) => this.#reader.read(fromBytes, mostBytes));
    // A ledger that was cut short is a good chain as well: it has to end where the last durable record is.
    this.#last = { at: this.#clock.now(), holds: head.bytes === endBytes && head.hash === hash, records: head.records };
    return this.#last;
  }
}
