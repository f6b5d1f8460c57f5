import type { ChainHead } from './checkpoint.ts';
import { follows, GENESIS, recordOf } from './ledger.ts';
import type { LedgerRecord } from './record.ts';

/** Read in pieces, so that a long chain needs no more memory than a short one. */
const PIECE_BYTES = 4 * 1024 * 1024;

/** The head of a chain of which nothing was read. */
export function beginning(chain: string): ChainHead {
  return { chain, records: 0, bytes: 0, hash: GENESIS };
}

/** Reads a chain on from a head, up to a position. Resolves to the head after the last record that follows: short of that position where one does not. `look` is shown each. */
export async function readOn(from: ChainHead, endBytes: number, read: (fromBytes: number, mostBytes: number) => Promise<Uint8Array>, look: (record: LedgerRecord) => void = () => undefined): Promise<ChainHead> {
  let head = from;
  let rest = Buffer.alloc(0);
  for (let atBytes = head.bytes; atBytes < endBytes; ) {
    const piece = await read(atBytes, Math.min(PIECE_BYTES, endBytes - atBytes));
    if (piece.byteLength === 0) return head;
    atBytes += piece.byteLength;
    const bytes = Buffer.concat([rest, piece]);
    const whole = bytes.lastIndexOf(0x0a) + 1;
    rest = bytes.subarray(whole);
    for (const line of bytes.subarray(0, whole).toString('utf8').split('\n').slice(0, -1)) {
      const record = recordOf(line);
      if (record === undefined || !follows(record, head.records, head.hash)) return head;
      look(record);
      head = { ...head, records: head.records + 1, bytes: head.bytes + Buffer.byteLength(line) + 1, hash: record.hash };
    }
  }
  return head;
}
