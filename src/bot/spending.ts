import type { TurnContext } from 'botbuilder';
import type { Ledger } from '../audit/ledger.ts';
import type { DigestKey } from '../audit/record.ts';
import { errorCode, StewardError } from '../errors.ts';
import type { Ceiling, SpendNotice } from '../guard/ceiling.ts';
import type { KillSwitch } from '../guard/kill-switch.ts';
import { parseUsd } from '../guard/money.ts';
import type { PersonFacts, WhoIsWho } from '../guard/ports.ts';
import { isActiveAdmin, isSameHuman } from '../guard/who-decides.ts';
import { usd } from './commands.ts';
import type { Desk } from './desk.ts';
import { inertName, type Speaker } from './say.ts';
import { tell, tellCode } from './tell.ts';
import { en } from './wording/en.ts';

const MOST_REASON_CHARACTERS = 200;

export interface SpendDependencies {
  readonly ceiling: Ceiling;
  readonly desk: Pick<Desk, 'tellAdmins'>;
  readonly digestKey: DigestKey;
  readonly killSwitch: KillSwitch;
  readonly ledger: Ledger;
  readonly speaker: Speaker;
  readonly whoIsWho: WhoIsWho;
}

/** `raise spending of SIGN-IN-NAME to 5 because REASON`, as it was written. */
export interface RaiseWords {
  readonly who: string;
  readonly usd: string;
  readonly reason: string;
}

/** What admins do about money from chat. */
export class SpendCommands {
  readonly #with: SpendDependencies;

  constructor(dependencies: SpendDependencies) {
    this.#with = dependencies;
  }

  /** Raises what one person may spend today. By an admin, not for themselves; says what came of it. */
  async raise(context: TurnContext, admin: PersonFacts, { reason, usd: amount, who }: RaiseWords): Promise<void> {
    const { ceiling, desk, digestKey, killSwitch, ledger, speaker, whoIsWho } = this.#with;
    try {
      // Fresh: an admin who was removed a moment ago raises nothing.
      const fresh = await whoIsWho.describe(admin.id, 'now');
      if (fresh === undefined || !isActiveAdmin(fresh)) throw new StewardError('KILL_NOT_ADMIN', 'only an admin raises what is spent');
      await killSwitch.assertAlive({ people: [fresh.id], conversation: context.activity.conversation.id });
      const toMicroUsd = parseUsd(amount);
      if (toMicroUsd === undefined) return await tell(speaker, context, en.spending.notAnAmount);
      if (reason.trim() === '') return await tell(speaker, context, en.spending.needsReason);
      const id = await whoIsWho.find(who);
      const person = id && (await whoIsWho.describe(id, 'now'));
      if (person?.enabled !== true || person.guest) return await tell(speaker, context, en.spending.noSuchPerson);
      if (isSameHuman(fresh, person)) return await tell(speaker, context, en.spending.notForOneself);
      const problem = ceiling.raiseProblem(toMicroUsd);
      if (problem !== undefined) return await tell(speaker, context, en.spending.problems[problem]);
      const today = ceiling.today();
      await ledger.record({ kind: 'spending', day: today.day, target: digestKey.digest(person.id.digest()), toMicroUsd, person: digestKey.digest(fresh.id.digest()) });
      await ceiling.raiseDay(person.id, toMicroUsd, today);
      await tell(speaker, context, en.spending.raised(inertName(person.displayName), usd(toMicroUsd)));
      void desk.tellAdmins(en.spending.told(inertName(fresh.displayName), inertName(person.displayName), usd(toMicroUsd), inertName(reason.slice(0, MOST_REASON_CHARACTERS))), fresh.id);
    } catch (error) {
      await this.#refuse(context, admin, error);
    }
  }

  async #refuse(context: TurnContext, admin: PersonFacts, error: unknown): Promise<void> {
    const { digestKey, ledger, speaker } = this.#with;
    const code = errorCode(error);
    if (code === 'UNEXPECTED') throw error;
    await ledger.record({ kind: 'refusal', turn: '', person: digestKey.digest(admin.id.digest()), code, details: [] }).catch(() => undefined);
    await tellCode(speaker, context, code);
  }
}

/** What admins are told when something happens to the money. */
export function noticeText(notice: SpendNotice): string {
  const words = en.spending.notices;
  switch (notice.kind) {
    case 'month':
      return words.month(notice.percent, usd(notice.monthMicroUsd), usd(notice.monthCapMicroUsd));
    case 'overrun':
      return words.overrun(notice.booked);
    case 'other model':
      return words.otherModel(inertName(notice.reported), notice.expected, notice.booked);
  }
}
