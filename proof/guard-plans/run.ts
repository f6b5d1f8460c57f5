/** Plans from the grammar through Steward's parts, people who click by chance, and the books. */
import type { StoredHandle } from '../../src/actions/handles.ts';
import type { PersonFacts } from '../../src/guard/ports.ts';
import { chanceOf, type Chance } from '../random.ts';
import type { ShownCard } from './bookkeeper.ts';
import { hostilePlan, lastWord, type Loot } from './grammar.ts';
import { approvers, everybody, gone, requesters, targets } from './people.ts';
import { APPROVE, approversOf, chatOf, handlesFor, playedActions, SETTLED_MS, World, type Sabotage } from './world.ts';

/** Turns share a world for so long: conversations go on, limits fill up, old cards lie around. */
const TURNS_OF_A_WORLD = 400;
const CARDS_KEPT = 12;
/** Longer than a reading of the latch lives. */
const LATCH_READ_MS = 1_500;
const MINUTE_MS = 60_000;
const MOST_ROUNDS = 4;
const MOST_VIOLATIONS = 200;
/** Every so many worlds time hardly passes, so that the limits of an hour are reached. */
const BUSY_HOUR_EVERY = 4;
/** A world's handles are minted again before they expire. */
const MINT_EVERY_MS = 6 * 60 * MINUTE_MS;

const WORDS = ['block them all now', 'please do it', 'phone stolen', 'block Ordinarya because phone stolen', 'sign them out', 'who is Ordinaryb?', 'unblock him', 'block her on Friday', 'block him if he does not answer'];

export interface Found {
  readonly plans: number;
  readonly turns: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly violations: readonly string[];
}

export interface Asked {
  readonly seed: number;
  /** So many plans are proposed, or a few more: a turn is finished. */
  readonly plans: number;
  /** Worlds `index`, `index + of`, … are this worker's. */
  readonly index: number;
  readonly of: number;
  readonly sabotage?: Sabotage;
  readonly progress?: (plans: number, violations: number) => void;
}

export async function runPlans({ seed, plans, index, of, sabotage, progress }: Asked): Promise<Found> {
  const counts: Record<string, number> = {};
  const violations: string[] = [];
  const add = (what: string, number = 1): void => {
    counts[what] = (counts[what] ?? 0) + number;
  };
  let proposed = 0;
  let turns = 0;
  for (let which = index; proposed < plans && violations.length < MOST_VIOLATIONS; which += of) {
    const world = new World(sabotage);
    const crashed = (error: unknown): void => world.books.violation(`nobody caught ${String(error)}`);
    process.on('unhandledRejection', crashed);
    const memory: Memory = { busy: which % BUSY_HOUR_EVERY === 0, mintedAtMs: 0, given: { live: [], expired: [] }, handles: new Map() };
    for (let turn = 0; turn < TURNS_OF_A_WORLD && proposed < plans; turn += 1) {
      world.books.label = `seed ${seed}, world ${which}, turn ${turn}`;
      proposed += await playTurn(world, chanceOf(seed, which * TURNS_OF_A_WORLD + turn), memory, add);
      turns += 1;
    }
    await world.stop();
    process.off('unhandledRejection', crashed);
    for (const [what, number] of Object.entries(world.tally)) add(what, number);
    for (const [what, number] of Object.entries(world.books.effects)) add(`effects of ${what}`, number);
    add('reads', world.books.reads);
    violations.push(...world.books.violations);
    progress?.(proposed, violations.length);
  }
  return { plans: proposed, turns, counts, violations };
}

type Add = (what: string, number?: number) => void;

/** What a world's conversations hold from turn to turn. */
interface Memory {
  readonly busy: boolean;
  mintedAtMs: number;
  given: ReturnType<typeof handlesFor>;
  readonly handles: Map<PersonFacts, readonly StoredHandle[]>;
}

/** One message, one to four plans, and what people do about the cards. Resolves to how many plans. */
async function playTurn(world: World, chance: Chance, memory: Memory, add: Add): Promise<number> {
  const { books, clock } = world;
  world.forget(CARDS_KEPT);
  clock.advance(memory.busy ? SETTLED_MS : chance.is(0.02) ? 3 * 60 * MINUTE_MS : Math.floor(chance.next() * 4 * MINUTE_MS) + SETTLED_MS);
  // Mostly those who may ask for something: the others are refused soon.
  const person = chance.is(0.8) ? chance.one(requesters.slice(0, 4)) : chance.one(requesters);
  const nowMs = clock.now().getTime();
  if (nowMs - memory.mintedAtMs > MINT_EVERY_MS) Object.assign(memory, { given: handlesFor(nowMs), mintedAtMs: nowMs });
  const { given } = memory;
  const known = (memory.handles.get(person) ?? []).filter(({ expiresAtMs }) => expiresAtMs > nowMs);
  const live = known.length < 10 ? given.live : known;
  const others = [...memory.handles].filter(([other]) => other !== person).flatMap(([, handles]) => handles);
  const handlesOf = (entries: readonly StoredHandle[], kind: string): readonly string[] => entries.filter((entry) => entry.kind === kind).map(({ handle }) => handle);
  const people = handlesOf(live, 'person');
  const loot: Loot = {
    actions: playedActions,
    own: people,
    devices: handlesOf(live, 'device'),
    texts: handlesOf(live, 'text'),
    foreign: handlesOf(others, 'person'),
    elsewhere: handlesOf(given.live === live ? [] : given.live, 'person'),
    expired: handlesOf(given.expired, 'person'),
    names: [...everybody.map(({ displayName }) => displayName), 'Ordinary', 'Nobody', gone.displayName],
  };
  const rounds = 1 + Math.floor(chance.next() * chance.one([1, 1, MOST_ROUNDS]));
  let plans = 0;
  const level = chance.is(0.03) ? chance.one(['off', 'read-only', 'observe'] as const) : 'full';
  if (level !== 'full') setLatch(world, level);
  const handles = await world.ask({
    person,
    words: chance.is(0.1) ? chance.one(WORDS) : chance.one(WORDS.slice(0, 6)),
    personal: !chance.is(0.03),
    untrusted: chance.is(0.1),
    edited: chance.is(0.02),
    failing: chance.is(0.03),
    handles: [...live, ...given.expired],
    reply: (request) => {
      if (plans >= rounds) return { text: lastWord(chance, loot) };
      plans += 1;
      // The attacker reads along: whatever the model is shown may be used.
      const seen = JSON.stringify(request.messages).match(/\bperson_[a-z2-7]{12}\b/g) ?? [];
      const { kind, toolCalls } = hostilePlan(chance, { ...loot, own: [...people, ...seen] });
      add(`plans: ${kind}`);
      return { toolCalls };
    },
  });
  memory.handles.set(person, handles);
  const shown = world.fresh.flatMap((activityId) => books.cards.get(activityId) ?? []);
  if (shown.length > 0) add('turns that led to a card');
  add('cards to decide', shown.length);
  if (shown.length > 0) await playClicks(world, chance, shown, add);
  if (books.level !== 'full') setLatch(world, 'full');
  return plans;
}

function setLatch({ books, clock, latch }: World, level: 'full' | 'read-only' | 'observe' | 'off'): void {
  books.level = level;
  books.epoch += 1;
  latch.put({ level, epoch: books.epoch });
  clock.advance(LATCH_READ_MS);
}

// --- people who click ----------------------------------------------------------------------------------------------

async function playClicks(world: World, chance: Chance, shown: readonly ShownCard[], add: Add): Promise<void> {
  const { clock } = world;
  clock.advance(SETTLED_MS);
  const card = chance.one(shown);
  for (let left = Math.floor(chance.next() * 3); left > 0; left -= 1) await pressHostile(world, chance, card, add);
  const putBack = chance.is(0.25) ? await changeSomething(world, chance, card, add) : undefined;
  const rightful = rightfulOf(card);
  if (rightful !== undefined && chance.is(0.8)) {
    if (chance.is(0.12)) await press(world, card, rightful, { verb: 'steward/deny' }, 'the right person declines', add);
    else if (chance.is(0.3)) await Promise.all(Array.from({ length: 2 + Math.floor(chance.next() * 6) }, () => press(world, card, rightful, {}, 'the right person, several times at once', add)));
    else await press(world, card, rightful, {}, 'the right person', add);
  }
  // Another card of the same request, by somebody else.
  for (const other of shown) if (other !== card && chance.is(0.5)) await press(world, other, rightfulOf(other) ?? chance.one(approvers), {}, 'another card of the request', add);
  for (let left = Math.floor(chance.next() * 2.5); left > 0; left -= 1) await pressHostile(world, chance, card, add);
  if (rightful !== undefined && chance.is(0.3)) await press(world, card, rightful, {}, 'once more', add);
  putBack?.();
}

const rightfulOf = (card: ShownCard): PersonFacts | undefined => (card.own ? card.requester : approversOf(card)[0]);

interface Edit {
  readonly verb?: unknown;
  readonly data?: unknown;
  readonly value?: unknown;
  readonly activityId?: string;
  readonly conversationId?: string;
}

/** One click. Only who presses the button as it stands, where it stands, has approved anything by the books. */
async function press(world: World, card: ShownCard, person: PersonFacts, edit: Edit, kind: string, add: Add): Promise<void> {
  const { books, clock } = world;
  const data = { reference: card.reference };
  const value = 'value' in edit ? edit.value : { action: { type: 'Action.Execute', verb: 'verb' in edit ? edit.verb : APPROVE, data: 'data' in edit ? edit.data : data } };
  const activityId = edit.activityId ?? card.activityId;
  const conversationId = edit.conversationId ?? card.conversationId;
  const whole = !('value' in edit) && !('data' in edit) && activityId === card.activityId && conversationId === card.conversationId;
  const approves = whole && !('verb' in edit);
  const declines = whole && edit.verb === 'steward/deny';
  const may = (approves || declines) && (await books.mayPress(card, person, declines));
  const stoodOpen = !card.declined && !card.withdrawn;
  if (approves) card.pressedBy.push({ person, atMs: clock.now().getTime() });
  const answer = await world.press(person, conversationId, activityId, value);
  if (declines && may && answer === 'card' && stoodOpen) for (const other of books.cards.values()) if (other.reference === card.reference) other.declined = true;
  add(`clicks by ${kind}${answer === 'card' ? ', taken' : ''}`);
  if (!may && answer === 'card') books.violation(`a click by ${kind} (${person.displayName}) was taken`);
}

async function pressHostile(world: World, chance: Chance, card: ShownCard, add: Add): Promise<void> {
  const others = [...world.books.cards.values()].filter((other) => other.reference !== card.reference);
  const rightful = rightfulOf(card) ?? card.requester;
  const data = { reference: card.reference };
  const bystander = chance.one(everybody.filter((each) => each !== rightful));
  const kinds: readonly (readonly [string, PersonFacts, Edit])[] = [
    ['a bystander', bystander, {}],
    ['a bystander', bystander, { verb: 'steward/deny' }],
    ['the requester', card.requester, {}],
    ['the target’s like', chance.one(targets), {}],
    ['an account without number, a blocked one, a guest or a second account', chance.one(approvers.slice(2)), {}],
    ['a copy elsewhere', rightful, { conversationId: chatOf(chance.one(everybody.filter((each) => chatOf(each) !== card.conversationId))) }],
    ['a copy in the same chat', rightful, { activityId: 'activity-0' }],
    ['a copy in another card', rightful, { activityId: chance.one([...others.map((other) => other.activityId), 'x']) }],
    ['the reference of another card', rightful, { data: { reference: chance.one([...others.map((other) => other.reference), 'A'.repeat(27)]) } }],
    ['an edited reference', rightful, { data: { reference: chance.one([`${card.reference}x`, card.reference.slice(1), card.reference.toLowerCase(), '', '../x', '__proto__']) } }],
    ['a reference that is no text', rightful, { data: { reference: chance.one<unknown>([null, 7, [card.reference], { reference: card.reference }]) } }],
    ['an edited payload', rightful, { data: chance.one<unknown>([{ ...data, approved: true }, { ...data, steps: [] }, { ...data, approver: bystander.displayName }, null, [data], JSON.stringify(data), undefined, JSON.parse(`{"reference":${JSON.stringify(card.reference)},"__proto__":{"by":"requester"}}`)]) }],
    ['an edited verb', rightful, { verb: chance.one<unknown>(['steward/execute', 'block_sign_in', 'constructor', '', null, { toString: 'x' }, [APPROVE], 'STEWARD/APPROVE', 'steward/approve ', 'steward/settle-done', 'steward/withdraw', 'steward/undo', 'steward/pick']) }],
    ['no action', rightful, { value: chance.one<unknown>([null, [], 'approve', undefined, {}, { action: null }, { action: [] }, { action: { verb: APPROVE } }]) }],
  ];
  const [kind, person, edit] = chance.one(kinds);
  await press(world, card, person, edit, kind, add);
}

/** Something that changes between the card and the click; resolves to what puts it back. */
async function changeSomething(world: World, chance: Chance, card: ShownCard, add: Add): Promise<() => void> {
  const { approvals, clock, company } = world;
  const rightful = rightfulOf(card) ?? card.requester;
  const change = (kind: string, people: readonly PersonFacts[], changes: Partial<PersonFacts>): (() => void) => {
    add(`changes before the click: ${kind}`);
    for (const facts of people) company.put({ ...facts, ...changes });
    return () => {
      for (const facts of people) company.put(facts);
    };
  };
  switch (Math.floor(chance.next() * 9)) {
    case 0:
      add('changes before the click: it is late');
      clock.advance((card.own ? 10 : 4 * 60) * MINUTE_MS + chance.one([-SETTLED_MS, 0, 1, MINUTE_MS]));
      return () => undefined;
    case 1:
      return change('roles of the requester revoked', [card.requester], { roles: ['employee'] });
    case 2:
      return change('roles of the approver revoked', [rightful], { roles: ['employee'] });
    case 3:
      return change('the approver is blocked or a guest', [rightful], chance.is(0.5) ? { enabled: false } : { guest: true });
    case 4:
      return change('every target became privileged', targets, { privileged: true });
    case 5:
      return change('every target became VIP', targets, { vip: true });
    case 6:
      add('changes before the click: the latch');
      setLatch(world, chance.one(['off', 'read-only', 'observe', 'full']));
      return () => undefined;
    case 7:
      add('changes before the click: the message was edited');
      await approvals.withdrawFor(chatOf(card.requester), 'message');
      for (const each of world.books.cards.values()) if (each.requester === card.requester) each.withdrawn = true;
      return () => undefined;
    default: {
      add('changes before the click: the requester left');
      company.remove(card.requester);
      return () => company.put(card.requester);
    }
  }
}
