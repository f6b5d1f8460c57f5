/**
 * Judges every call of a handler and of the robot. Knows only what docs/policy.md says, which cards were shown with which
 * words on them, and who clicked on them where they stand. It asks nothing of the guard.
 */
import { InternalId } from '../../src/actions/internal-id.ts';
import type { LatchLevel, PersonFacts } from '../../src/guard/ports.ts';
import type { Company } from './people.ts';

/** What is done to people: the robot's verb, by the name of the action that leads to it. */
export const EFFECTS = ['block_sign_in', 'unblock_sign_in', 'revoke_sessions'] as const;
export type Effect = (typeof EFFECTS)[number];
const isEffect = (action: string): action is Effect => EFFECTS.some((effect) => effect === action);

/** What the cards call the actions. Read off them once, by a person. */
const TITLES: Readonly<Record<string, string>> = { block_sign_in: 'Block sign-in', unblock_sign_in: 'Allow sign-in again', revoke_sessions: 'End all sessions', find_person: 'Person found', show_person: 'Account', list_devices: 'Devices' };
/** Arguments of each action, by what they are. */
const ARGUMENTS: Readonly<Record<string, Readonly<Record<string, 'person' | number>>>> = {
  find_person: { name: 120 },
  show_person: { person: 'person' },
  list_devices: { person: 'person' },
  block_sign_in: { person: 'person', reason: 200 },
  unblock_sign_in: { person: 'person', reason: 200 },
  revoke_sessions: { person: 'person', reason: 200 },
};
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const OWN_CLICK_MS = 10 * MINUTE_MS;
const SECOND_CLICK_MS = 4 * HOUR_MS;
const OWN_EFFECT_MS = 30 * MINUTE_MS;
const MOST_AN_HOUR = 20;
const MOST_A_PERSON_AN_HOUR = 10;

/** A card as it was shown, and what became of it. */
export interface ShownCard {
  readonly activityId: string;
  readonly conversationId: string;
  /** On its buttons. */
  readonly reference: string;
  readonly words: string;
  readonly requester: PersonFacts;
  /** Whether it stands in the requester's own chat. */
  readonly own: boolean;
  readonly shownAtMs: number;
  readonly epoch: number;
  /** Who pressed the right button on it where it stands. */
  readonly pressedBy: { readonly person: PersonFacts; readonly atMs: number }[];
  declined: boolean;
  withdrawn: boolean;
  /** What was done in its name, so that nothing is done twice. */
  readonly used: Set<string>;
}

/** The turn that is being worked on: reads without a card are its person's. */
export interface RunningTurn {
  readonly person: PersonFacts;
  readonly personal: boolean;
  readonly untrusted: boolean;
}

interface Handled {
  readonly action: string;
  readonly target: InternalId | undefined;
  readonly words: readonly string[];
}

export class Bookkeeper {
  readonly violations: string[] = [];
  readonly effects: Record<string, number> = {};
  reads = 0;
  level: LatchLevel = 'full';
  epoch = 1;
  turn: RunningTurn | undefined;
  /** What is added to a violation, so that it can be found again. */
  label = '';
  readonly cards = new Map<string, ShownCard>();
  readonly #company: Company;
  readonly #nowMs: () => number;
  #handled: Handled[] = [];
  readonly #intents = new Map<string, number>();
  readonly #lastBlocks = new Map<string, { readonly requester: string; readonly atMs: number }>();
  readonly #done: { readonly effect: Effect; readonly requester: string; readonly hour: number }[] = [];

  constructor(company: Company, nowMs: () => number) {
    this.#company = company;
    this.#nowMs = nowMs;
  }

  violation(what: string): void {
    this.violations.push(`${this.label}: ${what}`);
  }

  /** An intent became durable. */
  intended(action: string, target: string): void {
    const key = `${action} ${target}`;
    this.#intents.set(key, (this.#intents.get(key) ?? 0) + 1);
  }

  /** A handler was called: are these arguments that a parser made? */
  handled(action: string, given: unknown, targetDigest: (id: InternalId) => string): void {
    const shape = ARGUMENTS[action];
    if (shape === undefined) return this.violation(`a handler of no known action was called: ${action}`);
    if (typeof given !== 'object' || given === null) return this.violation(`${action} was called with no arguments`);
    const entries = Object.entries(given);
    if (entries.map(([name]) => name).sort().join() !== Object.keys(shape).sort().join()) this.violation(`${action} was called with the arguments ${entries.map(([name]) => name).join()}`);
    const words: string[] = [];
    let target: InternalId | undefined;
    for (const [name, value] of entries) {
      const kind = shape[name];
      if (kind === 'person') {
        const { handle, id, kind: of, label } = (value ?? {}) as Readonly<Record<string, unknown>>;
        if (of !== 'person' || !(id instanceof InternalId) || typeof handle !== 'string' || !/^person_[a-z2-7]{6,40}$/.test(handle) || typeof label !== 'string') this.violation(`${action} was called with something that is no person`);
        else {
          target = id;
          words.push(label);
        }
        continue;
      }
      if (typeof value !== 'string' || value.trim() !== value || value === '' || value.length > (kind ?? 0) || /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u.test(value.replaceAll('\n', ' '))) this.violation(`${action} was called with an unparsed ${name}: ${JSON.stringify(value).slice(0, 80)}`);
      else words.push(value);
    }
    const key = `${action} ${target === undefined ? '' : targetDigest(target)}`;
    const left = this.#intents.get(key) ?? 0;
    if (left === 0) this.violation(`${action} ran without an intent in the ledger`);
    else this.#intents.set(key, left - 1);
    this.#handled.push({ action, target, words });
  }

  /** The robot was asked to act or to read. */
  async robot(action: string, id: unknown): Promise<void> {
    if (id !== undefined && !(id instanceof InternalId)) return this.violation(`the robot was given an id that is none, for ${action}`);
    const index = this.#handled.findIndex((handled) => handled.action === action && (handled.target === undefined ? id === undefined : id !== undefined && handled.target.equals(id)));
    const [handled] = index < 0 ? [] : this.#handled.splice(index, 1);
    if (handled === undefined) return this.violation(`the robot was asked twice, or by nobody: ${action}`);
    const target = handled.target && (await this.#company.describe(handled.target, 'now'));
    if (!isEffect(action)) return this.#judgeRead(handled, target);
    this.effects[action] = (this.effects[action] ?? 0) + 1;
    const why: string[] = [];
    for (const card of this.cards.values()) {
      for (const pressed of card.pressedBy) {
        const problem = await this.#problemWith(card, pressed, handled, action, target);
        if (problem === undefined) return this.#book(card, handled, action);
        why.push(problem);
      }
    }
    this.violation(`${action} on ${handled.words.join(' / ')} without an approval (${[...new Set(why)].slice(0, 3).join('; ') || 'nobody pressed anything'})`);
  }

  /** Whether this person's click may count on a card, as docs/policy.md has it. Declining has no effect: any approver may. */
  async mayPress(card: ShownCard, person: PersonFacts, declines = false): Promise<boolean> {
    const now = await this.#company.now(person);
    if (now === undefined || now.guest || !now.enabled) return false;
    if (card.own) return card.requester.id.equals(person.id);
    if (declines) return now.roles.includes('approver') && !person.id.equals(card.requester.id);
    const requester = await this.#company.now(card.requester);
    return now.roles.includes('approver') && now.employeeId !== undefined && requester?.employeeId !== undefined && now.employeeId !== requester.employeeId && !person.id.equals(card.requester.id);
  }

  // --- judging -----------------------------------------------------------------------------------------------------

  async #problemWith(card: ShownCard, pressed: ShownCard['pressedBy'][number], handled: Handled, action: string, target: PersonFacts | undefined): Promise<string | undefined> {
    if (!shows(card, handled)) return 'the card that was approved does not show it';
    if (card.used.has(keyOf(handled)) && isEffect(action)) return 'it was done before in the name of this card';
    if (card.declined || card.withdrawn) return 'the card was declined or withdrawn';
    const stopped = isEffect(action) ? this.level !== 'full' : this.level === 'off';
    if (stopped || card.epoch !== this.epoch) return `the latch is ${this.level} at ${this.epoch}`;
    if (pressed.atMs - card.shownAtMs >= (card.own ? OWN_CLICK_MS : SECOND_CLICK_MS)) return 'the click came too late';
    if (!(await this.mayPress(card, pressed.person))) return `${pressed.person.displayName} may not approve it`;
    const requester = await this.#company.now(card.requester);
    if (requester === undefined || requester.guest || !requester.enabled) return 'the requester may ask for nothing';
    if (!isEffect(action)) return undefined;
    if (!requester.roles.includes('helpdesk')) return 'the requester is no helpdesk';
    if (target === undefined || target.privileged || target.breakGlass) return 'the target is out of reach';
    if (action !== 'revoke_sessions' && target.id.equals(requester.id)) return 'the target is the requester';
    if (card.own && this.#needsSecond(action, target, requester)) return 'it takes a second person';
    const hour = Math.floor(this.#nowMs() / HOUR_MS);
    const thisHour = this.#done.filter((done) => done.effect === action && done.hour === hour);
    if (thisHour.length >= MOST_AN_HOUR || thisHour.filter((done) => done.requester === requester.id.digest()).length >= MOST_A_PERSON_AN_HOUR) return 'the limit of this hour is reached';
    return undefined;
  }

  #needsSecond(action: Effect, target: PersonFacts, requester: PersonFacts): boolean {
    if (action !== 'unblock_sign_in') return target.vip;
    const last = this.#lastBlocks.get(target.id.digest());
    return last?.requester !== requester.id.digest() || this.#nowMs() - last.atMs >= OWN_EFFECT_MS;
  }

  async #judgeRead(handled: Handled, target: PersonFacts | undefined): Promise<void> {
    this.reads += 1;
    const { turn } = this;
    const person = turn === undefined ? undefined : await this.#company.now(turn.person);
    if (turn !== undefined && person !== undefined && !turn.untrusted && turn.personal && this.#mayRead(person, handled, target)) return;
    for (const card of this.cards.values()) {
      const requester = await this.#company.now(card.requester);
      for (const pressed of card.pressedBy) {
        if (requester !== undefined && this.#mayRead(requester, handled, target) && (await this.#problemWith(card, pressed, handled, handled.action, target)) === undefined) return;
      }
    }
    this.violation(`${handled.action} was read by somebody who may not, or without the click that it takes`);
  }

  #mayRead(person: PersonFacts, { action }: Handled, target: PersonFacts | undefined): boolean {
    if (person.guest || !person.enabled || this.level === 'off') return false;
    if (person.roles.includes('helpdesk')) return true;
    return person.roles.includes('employee') && action !== 'find_person' && target?.id.equals(person.id) === true;
  }

  #book(card: ShownCard, handled: Handled, action: Effect): void {
    card.used.add(keyOf(handled));
    const requester = card.requester.id.digest();
    this.#done.push({ effect: action, requester, hour: Math.floor(this.#nowMs() / HOUR_MS) });
    // Nobody looks further back than an hour.
    if (this.#done.length > 500) this.#done.splice(0, 300);
    const target = handled.target?.digest() ?? '';
    if (action === 'block_sign_in') this.#lastBlocks.set(target, { requester, atMs: this.#nowMs() });
    if (action === 'unblock_sign_in') this.#lastBlocks.delete(target);
  }
}

const keyOf = ({ action, target, words }: Handled): string => [action, target?.digest() ?? '', ...words].join('\n');

/** Letters and digits: what is left of a text however a card breaks its links, templates and lines. */
export const letters = (text: string): string => text.normalize('NFC').replace(/[^\p{L}\p{N}]/gu, '');

/** Whether the card says, in its words, all that is about to be done. */
function shows(card: ShownCard, { action, words }: Handled): boolean {
  return [TITLES[action] ?? '\u0000', ...words].every((part) => card.words.includes(letters(part)));
}
