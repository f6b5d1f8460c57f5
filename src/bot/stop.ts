import type { TurnContext } from 'botbuilder';
import type { InternalId } from '../actions/internal-id.ts';
import type { Ledger } from '../audit/ledger.ts';
import type { DigestKey } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import { errorCode, StewardError } from '../errors.ts';
import type { Approvals } from '../guard/approvals.ts';
import type { Ceiling } from '../guard/ceiling.ts';
import type { KillSwitch } from '../guard/kill-switch.ts';
import type { Limits } from '../guard/limits.ts';
import type { AdminRoster, PersonFacts, WhoIsWho } from '../guard/ports.ts';
import { placeOf } from './adapter.ts';
import type { Callers } from './callers.ts';
import { statusCard } from './cards/status-card.ts';
import { listOf, type Desk } from './desk.ts';
import type { ConversationStore } from './ports.ts';
import type { Speaker } from './say.ts';
import { show, tell, tellCode } from './tell.ts';
import { within } from './within.ts';
import { en } from './wording/en.ts';

const MOST_KILLS_REMEMBERED = 1_000;
/** A kill waits no longer than this to learn whether it is a redelivery. */
const KILL_NOTE_WAIT_MS = 250;
/** The directory decides whether somebody is an admin; when it takes longer, what was read in the last 24 h does. */
const KILL_WHO_WAIT_MS = 1_000;
const ADMINS_EVERY_MS = 10 * 60_000;
const MOST_ADMINS = 100;

export interface StopDependencies {
  readonly tenantId: string;
  readonly speaker: Speaker;
  readonly desk: Desk;
  readonly approvals: Approvals;
  readonly killSwitch: KillSwitch;
  readonly ceiling: Ceiling;
  readonly limits: Limits;
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

/** What admins do from chat: stop Steward, see how it stands, propose to revive it. */
export class StopCommands {
  readonly #with: StopDependencies;
  /** Ids of messages that killed, newest last. */
  readonly #kills = new Set<string>();
  #adminsReadMs: number | undefined;

  constructor(dependencies: StopDependencies) {
    this.#with = dependencies;
  }

  /** `kill all`, by an admin. Waits for neither queue nor model nor state, and for the directory a second at most. */
  async kill(context: TurnContext, sender: InternalId, scope: 'all' | 'other'): Promise<void> {
    const { approvals, digestKey, killSwitch, ledger, onError } = this.#with;
    const [isNew, admin] = await Promise.all([this.#isNewKill(context), this.#isAdminForKill(sender)]);
    // A redelivery must not kill again what two admins have revived since.
    if (!isNew) return;
    const person = digestKey.digest(sender.digest());
    if (admin === undefined) {
      await ledger.record({ kind: 'refusal', turn: '', person, code: 'KILL_NOT_ADMIN', details: [] }).catch(onError);
      return tellCode(this.#with.speaker, context, 'KILL_NOT_ADMIN');
    }
    if (scope !== 'all') return tell(this.#with.speaker, context, en.kill.unknownScope);
    const { epoch, stored } = await killSwitch.kill({ digest: person, name: admin.name, reason: 'kill all' });
    // Each for itself: a channel that does not answer must not keep cards alive, nor the ledger the answer away.
    await Promise.all([
      tell(this.#with.speaker, context, stored ? en.kill.done : en.kill.doneHereOnly).catch(onError),
      ledger.record({ kind: 'latch', level: 'off', epoch, person }).catch(onError),
      approvals.killPending().catch(onError),
    ]);
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

  /** `revive because …`: proposes it to the other admins, on a card. */
  async revive(context: TurnContext, person: PersonFacts, reason: string): Promise<void> {
    const { desk, killSwitch, whoIsWho } = this.#with;
    // Fresh: an admin who was removed a moment ago proposes nothing.
    const fresh = await whoIsWho.describe(person.id, 'now');
    if (fresh === undefined || !fresh.roles.includes('admin') || !fresh.enabled) return tellCode(this.#with.speaker, context, 'KILL_NOT_ADMIN');
    const { level, latch } = await killSwitch.read();
    if (level === 'full') return tellCode(this.#with.speaker, context, 'REVIVE_NOT_KILLED');
    if (latch === undefined) return tell(this.#with.speaker, context, en.status.missing);
    if (reason === '') return tellCode(this.#with.speaker, context, 'REVIVE_NEEDS_REASON');
    const { activity } = context;
    const subject = { kind: 'revive' as const, reason: reason.slice(0, 300), level: 'full' as const };
    try {
      const request = { subject, by: 'second person' as const, requester: fresh, place: placeOf(activity, this.#with.tenantId), requestActivityId: activity.id ?? '', turn: '' };
      const { asked } = await desk.askOthers(context, request, 'admin');
      await tell(this.#with.speaker, context, en.kill.proposed(listOf(asked)));
    } catch (error) {
      if (errorCode(error) !== 'APPROVAL_NOBODY_REACHABLE') throw error;
      await tell(this.#with.speaker, context, en.kill.nobody);
    }
  }

  /** `status`: what can be read is said; what can't is left out, but for the latch. */
  async status(context: TurnContext): Promise<void> {
    const { approvals, ceiling, killSwitch, limits } = this.#with;
    const [latch, requests, spend, raised] = await Promise.allSettled([killSwitch.read(), approvals.counts(), ceiling.status(), limits.raised()]);
    const read = {
      ...(latch.status === 'fulfilled' && { latch: latch.value }),
      ...(requests.status === 'fulfilled' && { requests: requests.value }),
      ...(spend.status === 'fulfilled' && { spend: spend.value }),
      ...(raised.status === 'fulfilled' && { raised: raised.value }),
    };
    await show(this.#with.speaker, context, statusCard(read));
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
