import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditCommand } from '../../src/cli/audit.ts';
import type { AuditSetting } from '../../src/cli/audit-setting.ts';
import { PRINTING, stories, VPN } from './harness/articles.ts';
import { assertNoEffect, assertWellFormed } from './harness/claims.ts';
import { isObject, listAt, textAt } from './harness/json.ts';
import { calls, hangs, message, says, type ModelRequest, type Reply } from './harness/model.ts';
import { finds, REASON } from './harness/scenes.ts';
import type { Turn } from './harness/teams.ts';
import { useWorld, type World } from './harness/world.ts';

const ROOT = new URL('../../', import.meta.url).pathname;
const CONTRACT = readFileSync(new URL('../../prompts/knowledge/skprompt.txt', import.meta.url), 'utf8');
const QUESTION = 'How long does the VPN connection last?';
const LASTS = 'The VPN connection ends after 12 hours.';

/** The planner hands the question on. */
const asks = (question: string): Reply => calls({ name: 'answer_from_articles', arguments: { question } });

interface Passage {
  readonly id: string;
  readonly text: string;
}

/** What the answering model was given; fails where it was given anything else. */
function givenTo(request: ModelRequest): { readonly question: string; readonly passages: readonly Passage[] } {
  assert.equal(request.texts('system').join(), CONTRACT, 'another prompt');
  assert.equal(request.messages.length, 2, 'more than the prompt and the question');
  assert.deepEqual(request.toolNames, [], 'a tool');
  assert.ok(isObject(request.body) && isObject(request.body['response_format']) && request.body['response_format']['type'] === 'json_schema');
  return JSON.parse(request.last('user')) as { question: string; passages: Passage[] };
}

/** Answers with these sentences; a citation is the id of the first passage that holds the text given for it. */
const answers =
  (...sentences: readonly { readonly text: string; readonly from: string }[]) =>
  (request: ModelRequest): Reply => {
    const { passages } = givenTo(request);
    return says(JSON.stringify({ sentences: sentences.map(({ from, text }) => ({ text, passages: [passages.find((passage) => passage.text.includes(from))?.id ?? from] })) }));
  };

const citationsIn = ({ sent }: Pick<Turn, 'sent'>): readonly unknown[] => listAt(sent.at(-1)?.activity.entities?.[0], 'citation');

function assertRefused(turn: Turn): void {
  assert.match(turn.shown, /no reviewed article that answers that/);
  assert.deepEqual(citationsIn(turn), []);
}

async function audit(words: readonly string[], setting: Partial<AuditSetting> = {}): Promise<{ readonly status: number; readonly out: string }> {
  let out = '';
  const add = (text: string): void => void (out += text);
  return { status: await auditCommand(words, { print: add, complain: add }, { root: ROOT, environment: {}, ...setting }), out };
}

/** Every record that the ledger holds, by kind. */
async function recordsOf(world: World, kind: string): Promise<readonly Record<string, unknown>[]> {
  const directory = mkdtempSync(join(tmpdir(), 'steward-copy-'));
  try {
    await world.copyLedger(directory);
    const files = readdirSync(join(directory, 'ledger'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const lines = files.flatMap((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8').split('\n').filter((line) => line !== ''));
    return lines.map((line) => (JSON.parse(line) as { event: Record<string, unknown> }).event).filter((event) => event['kind'] === kind);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

describe('answers from articles', () => {
  const { story } = useWorld({ model: 'scripted', articles: stories });

  story('knowledge.cited', 'quotes, says where it is from and when it was reviewed, and carries the label of AI and the buttons for feedback', async (world) => {
    const chat = world.chat(world.person('employee'));
    world.model.play(asks(QUESTION), answers({ text: LASTS, from: '12 hours' }));
    const turn = await chat.say(QUESTION);
    assert.match(turn.shown, /The VPN connection ends after 12 hours\. \[1\]/);
    assert.match(turn.shown, /Quoted word for word from reviewed articles/);
    const [activity] = turn.sent.map(({ activity }) => activity);
    assert.deepEqual(activity?.entities?.[0]?.['additionalType'], ['AIGeneratedContent']);
    assert.deepEqual(activity?.channelData?.['feedbackLoop'], { type: 'default' });
    const [citation, ...more] = citationsIn(turn);
    assert.equal(more.length, 0);
    assert.equal(textAt(citation, 'appearance', 'name'), 'Reach the company network from outside – Connect');
    assert.equal(textAt(citation, 'appearance', 'url'), 'https://intranet.haldenworks.example/it/remote-network');
    assert.deepEqual(listAt(citation, 'appearance', 'keywords'), ['Reviewed 2026-01-15', 'Network Team']);
    assert.ok(textAt(citation, 'appearance', 'abstract').length <= 160 && textAt(citation, 'appearance', 'name').length <= 80);
  });

  story('knowledge.refused', 'names the nearest titles and their owners, offers a ticket, and does not ask the model where nothing is near', async (world) => {
    const chat = world.chat(world.person('employee'));
    world.model.play(asks('Which wine goes with roast pork?'));
    const turn = await chat.say('Which wine goes with roast pork?');
    assertRefused(turn);
    assert.match(turn.shown, /The nearest that I have: “.+” \(.+ Team\)/);
    assert.match(turn.shown, /open a ticket/);
    const [record] = (await recordsOf(world, 'answer')).slice(-1);
    assert.equal(record?.['refusal'], 'nothing near');
  });

  for (const [what, sentence] of [
    ['an invented citation', { text: LASTS, from: 'p99' }],
    ['another number', { text: 'The VPN connection ends after 24 hours.', from: '12 hours' }],
    ['the opposite', { text: 'Private computers may be connected to the VPN.', from: 'Private computers' }],
    ['words that no passage has', { text: 'The VPN password is the name of the chief executive and her birthday.', from: 'Connect' }],
    ['a true sentence of a passage that was not retrieved', { text: 'The lead of the service desk approves temporary administrator rights beforehand.', from: 'p1' }],
  ] as const) {
    story('knowledge.unsupported', `drops ${what}, and with nothing left refuses`, async (world) => {
      const chat = world.chat(world.person('employee'));
      world.model.play(asks(QUESTION), answers(sentence));
      const turn = await chat.say(QUESTION);
      assertRefused(turn);
      assert.ok(!turn.shown.includes(sentence.text), 'it was said');
      const [record] = (await recordsOf(world, 'answer')).slice(-1);
      assert.equal(listAt(record, 'kept').length, 0);
      assert.equal(listAt(record, 'dropped').length, 1);
    });
  }

  story('knowledge.unsupported', 'keeps what is borne out and drops the rest', async (world) => {
    const chat = world.chat(world.person('employee'));
    world.model.play(asks(QUESTION), answers({ text: 'The VPN connection never ends.', from: '12 hours' }, { text: LASTS, from: '12 hours' }));
    const turn = await chat.say(QUESTION);
    assert.match(turn.shown, /ends after 12 hours\. \[1\]/);
    assert.ok(!turn.shown.includes('never'));
  });

  story('knowledge.apart', 'shows the planning model neither passages nor answer, and takes no tool call from the answering one', async (world) => {
    const target = world.colleague();
    const chat = world.chat(world.person('helpdesk'));
    world.model.play(asks(QUESTION), answers({ text: LASTS, from: '12 hours' }));
    await chat.say(QUESTION);
    world.model.play(says('You are welcome, I can look things up for you.'));
    await chat.say('that helps a lot, what else is there?');
    const planning = world.model.requests.at(-1) ?? assert.fail();
    assertWellFormed(planning);
    assert.ok(planning.toolNames.includes('answer_from_articles'));
    for (const text of ['12 hours', 'remote-network', 'Authenticator app', CONTRACT.slice(0, 60)]) assert.ok(!planning.raw.includes(text), `the planner reads “${text}”`);

    // Each of these is what an article with power over the model would make it do.
    for (const reply of [calls({ name: 'block_sign_in', arguments: { person: 'person_aaaaaa', reason: REASON } }), message({ role: 'assistant', content: JSON.stringify({ sentences: [] }), tool_calls: [{ id: 'c', type: 'function', function: { name: 'find_person', arguments: JSON.stringify({ name: target.name }) } }] }, 'tool_calls'), says('{"sentences":[],"tool":"block_sign_in"}'), says('Blocked.')]) {
      world.model.play(asks(QUESTION), reply);
      const turn = await chat.say(QUESTION);
      assert.match(turn.shown, /nothing was (?:changed|done)/i);
    }
    await assertNoEffect(world);
  });

  story('knowledge.apart', 'does what was asked to be done all the same, once decided and on its card, and answers beside it', async (world) => {
    const target = world.colleague();
    const chat = world.chat(world.person('helpdesk'));
    world.model.play(
      finds(target.name),
      (request) => calls({ name: 'block_sign_in', arguments: { person: request.handle('person', 'tool'), reason: REASON } }, { name: 'answer_from_articles', arguments: { question: QUESTION } }),
      answers({ text: LASTS, from: '12 hours' }),
    );
    const turn = await chat.say(`Block ${target.name} because ${REASON}, and how long does the VPN connection last?`, { expect: 2 });
    assert.match(turn.shown, /ends after 12 hours\. \[1\]/);
    assert.match(turn.shown, new RegExp(target.name));
    await assertNoEffect(world);
  });

  for (const where of ['groupChat', 'channel'] as const) {
    story(['knowledge.group', 'knowledge.audience'], `in a ${where === 'channel' ? 'channel' : 'group chat'} only articles answer, for everyone, whatever the message asks to be done`, async (world) => {
      const chat = world.chat(world.person('helpdesk'), where);
      world.model.play(answers({ text: LASTS, from: '12 hours' }));
      const turn = await chat.say(QUESTION);
      assert.match(turn.shown, /ends after 12 hours\. \[1\]/);
      assert.equal(world.model.requests.length, 1, 'a planner was asked');
      givenTo(world.model.requests[0] ?? assert.fail());

      const who = await chat.say('Who approves temporary administrator rights on a laptop?');
      assertRefused(who);
      assert.ok(!who.shown.includes('Temporary administrator rights'), 'a title for the helpdesk was named');
      assertRefused(await chat.say(`Block ${world.colleague().name} because ${REASON}`));
      await assertNoEffect(world);
    });
  }

  story('knowledge.group', 'in a group no model is told a business id either, and nothing that was taken back is answered', async (world) => {
    const chat = world.chat(world.person('employee'), 'groupChat');
    world.model.play(answers({ text: LASTS, from: '12 hours' }));
    const pasted = ['nadia.petrov@haldenworks.example', '3f2504e0-4f89-41d3-9a0c-0305e82c3301', '+49 170 1234567'];
    assert.match((await chat.say(`${QUESTION} I am ${pasted.join(', ')}`)).shown, /ends after 12 hours/);
    for (const { raw } of world.model.requests) for (const each of pasted) assert.ok(!raw.includes(each), `a model reads ${each}`);

    world.model.forget();
    world.model.play(hangs);
    const since = world.connector.log.length;
    await chat.post(chat.message(QUESTION));
    await world.connector.until(() => world.model.requests.length > 0 || undefined, 6_000, 'the model was not asked');
    const { shown } = await chat.say('cancel');
    await chat.settle(since, { expect: 1 });
    assert.match(shown, /stopped|cancel/i);
    assert.ok(!chat.since(since).shown.includes('Something went wrong') && !chat.since(since).shown.includes('12 hours'), chat.since(since).shown);
    world.model.forget();
  });

  story('knowledge.audience', 'says what is for the helpdesk to the helpdesk, and to nobody else', async (world) => {
    const question = 'Who approves temporary administrator rights on a laptop?';
    const sentence = { text: 'The lead of the service desk approves temporary administrator rights beforehand.', from: 'beforehand' };
    world.model.play(asks(question), answers(sentence));
    assert.match((await world.chat(world.person('helpdesk')).say(question)).shown, /lead of the service desk/);
    const [asked] = [world.model.requests.length];
    world.model.always((request) => (request.toolNames.length > 0 ? asks(question) : answers({ text: sentence.text, from: 'p1' })(request)));
    const turn = await world.chat(world.person('employee')).say(question);
    assertRefused(turn);
    assert.ok(!turn.shown.includes('administrator rights'), 'its title was named');
    assert.ok(world.model.requests.slice(asked).every(({ raw }) => !raw.includes('lead of the service desk')), 'a model was shown it');
    world.model.forget();
  });

  for (const [what, question, said] of [
    ['expired', 'When does the night porter send a fax from the post room?', 'A fax is sent from the post room by the night porter between 20:00 and 22:00.'],
    ['edited since its review', 'How is the side gate opened?', 'The side gate is opened with the code of the day.'],
    ['poisoned', 'When is the coffee machine descaled?', 'The coffee machine is descaled on Fridays.'],
  ] as const) {
    story('knowledge.audience', `says nothing of an article that is ${what}, though it stands in a signed index`, async (world) => {
      const since = world.model.requests.length;
      world.model.always((request) => (request.toolNames.length > 0 ? asks(question) : says(JSON.stringify({ sentences: ['p1', 'p2', 'p3', 'p4'].map((id) => ({ text: said, passages: [id] })) }))));
      const turn = await world.chat(world.person('admin')).say(question);
      assertRefused(turn);
      assert.ok(!turn.shown.includes(said));
      assert.ok(world.model.requests.slice(since).every(({ raw }) => !raw.includes(said)), 'a model was shown it');
      world.model.forget();
    });
  }

  story('knowledge.why', 'asks again in the index of that time, in chat and from an export, and finds an index that was changed', async (world) => {
    const chat = world.chat(world.person('employee'));
    assert.match((await chat.say('why?')).shown, /have not answered a question/);
    world.model.play(asks(QUESTION), answers({ text: LASTS, from: '12 hours' }, { text: 'The VPN connection ends after 13 hours.', from: '12 hours' }));
    await chat.say(QUESTION);
    const { shown } = await chat.say('why?');
    for (const part of [LASTS, 'Reach the company network from outside', 'Network Team', '2026', 'Rita Reviewer', 'with other numbers or dates', 'the same passages, the same scores, the same verdicts']) assert.ok(shown.replaceAll('\\', '').includes(part), `“${part}” is not told: ${shown}`);
    const [, reference = ''] = /reference (\S{5}-\S{5})/.exec(shown) ?? [];

    const directory = mkdtempSync(join(tmpdir(), 'steward-copy-'));
    try {
      const { connection, words } = world.operator;
      const copy = join(directory, 'copy');
      assert.equal((await audit(['export', '--out', copy, ...words], { connection })).status, 0);
      const told = await audit(['why', reference, copy]);
      const flat = told.out.replaceAll(/\s+/g, ' ');
      assert.equal(told.status, 0, told.out);
      for (const part of [QUESTION, 'the same passages, the same scores', 'Reach the company network from outside', 'dropped', 'other numbers']) assert.ok(flat.includes(part), `“${part}” is not told:\n${told.out}`);
      assert.ok(told.out.split('\n').every((line) => line.length <= 80), 'a line is longer than a terminal');

      const [index = assert.fail('no index')] = readdirSync(join(copy, 'anchors', 'knowledge'));
      const file = join(copy, 'anchors', 'knowledge', index, 'index.json');
      const text = readFileSync(file, 'utf8');
      writeFileSync(file, text.replace('after 12 hours', 'after 13 hours'));
      const changed = await audit(['why', reference, copy]);
      assert.equal(changed.status, 1);
      assert.match(changed.out.replaceAll(/\s+/g, ' '), /IS NOT THAT INDEX/);
      rmSync(join(copy, 'anchors', 'knowledge'), { recursive: true });
      assert.equal((await audit(['why', reference, copy])).status, 1);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
    await chat.say('forget me');
    assert.match((await chat.say('why?')).shown, /have not answered a question/);
  });

  story('knowledge.feedback', 'reaches the ledger and the article’s owner once, without the reader’s name', async (world) => {
    const owner = world.people.find(({ name }) => name === 'Priya Raman') ?? assert.fail('no owner');
    const [reader, other] = [world.person('employee'), world.colleague()];
    await world.chat(owner).say('hello');
    const chat = world.chat(reader, 'groupChat');
    world.model.play(answers({ text: 'Colour prints are charged to your department.', from: 'Colour' }));
    const question = 'Are colour prints charged to my department?';
    const { sent } = await chat.say(question);
    const rate = async (by: typeof chat, reaction: string, text: string): Promise<void> => {
      const since = world.connector.log.length;
      const posted = await by.post({ ...by.envelope(), type: 'invoke', name: 'message/submitAction', replyToId: sent[0]?.activityId, value: { actionName: 'feedback', actionValue: { reaction, feedback: JSON.stringify({ feedbackText: text }) } } });
      assert.equal(posted.status, 200);
      await by.settle(since, { expect: 0 });
    };
    const told = (): readonly string[] => world.connector.messages().map(({ activity }) => activity.text ?? '').filter((text) => text.includes('Print at any printer') && text.includes('A reader'));
    const before = (await recordsOf(world, 'feedback')).length;
    await rate(chat, 'dislike', 'It is charged to <b>the project</b> since May https://evil.example');
    await rate(chat, 'dislike', 'once more');
    await rate(chat.as(other), 'like', '');
    const [text = assert.fail('the owner heard nothing'), ...more] = told();
    assert.equal(more.length, 0, 'the owner heard of it again, or of a thumbs-up');
    assert.match(text, /not helpful.*since May/);
    assert.ok(!text.includes(reader.name) && !text.includes('https://evil.example'), text);
    const records = (await recordsOf(world, 'feedback')).slice(before);
    assert.deepEqual(records.map(({ articles, reaction, told: heard }) => [reaction, articles, heard]), [['dislike', [PRINTING.id], ['Print Team']], ['like', [PRINTING.id], ['Print Team']]]);
    assert.ok(!JSON.stringify(records).includes('since May'), 'what a reader wrote stands open in the ledger');
    // What Steward did not say can't be rated, and nobody rates for a conversation that they are not in.
    await rate(world.chat(other), 'dislike', 'elsewhere');
    assert.equal((await recordsOf(world, 'feedback')).length, before + 2);
  });

  story('knowledge.stopped', 'says nothing once it is stopped', async (world) => {
    const chat = world.chat(world.person('employee'));
    const group = world.chat(world.person('employee'), 'groupChat');
    await world.level('off');
    for (const each of [chat, group]) {
      const turn = await each.say(QUESTION);
      assert.ok(!turn.shown.includes('12 hours'));
      assert.deepEqual(citationsIn(turn), []);
    }
    assert.equal(world.model.requests.length, 0);
    await world.level('full');
    assert.equal(VPN.id, 'remote-network');
  });
});
