/** Effects that flow on both processes: plans over several people each, approved right before the kill. */
import { inspect } from 'node:util';
import { APPROVE, cardOf, hasCard, isAlive, shown } from '../../test/stories/harness/cards.ts';
import type { Received } from '../../test/stories/harness/connector.ts';
import type { Persona } from '../../test/stories/harness/journal.ts';
import { calls, says, type ModelRequest, type Reply } from '../../test/stories/harness/model.ts';
import type { Chat } from '../../test/stories/harness/teams.ts';
import { until } from '../../test/stories/harness/wait.ts';
import type { Chance } from '../random.ts';
import { BOTH, isRefusal, type Stage, type Which } from './stage.ts';

/** Enough to keep a process busy with one effect or another while the kill comes. */
const PLANS_A_PROCESS = 2;
const TARGETS_A_PLAN = 5;
/** How long Graph takes for an effect: time in which a kill finds it on the wire. */
const EFFECT_MS = 180;
const CARD_MS = 20_000;
const REASON = 'their laptops were stolen on the train';
const FOUND = /\bperson_[a-z2-7]{6,40}\b/;

/** What was made of one person's plan. */
export interface Plan {
  readonly name: string;
  /** The process that carries it out. */
  readonly at: Which;
  readonly chats: readonly [Chat, Chat];
  readonly targets: readonly Persona[];
  /** What the model was given for them, in their order. */
  handles: readonly string[];
}

/** A plan in a round, and its card. */
export interface Asked {
  readonly plan: Plan;
  readonly card: Received;
}

export class Load {
  readonly #stage: Stage;
  readonly plans: readonly Plan[];
  /** Asked for in each round and not approved before the kill. */
  readonly waiting: Plan;

  constructor(stage: Stage) {
    this.#stage = stage;
    const { two } = stage;
    const people = [...two.colleagues];
    const take = (count: number): readonly Persona[] => people.splice(0, count);
    const helpdesk = [two.person('employee,helpdesk'), two.person('employee,helpdesk', 1), two.person('employee,helpdesk,approver')];
    const plan = (name: string, at: Which, person: Persona, targets: readonly Persona[]): Plan => ({ name, at, chats: two.chats(person), targets, handles: [] });
    const [first] = helpdesk;
    if (first === undefined || people.length <= BOTH.length * PLANS_A_PROCESS * TARGETS_A_PLAN) throw new Error('there are too few people');
    this.plans = BOTH.flatMap((at) => helpdesk.slice(0, PLANS_A_PROCESS).map((person, index) => plan(`plan${at}${index}`, at, person, take(TARGETS_A_PLAN))));
    this.waiting = plan('planwait', 0, first, take(1));
    two.cloud.faults.post({ service: 'graph', kind: 'delay', method: 'PATCH', path: '/users/', delayMs: EFFECT_MS });
  }

  /** Asks for all plans at once, up to their cards. */
  async ask(): Promise<{ readonly running: readonly Asked[]; readonly waiting: Asked }> {
    const { model } = this.#stage.two;
    await this.#stage.freeLimits();
    // Requests are kept until then, and are large.
    model.forget();
    model.always((request) => this.#answer(request));
    const [waiting, ...running] = await Promise.all([this.waiting, ...this.plans].map((plan) => this.#askOne(plan)));
    if (waiting === undefined) throw new Error('nothing was asked');
    return { running, waiting };
  }

  /** The model is not told whom a name stands for again. */
  async #askOne(plan: Plan): Promise<Asked> {
    const { cards, two } = this.#stage;
    for (const target of plan.targets) two.company.changeUser(target.aadObjectId, { accountEnabled: true });
    const since = cards.position;
    const chat = plan.chats[plan.at];
    const posted = await chat.post(chat.message(`Block the people of ${plan.name} because ${REASON}`));
    if (posted.status >= 300) throw new Error(`${plan.name} was answered ${posted.status}: ${posted.text}`);
    const isCard = (received: Received): boolean => hasCard(received) && isAlive(cardOf(received));
    const answered = await until(() => cards.since(since).find((received) => received.conversationId === chat.id && (isCard(received) || isRefusal(received))), CARD_MS, `no answer to ${plan.name}`);
    if (!isCard(answered)) throw new Error(`no card for ${plan.name}, but: ${shown(answered).slice(0, 300)}`);
    return { plan, card: answered };
  }

  /** Approves all that run, in any order. Resolves, when every click was answered, to how many were answered with the card. */
  async approve(asked: readonly Asked[], chance: Chance): Promise<number> {
    const shuffled = asked.map((each) => ({ each, order: chance.next() })).sort((one, other) => one.order - other.order);
    const clicks = await Promise.all(shuffled.map(({ each: { card, plan } }) => plan.chats[plan.at].press(plan.chats[plan.at].invoke(card, APPROVE)).catch(() => undefined)));
    return clicks.filter((click) => click?.card !== undefined).length;
  }

  /** Finds everybody of a plan the first time, and proposes to block them. */
  #answer(request: ModelRequest): Reply {
    const name = /\bplan(?:wait|\d\d)\b/.exec(request.last('user'))?.[0];
    const plan = [this.waiting, ...this.plans].find((each) => each.name === name);
    if (plan === undefined) return says('Hello.');
    if (plan.handles.length === 0) {
      const results = request.texts('tool').slice(-plan.targets.length);
      if (results.length < plan.targets.length) return calls(...plan.targets.map((target) => ({ name: 'find_person', arguments: { name: target.name } })));
      const handles = results.map((result) => FOUND.exec(result)?.[0]);
      if (!handles.every((handle) => handle !== undefined)) throw new Error(`nobody was found in ${inspect(results)}`);
      plan.handles = handles;
    }
    return calls(...plan.handles.map((person) => ({ name: 'block_sign_in', arguments: { person, reason: REASON } })));
  }
}
