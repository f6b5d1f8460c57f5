import type { Clock } from '../clock.ts';
import { follows, GENESIS, type Ledger } from './ledger.ts';
import type { LedgerReader, LedgerRecord } from './record.ts';

/** Read in pieces, so that a long ledger needs no more memory than a short one. */
const PIECE_BYTES = 4 * 1024 * 1024;

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
    let previous = GENESIS;
    let records = 0;
    let rest = Buffer.alloc(0);
    let holds = true;
    for (let atBytes = 0; atBytes < endBytes && holds; ) {
      const piece = await this.#reader.read(atBytes, Math.min(PIECE_BYTES, endBytes - atBytes));
      if (piece.byteLength === 0) break;
      atBytes += piece.byteLength;
      const bytes = Buffer.concat([rest, piece]);
      const whole = bytes.lastIndexOf(0x0a) + 1;
      rest = bytes.subarray(whole);
      for (const line of bytes.subarray(0, whole).toString('utf8').split('\n').slice(0, -1)) {
        const record = recordOf(line);
        holds = record !== undefined && follows(record, records, previous);
        if (record === undefined || !holds) break;
        previous = record.hash;
        records += 1;
      }
    }
    // A ledger that was cut short is a good chain as well: it has to end where the last durable record is.
    this.#last = { at: this.#clock.now(), holds: holds && rest.byteLength === 0 && previous === hash, records };
    return this.#last;
  }
}

function recordOf(line: string): LedgerRecord | undefined {
  try {
    return JSON.parse(line) as LedgerRecord;
  } catch {
    return undefined;
  }
}
