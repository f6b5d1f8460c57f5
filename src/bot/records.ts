import type { TurnContext } from 'botbuilder';
import type { Ledger } from '../audit/ledger.ts';
import type { DigestKey } from '../audit/record.ts';
import { errorCode } from '../errors.ts';
import { problemWithRecords } from '../guard/own-changes.ts';
import type { KillSwitch } from '../guard/kill-switch.ts';
import type { PersonFacts, PersonRecords, WhoIsWho } from '../guard/ports.ts';
import { saidOf } from '../guard/said.ts';
import { isActiveOfficer } from '../guard/who-decides.ts';
import { placeOf } from './adapter.ts';
import { inert } from './cards/card.ts';
import type { Command } from './commands.ts';
import { listOf, type Desk } from './desk.ts';
import { plainInMarkdown, type Speaker } from './say.ts';
import { tell, tellCode } from './tell.ts';
import { en } from './wording/en.ts';

const MOST_REASON_CHARACTERS = 300;
/** As the ledger names people. */
const DIGEST = /^[0-9a-f]{64}$/;

export interface RecordCommandsDependencies {
  readonly tenantId: string;
  readonly speaker: Speaker;
  readonly desk: Desk;
  readonly whoIsWho: WhoIsWho;
  readonly killSwitch: KillSwitch;
  readonly records: PersonRecords;
  readonly ledger: Ledger;
  readonly digestKey: DigestKey;
}

interface Subject {
  readonly person: string;
  readonly label: string;
  readonly context: readonly string[];
}

/** What data protection asks: that the ledger loses what it says about somebody, or keeps it whatever others ask. */
export class RecordCommands {
  readonly #with: RecordCommandsDependencies;

  constructor(dependencies: RecordCommandsDependencies) {
    this.#with = dependencies;
  }

  /** `erase`, `hold` and `release records of … because …`. A hold holds at once; the others take an admin as well. */
  async change(context: TurnContext, person: PersonFacts, { change, reason, who }: Extract<Command, { kind: 'records' }>): Promise<void> {
    const { desk, digestKey, killSwitch, records, speaker, tenantId, whoIsWho } = this.#with;
    // Fresh: whoever lost the role a moment ago learns nothing about anybody.
    const officer = await whoIsWho.describe(person.id, 'now');
    if (officer === undefined || !isActiveOfficer(officer)) return tellCode(speaker, context, 'RECORDS_NOT_OFFICER');
    await killSwitch.assertAlive({ people: [person.id] });
    if (reason === '') return tell(speaker, context, en.records.needsReason(change));
    // What is approved is shown whole, so what would have to be cut is not asked.
    if (reason.length > MOST_REASON_CHARACTERS) return tell(speaker, context, en.records.tooLong(MOST_REASON_CHARACTERS));
    const subject = await this.#subject(who);
    if (subject === undefined) return tell(speaker, context, en.records.unknown);
    if (change === 'hold') return this.#hold(context, officer, subject, reason);
    if (subject.person === digestKey.digest(officer.id.digest())) return tellCode(speaker, context, 'RECORDS_OWN');
    const problem = problemWithRecords(change, await records.standing(subject.person));
    if (problem !== undefined) return tellCode(speaker, context, problem);
    try {
      const request = { subject: { kind: 'records' as const, change, reason, ...subject }, by: 'second person' as const, requester: officer, place: placeOf(context.activity, tenantId), requestActivityId: context.activity.id ?? '', turn: '' };
      const { asked } = await desk.askOthers(context, request, 'admin');
      await tell(speaker, context, en.waitingForSecond(listOf(asked)));
    } catch (error) {
      if (errorCode(error) !== 'APPROVAL_NOBODY_REACHABLE') throw error;
      await tell(speaker, context, en.records.nobody);
    }
  }

  /** Recorded first: who can keep somebody's name from going must be known. */
  async #hold(context: TurnContext, officer: PersonFacts, { label, person }: Subject, reason: string): Promise<void> {
    const { digestKey, ledger, records, speaker } = this.#with;
    const about = { kind: 'records' as const, change: 'hold' as const, person, by: digestKey.digest(officer.id.digest()) };
    const sealed = await ledger.seal([saidOf('requester', officer, digestKey, reason)]);
    await ledger.record({ ...about, state: 'asked', ...sealed });
    const before = await records.hold(person);
    await ledger.record({ ...about, state: before === 'held' ? 'refused' : 'done' });
    const name = plainInMarkdown(inert(label));
    await tell(speaker, context, before === 'held' ? en.records.wasHeld(name) : en.records.held(name));
  }

  /** Somebody in the directory by their sign-in name, or anybody by what the ledger calls them. */
  async #subject(who: string): Promise<Subject | undefined> {
    const { digestKey, whoIsWho } = this.#with;
    if (DIGEST.test(who)) return { person: who, label: en.records.byDigest(who), context: [] };
    const id = await whoIsWho.find(who);
    const facts = id && (await whoIsWho.describe(id, 'now'));
    if (facts === undefined) return undefined;
    const context = [facts.jobTitle, facts.department, facts.userPrincipalName].filter((fact) => fact !== undefined);
    return { person: digestKey.digest(facts.id.digest()), label: facts.displayName, context };
  }
}
