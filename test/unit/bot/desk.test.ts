import assert from 'node:assert/strict';
import type { TurnContext } from 'botbuilder';
import { InternalId } from '../../../src/actions/internal-id.ts';
import type { StewardAdapter } from '../../../src/bot/adapter.ts';
import { Desk } from '../../../src/bot/desk.ts';
import { Speaker } from '../../../src/bot/say.ts';
import { en } from '../../../src/bot/wording/en.ts';
import { StewardError } from '../../../src/errors.ts';
import type { ApprovalRecord, Place, SentCard } from '../../../src/guard/approval.ts';
import type { Approvals } from '../../../src/guard/approvals.ts';
import type { PersonFacts, Role, WhoIsWho } from '../../../src/guard/ports.ts';
import { BOB, failsWith, NOW_MS, person, PLACE, record, storedStep } from './support.ts';
import { Stopwatch } from '../../machine.ts';

interface Sent {
  readonly where: string;
  readonly kind: 'card' | 'text' | 'update';
  readonly id: string;
  readonly text: string;
  readonly verbs: readonly string[];
}

const id = (index: number): InternalId => new InternalId(`00000000-0000-4000-8000-00000000000${index}`);
const placeOf = (conversationId: string): Place => ({ ...PLACE, conversationId });
const facts = (index: number, name: string, role: Role, changes: Partial<PersonFacts> = {}): PersonFacts => person({ id: id(index), displayName: name, roles: ['employee', role], employeeId: `E${index}`, ...changes });

const requester = person({ employeeId: 'BOB', roles: ['employee', 'helpdesk'] });
const paula = facts(1, 'Paula Approver', 'approver');
const peter = facts(2, 'Peter Approver', 'approver');
const backup = facts(3, 'Berta Backup', 'backup approver');
const admin = facts(4, 'Ada Admin', 'admin');
const request = record({ by: 'second person' });
const card = (where: string, purpose: SentCard['purpose']): SentCard => ({ conversationId: where, activityId: `${where}-card`, place: placeOf(where), purpose });

interface Given {
  readonly people?: readonly PersonFacts[];
  /** Whose personal chat Steward knows. */
  readonly known?: readonly PersonFacts[];
  readonly rooms?: readonly string[];
  /** Conversations in which nothing can be said. */
  readonly broken?: readonly string[];
  readonly directory?: () => never;
  /** What a conversation waits for before it takes something. */
  readonly before?: (where: string, text: string) => Promise<void>;
  /** What the request has become by the time a card of it is noted. */
  readonly onNote?: (card: SentCard) => Promise<ApprovalRecord['state'] | undefined>;
}

const chatOf = ({ displayName }: PersonFacts): string => `chat of ${displayName}`;

/** A desk with the real speaker, and a channel that keeps what it is given. */
function make({ people = [requester, paula, peter, backup, admin], known = people, rooms = [], broken = [], directory, before, onNote }: Given = {}) {
  const sent: Sent[] = [];
  const calls: string[] = [];
  const noted: SentCard[] = [];
  const take = (where: string, activity: Readonly<Record<string, unknown>>, kind?: 'update'): string => {
    if (broken.includes(where)) throw new Error('the channel refuses');
    const [attachment] = (activity['attachments'] ?? []) as readonly { readonly content: Readonly<Record<string, unknown>> }[];
    const actions = (attachment?.content['actions'] ?? []) as readonly { readonly verb: string }[];
    const given = kind === undefined ? `${where}-${sent.length}` : String(activity['id']);
    sent.push({ where, kind: kind ?? (attachment === undefined ? 'text' : 'card'), id: given, text: attachment === undefined ? String(activity['text']) : JSON.stringify(attachment.content), verbs: actions.map(({ verb }) => verb) });
    return given;
  };
  const contextIn = (where: string): TurnContext =>
    ({
      sendActivity: async (activity: Readonly<Record<string, unknown>>) => ({ id: take(where, activity) }),
      updateActivity: async (activity: Readonly<Record<string, unknown>>) => {
        await before?.(where, JSON.stringify(activity));
        take(where, activity, 'update');
      },
    }) as unknown as TurnContext;
  const adapter = { at: async <T>(place: Place, logic: (context: TurnContext) => Promise<T>) => logic(contextIn(place.conversationId)) } as unknown as StewardAdapter;
  const whoIsWho: WhoIsWho = {
    describe: async (wanted) => people.find((each) => each.id.equals(wanted)),
    userOf: async () => undefined,
    describeGroup: async () => undefined,
    find: async () => undefined,
    membersOf: async (role) => directory?.() ?? people.filter(({ roles }) => roles.includes(role)).map((each) => each.id),
  };
  const contacts = { remember: async () => undefined, find: async (wanted: InternalId) => known.filter((each) => each.id.equals(wanted)).map((each) => placeOf(chatOf(each)))[0] };
  const places = { add: async () => undefined, remove: async () => false, list: async () => rooms.map((room) => ({ place: placeOf(room), name: room === 'unnamed' ? '' : room })) };
  const clock = { now: () => new Date(NOW_MS), monotonicMs: () => performance.now() };
  const desk = new Desk(adapter, new Speaker([], () => []), contacts, places, whoIsWho, clock);
  desk.serve({
    request: async () => (calls.push('request'), request),
    cardSent: async (_reference: string, given: SentCard) => {
      noted.push(given);
      return { ...request, state: (await onNote?.(given)) ?? request.state };
    },
    abandon: async () => void calls.push('abandon'),
    shown: async () => void calls.push(`shown after ${sent.length}`),
  } as unknown as Approvals);
  const ask = async (role: 'approver' | 'admin' = 'approver') => desk.askOthers(contextIn(PLACE.conversationId), { subject: { kind: 'revive', reason: 'r', what: { scope: 'all', level: 'full' }, stillStopped: [] }, by: 'second person', requester, place: PLACE, requestActivityId: 'm1', turn: '' }, role);
  return { ask, calls, desk, noted, sent, brief: () => sent.map(({ kind, where }) => `${kind} to ${where}`) };
}

describe('bot/desk: who is asked', () => {
  it('are the approvers in their personal chats; the requester looks on, with a button to withdraw', async () => {
    const { ask, brief, noted, sent } = make();
    assert.deepEqual((await ask()).asked, ['Paula Approver', 'Peter Approver']);
    assert.deepEqual(brief(), ['card to chat of Paula Approver', 'card to chat of Peter Approver', `card to ${PLACE.conversationId}`]);
    assert.deepEqual(sent.map(({ verbs }) => verbs), [['steward/approve', 'steward/deny'], ['steward/approve', 'steward/deny'], ['steward/withdraw']]);
    assert.deepEqual(noted.map(({ activityId, purpose }) => [activityId, purpose]), sent.map(({ id: given }, index) => [given, index < 2 ? 'decide' : 'look']), 'clicks count on other cards than those that were sent');
  });
  it('is the chat in which an admin said so, and nobody in person then', async () => {
    const { ask, brief } = make({ rooms: ['Security desk', 'unnamed'] });
    assert.deepEqual((await ask()).asked, ['Security desk', en.approvalsChat]);
    assert.deepEqual(brief(), ['card to Security desk', 'card to unnamed', `card to ${PLACE.conversationId}`]);
  });
  it('are admins in person for a revival, whatever chat approvals are asked for in', async () => {
    assert.deepEqual((await make({ rooms: ['Security desk'] }).ask('admin')).asked, ['Ada Admin']);
  });
  it('is never the requester, another account of theirs, one without an employee id, a guest, or a blocked account', async () => {
    const wrong = [
      person({ employeeId: 'BOB', roles: ['employee', 'approver'] }),
      facts(5, 'adm-bob', 'approver', { employeeId: 'BOB' }),
      { ...facts(6, 'Nobody Knows', 'approver'), employeeId: undefined } as unknown as PersonFacts,
      facts(7, 'Greta Guest', 'approver', { guest: true }),
      facts(8, 'Dora Disabled', 'approver', { enabled: false }),
    ];
    assert.deepEqual((await make({ people: [...wrong, paula] }).ask()).asked, ['Paula Approver']);
    const { ask, calls, sent } = make({ people: wrong });
    await assert.rejects(ask(), failsWith('APPROVAL_NOBODY_REACHABLE'));
    assert.deepEqual([calls, sent], [[], []], 'a request that nobody can see was stored');
  });
  it('are five at most', async () => {
    const many = Array.from({ length: 9 }, (_, index) => facts(index, `Approver ${index}`, 'approver'));
    assert.equal((await make({ people: many }).ask()).asked.length, 5);
  });
  it('who can’t be reached is left out, and when that is everybody the request is abandoned', async () => {
    assert.deepEqual((await make({ broken: [chatOf(paula)] }).ask()).asked, ['Peter Approver']);
    const { ask, calls, sent } = make({ broken: [chatOf(paula), chatOf(peter)] });
    await assert.rejects(ask(), failsWith('APPROVAL_NOBODY_REACHABLE'));
    assert.deepEqual([calls, sent], [['request', 'abandon'], []]);
  });
});

describe('bot/desk: a card that was on its way', () => {
  it('when the request was decided says so as soon as it is noted, and one that waits is left alone', async () => {
    const { ask, brief } = make({ onNote: async ({ purpose }) => (purpose === 'look' ? 'executing' : undefined) });
    await ask();
    assert.deepEqual(brief().slice(2), [`card to ${PLACE.conversationId}`, `update to ${PLACE.conversationId}`]);
  });
});

describe('bot/desk: while it waits', () => {
  const waiting = { ...request, cards: [card(chatOf(paula), 'decide'), card('Security desk', 'decide'), card(PLACE.conversationId, 'look')] };

  it('a reminder goes once to each chat that was asked, and not to the requester', async () => {
    const { desk, brief, sent } = make();
    await desk.remind({ ...waiting, cards: [...waiting.cards, card(chatOf(paula), 'decide')] });
    assert.deepEqual(brief(), ['text to chat of Paula Approver', 'text to Security desk']);
    for (const { text } of sent) assert.equal(text, en.reminder('Block sign-in', 'Bob Brandt'));
  });
  it('a chat that refuses the reminder keeps none of the others from it', async () => {
    const { desk, brief } = make({ broken: [chatOf(paula)] });
    await desk.remind(waiting);
    assert.deepEqual(brief(), ['text to Security desk']);
  });
  it('the backup group gets the card with its buttons later, and the requester is told who', async () => {
    const { desk, brief, noted, sent } = make({ rooms: ['Security desk'] });
    await desk.escalate(waiting);
    assert.deepEqual(brief(), ['card to chat of Berta Backup', `text to ${PLACE.conversationId}`]);
    assert.deepEqual(sent[0]?.verbs, ['steward/approve', 'steward/deny']);
    assert.deepEqual(noted.map(({ activityId, purpose }) => [activityId, purpose]), [[sent[0]?.id, 'decide']]);
    assert.equal(sent[1]?.text, en.escalated('Berta Backup'));
  });
  it('who is in the backup group too and has the card, or is the requester, is not asked again; then the requester is told that nobody is left', async () => {
    const both = { ...paula, roles: ['employee', 'approver', 'backup approver'] as const };
    const second = facts(5, 'adm-bob', 'backup approver', { employeeId: 'BOB' });
    const { desk, sent } = make({ people: [{ ...requester, roles: ['employee', 'backup approver'] }, both, second] });
    await desk.escalate(waiting);
    assert.deepEqual(sent.map(({ text, where }) => [where, text]), [[PLACE.conversationId, en.escalatedToNobody]]);
  });
  it('a directory that is down leaves it waiting where it is, without a word that would not be true', async () => {
    const { desk, sent } = make({ directory: () => { throw new StewardError('DIRECTORY_UNAVAILABLE', 'down'); } });
    await desk.escalate(waiting);
    assert.equal(await desk.doubt({ ...waiting, state: 'unknown' }), false);
    assert.deepEqual(sent.filter(({ kind }) => kind !== 'update'), []);
  });
});

describe('bot/desk: what nobody knows', () => {
  const unknown = record({ state: 'unknown', subject: { kind: 'steps', steps: [storedStep({}, { outcome: 'unknown', problem: 'SYSTEM_OUTCOME_UNKNOWN' })] }, decidedBy: BOB, decidedByName: 'Bob Brandt', decidedAt: new Date(NOW_MS), cards: [card(PLACE.conversationId, 'decide')] });

  it('is asked of the admins, on a card with two buttons, and noted as a card for that', async () => {
    const { desk, brief, noted, sent } = make({ rooms: ['Security desk'] });
    assert.equal(await desk.doubt(unknown), true);
    assert.deepEqual(brief(), [`update to ${PLACE.conversationId}`, 'card to chat of Ada Admin']);
    assert.deepEqual(sent[1]?.verbs, ['steward/settle-done', 'steward/settle-not-done']);
    assert.deepEqual(noted.map(({ purpose }) => purpose), ['settle']);
  });
  it('stands on its cards before the admins are asked, since whoever found it may have died; and is not put there again and again while no admin is reached', async () => {
    const broken = [chatOf(admin)];
    const { desk, brief, sent } = make({ broken });
    assert.equal(await desk.doubt(unknown), false);
    assert.match(sent[0]?.text ?? '', /unknown/i);
    assert.equal(await desk.doubt(unknown), false);
    broken.pop();
    assert.equal(await desk.doubt(unknown), true);
    assert.deepEqual(brief(), [`update to ${PLACE.conversationId}`, 'card to chat of Ada Admin']);
  });
  it('is said to have reached nobody when no admin was reached', async () => {
    assert.equal(await make({ known: [paula] }).desk.doubt(unknown), false);
    assert.equal(await make({ broken: [chatOf(admin)] }).desk.doubt(unknown), false);
  });
  it('is told to the requester, and what an admin found out as well; the buttons go', async () => {
    const { desk, sent } = make();
    const withCards = { ...unknown, cards: [...unknown.cards, card(chatOf(admin), 'settle')] };
    await desk.changed(withCards);
    assert.deepEqual(sent.map(({ kind, where }) => [kind, where]), [['update', PLACE.conversationId], ['update', chatOf(admin)], ['text', PLACE.conversationId]]);
    assert.deepEqual(sent.map(({ verbs }) => verbs.length), [0, 2, 0]);
    assert.match(sent[2]?.text ?? '', /Anna Weber.*unknown/);
    sent.length = 0;
    await desk.changed({ ...withCards, settlement: { outcome: 'done', by: id(4), byName: 'Ada Admin', at: new Date(NOW_MS) } });
    assert.deepEqual(sent.map(({ verbs }) => verbs.length), [0, 0, 0]);
    assert.match(sent[0]?.text ?? '', /Ada Admin looked/);
    assert.match(sent[2]?.text ?? '', /Done, an admin checked/);
  });
});

describe('bot/desk: what changed', () => {
  const cards = [card(chatOf(paula), 'decide'), card(PLACE.conversationId, 'look')];
  const ended = (changes: Partial<ApprovalRecord>): ApprovalRecord => record({ by: 'second person', cards, decidedByName: 'Paula Approver', decidedBy: id(1), decidedAt: new Date(NOW_MS), ...changes });

  it('is shown on every card but the one whose click is answered with it, and a no is said to the requester', async () => {
    const { calls, desk, sent } = make();
    await desk.changed(ended({ state: 'denied', denyReason: 'not agreed' }), cards[0]);
    assert.deepEqual(calls, ['shown after 2'], 'the end counts as shown before it stood there');
    assert.deepEqual(sent.map(({ id: given, kind }) => [kind, given]), [['update', cards[1]?.activityId], ['text', sent[1]?.id]]);
    assert.equal(sent[1]?.text, 'Block sign-in (Anna Weber): Declined. The reason is on the card.');
  });
  it('counts as shown only once every card says it, and is said to the requester once; a chat that is gone is not asked for ever', async () => {
    const broken = [chatOf(paula)];
    const { calls, desk, sent } = make({ broken });
    const over = ended({ state: 'denied', cards: [card(chatOf(paula), 'decide'), card(PLACE.conversationId, 'look')] });
    await desk.changed(over);
    await desk.changed(over);
    assert.deepEqual(calls, []);
    broken.pop();
    await desk.changed(over);
    assert.equal(calls.length, 1);
    assert.equal(sent.filter(({ kind }) => kind === 'text').length, 1);
    broken.push(chatOf(paula));
    for (let attempt = 0; attempt < 5; attempt += 1) await desk.changed(over);
    assert.equal(calls.length, 2, 'it was never given up');
  });
  it('is its end at last, also when the update before it was slow on its way', async () => {
    let arrive = (): void => undefined;
    const slow = new Promise<void>((resolve) => (arrive = resolve));
    const { calls, desk, sent } = make({ before: async (_where, text) => (/Running/.test(text) ? slow : undefined) });
    const at = (state: ApprovalRecord['state'], outcome: 'running' | 'done'): ApprovalRecord => ended({ state, cards: [card('x', 'decide')], subject: { kind: 'steps', steps: [storedStep({}, { outcome })] } });
    const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));
    const running = desk.changed(at('executing', 'running'));
    await pause();
    const over = desk.changed(at('succeeded', 'done'));
    await pause();
    arrive();
    await Promise.all([running, over]);
    assert.deepEqual(sent.filter(({ kind }) => kind === 'update').map(({ text }) => /✓ Done/.test(text)), [false, true]);
    assert.deepEqual(calls, ['shown after 3'], 'the end counted as shown while an older state was on its way');
  });
  it('is not said to the requester where it was their own doing', async () => {
    const { desk, sent } = make();
    await desk.changed(ended({ state: 'withdrawn' }));
    await desk.changed(record({ cards: [card(PLACE.conversationId, 'decide')], state: 'denied', decidedByName: 'Bob Brandt' }));
    assert.deepEqual(sent.map(({ kind }) => kind), ['update', 'update', 'update']);
  });
  it('keeps a name in the sentence a name', async () => {
    const { desk, sent } = make();
    await desk.changed(ended({ state: 'expired', subject: { kind: 'steps', steps: [storedStep({ name: '[Anna](https://evil.example) \u202egpj' })] } }));
    assert.doesNotMatch(sent.at(-1)?.text ?? '', /https:|\u202e/);
  });
  it('is shown at most once a second while it runs, the newest state each time, and the end at once', async () => {
    const { desk, sent } = make();
    const running = (done: number): ApprovalRecord => ended({ state: 'executing', cards: [card('x', 'decide')], subject: { kind: 'steps', steps: [0, 1, 2].map((index) => storedStep({ name: `Person ${index}` }, { outcome: index < done ? 'done' : index === done ? 'running' : 'waiting' })) } });
    const startedMs = performance.now();
    await Promise.all([desk.changed(running(0)), desk.changed(running(1)), desk.changed(running(2))]);
    assert.equal(sent.length, 1, 'states that were over already were shown');
    await Promise.all([desk.changed(running(0)), desk.changed(running(1))]);
    assert.equal(sent.length, 2);
    assert.ok(performance.now() - startedMs >= 950, 'two updates within a second');
    const watch = new Stopwatch();
    await desk.changed({ ...running(3), state: 'succeeded' });
    assert.ok(watch.ms < 500, 'the end had to wait');
    assert.match(sent[2]?.text ?? '', /✓ Done/);
  });
});
