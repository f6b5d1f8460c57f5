import type { Catalogue } from '../actions/catalogue.ts';
import type { Ledger } from '../audit/ledger.ts';
import type { DigestKey } from '../audit/record.ts';
import type { StewardErrorCode } from '../errors.ts';
import type { ApprovalRecord, ApprovalState, ApprovalSubject } from './approval.ts';
import { publicName, type ApprovalRows } from './approval-rows.ts';
import type { Gate } from './gate.ts';
import type { KillSwitch } from './kill-switch.ts';
import type { Limits } from './limits.ts';
import type { PersonFacts, PersonRecords, PersonStanding, Stored } from './ports.ts';
import { saidOf } from './said.ts';
import { isActiveAdmin, isActiveOfficer } from './who-decides.ts';

export type Decided = Pick<ApprovalRecord, 'decidedBy' | 'decidedByName' | 'decidedAt' | 'breakGlass'>;
type OwnSubject = Exclude<ApprovalSubject, { kind: 'steps' }>;
type SubjectOf<K extends OwnSubject['kind']> = Extract<OwnSubject, { kind: K }>;

/** A click that holds so far: who asked and who clicked were read afresh and are two humans, neither of them stopped. */
export interface Approving<S extends OwnSubject = OwnSubject> {
  readonly stored: Stored<ApprovalRecord>;
  readonly subject: S;
  readonly requester: PersonFacts;
  readonly clicker: PersonFacts;
  readonly decided: Decided;
  /** Digest of the card as it was shown. */
  readonly shown?: string;
}

export interface OwnChangesDependencies {
  readonly rows: ApprovalRows;
  readonly catalogue: Catalogue;
  readonly gate: Gate;
  readonly limits: Limits;
  readonly killSwitch: KillSwitch;
  readonly records: PersonRecords;
  readonly ledger: Ledger;
  readonly digestKey: DigestKey;
}

/** What two people let Steward change about itself: that it lives again, may do more for an hour, forgets or may forget somebody. */
export class OwnChanges {
  readonly #with: OwnChangesDependencies;

  constructor(dependencies: OwnChangesDependencies) {
    this.#with = dependencies;
  }

  /** Resolves to the request as it ended, or to why the click does not count. */
  approve(approving: Approving): Promise<ApprovalRecord | StewardErrorCode> {
    const { subject } = approving;
    switch (subject.kind) {
      case 'revive':
        return this.#revive({ ...approving, subject });
      case 'raise':
        return this.#raise({ ...approving, subject });
      case 'records':
        return this.#records({ ...approving, subject });
    }
  }

  async #revive(approving: Approving<SubjectOf<'revive'>>): Promise<ApprovalRecord | StewardErrorCode> {
    const { clicker, decided, requester, stored, subject } = approving;
    if (!isActiveAdmin(requester) || !isActiveAdmin(clicker)) return 'KILL_NOT_ADMIN';
    const { killSwitch, ledger } = this.#with;
    const { what } = subject;
    // An emergency account was made an admin for this: a role activation, which the ledger names as such.
    const breakGlass = requester.breakGlass || clicker.breakGlass;
    const people = this.#digests(approving);
    return this.#carryOut({ ...approving, decided: { ...decided, ...(breakGlass && { breakGlass }) } }, async () => {
      const by = { digest: people.person, name: requester.displayName, reason: subject.reason };
      const epoch = what.scope === 'all' ? await killSwitch.revive(what.level, stored.value.killEpoch, by) : await killSwitch.lift(what, what.epoch, by);
      const { level } = await killSwitch.read();
      const about = what.scope === 'all' ? {} : { scope: what.scope, key: what.key };
      await ledger.record({ kind: 'latch', change: 'revived', level, epoch, ...people, ...about, ...(breakGlass && { breakGlass }) });
      return 'succeeded';
    });
  }

  async #raise(approving: Approving<SubjectOf<'raise'>>): Promise<ApprovalRecord | StewardErrorCode> {
    const { requester, subject } = approving;
    const { catalogue, gate, ledger, limits } = this.#with;
    const action = catalogue.find(subject.action);
    // As many as the card said, or none.
    if (action?.limit?.raisableTo !== subject.perHour) return 'APPROVAL_STALE';
    if (gate.permitted([action], requester).length === 0) return 'POLICY_DENIED';
    return this.#carryOut(approving, async () => {
      await ledger.record({ kind: 'limit', action: action.name, perHour: subject.perHour, ...this.#digests(approving) });
      await limits.raise(action);
      return 'succeeded';
    });
  }

  /** Somebody of data protection asked, and an admin agrees; neither of them is the one whom it is about. */
  async #records(approving: Approving<SubjectOf<'records'>>): Promise<ApprovalRecord | StewardErrorCode> {
    const { clicker, requester, stored, subject } = approving;
    const { change, person } = subject;
    const { killSwitch, ledger, records } = this.#with;
    if (!isActiveOfficer(requester)) return 'RECORDS_NOT_OFFICER';
    if (!isActiveAdmin(clicker)) return 'KILL_NOT_ADMIN';
    const { confirmedBy, person: by } = this.#digests(approving);
    if (by === person || confirmedBy === person) return 'RECORDS_OWN';
    if ((await killSwitch.read()).level !== 'full') return 'READ_ONLY';
    const problem = problemWithRecords(change, await records.standing(person));
    if (problem !== undefined) return problem;
    const about = { kind: 'records' as const, change, person, by, confirmedBy, approval: publicName(stored.value.reference) };
    return this.#carryOut(approving, async () => {
      await ledger.record({ ...about, state: 'asked' });
      const code = problemWithRecords(change, change === 'erase' ? await records.erase(person) : await records.release(person));
      await ledger.record({ ...about, state: code === undefined ? 'done' : 'refused', ...(code !== undefined && { code }) });
      // It was held, or erased by others, between the two.
      return code === undefined ? 'succeeded' : 'failed';
    });
  }

  /** Recorded, done, shown. What fails midway is found by the sweep, and nobody knows what became of it. */
  async #carryOut({ clicker, decided, shown, stored }: Approving, work: () => Promise<ApprovalState>): Promise<ApprovalRecord | StewardErrorCode> {
    const { digestKey, ledger, rows } = this.#with;
    const sealed = await ledger.seal([saidOf('approver', clicker, digestKey)]);
    const executing = await rows.swap(stored, { state: 'executing', ...decided });
    if (executing === undefined) return 'APPROVAL_SETTLED';
    await rows.record(executing.value, { person: clicker, ...(shown !== undefined && { shown }), ...sealed });
    const state = await work();
    const done = await rows.swap(executing, { state });
    // It has happened: a ledger that refuses now must not keep people from learning it.
    if (done !== undefined) await rows.record(done.value).catch(() => undefined);
    return (done ?? executing).value;
  }

  #digests({ clicker, requester }: Approving): { readonly person: string; readonly confirmedBy: string } {
    const { digestKey } = this.#with;
    return { person: digestKey.digest(requester.id.digest()), confirmedBy: digestKey.digest(clicker.id.digest()) };
  }
}

/** Why records can't be changed, by how they stand. */
export function problemWithRecords(change: 'erase' | 'release', standing: PersonStanding): StewardErrorCode | undefined {
  if (change === 'release') return standing === 'held' ? undefined : 'RECORDS_NONE';
  return standing === 'held' ? 'RECORDS_HELD' : standing === 'kept' ? undefined : 'RECORDS_NONE';
}
