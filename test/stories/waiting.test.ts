import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { StewardError } from '../../src/errors.ts';
import { Stopwatch } from '../machine.ts';
import { verifies } from '../requirements.ts';
import type { RequirementId } from '../requirements.ts';
import { hasCard, shown } from './harness/cards.ts';
import { assertNoEffect, assertPlain } from './harness/claims.ts';
import type { Received } from './harness/connector.ts';
import type { Fault } from './harness/journal.ts';
import { calls, hangs, says } from './harness/model.ts';
import type { ModelRequest, Reply } from './harness/model.ts';
import { finds } from './harness/scenes.ts';
import { isStatusLine } from './harness/teams.ts';
import type { Chat } from './harness/teams.ts';
import { sleep, until } from './harness/wait.ts';
import { useWorld, World } from './harness/world.ts';

/** What is promised, and what a busy machine may add to what is waited for. */
const TYPING_MS = 500;
const STATUS_MS = 5_000;
/** Between leaving Steward and coming to Teams. */
const ON_ITS_WAY_MS = 100;
const CANCEL_MS = 1_000;
const DEADLINE_MS = 45_000;
const SLACK_MS = 2_500;
/** Later than this, an event loop is no longer that of a machine which keeps up. */
const LATE_MS = 300;

/** One message, and everything that Teams received in its conversation from then on. */
class Wait {
  readonly startedMs = Date.now();
  /** Product and story share one process: what its event loop was late is not the product's. */
  readonly #late = monitorEventLoopDelay({ resolution: 10 });
  readonly #watch = new Stopwatch();
  readonly id: string;
  readonly #world: World;
  readonly #chat: Chat;
  readonly #from: number;

  constructor(world: World, chat: Chat, words: string) {
    this.#late.enable();
    this.#world = world;
    this.#chat = chat;
    this.#from = world.connector.log.length;
    const message = chat.message(words);
    this.id = String(message['id']);
    void chat.post(message);
  }

  get log(): readonly Received[] {
    return this.#world.connector.log.slice(this.#from).filter(({ conversationId }) => conversationId === this.#chat.id);
  }

  /** When typing was shown, in milliseconds since the message was sent. */
  get typing(): readonly number[] {
    return this.log.filter(({ activity }) => activity.type === 'typing').map(({ atMs }) => atMs - this.startedMs);
  }

  get lines(): readonly Received[] {
    return this.log.filter(isStatusLine);
  }

  /** Texts of the line, from the first to the last. */
  get line(): readonly string[] {
    const [line] = this.lines;
    return line === undefined ? [] : this.log.filter(({ activityId }) => activityId === line.activityId).map(({ activity }) => activity.text ?? '');
  }

  /** Messages that are not the line. */
  get answers(): readonly Received[] {
    return this.#chat.since(this.#from).sent;
  }

  /** What a busy machine adds to something that takes a few steps. */
  get slackMs(): number {
    return Math.max(3 * (this.#late.max / 1e6), this.#watch.withheldMs);
  }

  /** Whether the machine kept up all the time. */
  get isUnhindered(): boolean {
    return this.#late.max / 1e6 < LATE_MS;
  }

  /** Milliseconds from the message to something that Teams received. */
  after({ atMs }: Received): number {
    return atMs - this.startedMs;
  }

  async answered(timeoutMs: number, count = 1): Promise<Received> {
    return until(() => this.answers[count - 1], timeoutMs, `answer number ${count}`);
  }

  /** Waits until the line says so; where it counts seconds, from so many to so many. */
  async lineEnds(how: RegExp, least = 0, most = Infinity): Promise<void> {
    await until(() => how.test(this.line.at(-1) ?? ''), 3_000, `the line to end in ${String(how)}, not in ${this.line.join(' | ')}`);
    const seconds = Number(/\d+/.exec(this.line.at(-1) ?? '')?.[0]);
    assert.ok(seconds >= least && seconds <= most + this.slackMs / 1_000, `${seconds} seconds, and not ${least} to ${most}`);
  }

  assertTyping(): void {
    const [first = Infinity] = this.typing;
    assert.ok(first <= TYPING_MS + this.slackMs, `typing after ${first} ms`);
  }

  assertLine(): Received {
    const [line] = this.lines;
    assert.ok(line !== undefined && this.lines.length === 1, `${this.lines.length} lines: ${this.lines.map(shown).join(' | ')}`);
    assert.ok(this.after(line) <= STATUS_MS + this.slackMs, `the line came after ${this.after(line)} ms`);
    for (const text of this.line) assertPlain(text, 'the line');
    assert.match(this.line[0] ?? '', /type “cancel” to stop/i);
    return line;
  }

  /** Nothing but the end of the line may follow the answer. */
  assertNothingAfter(answer: Received): void {
    // What another turn of the chat was typing when the answer left may arrive right behind it.
    const isOnItsWay = ({ activity, atMs }: Received): boolean => activity.type === 'typing' && atMs - answer.atMs < ON_ITS_WAY_MS + this.slackMs;
    const after = this.log.filter((received) => received.index > answer.index && received.kind !== 'update' && !isOnItsWay(received));
    assert.deepEqual(after.map(({ activity }) => activity.text ?? activity.type), [], 'something came after the answer');
  }
}

/** The model takes as long as the newest message says: “… for 5 s”, “… for ever”. */
async function thinks(request: ModelRequest): Promise<Reply> {
  const words = request.last('user');
  if (/for ever/.test(words)) return hangs;
  const seconds = Number(/for (\d+(?:\.\d+)?) s/.exec(words)?.[1] ?? 0);
  // What the person asked for next is not thought about again.
  if (request.messages.at(-1) !== undefined && !/"role":"tool"/.test(JSON.stringify(request.messages.at(-1)))) await sleep(seconds * 1_000);
  return says(`I thought for ${seconds} seconds.`);
}

/** Waits until the event loop is on time again, or for a while. */
async function calm(): Promise<void> {
  const watch = new Stopwatch();
  for (let onTime = 0; onTime < 3 && watch.wallMs < 3_000; ) {
    const step = new Stopwatch();
    await sleep(10);
    onTime = step.wallMs < 25 ? onTime + 1 : 0;
  }
}

type Scenario = (world: World) => Promise<void>;

/** Scenarios in conversations of their own, all at the same time: what they wait for they wait for together. */
describe('waiting', function () {
  this.timeout(180_000);
  let world: World | undefined;
  const open = new Map<string, (world: World) => void>();
  const scenario = (ids: RequirementId | readonly RequirementId[], title: string, play: Scenario): void => {
    let running: Promise<void> | undefined;
    open.set(title, (started) => {
      running = play(started);
      // Its own test says so.
      running.catch(() => undefined);
    });
    it(verifies(ids, title), () => running);
  };
  before(async () => {
    world = await World.open({ model: 'scripted' });
    await world.begin();
    world.model.always(thinks);
    // Who they are is known from here on, and what was compiled late is compiled.
    const started = world;
    await Promise.all([0, 1].map((index) => started.chat(started.person('helpdesk', index)).say('think for 0 s')));
    for (const start of open.values()) {
      start(started);
      // A person who begins is not held up by the beginning of all the others.
      await sleep(60);
      await calm();
    }
  });
  after(async () => {
    if (world !== undefined) await assertNoEffect(world);
    await world?.close();
  });

  scenario(['wait.typing', 'wait.status'], 'for 1 s: typing, the answer, and no line', async (world) => {
    const wait = new Wait(world, world.chat(world.person('helpdesk')), 'think for 1 s');
    const answer = await wait.answered(12_000);
    wait.assertTyping();
    assert.match(shown(answer), /1 seconds/);
    const afterMs = wait.after(answer);
    assert.ok(afterMs < 3_000 + wait.slackMs, `the answer came after ${afterMs} ms`);
    await sleep(STATUS_MS);
    // A machine that took as long as that owes a line.
    if (afterMs < STATUS_MS - TYPING_MS) assert.equal(wait.lines.length, 0, 'a quick answer needs no line');
    wait.assertNothingAfter(answer);
  });

  scenario(['wait.typing', 'wait.status'], 'for 5 s: typing, one line by then, the answer as a message of its own, and the line says how long it took', async (world) => {
    const wait = new Wait(world, world.chat(world.person('helpdesk')), 'think for 5 s');
    const answer = await wait.answered(10_000);
    wait.assertTyping();
    const line = wait.assertLine();
    assert.match(line.activity.text ?? '', /asking the language model/);
    assert.notEqual(answer.activityId, line.activityId);
    assert.ok(answer.activity.entities?.some((entity) => JSON.stringify(entity).includes('AIGeneratedContent')), 'the answer lost its label');
    await wait.lineEnds(/^That took \d+ seconds\.$/, 5, 7);
    await sleep(STATUS_MS);
    wait.assertNothingAfter(answer);
    assert.equal(wait.line.length, 2, `the line was changed without need: ${wait.line.join(' | ')}`);
  });

  scenario(['wait.typing', 'wait.status'], 'for 20 s: typing goes on until the answer, and there is still one line', async (world) => {
    const wait = new Wait(world, world.chat(world.person('helpdesk')), 'think for 20 s');
    const answer = await wait.answered(26_000);
    wait.assertTyping();
    wait.assertLine();
    const shownAt = [...wait.typing, wait.after(answer)];
    shownAt.forEach((atMs, index) => {
      assert.ok(atMs - (shownAt[index - 1] ?? 0) <= 4_000 + TYPING_MS + wait.slackMs, `no typing for ${atMs - (shownAt[index - 1] ?? 0)} ms`);
    });
    await wait.lineEnds(/^That took \d+ seconds\.$/, 20, 22);
    wait.assertNothingAfter(answer);
  });

  scenario('wait.status', 'for the model and then for the directory: the line is changed in place, and says which', async (world) => {
    const target = world.colleague();
    const chat = world.chat(world.person('helpdesk'));
    await world.control.fault({ service: 'graph', kind: 'delay', delayMs: 4_000, method: 'GET', path: `/users/${target.aadObjectId}(?:$|/)` });
    world.model.always(async (request) => {
      if (!request.last('user').includes(target.name)) return thinks(request);
      if (request.texts('tool').length === 0) return calls({ name: 'find_person', arguments: { name: target.name } });
      if (request.texts('tool').length > 1) return says('Here it is.');
      await sleep(5_000);
      return calls({ name: 'show_person', arguments: { person: request.handle('person', 'tool') } });
    });
    const wait = new Wait(world, chat, `show me the account of ${target.name}`);
    await wait.answered(25_000, 2);
    wait.assertLine();
    await wait.lineEnds(/^That took \d+ seconds\.$/);
    const [first = '', second = ''] = wait.line;
    assert.match(first, /language model/);
    assert.match(second, /directory/);
    const changes = wait.log.filter(({ kind }) => kind === 'update').map(({ atMs }) => atMs);
    changes.slice(1, -1).forEach((atMs, index) => {
      assert.ok(atMs - (changes[index] ?? 0) >= 2_500, 'the line is changed all the time');
    });
  });

  scenario(['wait.cancel', 'wait.status'], 'is called off by “cancel”: a sentence at once, the line says so, and nothing comes afterwards', async (world) => {
    const chat = world.chat(world.person('helpdesk'));
    const wait = new Wait(world, chat, 'think for 20 s');
    await until(() => wait.lines.length > 0, 10_000, 'the line');
    wait.assertLine();
    await sleep(1_000);
    const cancel = new Wait(world, chat, 'cancel');
    const answer = await cancel.answered(3_000);
    assert.ok(cancel.after(answer) <= CANCEL_MS + cancel.slackMs, `“cancel” was answered after ${cancel.after(answer)} ms`);
    assertPlain(shown(answer));
    assert.match(shown(answer), /stopped.*nothing was changed/i);
    await wait.lineEnds(/^Cancelled after \d+ seconds\.$/, 5, 7);
    // The model was let go: the conversation is free.
    const next = new Wait(world, chat, 'think for 0 s');
    const reply = await next.answered(3_000);
    assert.match(shown(reply), /0 seconds/);
    await sleep(Math.max(0, 22_000 - (Date.now() - wait.startedMs)));
    assert.equal(wait.answers.length, 2, wait.answers.map(shown).join(' | '));
    assert.equal(wait.lines.length, 1);
    wait.assertNothingAfter(reply);
  });

  scenario('wait.cancel', 'is called off by “stop” before there is a line: there is none later', async (world) => {
    const chat = world.chat(world.person('helpdesk'));
    const wait = new Wait(world, chat, 'think for 8 s');
    await sleep(1_500);
    const stop = new Wait(world, chat, 'stop');
    const answer = await stop.answered(3_000);
    assert.ok(stop.after(answer) <= CANCEL_MS + stop.slackMs, `“stop” was answered after ${stop.after(answer)} ms`);
    await sleep(9_000);
    wait.assertNothingAfter(answer);
    assert.equal(wait.lines.length, 0);
  });

  scenario(['wait.cancel', 'wait.typing', 'wait.status'], 'in the queue: typing and a line there too; “cancel” calls off both, and the second is never begun', async (world) => {
    const chat = world.chat(world.person('helpdesk'));
    const first = new Wait(world, chat, 'think for 20 s');
    await sleep(1_000);
    const second = new Wait(world, chat, 'and then for 3 s about the zebra');
    const line = await until(() => second.log.find((received) => isStatusLine(received) && /earlier message/.test(received.activity.text ?? '')), 10_000, 'the line that says why the second message waits');
    second.assertTyping();
    assert.ok(second.after(line) <= STATUS_MS + second.slackMs, `the second message had no line before ${second.after(line)} ms`);
    const cancel = new Wait(world, chat, 'cancel');
    const answer = await cancel.answered(3_000);
    assert.ok(cancel.after(answer) <= CANCEL_MS + cancel.slackMs);
    await first.lineEnds(/^Cancelled after/);
    await until(() => world.connector.current(line.activityId)?.activity.text?.startsWith('Cancelled after'), 3_000, 'the second line to end');
    await sleep(Math.max(0, 23_000 - (Date.now() - first.startedMs)));
    first.assertNothingAfter(answer);
    assert.equal(first.answers.length, 1, first.answers.map(shown).join(' | '));
    assert.ok(world.model.requests.every((request) => !request.raw.includes('zebra')), 'the model was asked all the same');
  });

  scenario(['wait.cancel', 'talk.edit-withdraws'], 'in the queue, and edited there: it is dropped with a sentence, and never begun', async (world) => {
    const chat = world.chat(world.person('helpdesk'));
    const first = new Wait(world, chat, 'think for 3 s');
    await sleep(300);
    const second = new Wait(world, chat, 'and about the giraffe');
    await sleep(300);
    await chat.edit(second.id, 'never mind');
    await first.answered(8_000, 2);
    await sleep(500);
    assert.match(first.answers.map(shown).join('\n'), /changed or deleted that message/);
    assert.ok(world.model.requests.every((request) => !request.raw.includes('giraffe')), 'the model was asked all the same');
  });

  scenario(['people.switch', 'wait.cancel'], 'is not called off by somebody else in the same conversation', async (world) => {
    const chat = world.chat(world.person('helpdesk'));
    const wait = new Wait(world, chat, 'think for 5 s');
    await sleep(1_000);
    await chat.as(world.person('helpdesk', 1)).post(chat.as(world.person('helpdesk', 1)).message('cancel'));
    const told = await wait.answered(3_000);
    assert.match(shown(told), /nothing to cancel/i);
    assert.match(shown(await wait.answered(10_000, 2)), /5 seconds/);
  });

  scenario(['wait.timeout', 'wait.status', 'path.slow-model', 'fail.model'], 'for ever: words after 45 s, the line says so, and the next message is answered', async (world) => {
    const chat = world.chat(world.person('helpdesk', 1));
    const wait = new Wait(world, chat, 'think for ever');
    await sleep(30_000);
    const next = new Wait(world, chat, 'and think for 0 s');
    const answer = await wait.answered(DEADLINE_MS);
    assert.ok(wait.after(answer) > DEADLINE_MS - 1_000 && wait.after(answer) < DEADLINE_MS + SLACK_MS + wait.slackMs, `words after ${wait.after(answer)} ms`);
    const sentence = shown(answer);
    assertPlain(sentence.replace(/ \(Reference: [\w-]+\)/, ''));
    for (const part of [/too long/i, /language model/i, /nothing was done/i, /try again/i]) assert.match(sentence, part);
    // Words do not wait long for what they refer to, whose record a busy machine writes late.
    if (wait.isUnhindered) assert.match(sentence, /\(Reference: \S+\)/);
    await wait.lineEnds(/^Stopped after \d+ seconds\.$/, 45, 45);
    next.assertTyping();
    assert.match(shown(await wait.answered(8_000, 2)), /0 seconds/);
    await sleep(1_000);
    assert.equal(wait.answers.length, 2, wait.answers.map(shown).join(' | '));
  });

  scenario('wait.status', 'while the line is on its way as the answer comes: the line stands above the answer and is not left as it was', async (world) => {
    const chat = world.chat(world.person('helpdesk'));
    world.connector.fail({ kind: 'delay', method: 'POST', delayMs: 1_000, type: 'message', conversationId: chat.id });
    // Half a second after the line set out, and half a second before it arrives.
    const wait = new Wait(world, chat, 'think for 4.5 s');
    const answer = await wait.answered(10_000);
    const [line] = wait.lines;
    assert.ok(line !== undefined && line.index < answer.index, 'the line stands below the answer');
    await wait.lineEnds(/^That took/);
    assert.match(shown(world.connector.current(answer.activityId) ?? answer), /4.5 seconds/);
    wait.assertNothingAfter(answer);
  });

  scenario('wait.status', 'with a line that the connector does not take: the answer comes all the same, and no second line', async (world) => {
    const chat = world.chat(world.person('helpdesk'));
    world.connector.fail({ kind: 'status', method: 'POST', status: 500, type: 'message', conversationId: chat.id });
    const wait = new Wait(world, chat, 'think for 8 s');
    const answer = await wait.answered(14_000);
    assert.match(shown(answer), /8 seconds/);
    assert.equal(wait.lines.length, 1, 'a line that may have arrived was sent again');
  });

  for (const times of [1, 3]) {
    scenario(['wait.never-silent', 'path.connector-no-retry'], `for an answer that the connector does not take, ${times === 1 ? 'once' : 'nor what follows'}: a sentence reaches the person, and the operator learns of it`, async (world) => {
      const chat = world.chat(world.person('helpdesk'));
      world.connector.fail({ kind: 'status', method: 'POST', status: 503, type: 'message', conversationId: chat.id, times });
      const wait = new Wait(world, chat, 'think for 0 s');
      const told = await wait.answered(25_000);
      assertPlain(shown(told).replace(/ \(Reference: [\w-]+\)/, ''));
      assert.match(shown(told), /trouble delivering/i);
      await sleep(1_500);
      assert.equal(wait.answers.length, 1, wait.answers.map(shown).join(' | '));
      if (times > 1) assert.ok(world.errors.some((error) => error instanceof StewardError && error.code === 'REPLY_UNDELIVERED'), 'the operator was not told');
    });
  }
});

describe('a failure', () => {
  const { story } = useWorld({ model: 'scripted' });

  story(['wait.typing', 'wait.never-silent'], 'of records to be quick: typing all the same', async (world) => {
    world.model.always(says('Hello.'));
    await world.control.fault({ service: 'storage', kind: 'delay', delayMs: 1_500, path: 'conversations', times: 1 });
    const wait = new Wait(world, world.chat(world.person('helpdesk')), 'how are you today?');
    await wait.answered(8_000);
    wait.assertTyping();
    assert.ok(wait.after(await wait.answered(1)) >= 1_500);
  });

  story(['wait.cancel', 'wait.never-silent'], 'of records does not hold up “cancel”: what runs stops at once, and cards that can\'t be reached are owned up to', async (world) => {
    const chat = world.chat(world.person('helpdesk'));
    world.model.play(hangs);
    const wait = new Wait(world, chat, 'what do you think of it?');
    await until(() => world.model.requests.length === 1, 5_000, 'the model to be asked');
    // The tables, not the ledger: one that could not be written for too long ends its instance, and this one goes on.
    for (const path of ['/approvals', '/conversations']) await world.control.fault({ service: 'storage', kind: 'hang', path });
    const cancel = new Wait(world, chat, 'cancel');
    const answer = await cancel.answered(3_000);
    assert.ok(cancel.after(answer) <= CANCEL_MS + cancel.slackMs, `“cancel” was answered after ${cancel.after(answer)} ms`);
    await world.control.heal();
    for (const path of ['/approvals', '/conversations']) await world.control.fault({ service: 'storage', kind: 'status', status: 403, path });
    assert.match(shown(await cancel.answered(20_000, 2)), /could not reach my records.*cancel/i);
    assert.equal(wait.answers.length, 2);
  });

  const trouble: Readonly<Record<string, Fault>> = {
    'to note the message': { service: 'storage', kind: 'status', status: 403, method: 'POST', path: '/conversations' },
    'to read a conversation': { service: 'storage', kind: 'status', status: 403, method: 'GET', path: '/conversations' },
    'to keep a conversation': { service: 'storage', kind: 'status', status: 403, path: 'batch' },
    'to keep contacts': { service: 'storage', kind: 'status', status: 403, path: '/contacts' },
    'to count the money': { service: 'storage', kind: 'status', status: 403, path: '/spend' },
    'to keep requests': { service: 'storage', kind: 'status', status: 403, path: '/approvals' },
    'to read the kill switch': { service: 'storage', kind: 'status', status: 403, path: '/latch' },
    'to write the ledger': { service: 'storage', kind: 'status', status: 403, path: 'ledger' },
  };
  for (const [what, fault] of Object.entries(trouble)) {
    story(['wait.never-silent', 'fail.storage'], `${what} never ends in silence`, async (world) => {
      const target = world.colleague();
      const chat = world.chat(world.person('helpdesk'));
      // The latch may be used for a second after it was read.
      if (fault.path === '/latch') await sleep(1_100);
      await world.control.fault(fault);
      world.model.play(finds(target.name));
      world.model.always((request) => (request.texts('tool').length > 0 ? calls({ name: 'block_sign_in', arguments: { person: request.handle('person', 'tool'), reason: 'the laptop was stolen' } }) : says('Hello.')));
      const wait = new Wait(world, chat, `block ${target.name} because the laptop was stolen`);
      const answer = await wait.answered(15_000);
      if (!hasCard(answer)) assertPlain(shown(answer).replace(/ \(Reference: [\w-]+\)/, ''));
      await until(async () => (await world.journal.of('storage')).some(({ status }) => status === 403), 5_000, 'something to fail');
      await assertNoEffect(world);
      await world.control.heal();
      world.model.forget();
    });
  }
});
