import type { TurnContext } from 'botbuilder';
import type { Catalogue } from '../actions/catalogue.ts';
import type { InternalId } from '../actions/internal-id.ts';
import type { Ledger } from '../audit/ledger.ts';
import type { DigestKey } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import { errorCode, StewardError } from '../errors.ts';
import type { Approvals } from '../guard/approvals.ts';
import type { By, KillSwitch, KillWhat, LatchReading } from '../guard/kill-switch.ts';
import type { AdminRoster, LatchStore, PersonFacts, Stop, WhoIsWho } from '../guard/ports.ts';
import type { ReviveWhat } from '../guard/approval.ts';
import { drillKill } from '../guard/drill.ts';
import { conversationKey, isSame, stopOf } from '../guard/stops.ts';
import { isActiveAdmin } from '../guard/who-decides.ts';
import { placeOf } from './adapter.ts';
import type { Callers } from './callers.ts';
import { inert } from './cards/card.ts';
import { drillCard } from './cards/drill-card.ts';
import type { KillWords, ReviveWords } from './commands.ts';
import { listOf, type Desk } from './desk.ts';
import { actionCalled } from './named-action.ts';
import type { ConversationStore } from './ports.ts';
import type { Speaker } from './say.ts';
import { plainInMarkdown } from './say.ts';
import { show, tell, tellCode } from './tell.ts';
import { within } from './within.ts';
import { actionTitle, en } from './wording/en.ts';

const MOST_KILLS_REMEMBERED = 1_000;
/** A kill waits no longer than this to learn whether it is a redelivery. */
const KILL_NOTE_WAIT_MS = 250;
/** The directory decides whether somebody is an admin; when it takes longer, what was read in the last 24 h does. */
const KILL_WHO_WAIT_MS = 1_000;
const ADMINS_EVERY_MS = 10 * 60_000;
const MOST_ADMINS = 100;
const PERSON_WAIT_MS = 5_000;
const MOST_REASON_CHARACTERS = 300;

export interface StopDependencies {
  readonly tenantId: string;
  readonly speaker: Speaker;
  readonly desk: Desk;
  readonly approvals: Approvals;
  readonly killSwitch: KillSwitch;
  /** The row itself: a drill looks at it as another instance would. */
  readonly latch: LatchStore;
  readonly catalogue: Catalogue;
  readonly callers: Callers;
  readonly whoIsWho: WhoIsWho;
  readonly roster: AdminRoster;
  readonly conversations: ConversationStore;
  readonly ledger: Ledger;
  readonly digestKey: DigestKey;
  readonly clock: Clock;
  readonly behind: (work: Promise<void>) => void;
  readonly onError: (error: unknown) => void;
}

/** What admins do from chat: stop Steward, propose to revive it, drill it. */
export class StopCommands {
  readonly #with: StopDependencies;
  /** Ids of messages that killed, newest last. */
  readonly #kills = new Set<string>();
  #adminsReadMs: number | undefined;

  constructor(dependencies: StopDependencies) {
    this.#with = dependencies;
  }

  /**
   * `kill …`, by an admin. Waits for neither queue nor model nor state, and for the directory a second at most. `kill all`
   * resolves no name.
   */
  async kill(context: TurnContext, sender: InternalId, words: KillWords | undefined, why: string): Promise<void> {
    const { digestKey, ledger, onError, speaker } = this.#with;
    const [isNew, admin] = await Promise.all([this.#isNewKill(context), this.#isAdminForKill(sender)]);
    // A redelivery must not kill again what two admins have revived since.
    if (!isNew) return;
    const person = digestKey.digest(sender.digest());
    if (admin === undefined) {
      await ledger.record({ kind: 'refusal', turn: '', person, code: 'KILL_NOT_ADMIN', details: [] }).catch(onError);
      return tellCode(speaker, context, 'KILL_NOT_ADMIN');
    }
    const what = words === undefined ? { problem: en.kill.unknownScope } : words.scope === 'all' ? words : await this.#thing(context, words);
    if ('problem' in what) return tell(speaker, context, what.problem);
    await this.#stop(context, what, { digest: person, name: admin.name, reason: why.slice(0, MOST_REASON_CHARACTERS) }, sender);
  }

  async #stop(context: TurnContext, what: KillWhat, by: By, sender: InternalId): Promise<void> {
    const { approvals, desk, killSwitch, ledger, onError, speaker } = this.#with;
    const { epoch, stored } = await killSwitch.kill(by, what);
    const one = what.scope === 'all' ? undefined : { ...what, epoch, at: new Date(0), by: '', byName: '', reason: '', lifted: false };
    const level = what.scope === 'all' ? what.level : 'full';
    // Each for itself: a channel that does not answer must not keep cards alive, nor the ledger the answer away.
    await Promise.all([
      tell(speaker, context, killedSentence(what, stored)).catch(onError),
      ledger.record({ kind: 'latch', change: 'stopped', level, epoch, person: by.digest, ...(one && { scope: one.scope, key: one.key }) }).catch(onError),
      approvals.killPending(one && [one]).catch(onError),
      desk.tellAdmins(en.kill.told(plain(by.name), toldWhat(what)), sender).catch(onError),
    ]);
  }

  /** What is meant by words that name one thing; a problem says what is wrong with them. */
  async #thing(context: TurnContext, words: Exclude<KillWords, { scope: 'all' }>): Promise<Pick<Stop, 'scope' | 'key' | 'label'> | { readonly problem: string }> {
    switch (words.scope) {
      case 'model':
        return { scope: 'model', key: '', label: '' };
      case 'conversation':
        return { scope: 'conversation', key: conversationKey(context.activity.conversation.id), label: '' };
      case 'action': {
        const action = actionCalled(this.#with.catalogue, words.named);
        return action === undefined ? { problem: en.kill.noSuchAction } : { scope: 'action', key: action.name, label: '' };
      }
      case 'person': {
        const id = await within(this.#with.whoIsWho.find(words.named).catch(() => 'unreadable' as const), PERSON_WAIT_MS);
        if (id === undefined || id.value === 'unreadable') return { problem: en.kill.directoryDown };
        if (id.value === undefined) return { problem: en.kill.noSuchPerson };
        const facts = await this.#with.whoIsWho.describe(id.value, 'brief').catch(() => undefined);
        return { scope: 'person', key: id.value.digest(), label: facts?.displayName ?? words.named };
      }
    }
  }

  /** The directory decides, if it answers soon; else what was read in the last 24 h. */
  async #isAdminForKill(sender: InternalId): Promise<{ readonly name: string } | undefined> {
    const who = await within(this.#with.callers.who(sender, 'now'), KILL_WHO_WAIT_MS);
    if (who === undefined || who.value instanceof StewardError) return (await this.#with.roster.wasAdmin(sender).catch(() => false)) ? { name: '' } : undefined;
    const facts = who.value;
    return facts !== undefined && facts.roles.includes('admin') && facts.enabled && !facts.guest ? { name: facts.displayName } : undefined;
  }

  /** Whether this kill was not seen before. Storage may say so within a moment; if it does not, the kill counts. */
  async #isNewKill(context: TurnContext): Promise<boolean> {
    const { conversation, id = '' } = context.activity;
    if (this.#kills.has(id)) return false;
    this.#kills.add(id);
    if (this.#kills.size > MOST_KILLS_REMEMBERED) this.#kills.delete(this.#kills.values().next().value ?? '');
    const noted = this.#with.conversations.receive({ conversationId: conversation.id, activityId: id, place: placeOf(context.activity, this.#with.tenantId) });
    const isNew = (await within(noted.catch(() => true), KILL_NOTE_WAIT_MS))?.value ?? true;
    if (isNew) this.#with.behind(this.#with.conversations.answered(conversation.id, id));
    return isNew;
  }

  /** `revive … because …`: proposes it to the other admins, on a card. */
  async revive(context: TurnContext, person: PersonFacts, words: ReviveWords, reason: string): Promise<void> {
    const { desk, killSwitch, speaker, whoIsWho } = this.#with;
    // Fresh: an admin who was removed a moment ago proposes nothing.
    const fresh = await whoIsWho.describe(person.id, 'now');
    if (fresh === undefined || !isActiveAdmin(fresh)) return tellCode(speaker, context, 'KILL_NOT_ADMIN');
    const reading = await killSwitch.read();
    if (stopOf(reading.stops, { people: [person.id] }) !== undefined) return tellCode(speaker, context, 'STOPPED_PERSON');
    if (reading.latch === undefined) return tell(speaker, context, en.status.missing);
    const what = await this.#reviveWhat(context, words, reading);
    if ('problem' in what) return tell(speaker, context, what.problem);
    if (reason === '') return tellCode(speaker, context, 'REVIVE_NEEDS_REASON');
    const { activity } = context;
    const subject = { kind: 'revive' as const, reason: reason.slice(0, MOST_REASON_CHARACTERS), what, stillStopped: stillStopped(reading.stops, what) };
    try {
      const request = { subject, by: 'second person' as const, requester: fresh, place: placeOf(activity, this.#with.tenantId), requestActivityId: activity.id ?? '', turn: '' };
      const { asked } = await desk.askOthers(context, request, 'admin');
      await tell(speaker, context, en.kill.proposed(listOf(asked)));
    } catch (error) {
      if (errorCode(error) !== 'APPROVAL_NOBODY_REACHABLE') throw error;
      await tell(speaker, context, en.kill.nobody);
    }
  }

  async #reviveWhat(context: TurnContext, words: ReviveWords, { level, stops }: LatchReading): Promise<ReviveWhat | { readonly problem: string }> {
    if (words.scope === 'all') return level === 'full' ? { problem: en.errors.REVIVE_NOT_KILLED } : { scope: 'all', level: words.level };
    const what = await this.#thing(context, words);
    if ('problem' in what) return what;
    const stop = stops.find((each) => isSame(each, what) && !each.lifted);
    return stop === undefined ? { problem: en.kill.notStopped } : { scope: what.scope, key: what.key, label: what.label || stop.label, epoch: stop.epoch };
  }

  /** `drill kill`: times the deployed latch with a step that does nothing. */
  async drill(context: TurnContext, person: PersonFacts): Promise<void> {
    const { clock, digestKey, killSwitch, latch, ledger, speaker, whoIsWho } = this.#with;
    const fresh = await whoIsWho.describe(person.id, 'now');
    if (fresh === undefined || !isActiveAdmin(fresh)) return tellCode(speaker, context, 'KILL_NOT_ADMIN');
    const digest = digestKey.digest(person.id.digest());
    const result = await drillKill({ killSwitch, latch, clock, by: { digest, name: fresh.displayName, reason: 'drill' } });
    await ledger.record({ kind: 'latch', change: 'drill', level: 'full', epoch: 0, person: digest, milliseconds: [result.here.maxMs, result.storedMs, result.elsewhere.maxMs].map((ms) => Math.ceil(Math.min(ms, Number.MAX_SAFE_INTEGER))) });
    await show(speaker, context, drillCard(result));
  }

  /** Keeps in mind who is admin, so that they can kill while the directory is down. Reads at most every ten minutes. */
  async rememberAdmins(): Promise<void> {
    const { clock, roster, whoIsWho } = this.#with;
    const nowMs = clock.monotonicMs();
    if (this.#adminsReadMs !== undefined && nowMs - this.#adminsReadMs < ADMINS_EVERY_MS) return;
    const admins = await whoIsWho.membersOf('admin', MOST_ADMINS);
    await Promise.all(admins.map((id) => roster.remember(id, true)));
    this.#adminsReadMs = nowMs;
  }
}

function killedSentence(what: KillWhat, stored: boolean): string {
  if (!stored) return what.scope === 'all' && what.level === 'off' ? en.kill.doneHereOnly : en.kill.stoppedHereOnly;
  switch (what.scope) {
    case 'all':
      return what.level === 'off' ? en.kill.done : en.kill.lowered[what.level];
    case 'model':
    case 'conversation':
      return en.kill.stopped[what.scope];
    case 'action':
      return en.kill.stopped.action(actionTitle(what.key));
    case 'person':
      return en.kill.stopped.person(plain(what.label));
  }
}

/** What is stopped, as a part of a sentence for other admins. */
function toldWhat(what: KillWhat): string {
  const words = en.kill.toldWhat;
  if (what.scope === 'all') return what.level === 'off' ? words.all : words[what.level];
  if (what.scope === 'action') return words.action(actionTitle(what.key));
  return what.scope === 'person' ? words.person(plain(what.label)) : words[what.scope];
}

/** What goes on being stopped after a revival, as people read it; names are made inert where they are shown. */
function stillStopped(stops: readonly Stop[], what: ReviveWhat): readonly string[] {
  const others = stops.filter((stop) => !stop.lifted && (what.scope === 'all' || !isSame(stop, what)));
  return others.map(({ key, label, scope }) => (scope === 'action' ? en.kill.names.action(actionTitle(key)) : scope === 'person' ? label : en.kill.names[scope]));
}

function plain(name: string): string {
  return plainInMarkdown(inert(name));
}
