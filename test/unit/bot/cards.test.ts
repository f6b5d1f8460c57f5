import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv, type ValidateFunction } from 'ajv';
import { forModel } from '../../../src/actions/action.ts';
import { catalogue } from '../../../src/actions/catalogue.ts';
import { approvalCard, approveVerb, denyVerb, outcomeOf, titleOf, undoVerb } from '../../../src/bot/cards/approval-card.ts';
import { clientTime, inert } from '../../../src/bot/cards/card.ts';
import { pickCard, pickedCard } from '../../../src/bot/cards/pick-card.ts';
import { resultCard } from '../../../src/bot/cards/result-card.ts';
import { Speaker } from '../../../src/bot/say.ts';
import { en } from '../../../src/bot/wording/en.ts';
import type { ApprovalRecord, ApprovalState, ApprovalSubject, StepOutcome } from '../../../src/guard/approval.ts';
import { sampleOf } from './sample-result.ts';
import { ANNA, BOB, NOW_MS, record, storedStep, vectors } from './support.ts';

const require = createRequire(import.meta.url);
// Kept beside the repository, not in it.
const SCHEMA = new URL('../../../../shared/specs/adaptive-card-1.5.schema.json', import.meta.url);

const STATES: readonly ApprovalState[] = ['pending', 'approved', 'executing', 'succeeded', 'failed', 'unknown', 'denied', 'expired', 'withdrawn', 'killed'];
const DECIDED: ReadonlySet<ApprovalState> = new Set<ApprovalState>(['approved', 'executing', 'succeeded', 'failed', 'unknown', 'denied']);
const OUTCOMES: Readonly<Record<ApprovalState, readonly StepOutcome[]>> = {
  pending: ['waiting', 'waiting', 'waiting'],
  approved: ['waiting', 'waiting', 'waiting'],
  executing: ['done', 'running', 'waiting'],
  succeeded: ['done', 'done', 'done'],
  failed: ['done', 'failed', 'not run'],
  unknown: ['done', 'unknown', 'not run'],
  denied: ['waiting', 'waiting', 'waiting'],
  expired: ['waiting', 'waiting', 'waiting'],
  withdrawn: ['waiting', 'waiting', 'waiting'],
  killed: ['waiting', 'waiting', 'waiting'],
};

const HOSTILE_NAME = '**Anna** [x](https://evil.example) {{DATE(2020-01-01)}} ${$root.reference} \u202egpj.exe <at>all</at> `code`';
const HOSTILE_REASON = `**bold** [x](y) {{TIME(2020)}} \${reference}\nsecond line \u202e <b>html</b> ${'long '.repeat(800)}THE-END`;

function requestIn(state: ApprovalState, steps: number, changes: Partial<ApprovalRecord> = {}, words: Parameters<typeof storedStep>[0] = {}): ApprovalRecord {
  const actions = ['block_sign_in', 'revoke_sessions', 'unblock_sign_in'];
  return record({
    state,
    subject: {
      kind: 'steps',
      steps: Array.from({ length: steps }, (_, index) => {
        const outcome = steps === 1 ? OUTCOMES[state][state === 'executing' || state === 'failed' || state === 'unknown' ? 1 : 0]! : OUTCOMES[state][index]!;
        return storedStep(words, { action: actions[index]!, outcome, ...(outcome === 'failed' && { problem: 'SYSTEM_REFUSED' as const }), ...(outcome === 'unknown' && { problem: 'SYSTEM_OUTCOME_UNKNOWN' as const }) });
      }),
    },
    ...(DECIDED.has(state) && { decidedBy: BOB, decidedByName: words.name ?? 'Bob Brandt', decidedAt: new Date(NOW_MS) }),
    ...changes,
  });
}

const revive = (state: ApprovalState, reason = 'the cause was found', changes: Partial<Extract<ApprovalSubject, { kind: 'revive' }>> = {}): ApprovalRecord =>
  record({ state, by: 'second person', subject: { kind: 'revive', reason, what: { scope: 'all', level: 'full' }, stillStopped: [], ...changes }, ...(DECIDED.has(state) && { decidedBy: ANNA, decidedByName: 'Anna Weber', decidedAt: new Date(NOW_MS) }) });

// --- looking into cards --------------------------------------------------------------------------------------------

interface Found {
  readonly path: string;
  readonly text: string;
  /** The element that the string is a property of. */
  readonly owner: Readonly<Record<string, unknown>>;
  readonly key: string;
}

function strings(value: unknown, path = '$', owner: Readonly<Record<string, unknown>> = {}, key = ''): readonly Found[] {
  if (typeof value === 'string') return [{ path, text: value, owner, key }];
  if (Array.isArray(value)) return value.flatMap((item, index) => strings(item, `${path}[${index}]`, owner, key));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => strings(inner, `${path}.${name}`, value as Readonly<Record<string, unknown>>, name));
}

const runsOf = (content: unknown): readonly string[] => strings(content).filter(({ key, owner }) => key === 'text' && owner['type'] === 'TextRun').map(({ text }) => text);
const textOf = (content: unknown): string => strings(content).map(({ text }) => text).join('\n');

let schema: ValidateFunction | undefined;
function assertSchema(content: unknown): void {
  if (!existsSync(SCHEMA)) return;
  if (schema === undefined) {
    const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: false });
    ajv.addMetaSchema(require('ajv/dist/refs/json-schema-draft-06.json') as object);
    const { id: _id, ...rest } = JSON.parse(readFileSync(SCHEMA, 'utf8')) as Record<string, unknown>;
    schema = ajv.compile(rest);
  }
  assert(schema(content), JSON.stringify(schema.errors?.slice(0, 3)));
}

/** The renderer that Teams' own clients descend from: what it does not know or like is an event. */
function assertParses(content: unknown): void {
  const { AdaptiveCard, HostConfig, SerializationContext, Version } = require('adaptivecards/dist/adaptivecards.js');
  const context = new SerializationContext(new Version(1, 5));
  const card = new AdaptiveCard();
  // Teams shows six buttons; the library's own default is five.
  card.hostConfig = new HostConfig({ actions: { maxActions: 6 } });
  card.parse(content, context);
  const events = Array.from({ length: context.eventCount }, (_, index) => context.getEventAt(index).message as string);
  assert.deepEqual([...events, ...card.validateProperties().validationEvents.map((event: { message: string }) => event.message)], []);
}

/** As clients show it that know no charts: https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/charts-in-adaptive-cards */
function withoutCharts(content: unknown): unknown {
  return JSON.parse(JSON.stringify(content, (_key, value: unknown) => (isChart(value) ? value.fallback : value)));
}

function isChart(value: unknown): value is { readonly fallback: unknown } {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string' && value.type.startsWith('Chart.');
}

function assertCard(whole: Readonly<Record<string, unknown>>): void {
  const content = withoutCharts(whole) as typeof whole;
  assertSchema(content);
  assertParses(content);
  assert.equal(content['type'], 'AdaptiveCard');
  assert.equal(content['version'], '1.5');
  assert.equal(content['fallbackText'], en.card.fallback);
  // Teams takes about 80 KB a message; a card with room to spare.
  assert(Buffer.byteLength(JSON.stringify(content), 'utf16le') < 80_000);
  for (const { path, key } of strings(content)) assert(!key.startsWith('$') || path === '$.$schema', `template syntax stays at ${path}`);
}

/** Nothing from outside stands where Markdown, templates or client functions would be expanded. */
function assertHostileIsInert(content: unknown, allowed: (text: string) => boolean = () => false): void {
  for (const { path, text, owner, key } of strings(content)) {
    // A chart's label is no run: nothing stands in it that anything could expand.
    const isRun = (owner['type'] === 'TextRun' && key === 'text') || (key === 'title' && 'data' in owner && /^[\p{L}\p{N} .,:&()+–-]*$/u.test(text));
    if (/\*\*|evil|gpj|<at>|THE-END/.test(text)) assert(isRun, `outside text at ${path}`);
    assert.doesNotMatch(text, /[\u202a-\u202e\u2066-\u2069\u200b]/, path);
    if (!allowed(text)) assert.doesNotMatch(text, /\$\{/, path);
    for (const [call] of text.matchAll(/\{\{[^}]*\}?\}?/g)) assert.match(call, /^\{\{(?:DATE|TIME)\(20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ(?:, SHORT)?\)\}\}$/, path);
  }
}

const actionsOf = (content: Readonly<Record<string, unknown>>): readonly Readonly<Record<string, unknown>>[] => (content['actions'] ?? []) as readonly Readonly<Record<string, unknown>>[];

// --- requests ------------------------------------------------------------------------------------------------------

describe('bot/cards: the schema of Adaptive Cards 1.5', function () {
  it('is there to check against', function () {
    if (!existsSync(SCHEMA)) this.skip();
  });
});

describe('bot/cards: a request', () => {
  const variants: readonly (readonly [string, (state: ApprovalState) => ApprovalRecord])[] = [
    ['one step', (state) => requestIn(state, 1)],
    ['three steps', (state) => requestIn(state, 3)],
    ['one step for a second person', (state) => requestIn(state, 1, { by: 'second person' })],
    ['three steps for a second person', (state) => requestIn(state, 3, { by: 'second person' })],
    ['a revival', (state) => revive(state)],
    ['hostile words', (state) => requestIn(state, 3, { requesterName: HOSTILE_NAME }, { name: HOSTILE_NAME, reason: HOSTILE_REASON, context: [HOSTILE_NAME, 'anna@contoso.com'] })],
    ['a hostile reason to revive', (state) => revive(state, HOSTILE_REASON)],
    ['the revival of somebody with a hostile name', (state) => revive(state, 'x', { what: { scope: 'person', key: 'k', label: HOSTILE_NAME, epoch: 1 }, stillStopped: [HOSTILE_NAME] })],
  ];
  for (const [what, requestFor] of variants) {
    for (const state of STATES) {
      it(`with ${what} is a valid card while ${state}`, () => {
        const request = requestFor(state);
        const { content, summary } = approvalCard(request);
        assertCard(content);
        assert.notEqual(summary, '');
        assertHostileIsInert(content, (text) => text.includes('THE-END'));

        const actions = actionsOf(content);
        const verbs = actions.map((action) => action['verb']);
        const undoes = request.by === 'requester' && request.subject.kind === 'steps' && request.subject.steps.some(({ outcome }) => outcome === 'done') && (state === 'succeeded' || state === 'failed' || state === 'unknown');
        assert.deepEqual(verbs, state === 'pending' ? [approveVerb, denyVerb] : undoes ? [undoVerb] : [], 'buttons that count, and only while they do');
        for (const action of actions) {
          assert.equal(action['type'], 'Action.Execute');
          assert.deepEqual(action['data'], { reference: request.reference });
        }
        const elsewhere = strings({ ...content, actions: [] }).filter(({ text }) => text.includes(request.reference));
        assert.deepEqual(elsewhere, [], 'the reference stands on buttons only');
      });
    }
  }

  for (const state of STATES.filter((each) => each !== 'pending')) {
    it(`says in words what became of it: ${state}`, () => {
      const { content, summary } = approvalCard(requestIn(state, 1));
      assert(textOf(content).includes(en.card.state[state]), textOf(content));
      assert(summary.includes(en.card.state[state]));
      assert(!textOf(content).includes(en.card.runsAtOnce));
    });
  }
  it('says until when it is valid while it waits', () => {
    assert(textOf(approvalCard(requestIn('pending', 1)).content).includes('{{DATE(2026-05-04T09:40:00Z, SHORT)}} {{TIME(2026-05-04T09:40:00Z)}}'));
  });
  it('says who decided', () => {
    for (const state of STATES.filter((each) => DECIDED.has(each))) assert.match(textOf(approvalCard(requestIn(state, 1)).content), /Bob Brandt/);
  });
  it('says of each of several steps what became of it', () => {
    const text = textOf(approvalCard(requestIn('failed', 3)).content);
    assert(text.includes('✓ done'));
    assert(text.includes(en.errors.SYSTEM_REFUSED));
    assert(text.includes('– not run'));
    assert(text.includes(en.card.partly), 'a part of it was done');
  });
  it('never says done of an observed step', () => {
    const request = record({ state: 'succeeded', decidedByName: 'Bob', decidedAt: new Date(NOW_MS), subject: { kind: 'steps', steps: [storedStep({}, { outcome: 'observed' })] } });
    assert(!textOf(approvalCard(request).content).includes(en.card.state.succeeded));
    assert(!approvalCard(request).summary.includes(en.card.state.succeeded), 'the requester would be told that it was done');
    assert.match(textOf(approvalCard(request).content), /nothing was changed/);
  });
  it('says that nothing was done when an approved request died before it began', () => {
    const request = requestIn('failed', 1, { subject: { kind: 'steps', steps: [storedStep()] } });
    assert(textOf(approvalCard(request).content).includes(en.card.interruptedBeforeStart));
  });

  it('shows a reason of 4,000 characters whole, on one line that can’t look like another fact', () => {
    const runs = runsOf(approvalCard(requestIn('pending', 1, {}, { reason: HOSTILE_REASON })).content);
    const reason = runs.find((text) => text.includes('THE-END'));
    assert(reason);
    assert.equal(reason, `“${HOSTILE_REASON.replace('{{', '{ {').replaceAll('\u202e', '').replace(/\s+/g, ' ')}”`);
  });
  it('shows the reason of a revival whole', () => {
    assert(runsOf(approvalCard(revive('pending', HOSTILE_REASON)).content).some((text) => text.endsWith('THE-END”')));
  });
  it('says of each revival what is revived and what holds after it', () => {
    const { becomesLevel, becomesThing, reviveTitles } = en.kill;
    for (const level of ['full', 'read-only', 'observe'] as const) assert(runsOf(approvalCard(revive('pending', 'x', { what: { scope: 'all', level } })).content).includes(becomesLevel[level]), level);
    for (const scope of ['model', 'action', 'person', 'conversation'] as const) {
      const request = revive('pending', 'x', { what: { scope, key: scope === 'action' ? 'block_sign_in' : 'k3y0fs0mething', label: scope === 'person' ? 'Victor Almeida' : '', epoch: 1 } });
      const { content, summary } = approvalCard(request);
      const title = scope === 'action' ? reviveTitles.action('Block sign-in') : reviveTitles[scope];
      assert(textOf(content).includes(title) && runsOf(content).includes(becomesThing[scope]), scope);
      assert.equal(runsOf(content).includes('Victor Almeida'), scope === 'person');
      assert.doesNotMatch(textOf(content) + summary, /k3y0fs0mething/, 'a key is for nobody');
      assert.doesNotMatch(summary, /Victor/, 'a notification names nobody');
    }
    assert.match(outcomeOf(revive('succeeded', 'x', { what: { scope: 'person', key: 'k', label: 'Victor Almeida', epoch: 1 } })), /Victor Almeida/);
  });
  it('says what stays stopped after a revival, and nothing where nothing does', () => {
    assert(runsOf(approvalCard(revive('pending', 'x', { stillStopped: ['the language model', 'Victor Almeida'] })).content).includes('the language model, Victor Almeida'));
    assert(!textOf(approvalCard(revive('pending')).content).includes(en.kill.stays));
  });
  it('says who confirmed a revival, and whether an emergency account was one of the two', () => {
    assert(textOf(approvalCard(revive('succeeded')).content).includes(en.kill.confirmedBy('Anna Weber')));
    assert(!textOf(approvalCard(revive('succeeded')).content).includes(en.kill.emergency));
    assert(textOf(approvalCard({ ...revive('succeeded'), breakGlass: true }).content).includes(en.kill.emergency));
  });
  it('says where the reason comes from, for each reader', () => {
    const composed = storedStep({}, { provenance: { reason: 'composed by Steward' } });
    assert(textOf(approvalCard(record({ subject: { kind: 'steps', steps: [composed] } })).content).includes(en.card.from['composed by Steward']));
    assert(textOf(approvalCard(requestIn('pending', 1)).content).includes(en.card.from['your words']));
    assert(textOf(approvalCard(requestIn('pending', 1, { by: 'second person' })).content).includes(en.card.fromRequester['your words']));
  });
  it('shows the user name right below the name, and nowhere else', () => {
    const { content, summary } = approvalCard(requestIn('pending', 1));
    const holding = strings(content).filter(({ text }) => text.includes('anna.weber@contoso.com'));
    assert.deepEqual(holding.map(({ text, owner }) => [text, owner['type']]), [['Sales · anna.weber@contoso.com', 'TextRun']]);
    assert(!summary.includes('@'));
  });
  it('puts no outside text into the notification', () => {
    for (const state of STATES) assert.doesNotMatch(approvalCard(requestIn(state, 1, { requesterName: HOSTILE_NAME }, { name: HOSTILE_NAME, reason: HOSTILE_REASON })).summary, /Anna|bold|evil/);
  });
  it('asks the requester to confirm, and somebody else to approve', () => {
    assert(textOf(approvalCard(requestIn('pending', 2)).content).includes(en.card.confirm));
    assert(textOf(approvalCard(requestIn('pending', 2, { by: 'second person' })).content).includes(en.card.approve));
  });
  it('names its button after the action where there is one step', () => {
    assert.equal(actionsOf(approvalCard(requestIn('pending', 1)).content)[0]!['title'], en.actions.get('block_sign_in')!.button);
  });
  it('has a title even for an action that left the catalogue', () => {
    assert.equal(titleOf(record({ subject: { kind: 'steps', steps: [storedStep({}, { action: 'constructor' })] } })), 'constructor');
  });
  it('says whose decision it waits for, and why a second person is asked', () => {
    assert(textOf(approvalCard(requestIn('pending', 1)).content).includes(en.card.waiting.requester));
    const second = requestIn('pending', 1, { by: 'second person' });
    for (const sentence of [en.card.waiting['second person'], en.card.whySecond]) assert(textOf(approvalCard(second).content).includes(sentence));
    assert(textOf(approvalCard(revive('pending')).content).includes(en.card.whySecondRevive));
    const own = textOf(approvalCard(second, { purpose: 'look' }).content);
    assert(own.includes(en.card.cancelHint) && !own.includes(en.card.whySecond), 'who asked is told how to withdraw it');
  });
  it('says the effect and whether it can be undone while that is to be decided, and the way back once it is done', () => {
    const { consequence, undo } = en.actions.get('block_sign_in')!;
    const said = (state: ApprovalState): readonly boolean[] => [consequence, undo].map((sentence) => runsOf(approvalCard(requestIn(state, 1)).content).includes(sentence!));
    assert.deepEqual(said('pending'), [true, true]);
    assert.deepEqual(said('succeeded'), [false, true]);
    for (const state of ['denied', 'expired', 'withdrawn', 'killed', 'failed'] as const) assert.deepEqual(said(state), [false, false], state);
  });
  it('says why it failed, once', () => {
    const texts = strings(approvalCard(requestIn('failed', 1)).content).filter(({ text }) => text === en.errors.SYSTEM_REFUSED);
    assert.equal(texts.length, 1);
  });
  it('has a glyph before the word of each state, so that colour is never all there is', () => {
    for (const state of STATES) {
      const [banner] = approvalCard(requestIn(state, 1)).content['body'] as readonly { readonly items: readonly { readonly text: string }[] }[];
      assert.match(banner!.items[0]!.text, /^[^\p{L}\p{N}\s] \p{L}/u, state);
    }
  });
  it('passes the output gate: no internal id stands on it', () => {
    const gate = new Speaker([], () => []);
    for (const state of STATES) assert.doesNotThrow(() => gate.card(approvalCard(requestIn(state, 3)).content, 'x', { ids: [ANNA, BOB] }));
  });
});

// --- lists and results ---------------------------------------------------------------------------------------------

describe('bot/cards: the list of matches', () => {
  const options = Array.from({ length: 10 }, () => ({ name: HOSTILE_NAME, context: [HOSTILE_NAME, 'anna@contoso.com'] }));
  const reference = 'p'.repeat(20);

  it('is a valid card, with hostile names in runs only', () => {
    const content = pickCard(reference, options);
    assertCard(content);
    assertHostileIsInert(content);
    assertCard(pickCard(reference, [{ name: 'A', context: [] }, { name: '', context: [''] }]));
  });
  it('carries a reference and a number, wherever it can be clicked', () => {
    const content = pickCard(reference, options);
    const rows = (content['body'] as Record<string, { data: unknown }>[]).flatMap((row) => (row['selectAction'] === undefined ? [] : [row['selectAction'].data]));
    assert.deepEqual(rows, options.map((_, choice) => ({ reference, choice })));
    assert.deepEqual(actionsOf(content).map((action) => action['data']), options.slice(0, 6).map((_, choice) => ({ reference, choice })));
  });
  it('is replaced by a card that can be clicked no more', () => {
    const content = pickedCard(en.pick.picked(HOSTILE_NAME));
    assertCard(content);
    assertHostileIsInert(content);
    assert.equal(actionsOf(content).length, 0);
    assert(!JSON.stringify(content).includes('Action.'));
  });
});

describe('bot/cards: results', () => {
  const anna = { kind: 'person' as const, id: ANNA, label: HOSTILE_NAME };
  const device = { kind: 'device' as const, id: BOB, label: HOSTILE_NAME };
  type Row = Readonly<Record<string, unknown>>;
  const results: Readonly<Record<string, Row>> = {
    find_person: { people: [{ person: anna, sign_in: 'allowed', account: 'guest', job_title: HOSTILE_NAME, department: undefined, user_name: 'anna@contoso.com' }], more_matches: true },
    show_person: { person: anna, sign_in: 'blocked', account: 'member', changed_recently: true, licences: HOSTILE_NAME, manager: anna, job_title: HOSTILE_NAME, department: HOSTILE_NAME, office: undefined, user_name: 'anna@contoso.com', mail: HOSTILE_NAME },
    list_devices: {
      person: anna,
      devices: [{ device, platform: 'windows', compliance: 'noncompliant', last_sync: new Date(NOW_MS), model: HOSTILE_NAME, os_version: '11', serial_number: 'PF3ABC12' }, { device, platform: 'other', compliance: 'other', last_sync: undefined, model: '', os_version: '', serial_number: '' }],
      more_matches: false,
    },
    block_sign_in: { person: anna, sign_in: 'blocked' },
    unblock_sign_in: { person: anna, sign_in: 'allowed' },
    revoke_sessions: { person: anna, sessions: 'ended' },
  };
  for (const action of catalogue.all()) {
    const sampled = [1, 3].map((rows) => sampleOf(action.result, { text: HOSTILE_NAME, id: ANNA, date: new Date(NOW_MS), rows }) as Row);
    const given: readonly Row[] = [...(results[action.name] === undefined ? [] : [results[action.name]!]), ...sampled];
    for (const [index, result] of given.entries()) it(`of ${action.name} are a valid card, with hostile labels in runs only (${index + 1})`, () => {
      assert(action.result.safeParse(result).success, 'the fixture is no result of the action');
      const { content, summary } = resultCard(action, result);
      assertCard(content);
      // What outsiders wrote at length is shown whole, as data: nothing expands it a second time.
      const isWhole = [...en.results.whole].some((name) => JSON.stringify(result).includes(`"${name}":`));
      assertHostileIsInert(content, () => isWhole);
      assert.equal(actionsOf(content).length, 0);
      assert.equal(summary, en.actions.get(action.name)!.title);
      assert.doesNotThrow(() => new Speaker([], () => []).card(content, summary, { ids: [ANNA, BOB] }));
      assert.doesNotMatch(textOf(content), /\[internal id\]|\[object|undefined|noncompliant/);
    });
    it(`of ${action.name} reach the model without a label`, () => {
      for (const result of given) assert.doesNotMatch(JSON.stringify(forModel(action.result, result, () => 'person_k7m2qz')), /Anna|evil|contoso|PF3/);
    });
  }
  it('of several devices are a table with a header, that leaves no field out', () => {
    const body = resultCard(catalogue.find('list_devices')!, results['list_devices']!).content['body'] as readonly Readonly<Record<string, unknown>>[];
    const table = body.find(({ type }) => type === 'Table');
    // Unsaid, its first row is a header.
    assert(table !== undefined && !Object.keys(table).some((key) => key.startsWith('firstRow')));
    const [header, first, second] = table['rows'] as readonly { readonly cells: readonly unknown[] }[];
    assert.deepEqual([header, first, second].map((row) => row?.cells.length), [3, 3, 3]);
    for (const shown of ['Windows', '11', 'PF3ABC12', '✗ no', '2026-05-04']) assert(runsOf(first).some((text) => text.includes(shown)), shown);
    assert(runsOf(second).includes(en.results.missing), 'a device that was never seen has no empty cell');
  });
  it('of one device are facts, each with its label', () => {
    const [device] = results['list_devices']!['devices'] as readonly unknown[];
    const { content } = resultCard(catalogue.find('list_devices')!, { person: anna, devices: [device], more_matches: false });
    assert(!JSON.stringify(content).includes('"Table"'));
    for (const label of ['Platform', 'Compliant', 'Last seen', 'Model', 'Version', 'Serial number']) assert(textOf(content).includes(label), label);
  });
  it('never take a text from outside for a word of a closed set', () => {
    const { content } = resultCard(catalogue.find('show_person')!, { person: anna, sign_in: 'allowed', account: 'member', job_title: 'blocked', department: 'other', user_name: 'windows' });
    for (const text of ['✓ allowed', 'blocked', 'other', 'windows']) assert(runsOf(content).includes(text), text);
  });
  it('say that there is nothing, and that there is more', () => {
    const list = catalogue.find('list_devices')!;
    assert(textOf(resultCard(list, { person: anna, devices: [], more_matches: false }).content).includes(en.results.none.get('list_devices')!));
    assert(textOf(resultCard(list, { person: anna, devices: [], more_matches: true }).content).includes(en.results.more));
  });
});

describe('bot/cards: helpers', () => {
  it('keep a whole text whole, on one line: only direction, template calls and odd blanks are changed', () => {
    assert.equal(inert('a\n\tb\u00a0c\u202e {{x}} ${y}', { whole: true }), 'a b c { {x}} ${y}');
    assert.equal(inert('x'.repeat(10_000), { whole: true }).length, 10_000);
  });
  it('pull links in a whole text apart, so that all of it can be read and none of it opened', () => {
    assert.equal(inert('see https://evil.example/x, evil.example or \\\\evil\\share.', { whole: true }), 'see https: / / evil. example/ x, evil. example or \\ \\ evil\\ share.');
    assert.equal(inert('mail anna@contoso.com about 10.0.26100.6899, e.g. report.xlsx', { whole: true }), 'mail anna@contoso.com about 10.0.26100.6899, e.g. report.xlsx');
  });
  it('keep the card sendable, whatever link stands in a name or a reason', () => {
    const gate = new Speaker([], () => []);
    for (const evil of [...vectors('say-links-invalid.txt'), 'x'.repeat(79) + '.comfort', `${'x'.repeat(74)}.community`, 'evil.com\\\\foo', 'a//evil.com//b', '\uff48ttps\uff1a\uff0f\uff0fevil\uff0eexample', 'evil\u3002com']) {
      const content = approvalCard(requestIn('pending', 2, { requesterName: evil }, { name: evil, reason: `because ${evil}`, context: [evil] })).content;
      assertCard(content);
      assert.doesNotThrow(() => gate.card(content, 'x'), evil);
      assert.doesNotThrow(() => gate.card(pickedCard(en.pick.picked(inert(evil))), 'x'), evil);
    }
  });
  it('leave no two braces side by side in a whole text', () => {
    assert.doesNotMatch(inert('{{{DATE(2020-01-01T00:00:00Z, SHORT)}}', { whole: true }), /\{\{/);
  });
  it('write times so that the client shows them in the reader’s zone', () => {
    assert.equal(clientTime(new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 678))), '{{DATE(2026-01-02T03:04:05Z, SHORT)}} {{TIME(2026-01-02T03:04:05Z)}}');
  });
});
