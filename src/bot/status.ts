import type { TurnContext } from 'botbuilder';
import type { LedgerCheck } from '../audit/ledger-check.ts';
import type { Approvals } from '../guard/approvals.ts';
import type { Ceiling } from '../guard/ceiling.ts';
import type { KillSwitch } from '../guard/kill-switch.ts';
import type { Limits } from '../guard/limits.ts';
import type { PersonFacts } from '../guard/ports.ts';
import { audienceOf, statusCard, type Standing, type Versions } from './cards/status-card.ts';
import type { Speaker } from './say.ts';
import { show } from './tell.ts';
import { within } from './within.ts';

/** What takes longer is said to be unreadable: who asks how Steward stands may be asking because something hangs. */
const READ_WITHIN_MS = 3_000;

export interface StatusDependencies {
  readonly speaker: Speaker;
  readonly approvals: Approvals;
  readonly killSwitch: KillSwitch;
  readonly ceiling: Ceiling;
  readonly limits: Limits;
  readonly robotStanding: () => Promise<NonNullable<Standing['robot']>>;
  readonly ledgerCheck: LedgerCheck;
  readonly versions: Versions;
}

/** `status`: how Steward stands. */
export class StatusCommand {
  readonly #with: StatusDependencies;

  constructor(dependencies: StatusDependencies) {
    this.#with = dependencies;
  }

  /** What can be read is said; what can't, or not soon, is said to be unreadable. */
  async show(context: TurnContext, person: PersonFacts): Promise<void> {
    const { approvals, ceiling, killSwitch, ledgerCheck, limits, robotStanding, versions } = this.#with;
    const own = async (): Promise<{ readonly pending: number }> => ({ pending: (await approvals.pendingFor(person)).asked.length + (await approvals.pendingOf(context.activity.conversation.id, person)).filter(({ by }) => by === 'requester').length });
    const [latch, mine, requests, spend, raised, robot] = await Promise.all([soon(killSwitch.read()), soon(own()), soon(approvals.counts()), soon(ceiling.status()), soon(limits.raised()), soon(robotStanding())]);
    const standing: Standing = {
      ...(latch && { latch }),
      ...(mine && { own: mine }),
      ...(requests && { requests }),
      ...(spend && { spend }),
      ...(raised && { raised }),
      ...(robot && { robot }),
      audit: ledgerCheck.last ?? 'never',
      versions,
    };
    await show(this.#with.speaker, context, statusCard(standing, audienceOf(person.roles)));
  }
}

async function soon<T>(reading: Promise<T>): Promise<T | undefined> {
  return (await within(reading.catch(() => undefined), READ_WITHIN_MS))?.value;
}
