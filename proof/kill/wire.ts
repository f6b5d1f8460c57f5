/** What `bench/wire.mjs` wrote of one process: what left it, what came, and when. */
import { closeSync, existsSync, openSync, readSync } from 'node:fs';

export type EventKind = 'effect' | 'effect-over' | 'read' | 'read-over' | 'write' | 'write-over' | 'say' | 'say-over' | 'came' | 'abort';

export interface WireEvent {
  /** On the clock of {@link nowMs}, which all processes of the machine share. */
  readonly atMs: number;
  readonly kind: EventKind;
  /** Which request of its process; 0 where there is none of its own. */
  readonly number: number;
  /** Method and path; of an end the status, or `none`. */
  readonly what: string;
}

/** Milliseconds of a clock that never jumps and that every process of this machine reads alike. */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

const CHUNK_BYTES = 64 * 1024;

/** The events of one process, read from its file as they come. A process that is started anew goes on in the same file. */
export class Wire {
  readonly #path: string;
  readonly #events: WireEvent[] = [];
  #offset = 0;
  #rest = '';

  constructor(path: string) {
    this.#path = path;
  }

  /** All events up to now, in the order in which they were written. */
  get events(): readonly WireEvent[] {
    this.#read();
    return this.#events;
  }

  /** Events of one kind from `sinceMs` on. */
  of(kind: EventKind, sinceMs: number): readonly WireEvent[] {
    const { events } = this;
    let from = events.length;
    while (from > 0 && (events[from - 1]?.atMs ?? 0) >= sinceMs) from -= 1;
    // Two events of one moment may stand the other way round: the time was taken before the line was written.
    return events.slice(Math.max(0, from - 1)).filter((event) => event.kind === kind && event.atMs >= sinceMs);
  }

  /** How a request ended, or undefined while it runs. Numbers begin anew with a process, so an end is looked for behind the beginning. */
  endOf({ atMs, kind, number }: WireEvent): WireEvent | undefined {
    return this.of(`${kind}-over` as EventKind, atMs).find((event) => event.number === number);
  }

  #read(): void {
    if (!existsSync(this.#path)) return;
    const file = openSync(this.#path, 'r');
    const chunk = Buffer.alloc(CHUNK_BYTES);
    for (let bytes = readSync(file, chunk, 0, CHUNK_BYTES, this.#offset); bytes > 0; bytes = readSync(file, chunk, 0, CHUNK_BYTES, this.#offset)) {
      this.#offset += bytes;
      this.#rest += chunk.toString('latin1', 0, bytes);
    }
    closeSync(file);
    const lines = this.#rest.split('\n');
    // A line may be half written.
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const [at = '', kind = '', number = '', ...what] = line.split(' ');
      this.#events.push({ atMs: Number(at) / 1e6, kind: kind as EventKind, number: Number(number), what: what.join(' ') });
    }
  }
}
