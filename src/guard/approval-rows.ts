import { createHash } from 'node:crypto';
import type { Ledger } from '../audit/ledger.ts';
import type { DigestKey } from '../audit/record.ts';
import type { Sealed } from '../audit/sealed.ts';
import { StewardError, type StewardErrorCode } from '../errors.ts';
import type { ApprovalRecord, ApprovalStore } from './approval.ts';
import type { PersonFacts, Stored } from './ports.ts';
import { bindSubject } from './stored-step.ts';

/** What approvals tell people about. Each is told after the fact was stored, and must not throw. */
export interface Audience {
  /** Something about a request changed: every card of it is brought up to date. */
  changed(record: ApprovalRecord): Promise<void>;
  /** A request waits for half its time: those who were asked are told again. */
  remind(record: ApprovalRecord): Promise<void>;
  /** It still waits: the backup group is asked as well. */
  escalate(record: ApprovalRecord): Promise<void>;
  /** Nobody knows what became of it: admins are asked to look. Resolves to whether one of them was told. */
  doubt(record: ApprovalRecord): Promise<boolean>;
}

export interface ApprovalRowsDependencies {
  readonly store: ApprovalStore;
  readonly ledger: Ledger;
  readonly digestKey: DigestKey;
  readonly audience: Audience;
}

/** How often a row that keeps changing is tried. */
const MOST_ATTEMPTS = 5;

/** The stored rows of approvals and what goes with every change of one: compare-and-swap, the ledger, the people. */
export class ApprovalRows {
  readonly #with: ApprovalRowsDependencies;

  constructor(dependencies: ApprovalRowsDependencies) {
    this.#with = dependencies;
  }

  get store(): ApprovalStore {
    return this.#with.store;
  }

  /** Replaces a row if nobody was faster; undefined when somebody was. */
  swap(stored: Stored<ApprovalRecord>, change: Partial<ApprovalRecord>): Promise<Stored<ApprovalRecord> | undefined> {
    return this.#with.store.replace({ ...stored.value, ...change }, stored.etag);
  }

  /**
   * Replaces a row that this instance is carrying out. A card noted meanwhile does not stop it; anything else that
   * changed does, and then the result is undefined.
   */
  async advance(stored: Stored<ApprovalRecord>, change: Partial<ApprovalRecord>): Promise<Stored<ApprovalRecord> | undefined> {
    let now: Stored<ApprovalRecord> | undefined = stored;
    for (let attempt = 0; attempt < MOST_ATTEMPTS && now !== undefined && standing(now.value) === standing(stored.value); attempt += 1) {
      const advanced = await this.swap(now, change);
      if (advanced !== undefined) return advanced;
      now = await this.#with.store.read(stored.value.reference);
    }
    return undefined;
  }

  /** Changes a row whatever others do to it meanwhile; resolves to what it is now. Fails with `APPROVAL_UNKNOWN`, and when it never stands still. */
  async update(reference: string, change: (record: ApprovalRecord) => ApprovalRecord): Promise<ApprovalRecord> {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
      const stored = await this.#with.store.read(reference);
      if (stored === undefined) throw new StewardError('APPROVAL_UNKNOWN', 'the request is gone');
      const replaced = await this.#with.store.replace(change(stored.value), stored.etag);
      if (replaced !== undefined) return replaced.value;
    }
    throw new StewardError('STORAGE_UNAVAILABLE', 'the request kept changing');
  }

  /** Ends a request one way or another, if nobody was faster; records it and shows it. */
  async settle(stored: Stored<ApprovalRecord>, change: Partial<ApprovalRecord>): Promise<ApprovalRecord | undefined> {
    return this.#show(await this.swap(stored, change));
  }

  /** Ends a request that this instance carried out, as `advance` does; records it and shows it. */
  async finish(stored: Stored<ApprovalRecord>, change: Partial<ApprovalRecord>): Promise<ApprovalRecord | undefined> {
    return this.#show(await this.advance(stored, change));
  }

  async #show(settled: Stored<ApprovalRecord> | undefined): Promise<ApprovalRecord | undefined> {
    if (settled === undefined) return undefined;
    // It has happened: a ledger that refuses now must not keep people from learning it.
    await this.record(settled.value).catch(() => undefined);
    await this.#with.audience.changed(settled.value);
    return settled.value;
  }

  /** Writes the state of a request into the ledger. Fails with `LEDGER_UNAVAILABLE`. */
  async record(record: ApprovalRecord, about: { readonly person?: PersonFacts; readonly turn?: string; readonly steps?: readonly string[]; readonly settled?: string; readonly shown?: string; readonly sealed?: readonly Sealed[] } = {}): Promise<void> {
    const { digestKey, ledger } = this.#with;
    const { person, sealed, settled, shown, steps, turn } = about;
    await ledger.record({
      kind: 'approval',
      approval: publicName(record.reference),
      state: record.state,
      by: record.by,
      person: person ? digestKey.digest(person.id.digest()) : '',
      binding: record.binding,
      ...(turn !== undefined && { turn }),
      ...(steps && { steps }),
      ...(settled !== undefined && { settled }),
      ...(shown !== undefined && { shown }),
      ...(sealed && { sealed }),
    });
  }

  /** Told, not waited for: a refused click has no effect that would need a record before it. */
  noteRefusal(reference: string, decision: string, clicker: PersonFacts, code: StewardErrorCode, binding = ''): void {
    const { digestKey, ledger } = this.#with;
    void ledger
      .record({ kind: 'approval', approval: publicName(reference), state: 'click refused', by: decision, person: digestKey.digest(clicker.id.digest()), binding, code })
      .catch(() => undefined);
  }
}

/** Where a request stands, whatever cards show it. */
function standing({ binding, state, subject }: ApprovalRecord): string {
  return JSON.stringify([state, binding, bindSubject(subject), subject.kind === 'steps' ? subject.steps.map(({ outcome }) => outcome) : []]);
}

/** How the ledger names a request: the reference itself is what a card carries, and stays there. */
export function publicName(reference: string): string {
  return createHash('sha256').update(reference).digest('hex').slice(0, 16);
}
