/**
 * Clicks over real HTTP on two processes of the production bundle that share a cloud: in parallel, by everybody and in
 * every forged form at once, and one after the other.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { quantile, round } from '../bench/lib/figures.ts';
import { APPROVE, buttonOf, cardOf } from '../test/stories/harness/cards.ts';
import { isObject } from '../test/stories/harness/json.ts';
import type { Persona } from '../test/stories/harness/journal.ts';
import type { Chat, Click } from '../test/stories/harness/teams.ts';
import { until } from '../test/stories/harness/wait.ts';
import { Two, type Asked } from './guard-clicks/two.ts';
import type { Proof } from './proof.ts';
import { chanceOf, type Chance } from './random.ts';

/** As many as are promised; `--count` asks for fewer or more rounds. */
const ROUNDS = 200;
const CLICKS_A_ROUND = 50;
/** An action may run ten times in an hour for one person. */
const FORGET_LIMITS_EVERY = 5;
/** An effect that is going to happen has happened by then. */
const EFFECT_MS = 20_000;
const QUIET_MS = 250;
/** How long one's own card waits for its click. */
const CONFIRM_TTL_MS = 10 * 60_000;
/** Only with so many rounds the proof takes long enough that waiting for a card to expire is worth it. */
const ROUNDS_TO_WAIT_FOR_LATE = 100;
/** What a click says that took too long to be decided; Steward goes on with it behind. */
const STILL_CHECKING = /still checking/i;

type Press = readonly [kind: string, chat: Chat, value: (asked: Asked) => Record<string, unknown>];

export const proof: Proof = {
  claim: 'one click counts, once, by the right person on the card that Steward sent; every other one has no effect and is refused privately',
  async run({ seed, count = ROUNDS, progress }) {
    const two = await Two.start();
    const run = new Run(two, seed);
    try {
      return await run.all(count, progress);
    } finally {
      await two.stop();
    }
  },
};

class Run {
  readonly #two: Two;
  readonly #seed: number;
  readonly #violations: string[] = [];
  readonly #counts: Record<string, number> = {};
  readonly #latenciesMs: number[] = [];
  #asked = 0;

  constructor(two: Two, seed: number) {
    this.#two = two;
    this.#seed = seed;
  }

  async all(rounds: number, progress: (text: string) => void): Promise<{ readonly counts: Readonly<Record<string, number>>; readonly violations: readonly string[] }> {
    const two = this.#two;
    const helpdesk = two.chats(two.person('employee,helpdesk'));
    const approver = two.chats(two.person('employee,approver'));
    // A personal chat is where the second person can be reached.
    await approver[0].install();
    await sleep(QUIET_MS);
    const late = rounds >= ROUNDS_TO_WAIT_FOR_LATE ? { asked: await two.ask(0, two.chats(two.person('employee,helpdesk')), this.#colleague()), atMs: performance.now() } : undefined;

    await this.#oneByOne(helpdesk, approver, progress);
    for (let index = 0; index < rounds; index += 1) {
      if (index % FORGET_LIMITS_EVERY === 0) await two.forgetLimits();
      await this.#parallel(index, helpdesk, approver);
      if (index % 10 === 9) progress(`${index + 1} rounds, violations: ${this.#violations.length}`);
    }
    if (late !== undefined) {
      const leftMs = CONFIRM_TTL_MS + 2_000 - (performance.now() - late.atMs);
      progress(`waiting ${Math.max(0, Math.round(leftMs / 1000))} s for a card to expire`);
      await sleep(Math.max(0, leftMs));
      await two.forgetLimits();
      for (const chat of late.asked.chats) await this.#hostile('late', chat, (asked) => chat.invoke(asked.card, APPROVE), late.asked);
    }
    await this.#changed(approver, progress);
    const figures = { p50: quantile(this.#latenciesMs, 0.5), p99: quantile(this.#latenciesMs, 0.99), max: quantile(this.#latenciesMs, 1) };
    return {
      counts: { rounds, 'clicks a round': CLICKS_A_ROUND, ...this.#counts, 'a click in a round answered, p50 ms': round(figures.p50, 0), 'p99 ms': round(figures.p99, 0), 'longest ms': round(figures.max, 0) },
      violations: this.#violations,
    };
  }

  #colleague(): Persona {
    const { colleagues } = this.#two;
    const found = colleagues[(this.#asked += 1) % colleagues.length];
    if (found === undefined) throw new Error('there are no colleagues');
    return found;
  }

  #add(what: string, number = 1): void {
    this.#counts[what] = (this.#counts[what] ?? 0) + number;
  }

  // --- many at once ------------------------------------------------------------------------------------------------

  async #parallel(index: number, helpdesk: readonly [Chat, Chat], approver: readonly [Chat, Chat]): Promise<void> {
    const two = this.#two;
    const chance = chanceOf(this.#seed, index);
    const label = `seed ${this.#seed}, round ${index}`;
    const second = index % 2 === 1;
    const target = second ? two.person('employee,vip') : this.#colleague();
    let asked: Asked;
    try {
      asked = await two.ask(chance.is(0.5) ? 0 : 1, helpdesk, target, second ? approver : undefined);
    } catch (error) {
      this.#violations.push(`${label}: ${String(error)}`);
      return;
    }
    const presses = Array.from({ length: CLICKS_A_ROUND }, () => this.#onePress(chance, asked));
    // The right person clicks at both processes, whatever chance says.
    presses[0] = rightful(asked, 0);
    presses[1] = rightful(asked, 1);
    const clicks = await Promise.all(presses.map(async ([kind, chat, value]) => ({ kind, click: await chat.press(value(asked)) })));
    let taken = 0;
    let slow = 0;
    for (const { click, kind } of clicks) {
      this.#latenciesMs.push(click.durationMs);
      this.#add(`clicks in rounds by ${kind}`);
      if (kind === RIGHTFUL && click.card !== undefined) {
        taken += 1;
        continue;
      }
      if (STILL_CHECKING.test(click.privately ?? '')) slow += 1;
      const problem = problemWith(click);
      if (problem !== undefined) this.#violations.push(`${label}: a click by ${kind} was answered ${problem}`);
    }
    await until(() => two.hasEffects(), EFFECT_MS, 'no effect came').catch(() => undefined);
    const outcome = await two.over(asked).catch(String);
    const effects = two.effects();
    if (effects.length !== 1 || effects[0]?.path.endsWith(`/users/${target.aadObjectId}`) !== true) this.#violations.push(`${label}: ${effects.length} effects instead of one: ${JSON.stringify(effects)}; the card says ${outcome.slice(0, 200)}`);
    // A winner that took longer than a click may is told so, and carried through.
    if (taken > 1 || (taken === 0 && slow === 0)) this.#violations.push(`${label}: ${taken} clicks were answered with the card`);
    this.#add('rounds with exactly one effect', effects.length === 1 ? 1 : 0);
    this.#add('rounds whose one click was answered with the card', taken === 1 ? 1 : 0);
    this.#add('clicks told that they are still being checked', slow);
  }

  #onePress(chance: Chance, asked: Asked): Press {
    const at = chance.is(0.5) ? 0 : 1;
    if (chance.is(0.4)) return rightful(asked, at);
    return chance.one(this.#hostilePresses(asked, at));
  }

  /** Everything that must not count, on a card that waits. */
  #hostilePresses(asked: Asked, at: 0 | 1): readonly Press[] {
    const two = this.#two;
    const decider = asked.deciders[at];
    const requester = asked.chats[at];
    const isSecond = decider.id !== requester.id;
    const bystanders = [two.person('employee'), two.person('employee,helpdesk', 1), two.person('employee,admin'), asked.target, ...(isSecond ? [requester.person, two.named('adm-hvirtanen')] : [two.person('employee,approver')])];
    const stranger = two.person('');
    const elsewhere = two.chats(decider.person)[at];
    const group = two.chats(decider.person, 'groupChat')[at];
    const action = (): Readonly<Record<string, unknown>> => buttonOf(cardOf(asked.card), APPROVE).action;
    const data = (): Readonly<Record<string, unknown>> => {
      const found = action()['data'];
      return isObject(found) ? found : {};
    };
    const reference = (): string => String(data()['reference']);
    const withData = (changed: unknown) => ({ card }: Asked): Record<string, unknown> => decider.invokeWith(card.activityId, { ...action(), data: changed });
    const as = (kind: string, person: Persona): Press => [kind, decider.as(person), ({ card }) => decider.as(person).invoke(card, APPROVE)];
    return [
      ...bystanders.map((person) => as(person === requester.person ? 'the requester as second person' : person.name === 'adm-hvirtanen' ? 'the requester’s second account' : 'a bystander', person)),
      as('a guest', two.person('guest')),
      as('another tenant', stranger),
      as('another tenant that claims this one', { ...stranger, tenantId: two.cloud.tenantId }),
      as('another tenant under the name of the right person', { ...stranger, tenantId: two.cloud.tenantId, name: decider.person.name, teamsId: decider.person.teamsId }),
      ['a copy in another chat', elsewhere, ({ card }) => elsewhere.invokeWith(card.activityId, action())],
      ['a copy in a group', group, ({ card }) => group.invokeWith(card.activityId, action())],
      ['a copy in another message', decider, () => decider.invokeWith('1:zzzzzzzz', action())],
      ['no message at all', decider, ({ card }) => ({ ...decider.invokeWith(card.activityId, action()), replyToId: undefined })],
      ['an edited payload', decider, withData({ ...data(), approved: true })],
      ['an edited payload', decider, withData({ ...data(), person: 'person_aaaaaaaaaaaa' })],
      ['an edited payload', decider, withData([data()])],
      ['an edited payload', decider, withData(JSON.stringify(data()))],
      ['an edited payload', decider, withData(undefined)],
      ['an edited reference', decider, withData({ reference: `${reference()}x` })],
      ['an edited reference', decider, withData({ reference: reference().slice(0, -1) })],
      ['an edited reference', decider, withData({ reference: [reference()] })],
      ['an edited reference', decider, withData({ reference: randomUUID() })],
      ['an edited verb', decider, ({ card }) => decider.invokeWith(card.activityId, { ...action(), verb: 'steward/execute' })],
      ['an edited verb', decider, ({ card }) => decider.invokeWith(card.activityId, { ...action(), verb: 'steward/settle-done' })],
      ['an edited verb', decider, ({ card }) => decider.invokeWith(card.activityId, { ...action(), verb: undefined })],
      ['no action', decider, ({ card }) => decider.invokeWith(card.activityId, null)],
    ];
  }

  // --- one by one --------------------------------------------------------------------------------------------------

  async #oneByOne(helpdesk: readonly [Chat, Chat], approver: readonly [Chat, Chat], progress: (text: string) => void): Promise<void> {
    const two = this.#two;
    for (const decider of [undefined, approver]) {
      const target = decider === undefined ? this.#colleague() : two.person('employee,vip');
      const asked = await two.ask(0, helpdesk, target, decider);
      for (const at of [0, 1] as const) for (const [kind, chat, value] of this.#hostilePresses(asked, at)) await this.#hostile(kind, chat, value, asked);
      // Whatever was tried, the rightful click still works; and the same click again, at either process, does not.
      const [, chat, value] = rightful(asked, 1);
      const invoke = value(asked);
      const double = await Promise.all([chat.press(invoke), chat.press(invoke)]);
      if (double.filter(({ card }) => card !== undefined).length !== 1) this.#violations.push(`a double click was answered with the card ${double.filter(({ card }) => card !== undefined).length} times`);
      await two.over(asked);
      const effects = two.effects();
      if (effects.length !== 1) this.#violations.push(`a double click had ${effects.length} effects`);
      this.#add('double clicks');
      for (const again of asked.deciders) await this.#hostile('replay of a click that counted', again, () => invoke, asked);
      for (const again of asked.deciders) await this.#hostile('another click after the end', again, () => ({ ...invoke, id: `f:${randomUUID()}` }), asked);
      progress(`one by one, ${decider === undefined ? 'own confirmation' : 'second person'}: violations: ${this.#violations.length}`);
    }
  }

  /** Last, for what was read of somebody is remembered for a minute: each time somebody else asks. */
  async #changed(approver: readonly [Chat, Chat], progress: (text: string) => void): Promise<void> {
    const two = this.#two;
    const vip = two.person('employee,vip');
    const [first, other, both] = [two.chats(two.person('employee,helpdesk')), two.chats(two.person('employee,helpdesk', 1)), two.chats(two.person('employee,helpdesk,approver'))];
    await two.forgetLimits();
    await this.#revoked('the requester’s role is revoked after the card', await two.ask(1, first, this.#colleague()), first[0].person);
    await this.#revoked('the requester’s role is revoked after the card', await two.ask(0, other, vip, approver), other[0].person);
    await this.#revoked('the approver’s role is revoked after the card', await two.ask(0, both, vip, approver), approver[0].person);
    const disabled = await two.ask(1, both, vip, approver);
    two.company.changeUser(approver[0].person.aadObjectId, { accountEnabled: false });
    for (const at of [0, 1] as const) await this.#hostile('the approver’s account is blocked after the card', rightful(disabled, at)[1], rightful(disabled, at)[2], disabled);
    progress(`what changed after the card: violations: ${this.#violations.length}`);
  }

  /** The directory says, from now on, that this person is in no group. */
  async #revoked(kind: string, asked: Asked, person: Persona): Promise<void> {
    const { faults } = this.#two.cloud;
    faults.post({ service: 'graph', kind: 'body', path: `/users/${person.aadObjectId}/.*memberOf`, body: { value: [] } });
    for (const at of [0, 1] as const) await this.#hostile(kind, rightful(asked, at)[1], rightful(asked, at)[2], asked);
    faults.clear();
  }

  /** A click that must have no effect and be refused where only the clicker sees it. */
  async #hostile(kind: string, chat: Chat, value: (asked: Asked) => Record<string, unknown>, asked: Asked): Promise<void> {
    const click = await chat.press(value(asked));
    const problem = problemWith(click);
    if (problem !== undefined) this.#violations.push(`one by one, ${kind}: answered ${problem}`);
    await sleep(QUIET_MS);
    const effects = this.#two.effects();
    if (effects.length > 0) this.#violations.push(`one by one, ${kind}: ${JSON.stringify(effects)}`);
    this.#add(`one by one: ${kind}`);
  }
}

const RIGHTFUL = 'the right person';

function rightful(asked: Asked, at: 0 | 1): Press {
  const chat = asked.deciders[at];
  return [RIGHTFUL, chat, ({ card }) => chat.invoke(card, APPROVE)];
}

/** A refusal is a sentence for the clicker alone; whom Steward does not serve may be turned away at the door. */
function problemWith(click: Click): string | undefined {
  if (click.status >= 400 && click.status < 500) return undefined;
  if (click.status === 200 && click.statusCode === 200 && click.privately !== undefined && click.privately !== '' && click.card === undefined) return undefined;
  return `${click.status} ${click.text.slice(0, 150)}`;
}
